//! Calls of the registry room.

pub(crate) mod alias;
pub(crate) mod model;
pub(crate) mod model_version;
pub(crate) mod webhook;

use domain::registry::model::ModelName;
use domain::tracking::param::Tag;

use crate::failure::{Answer, Failure};
use crate::params::Params;

fn name(params: &Params) -> Answer<ModelName> {
    Ok(ModelName::parse(params.required("name")?)?)
}

/// A version's number, which goes over the wire as a text.
pub(crate) fn version(params: &Params) -> Answer<i64> {
    let text = params.required("version")?;
    text.parse()
        .map_err(|_| Failure::invalid(format!("Parameter 'version' must be an integer, got '{text}'.")))
}

/// The tags of something new: what is left out is empty.
fn tags(params: &Params) -> Answer<Vec<Tag>> {
    let tag = |tag: &Params| Ok(Tag::new(tag.text_or_empty("key")?, tag.text_or_empty("value")?));
    params.messages("tags")?.iter().map(tag).collect()
}

/// A tag to be set: its key must be there, its value may be left out.
fn tag(params: &Params) -> Answer<Tag> {
    Ok(Tag::new(params.required("key")?, params.text_or_empty("value")?))
}
