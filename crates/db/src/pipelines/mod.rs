//! Records of the pipelines room.

pub mod decision;
pub mod event;
pub mod partition_index;
pub mod pipeline_run;
pub mod project;
pub mod step_result;
pub mod step_run;
pub mod trigger;

use crate::{Error, Result};

/// The text of a JSON column.
fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::Corrupt { column: "json".to_owned(), reason: error.to_string() })
}
