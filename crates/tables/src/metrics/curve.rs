//! Threshold curves of a binary score: one point per distinct score, from which ROC AUC, average precision, KS
//! separation, gain and lift follow.

use super::{Confusion, MetricError, check_finite, check_len, check_weights, ratio, weight};

/// What is counted as positive at a threshold: everything with a score at or above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Distinct scores, falling.
    pub thresholds: Vec<f64>,
    /// Weight of true positives at each threshold.
    pub true_positives: Vec<f64>,
    /// Weight of false positives at each threshold.
    pub false_positives: Vec<f64>,
}

/// One point of a threshold curve, for charts.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Point {
    /// Scores at or above this count as positive.
    pub threshold: f64,
    /// Share of the positives found.
    pub recall: f64,
    /// Share of the found that are positive.
    pub precision: f64,
    /// Share of the negatives called positive.
    pub false_positive_rate: f64,
    /// Share of all rows called positive.
    pub flagged: f64,
}

impl Curve {
    /// Builds the curve; rows may come in any order.
    pub fn new(labels: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<Self, MetricError> {
        if labels.is_empty() {
            return Err(MetricError::Empty);
        }
        check_len("scores", scores.len(), labels.len())?;
        check_finite("score", scores)?;
        check_weights(weights, labels.len())?;
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let mut curve =
            Self { thresholds: Vec::new(), true_positives: Vec::new(), false_positives: Vec::new() };
        let (mut tp, mut fp) = (0.0, 0.0);
        for (position, row) in order.iter().copied().enumerate() {
            if labels[row] {
                tp += weight(weights, row);
            } else {
                fp += weight(weights, row);
            }
            let last_of_tie = order.get(position + 1).is_none_or(|next| scores[*next] != scores[row]);
            if last_of_tie {
                curve.thresholds.push(scores[row]);
                curve.true_positives.push(tp);
                curve.false_positives.push(fp);
            }
        }
        Ok(curve)
    }

    /// Weight of all positives.
    pub fn positives(&self) -> f64 {
        self.true_positives.last().copied().unwrap_or(0.0)
    }

    /// Weight of all negatives.
    pub fn negatives(&self) -> f64 {
        self.false_positives.last().copied().unwrap_or(0.0)
    }

    /// Area under the ROC curve by trapezoids; absent when one class is missing.
    pub fn roc_auc(&self) -> Option<f64> {
        let (mut area, mut last_tp, mut last_fp) = (0.0, 0.0, 0.0);
        for (tp, fp) in self.true_positives.iter().zip(&self.false_positives) {
            area += (fp - last_fp) * (tp + last_tp) / 2.0;
            (last_tp, last_fp) = (*tp, *fp);
        }
        ratio(area, self.positives() * self.negatives())
    }

    /// Average precision: precision summed over the steps of recall, without interpolation.
    pub fn average_precision(&self) -> Option<f64> {
        let (mut area, mut last_tp) = (0.0, 0.0);
        for (tp, fp) in self.true_positives.iter().zip(&self.false_positives) {
            if tp + fp > 0.0 {
                area += (tp - last_tp) * tp / (tp + fp);
            }
            last_tp = *tp;
        }
        ratio(area, self.positives())
    }

    /// Kolmogorov-Smirnov separation: the greatest distance of the two classes' score distributions.
    pub fn ks(&self) -> Option<f64> {
        let (positives, negatives) = (self.positives(), self.negatives());
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        let distances = self
            .true_positives
            .iter()
            .zip(&self.false_positives)
            .map(|(tp, fp)| (tp / positives - fp / negatives).abs());
        Some(distances.fold(0.0, f64::max))
    }

    /// The counts when scores at or above `threshold` are called positive.
    pub fn at(&self, threshold: f64) -> Confusion {
        let reached = self.thresholds.partition_point(|score| *score >= threshold);
        let (tp, fp) = match reached.checked_sub(1) {
            Some(last) => (self.true_positives[last], self.false_positives[last]),
            None => (0.0, 0.0),
        };
        Confusion { tp, fp, tn: self.negatives() - fp, fn_: self.positives() - tp }
    }

    /// Lift of the best-scored `share` (0..1] of the rows over a random pick: their positive rate divided by the overall one.
    pub fn lift(&self, share: f64) -> Option<f64> {
        let total = self.positives() + self.negatives();
        let reached = self
            .true_positives
            .iter()
            .zip(&self.false_positives)
            .position(|(tp, fp)| (tp + fp) / total >= share)?;
        let (tp, fp) = (self.true_positives[reached], self.false_positives[reached]);
        ratio(tp / (tp + fp), self.positives() / total)
    }

    /// The threshold that costs least when a false positive costs `false_positive` and a missed positive
    /// `false_negative`, with the cost per row there; a threshold above every score calls nothing positive.
    pub fn cheapest(&self, false_positive: f64, false_negative: f64) -> (f64, f64) {
        let total = self.positives() + self.negatives();
        let above_all = self.thresholds.first().map_or(f64::INFINITY, |top| top.next_up());
        let mut best = (above_all, self.positives() * false_negative / total);
        for (index, threshold) in self.thresholds.iter().enumerate() {
            let missed = self.positives() - self.true_positives[index];
            let cost = (self.false_positives[index] * false_positive + missed * false_negative) / total;
            if cost < best.1 {
                best = (*threshold, cost);
            }
        }
        best
    }

    /// At most `limit` points, evenly spread over the share of flagged rows, first and last included.
    pub fn points(&self, limit: usize) -> Vec<Point> {
        let (positives, negatives) = (self.positives(), self.negatives());
        let total = positives + negatives;
        let last = self.thresholds.len() - 1;
        let mut points = Vec::new();
        let mut next = 0.0;
        for index in 0..=last {
            let (tp, fp) = (self.true_positives[index], self.false_positives[index]);
            let flagged = (tp + fp) / total;
            if flagged < next && index != last {
                continue;
            }
            next = flagged + 1.0 / limit.max(2) as f64;
            points.push(Point {
                threshold: self.thresholds[index],
                recall: ratio(tp, positives).unwrap_or(0.0),
                precision: ratio(tp, tp + fp).unwrap_or(0.0),
                false_positive_rate: ratio(fp, negatives).unwrap_or(0.0),
                flagged,
            });
        }
        points
    }
}
