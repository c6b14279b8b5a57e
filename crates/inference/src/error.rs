//! What can go wrong between a model's folder and an answer.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Result of a runtime.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Input that the model's signature refuses: which column, which row, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInput {
    /// The column, when one is at fault.
    pub column: Option<String>,
    /// The row from 0, when one is at fault.
    pub row: Option<usize>,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl InvalidInput {
    /// About the request as a whole.
    pub fn whole(reason: impl Into<String>) -> Self {
        Self { column: None, row: None, reason: reason.into() }
    }

    /// About a column.
    pub fn column(column: &str, reason: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), ..Self::whole(reason) }
    }

    /// About one cell.
    pub fn cell(column: &str, row: usize, reason: impl Into<String>) -> Self {
        Self { row: Some(row), ..Self::column(column, reason) }
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.column, self.row) {
            (Some(column), Some(row)) => write!(f, "column {column:?}, row {row}: {}", self.reason),
            (Some(column), None) => write!(f, "column {column:?}: {}", self.reason),
            (None, Some(row)) => write!(f, "row {row}: {}", self.reason),
            (None, None) => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for InvalidInput {}

/// Why a model cannot be loaded or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request does not fit the model's signature.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The model raised an exception; its worker lives on.
    #[error("the model refused the input: {0}")]
    Model(String),
    /// The queue is full.
    #[error("{queue} requests are waiting for the model already; try again in {} s", retry_after.as_secs())]
    Busy {
        /// The queue's limit.
        queue: usize,
        /// When a place is likely to be free.
        retry_after: Duration,
    },
    /// The deadline passed.
    #[error("request processing time exceeded limit")]
    Timeout,
    /// The worker died twice under this request, or none can be started.
    #[error("the model's worker failed: {0}")]
    Worker(String),
    /// The folder is not a model that this runtime can load.
    #[error("cannot load the model in {}: {reason}", folder.display())]
    Load {
        /// The model's folder.
        folder: PathBuf,
        /// What is wrong and the way out.
        reason: String,
    },
}
