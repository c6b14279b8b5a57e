//! Evaluations: challenger and champion scored on the same frozen rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::monitoring::performance::{Ends, Problem};
use crate::{Id, Timestamp};

/// Requests of one row that a latency is measured on, at the most.
pub const LATENCY_REQUESTS: usize = 200;
/// A row's answer alone and in the batch may differ by this much, relative to one or to itself, and still count as equal.
pub const SKEW_TOLERANCE: f64 = 1e-6;

/// One comparison of models on labelled rows. Never changed afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Its id.
    pub id: Id,
    /// When.
    pub time_ms: Timestamp,
    /// The project it was made for.
    pub project: Option<String>,
    /// The step run that asked for it.
    pub step_run: Option<Id>,
    /// The rows, by content or name.
    pub data: String,
    /// How many.
    pub rows: u64,
    /// The label's column.
    pub label: String,
    /// What kind of answer was judged.
    pub problem: Problem,
    /// The metric that counts.
    pub metric: String,
    /// The new model.
    pub challenger: Scored,
    /// The one in service, if there is one.
    pub champion: Option<Scored>,
    /// The difference on the same rows, with its uncertainty.
    pub comparison: Option<Comparison>,
    /// The same per slice, the largest first.
    pub slices: Vec<SliceResult>,
    /// What came out, in words.
    pub sentence: String,
}

/// What one model is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Which model: `flights:3`, or the logged model's id.
    pub model: String,
    /// The version's number when it is registered.
    pub version: Option<i64>,
    /// Metrics by name.
    pub values: BTreeMap<String, f64>,
    /// 95 % intervals of some of them.
    pub intervals: BTreeMap<String, Ends>,
    /// How long one row takes.
    pub latency: Option<Latency>,
    /// Whether it loads and answers as it will be served.
    pub starts_in_server: bool,
    /// Whether rows answered one by one equal those answered together; absent when it was not tried.
    pub no_skew: Option<bool>,
    /// Why it did not start, or where it differs.
    pub problem: Option<String>,
    /// The calibration curve of a binary score: predicted, observed, rows.
    #[serde(default)]
    pub calibration: Vec<(f64, f64, f64)>,
}

/// Times of requests of one row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the requests took at most this, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 took at most this, in milliseconds.
    pub p99_ms: f64,
    /// Requests measured.
    pub requests: u64,
}

impl Latency {
    /// From single times in milliseconds, by the nearest rank; absent without any.
    pub fn from_times(mut times: Vec<f64>) -> Option<Self> {
        times.sort_unstable_by(f64::total_cmp);
        let rank = |share: f64| -> Option<f64> {
            let position = (share * times.len() as f64).ceil() as usize;
            times.get(position.max(1) - 1).copied()
        };
        Some(Self { p50_ms: rank(0.5)?, p99_ms: rank(0.99)?, requests: times.len() as u64 })
    }
}

/// The difference of challenger and champion in the metric that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Challenger minus champion.
    pub difference: f64,
    /// 95 % interval of it.
    pub interval: Option<Ends>,
    /// Two-sided p of "no difference".
    pub p_value: Option<f64>,
    /// How it was found: `delong`, `paired bootstrap`.
    pub method: String,
    /// McNemar's p of "both err equally often", for classifiers.
    pub mcnemar_p: Option<f64>,
}

/// One value of a slice column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceResult {
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
    /// Rows.
    pub rows: u64,
    /// The challenger's metrics.
    pub challenger: BTreeMap<String, f64>,
    /// The champion's.
    pub champion: Option<BTreeMap<String, f64>>,
}

impl SliceResult {
    /// `origin=EWR`.
    pub fn name(&self) -> String {
        format!("{}={}", self.column, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_nearest_ranks() {
        let times = (1..=200).rev().map(f64::from).collect();
        let latency = Latency::from_times(times).unwrap();
        assert_eq!((latency.p50_ms, latency.p99_ms, latency.requests), (100.0, 198.0, 200));
        assert_eq!(Latency::from_times(vec![7.0]).unwrap().p99_ms, 7.0);
        assert_eq!(Latency::from_times(Vec::new()), None);
    }
}
