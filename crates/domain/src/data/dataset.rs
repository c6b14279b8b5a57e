//! A data set: a name whose versions follow one another.

use serde::{Deserialize, Serialize};

use super::object_id::FileId;
use super::source::DataKind;
use crate::{Id, Name, Timestamp};

/// A data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: Name,
    /// What its files are.
    pub kind: DataKind,
    /// Columns that together name a row; empty when rows have no key.
    pub key: Vec<String>,
    /// The column that says when a row happened.
    pub time_column: Option<String>,
    /// The contract that new versions are checked against.
    pub contract: Option<ContractFile>,
    /// When it was made.
    pub created_ms: Timestamp,
}

/// A contract's text and what people call its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractFile {
    /// The text.
    pub file_id: FileId,
    /// A path in a project, or `flights.contract.yaml` for one that was sent.
    pub path: String,
}
