//! Calls of the tracking room.

pub(crate) mod assessment;
pub(crate) mod dataset;
pub(crate) mod evaluation_dataset;
pub(crate) mod experiment;
pub(crate) mod logged_model;
pub(crate) mod metric;
pub(crate) mod otlp;
pub(crate) mod run;
pub(crate) mod scorer;
pub(crate) mod trace;
pub(crate) mod trace_metric;
pub(crate) mod trace_v2;

use domain::Id;
use domain::tracking::experiment::{ExperimentId, View};
use domain::tracking::param::{Param, Tag};

use crate::failure::{Answer, Failure};
use crate::params::Params;

/// The run that a call names, by its present or its older field.
fn run_id(params: &Params) -> Answer<Id> {
    parse_run_id(run_text(params)?)
}

/// The text of that id.
fn run_text(params: &Params) -> Answer<&str> {
    Ok(match params.text("run_id")?.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => {
            params.text("run_uuid")?.filter(|id| !id.is_empty()).ok_or_else(|| params.absent("run_id"))?
        }
    })
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

/// The tags of a new thing; what is wrong with an empty key is told where keys are checked.
pub(crate) fn tags(params: &Params) -> Answer<Vec<Tag>> {
    let tag = |tag: &Params| Ok(Tag::new(tag.text_or_empty("key")?, tag.text_or_empty("value")?));
    params.messages("tags")?.iter().map(tag).collect()
}

/// A tag's key and value; an absent value is the empty one.
pub(crate) fn tag(params: &Params) -> Answer<Tag> {
    Ok(Tag::new(params.required("key")?, params.text_or_empty("value")?))
}

fn param(params: &Params) -> Answer<Param> {
    Ok(Param { key: params.required("key")?.to_owned(), value: params.text_or_empty("value")? })
}
