//! Whether probabilities mean what they say.

use super::{MetricError, check_len, check_weights, sum, weight, weighted_mean};

/// Equal-width bins of the calibration curve.
pub const DEFAULT_BINS: usize = 10;

/// One bin of a calibration curve.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CalibrationBin {
    /// Mean predicted probability of the bin's rows.
    pub predicted: f64,
    /// Share of them that are positive.
    pub observed: f64,
    /// Their weight.
    pub weight: f64,
}

fn check(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<(), MetricError> {
    if labels.is_empty() {
        return Err(MetricError::Empty);
    }
    check_len("scores", scores.len(), labels.len())?;
    check_weights(weights, labels.len())?;
    match scores.iter().position(|score| !(0.0..=1.0).contains(score)) {
        Some(row) => Err(MetricError::NotAProbability { row, value: scores[row] }),
        None => Ok(()),
    }
}

/// Mean negative log likelihood, natural logarithm; probabilities are kept 2.2e-16 away from 0 and 1.
pub fn log_loss(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<f64, MetricError> {
    check(labels, scores, weights)?;
    Ok(weighted_mean(labels.len(), weights, |row| {
        let score = scores[row].clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        -(if labels[row] { score } else { 1.0 - score }).ln()
    }))
}

/// Mean squared distance of probability and outcome.
pub fn brier(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<f64, MetricError> {
    check(labels, scores, weights)?;
    Ok(weighted_mean(labels.len(), weights, |row| (f64::from(u8::from(labels[row])) - scores[row]).powi(2)))
}

/// The calibration curve over `bins` equal-width bins, closed on the right; empty bins are left out.
pub fn curve(
    labels: &[bool],
    scores: &[f64],
    weights: Option<&[f64]>,
    bins: usize,
) -> Result<Vec<CalibrationBin>, MetricError> {
    check(labels, scores, weights)?;
    let step = 1.0 / bins as f64;
    let edges: Vec<f64> = (1..bins).map(|edge| edge as f64 * step).collect();
    let mut total = vec![(0.0, 0.0, 0.0); bins];
    for (row, score) in scores.iter().enumerate() {
        let bin = edges.partition_point(|edge| edge < score);
        let weight = weight(weights, row);
        total[bin].0 += weight;
        total[bin].1 += weight * score;
        total[bin].2 += if labels[row] { weight } else { 0.0 };
    }
    Ok(total
        .into_iter()
        .filter(|(weight, _, _)| *weight > 0.0)
        .map(|(weight, predicted, observed)| CalibrationBin {
            predicted: predicted / weight,
            observed: observed / weight,
            weight,
        })
        .collect())
}

/// Expected calibration error: the bins' |observed − predicted|, weighted by their rows (Naeini et al., 2015).
pub fn ece(bins: &[CalibrationBin]) -> f64 {
    let total = sum(bins.iter().map(|bin| bin.weight));
    sum(bins.iter().map(|bin| bin.weight * (bin.observed - bin.predicted).abs())) / total
}
