//! Labels: what turned out to be true, by prediction id.

use serde::{Deserialize, Serialize};

use crate::{Id, Timestamp};

/// What turned out to be true for one prediction. A later one corrects an earlier one; both stay on record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The prediction.
    pub prediction_id: Id,
    /// The truth: a number, a boolean or a class name.
    pub value: serde_json::Value,
    /// When it became known.
    pub time_ms: Timestamp,
}

/// What became of a batch of labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelOutcome {
    /// Labels of predictions that had none.
    pub added: u64,
    /// Labels that replaced another value.
    pub corrected: u64,
    /// Labels that were known already.
    pub unchanged: u64,
    /// Labels older than the one on record: kept out.
    pub outdated: u64,
    /// Ids that no prediction of the deployment has.
    pub unknown: Vec<Id>,
}
