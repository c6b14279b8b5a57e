//! Two classes: a confusion at a threshold, and everything a score tells beyond it.

use super::calibration::{self, DEFAULT_BINS};
use super::curve::Curve;
use super::interval::{self, Interval};
use super::{MetricError, Values, put, ratio};

/// Weights of the four outcomes at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Confusion {
    /// Called positive, is positive.
    pub tp: f64,
    /// Called positive, is negative.
    pub fp: f64,
    /// Called negative, is negative.
    pub tn: f64,
    /// Called negative, is positive.
    #[serde(rename = "fn")]
    pub fn_: f64,
}

impl Confusion {
    /// All rows.
    pub fn total(&self) -> f64 {
        self.tp + self.fp + self.tn + self.fn_
    }

    /// Share of rows called right.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.tp + self.tn, self.total())
    }

    /// Mean of recall and specificity.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        Some((self.recall()? + self.specificity()?) / 2.0)
    }

    /// Share of the called positives that are.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fp)
    }

    /// Share of the positives that are called.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fn_)
    }

    /// Share of the negatives that are called negative.
    pub fn specificity(&self) -> Option<f64> {
        ratio(self.tn, self.tn + self.fp)
    }

    /// Weighted harmonic mean of precision and recall; `beta` above 1 favours recall.
    pub fn f_beta(&self, beta: f64) -> Option<f64> {
        let square = beta * beta;
        ratio((1.0 + square) * self.tp, (1.0 + square) * self.tp + square * self.fn_ + self.fp)
    }

    /// Matthews correlation coefficient.
    pub fn mcc(&self) -> Option<f64> {
        let Self { tp, fp, tn, fn_ } = *self;
        let below = ((tp + fp) * (tp + fn_)).sqrt() * ((tn + fp) * (tn + fn_)).sqrt();
        ratio(tp * tn - fp * fn_, below)
    }

    /// Cohen's kappa: agreement beyond chance.
    pub fn kappa(&self) -> Option<f64> {
        let Self { tp, fp, tn, fn_ } = *self;
        ratio(2.0 * (tp * tn - fn_ * fp), (tp + fp) * (fp + tn) + (tp + fn_) * (fn_ + tn))
    }

    /// Cost per row when a false positive costs `false_positive` and a missed positive `false_negative`.
    pub fn expected_cost(&self, false_positive: f64, false_negative: f64) -> Option<f64> {
        ratio(self.fp * false_positive + self.fn_ * false_negative, self.total())
    }
}

/// How to read a binary score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryOptions {
    /// Scores at or above it are called positive.
    pub threshold: f64,
    /// Confidence of intervals.
    pub confidence: f64,
}

impl Default for BinaryOptions {
    fn default() -> Self {
        Self { threshold: 0.5, confidence: 0.95 }
    }
}

/// What a binary score is worth on labelled rows.
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryReport {
    /// Metrics by name; those that are not defined on these rows are absent.
    pub values: Values,
    /// Intervals of some of them, for unweighted rows.
    pub intervals: std::collections::BTreeMap<String, Interval>,
    /// The outcomes at the threshold.
    pub confusion: Confusion,
}

/// Every binary metric of `scores` against `labels`; log loss, Brier score and calibration only when all scores are probabilities.
pub fn evaluate(
    labels: &[bool],
    scores: &[f64],
    weights: Option<&[f64]>,
    options: BinaryOptions,
) -> Result<BinaryReport, MetricError> {
    let curve = Curve::new(labels, scores, weights)?;
    let confusion = curve.at(options.threshold);
    let mut values = Values::new();
    let positives = labels.iter().filter(|label| **label).count();
    values.insert("rows".to_owned(), labels.len() as f64);
    values.insert("positives".to_owned(), positives as f64);
    put(&mut values, "prevalence", ratio(curve.positives(), confusion.total()));
    put(&mut values, "accuracy", confusion.accuracy());
    put(&mut values, "balanced_accuracy", confusion.balanced_accuracy());
    put(&mut values, "precision", confusion.precision());
    put(&mut values, "recall", confusion.recall());
    put(&mut values, "specificity", confusion.specificity());
    put(&mut values, "f1", confusion.f_beta(1.0));
    put(&mut values, "f2", confusion.f_beta(2.0));
    put(&mut values, "f05", confusion.f_beta(0.5));
    put(&mut values, "mcc", confusion.mcc());
    put(&mut values, "kappa", confusion.kappa());
    put(&mut values, "roc_auc", curve.roc_auc());
    put(&mut values, "pr_auc", curve.average_precision());
    put(&mut values, "ks", curve.ks());
    put(&mut values, "lift_10", curve.lift(0.1));
    if scores.iter().all(|score| (0.0..=1.0).contains(score)) {
        put(&mut values, "log_loss", Some(calibration::log_loss(labels, scores, weights)?));
        put(&mut values, "brier", Some(calibration::brier(labels, scores, weights)?));
        let bins = calibration::curve(labels, scores, weights, DEFAULT_BINS)?;
        put(&mut values, "ece", Some(calibration::ece(&bins)));
    }
    let mut intervals = std::collections::BTreeMap::new();
    if weights.is_none() {
        let mut rate = |name: &str, hits: f64, trials: f64| {
            if let Some(found) = interval::wilson(hits, trials, options.confidence) {
                intervals.insert(name.to_owned(), found);
            }
        };
        rate("accuracy", confusion.tp + confusion.tn, confusion.total());
        rate("precision", confusion.tp, confusion.tp + confusion.fp);
        rate("recall", confusion.tp, confusion.tp + confusion.fn_);
        rate("specificity", confusion.tn, confusion.tn + confusion.fp);
        if let Some(auc) = crate::compare::delong::auc(labels, scores)? {
            intervals.insert("roc_auc".to_owned(), auc.interval(options.confidence));
        }
    }
    Ok(BinaryReport { values, intervals, confusion })
}
