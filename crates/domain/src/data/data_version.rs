//! A data version: one state of a data set, for ever.
//!
//! ```text
//!                                       on `main` ──► published (number N + 1, `main` moves here)
//!              contract kept ──┤
//! candidate ──┤                on a branch ──► draft (no number; the branch moves here)
//!              contract broken ──► rejected (no number; kept, found by its commit, or by the branch that it is on)
//! ```
//! None of these is ever left: what a branch holds is published as a new version that merges it.

use serde::{Deserialize, Serialize};

use super::object_id::{CommitId, TreeId};
use super::ref_name::RefName;
use super::violation::Violation;
use crate::{Name, Timestamp};

/// A data version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataVersion {
    /// Its id: the hash of its commit.
    pub commit: CommitId,
    /// Whose version it is.
    pub dataset: Name,
    /// Published with a number, on a branch, or rejected.
    #[serde(flatten)]
    pub state: VersionState,
    /// Its files.
    pub tree: TreeId,
    /// The version before it: the published one, or the one that its branch was at.
    pub parent: Option<CommitId>,
    /// What of a branch was merged into it.
    #[serde(default)]
    pub merged: Option<CommitId>,
    /// The branch that it was made on; none for `main`.
    #[serde(default)]
    pub branch: Option<RefName>,
    /// Who made it.
    pub author: String,
    /// When.
    pub time_ms: Timestamp,
    /// What the author says about it.
    pub message: String,
    /// Where the files came from.
    pub origin: String,
    /// How many files.
    pub files: i64,
    /// Their bytes.
    pub size: i64,
    /// Their rows, when they are tables that could be read.
    pub rows: Option<i64>,
    /// What the contract found: warnings of a published version, and what blocked a rejected one.
    pub violations: Vec<Violation>,
}

/// How a candidate ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum VersionState {
    /// Kept its contract, or has none.
    Published {
        /// 1, 2, 3, … without holes.
        number: i64,
    },
    /// On a branch, and kept its contract.
    Draft,
    /// Broke its contract.
    Rejected,
}

impl DataVersion {
    /// The number of a published version.
    pub fn number(&self) -> Option<i64> {
        match self.state {
            VersionState::Published { number } => Some(number),
            VersionState::Draft | VersionState::Rejected => None,
        }
    }

    /// Whether its contract was broken.
    pub fn is_rejected(&self) -> bool {
        self.state == VersionState::Rejected
    }

    /// How people write it: `flights@v3`, or `flights@1f0c…` for one without a number.
    pub fn reference(&self) -> String {
        match self.state {
            VersionState::Published { number } => format!("{}@v{number}", self.dataset),
            VersionState::Draft | VersionState::Rejected => {
                format!("{}@{}", self.dataset, self.commit.short())
            }
        }
    }
}
