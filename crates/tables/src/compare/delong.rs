//! DeLong's variance of ROC AUC and of the difference of two AUCs on the same rows (DeLong, DeLong and
//! Clarke-Pearson, 1988), by midranks (Sun and Xu, 2014): n log n instead of n².

use statrs::distribution::{ContinuousCDF, Normal};

use crate::metrics::interval::{Interval, z};
use crate::metrics::{MetricError, check_finite, check_len, sum};

/// An AUC with its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Auc {
    /// The area.
    pub value: f64,
    /// DeLong's variance of it.
    pub variance: f64,
}

impl Auc {
    /// The normal interval, cut to 0..1.
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = z(confidence) * self.variance.sqrt();
        Interval { low: (self.value - half).max(0.0), high: (self.value + half).min(1.0) }
    }
}

/// Two scores of the same rows compared.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AucComparison {
    /// AUC of the first score.
    pub challenger: f64,
    /// AUC of the second.
    pub champion: f64,
    /// First minus second.
    pub difference: f64,
    /// Standard error of the difference.
    pub standard_error: f64,
    /// Two-sided p of "no difference"; 1 when both score alike.
    pub p_value: f64,
}

impl AucComparison {
    /// The normal interval of the difference.
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = z(confidence) * self.standard_error;
        Interval { low: self.difference - half, high: self.difference + half }
    }
}

/// How each positive and each negative stands against the other class.
struct Placements {
    auc: f64,
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

/// The AUC of a score with its variance; absent unless both classes have two rows or more.
pub fn auc(labels: &[bool], scores: &[f64]) -> Result<Option<Auc>, MetricError> {
    let Some(place) = placements(labels, scores)? else {
        return Ok(None);
    };
    let variance = covariance(&place.positives, &place.positives) / place.positives.len() as f64
        + covariance(&place.negatives, &place.negatives) / place.negatives.len() as f64;
    Ok(Some(Auc { value: place.auc, variance }))
}

/// Compares the AUCs of two scores of the same rows; absent unless both classes have two rows or more.
pub fn compare_auc(
    labels: &[bool],
    challenger: &[f64],
    champion: &[f64],
) -> Result<Option<AucComparison>, MetricError> {
    let (Some(a), Some(b)) = (placements(labels, challenger)?, placements(labels, champion)?) else {
        return Ok(None);
    };
    let difference = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let positives = difference(&a.positives, &b.positives);
    let negatives = difference(&a.negatives, &b.negatives);
    let variance = covariance(&positives, &positives) / positives.len() as f64
        + covariance(&negatives, &negatives) / negatives.len() as f64;
    let standard_error = variance.max(0.0).sqrt();
    let difference = a.auc - b.auc;
    let normal = Normal::new(0.0, 1.0).expect("the standard normal exists");
    let p_value = if standard_error > 0.0 {
        2.0 * normal.sf((difference / standard_error).abs())
    } else if difference == 0.0 {
        1.0
    } else {
        0.0
    };
    Ok(Some(AucComparison { challenger: a.auc, champion: b.auc, difference, standard_error, p_value }))
}

fn placements(labels: &[bool], scores: &[f64]) -> Result<Option<Placements>, MetricError> {
    check_len("scores", scores.len(), labels.len())?;
    check_finite("score", scores)?;
    let of = |class: bool| -> Vec<f64> {
        let rows = labels.iter().zip(scores);
        rows.filter(|(label, _)| **label == class).map(|(_, score)| *score).collect()
    };
    let (positive, negative) = (of(true), of(false));
    if positive.len() < 2 || negative.len() < 2 {
        return Ok(None);
    }
    let (m, n) = (positive.len() as f64, negative.len() as f64);
    let all: Vec<f64> = positive.iter().chain(&negative).copied().collect();
    let ranks = midranks(&all);
    let own = |values: &[f64], ranks: &[f64], others: f64| -> Vec<f64> {
        let inner = midranks(values);
        ranks.iter().zip(inner).map(|(rank, inner)| (rank - inner) / others).collect()
    };
    let positives = own(&positive, &ranks[..positive.len()], n);
    let negatives: Vec<f64> =
        own(&negative, &ranks[positive.len()..], m).into_iter().map(|below| 1.0 - below).collect();
    Ok(Some(Placements { auc: sum(positives.iter().copied()) / m, positives, negatives }))
}

/// Ranks from 1, ties sharing their mean.
pub(crate) fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let tied = order[start..].iter().take_while(|row| values[**row] == value).count();
        let rank = start as f64 + (tied as f64 + 1.0) / 2.0;
        for row in &order[start..start + tied] {
            ranks[*row] = rank;
        }
        start += tied;
    }
    ranks
}

/// Sample covariance, divisor n − 1.
fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let rows = a.len() as f64;
    let (mean_a, mean_b) = (sum(a.iter().copied()) / rows, sum(b.iter().copied()) / rows);
    sum(a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b))) / (rows - 1.0)
}
