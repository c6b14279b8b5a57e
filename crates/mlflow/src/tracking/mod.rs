//! Calls of the tracking room.

pub(crate) mod experiment;
pub(crate) mod logged_model;
pub(crate) mod metric;
pub(crate) mod run;

use domain::Id;
use domain::tracking::experiment::{ExperimentId, View};
use domain::tracking::param::{Param, Tag};

use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};

/// The run that a call names, by its present or its older field.
fn run_id(params: &Params) -> Answer<Id> {
    let text = match params.text("run_id")?.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => params.text("run_uuid")?.filter(|id| !id.is_empty()).ok_or_else(|| absent("run_id"))?,
    };
    parse_run_id(text)
}

pub(crate) fn parse_run_id(text: &str) -> Answer<Id> {
    Id::parse(text).ok_or_else(|| Failure::from(app::Error::not_found("run", text)))
}

fn experiment_id(params: &Params) -> Answer<ExperimentId> {
    Ok(ExperimentId::parse(params.required("experiment_id")?)?)
}

fn experiment_ids(params: &Params) -> Answer<Vec<ExperimentId>> {
    let texts = params.texts("experiment_ids")?;
    Ok(texts.iter().map(|text| ExperimentId::parse(text)).collect::<Result<_, _>>()?)
}

fn view(params: &Params, name: &str) -> Answer<View> {
    Ok(match params.word(name, &["ACTIVE_ONLY", "DELETED_ONLY", "ALL"])? {
        Some("DELETED_ONLY") => View::Deleted,
        Some("ALL") => View::All,
        _ => View::Active,
    })
}

pub(crate) fn tags(params: &Params) -> Answer<Vec<Tag>> {
    params.messages("tags")?.iter().map(tag).collect()
}

/// A tag's key and value; the value may be empty.
pub(crate) fn tag(params: &Params) -> Answer<Tag> {
    let value = params.text("value")?.ok_or_else(|| absent("value"))?;
    Ok(Tag::new(params.required("key")?, value))
}

fn param(params: &Params) -> Answer<Param> {
    Ok(Param {
        key: params.required("key")?.to_owned(),
        value: params.text("value")?.ok_or_else(|| absent("value"))?.to_owned(),
    })
}
