//! Performance: what served predictions were worth once their labels were known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::drift_report::Window;
use crate::{Id, Timestamp};

/// What kind of answer the model gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Yes or no, by a score.
    Binary,
    /// One of several classes.
    Multiclass,
    /// A number.
    Regression,
}

impl Problem {
    /// The metric that counts when nothing else is said.
    pub fn usual_metric(self) -> &'static str {
        match self {
            Self::Binary => "roc_auc",
            Self::Multiclass => "accuracy",
            Self::Regression => "rmse",
        }
    }
}

/// What a performance record concludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerformanceVerdict {
    /// Too few labels for a figure.
    NotEnoughLabels,
    /// Computed, with nothing to hold it against.
    Measured,
    /// As good as at the release, within the tolerance.
    Holds,
    /// Worse than at the release, but chance may explain it.
    Doubtful,
    /// Worse than at the release by more than the tolerance, beyond chance.
    Degraded,
}

/// Low and high end of a confidence interval.
pub type Ends = (f64, f64);

/// What the labelled predictions of a window were worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Its id.
    pub id: Id,
    /// When it was computed.
    pub time_ms: Timestamp,
    /// The deployment.
    pub deployment: String,
    /// The model.
    pub model: String,
    /// Its version.
    pub version: i64,
    /// Which requests.
    pub window: Window,
    /// How many of them have a label.
    pub labels: u64,
    /// Share of the predictions whose label is due that have one.
    pub completeness: f64,
    /// What kind of answer was judged; absent with too few labels.
    pub problem: Option<Problem>,
    /// The metric that counts.
    pub metric: String,
    /// Metrics by name.
    pub values: BTreeMap<String, f64>,
    /// 95 % intervals of some of them.
    pub intervals: BTreeMap<String, Ends>,
    /// The same version's metrics when it was released.
    pub at_release: BTreeMap<String, f64>,
    /// The conclusion.
    pub verdict: PerformanceVerdict,
    /// In words.
    pub sentence: String,
}
