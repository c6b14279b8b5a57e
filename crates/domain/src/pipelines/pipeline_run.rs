//! Pipeline runs: one execution of a project's steps on pinned data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::project::Project;
use crate::{Id, Name, Timestamp};

/// One execution of a project's steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineRun {
    /// Its id.
    pub id: Id,
    /// The project, and with it the pipeline.
    pub project: Name,
    /// Counted per project, from 1.
    pub number: i64,
    /// Where it stands.
    pub state: RunState,
    /// What started it.
    pub cause: Cause,
    /// The values of all parameters.
    pub params: BTreeMap<String, serde_json::Value>,
    /// The data versions that every step sees, by source.
    pub data: BTreeMap<String, PinnedData>,
    /// The tree of the project's files, without data: its id in the object store.
    pub code_tree: String,
    /// Why it failed or was cancelled.
    pub message: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When its first step could start.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

/// A pipeline run with the project file that it executes.
#[derive(Clone, Debug, PartialEq)]
pub struct PinnedRun {
    /// The run.
    pub run: PipelineRun,
    /// The project file as it was when the run was asked for.
    pub definition: Project,
}

/// The version of a source that a run sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedData {
    /// The data set.
    pub dataset: Name,
    /// The version's number.
    pub number: i64,
    /// The version's commit id.
    pub commit: String,
    /// The id of its tree.
    pub tree: String,
    /// Its rows, when it is a table.
    pub rows: Option<i64>,
    /// How many files.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
}

/// What started a pipeline run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cause {
    /// A person.
    Manual {
        /// Who.
        actor: String,
    },
    /// A trigger.
    Trigger {
        /// Its name.
        trigger: Name,
        /// The decision that holds the evidence.
        decision: Id,
    },
}

impl Cause {
    /// The trigger, when one started it.
    pub fn trigger(&self) -> Option<&Name> {
        match self {
            Self::Trigger { trigger, .. } => Some(trigger),
            Self::Manual { .. } => None,
        }
    }
}

/// Where a pipeline run stands.
///
/// ```text
///            an earlier run of the pipeline has ended        all steps are done
///   queued ──────────────────────────────────────► running ──────────────────► succeeded
///     │                                               │  a step failed for good
///     │ cancel, or overtaken by a newer one           ├──────────────────────► failed
///     └──────────────────────► cancelled ◄────────────┘ cancel
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for an earlier run of the same pipeline.
    Queued,
    /// Its steps are running or about to.
    Running,
    /// Every step is done.
    Succeeded,
    /// A step failed and is not tried again.
    Failed,
    /// Somebody or a newer run ended it.
    Cancelled,
}

impl RunState {
    /// Whether nothing more will happen to it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}
