//! Calls of the registry room.

pub(crate) mod alias;
pub(crate) mod model;
pub(crate) mod model_version;

use domain::registry::model::ModelName;

use crate::failure::{Answer, Failure};
use crate::params::Params;

fn name(params: &Params) -> Answer<ModelName> {
    Ok(ModelName::parse(params.required("name")?)?)
}

/// A version's number, which goes over the wire as a text.
fn version(params: &Params) -> Answer<i64> {
    let number = match params.text("version") {
        Ok(_) => params.required("version")?.parse().ok(),
        Err(_) => params.whole("version")?,
    };
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| Failure::invalid("Model version must be an integer, got a value that is none."))
}
