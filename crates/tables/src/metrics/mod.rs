//! Evaluation metrics: pure functions over slices.
//!
//! Numbers agree with scikit-learn and SciPy to 1e-9 where those have the metric. Where a metric is not defined
//! on the rows given (one class only, no predicted positive) it is absent instead of a stand-in zero. Every
//! function takes optional sample weights; intervals are for unweighted rows.

pub mod answers;
pub mod binary;
pub mod calibration;
pub mod curve;
pub mod interval;
pub mod multiclass;
pub mod regression;
pub mod slice;
mod sum;

use std::collections::BTreeMap;

pub use answers::{Answers, Measured};
pub use binary::{BinaryReport, Confusion};
pub use sum::{sum, weighted_mean};

/// Metric values by name; absent means not defined on these rows.
pub type Values = BTreeMap<String, f64>;

/// Why numbers cannot be computed at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// Nothing to measure.
    #[error("there are no rows to measure")]
    Empty,
    /// Two columns of different length.
    #[error("{what} has {found} rows, the labels have {expected}")]
    Length {
        /// Which column.
        what: &'static str,
        /// Its rows.
        found: usize,
        /// The labels' rows.
        expected: usize,
    },
    /// A score, target or weight that is not a finite number.
    #[error("{what} {row} is {value}, a finite number is needed")]
    NotFinite {
        /// Which column, in the singular.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A weight below zero, or all of them zero.
    #[error("weights must not be negative and not all zero")]
    Weights,
    /// A probability outside 0..1 where one is needed.
    #[error("score {row} is {value}: this metric needs probabilities between 0 and 1")]
    NotAProbability {
        /// Row, from 0.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A class number that the probabilities have no column for.
    #[error("row {row} has class {class}, but there are {classes} classes")]
    Class {
        /// Row, from 0.
        row: usize,
        /// The class.
        class: usize,
        /// How many there are.
        classes: usize,
    },
}

/// How a metric is read: which way is better, for gates, charts and sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Nearer to zero is better.
    NearZero,
    /// A description, neither good nor bad.
    Neither,
}

/// Which way the metric called `name` improves; add yours here.
pub fn better(name: &str) -> Better {
    match name {
        "log_loss"
        | "brier"
        | "ece"
        | "mae"
        | "mse"
        | "rmse"
        | "median_absolute_error"
        | "mape"
        | "smape"
        | "wape"
        | "rmsle"
        | "pinball"
        | "expected_cost"
        | "false_positive_rate"
        | "false_negative_rate" => Better::Lower,
        "bias" => Better::NearZero,
        "rows" | "positives" | "prevalence" | "threshold" | "tp" | "fp" | "tn" | "fn" => Better::Neither,
        _ => Better::Higher,
    }
}

pub(crate) fn check_len(what: &'static str, found: usize, expected: usize) -> Result<(), MetricError> {
    if found == expected { Ok(()) } else { Err(MetricError::Length { what, found, expected }) }
}

pub(crate) fn check_finite(what: &'static str, values: &[f64]) -> Result<(), MetricError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(MetricError::NotFinite { what, row, value: values[row] }),
        None => Ok(()),
    }
}

pub(crate) fn check_weights(weights: Option<&[f64]>, rows: usize) -> Result<(), MetricError> {
    let Some(weights) = weights else { return Ok(()) };
    check_len("weights", weights.len(), rows)?;
    check_finite("weight", weights)?;
    if weights.iter().any(|weight| *weight < 0.0) || weights.iter().all(|weight| *weight == 0.0) {
        return Err(MetricError::Weights);
    }
    Ok(())
}

/// The weight of a row; 1 without weights.
pub(crate) fn weight(weights: Option<&[f64]>, row: usize) -> f64 {
    weights.map_or(1.0, |weights| weights[row])
}

/// `above / below`, absent when `below` is zero.
pub(crate) fn ratio(above: f64, below: f64) -> Option<f64> {
    (below != 0.0).then(|| above / below)
}

pub(crate) fn put(values: &mut Values, name: &str, value: Option<f64>) {
    if let Some(value) = value.filter(|value| value.is_finite()) {
        values.insert(name.to_owned(), value);
    }
}
