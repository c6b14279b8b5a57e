//! Labels and answers as they come, read into the problem that they are about.

use std::collections::BTreeMap;

use domain::monitoring::performance::{Ends, Problem};
use domain::serving::prediction::score;
use serde_json::Value;

use super::binary::{self, BinaryOptions};
use super::slice::pick;
use super::{MetricError, Values, calibration, multiclass, regression};
use crate::compare::{compare_auc, mcnemar, paired_bootstrap};

/// Resamples of a bootstrap.
const ROUNDS: usize = 200;
/// Rows of a bootstrap, the first ones, at the most.
const BOOTSTRAP_ROWS: usize = 20_000;
/// Different classes at the most.
const MAX_CLASSES: usize = 1_000;
/// Confidence of all intervals.
const CONFIDENCE: f64 = 0.95;

/// Why labels and answers do not go together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnswerError {
    /// A label that is neither number, truth value nor text.
    #[error("label {row} is {value}: a label is a number, true or false, or a class name")]
    Label {
        /// Row, from 0.
        row: usize,
        /// What stands there.
        value: String,
    },
    /// An answer that does not fit the labels.
    #[error("answer {row} is {value}: with these labels {wanted} is needed")]
    Answer {
        /// Row, from 0.
        row: usize,
        /// What stands there.
        value: String,
        /// What would fit.
        wanted: &'static str,
    },
    /// Too many different classes.
    #[error("the labels have more than {MAX_CLASSES} different values: they are no classes")]
    Classes,
    /// The numbers cannot be computed.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// Labelled answers of one problem.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// Yes or no, by a score.
    Binary {
        /// The truth.
        labels: Vec<bool>,
        /// The answers.
        scores: Vec<f64>,
    },
    /// Classes by number.
    Multiclass {
        /// The truth.
        actual: Vec<usize>,
        /// The answers.
        predicted: Vec<usize>,
        /// Class names by number.
        classes: Vec<String>,
    },
    /// Numbers.
    Regression {
        /// The truth.
        actual: Vec<f64>,
        /// The answers.
        predicted: Vec<f64>,
    },
}

/// Metrics with the intervals of some of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Metrics by name.
    pub values: Values,
    /// 95 % intervals of some of them.
    pub intervals: BTreeMap<String, Ends>,
    /// The calibration curve of probabilities: predicted, observed, rows.
    pub calibration: Vec<(f64, f64, f64)>,
}

/// The difference of one metric between two sets of answers to the same rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// First minus second.
    pub difference: f64,
    /// 95 % interval.
    pub interval: Option<Ends>,
    /// Two-sided p of "no difference", when the method gives one.
    pub p_value: Option<f64>,
    /// `delong` or `paired bootstrap`.
    pub method: &'static str,
    /// McNemar's p, for classifiers.
    pub mcnemar_p: Option<f64>,
}

impl Answers {
    /// Reads labels and answers of equal number. Labels that are all 0, 1, true or false are a binary problem,
    /// other numbers a regression (or classes, when the answers are lists of probabilities), texts are classes.
    pub fn read(labels: &[&Value], outputs: &[&Value]) -> Result<Self, AnswerError> {
        if labels.is_empty() {
            return Err(MetricError::Empty.into());
        }
        super::check_len("answers", outputs.len(), labels.len())?;
        if let Some(labels) = labels.iter().map(|label| truth(label)).collect::<Option<Vec<bool>>>() {
            let scores = each(outputs, "a number or two probabilities", score)?;
            return Ok(Self::Binary { labels, scores });
        }
        let lists = outputs.iter().all(|output| output.as_array().is_some_and(|items| items.len() > 2));
        let numbers = labels.iter().all(|label| label.is_number());
        if numbers && !lists {
            return Ok(Self::Regression {
                actual: each_label(labels, Value::as_f64)?,
                predicted: each(outputs, "a number", score)?,
            });
        }
        Self::read_classes(labels, outputs, numbers)
    }

    fn read_classes(labels: &[&Value], outputs: &[&Value], numbered: bool) -> Result<Self, AnswerError> {
        let names = each_label(labels, class_name)?;
        let called = if numbered {
            each(outputs, "a list of probabilities", |output| {
                most_probable(output).map(|class| class.to_string())
            })?
        } else {
            each(outputs, "a class name", class_name)?
        };
        let mut numbers = BTreeMap::new();
        for name in names.iter().chain(&called) {
            let next = numbers.len();
            numbers.entry(name.clone()).or_insert(next);
        }
        if numbers.len() > MAX_CLASSES {
            return Err(AnswerError::Classes);
        }
        let mut classes = vec![String::new(); numbers.len()];
        for (name, number) in &numbers {
            classes[*number].clone_from(name);
        }
        Ok(Self::Multiclass {
            actual: names.iter().map(|name| numbers[name]).collect(),
            predicted: called.iter().map(|name| numbers[name]).collect(),
            classes,
        })
    }

    /// Which problem labels alone speak of.
    pub fn problem_of(labels: &[&Value]) -> Problem {
        if labels.iter().all(|label| truth(label).is_some()) {
            Problem::Binary
        } else if labels.iter().all(|label| label.is_number()) {
            Problem::Regression
        } else {
            Problem::Multiclass
        }
    }

    /// Which problem.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Binary { .. } => Problem::Binary,
            Self::Multiclass { .. } => Problem::Multiclass,
            Self::Regression { .. } => Problem::Regression,
        }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Binary { labels, .. } => labels.len(),
            Self::Multiclass { actual, .. } => actual.len(),
            Self::Regression { actual, .. } => actual.len(),
        }
    }

    /// Every metric of the problem; a binary row is called positive from `threshold` on.
    pub fn measure(&self, threshold: f64) -> Result<Measured, MetricError> {
        let mut measured = Measured::default();
        match self {
            Self::Binary { labels, scores } => {
                let options = BinaryOptions { threshold, confidence: CONFIDENCE };
                let report = binary::evaluate(labels, scores, None, options)?;
                measured.values = report.values;
                let ends = |(name, interval): (String, super::interval::Interval)| {
                    (name, (interval.low, interval.high))
                };
                measured.intervals = report.intervals.into_iter().map(ends).collect();
                if scores.iter().all(|score| (0.0..=1.0).contains(score)) {
                    let bins = calibration::curve(labels, scores, None, calibration::DEFAULT_BINS)?;
                    measured.calibration =
                        bins.iter().map(|bin| (bin.predicted, bin.observed, bin.weight)).collect();
                }
            }
            Self::Multiclass { actual, predicted, classes } => {
                measured.values = multiclass::evaluate(actual, predicted, classes.len(), None)?.values;
            }
            Self::Regression { actual, predicted } => {
                measured.values = regression::evaluate(actual, predicted, None)?;
            }
        }
        Ok(measured)
    }

    /// One metric by name; absent when it is not defined on these rows.
    pub fn metric(&self, name: &str, threshold: f64) -> Option<f64> {
        self.measure(threshold).ok()?.values.get(name).copied()
    }

    /// The answers of some rows.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Binary { labels, scores } => {
                Self::Binary { labels: pick(labels, rows), scores: pick(scores, rows) }
            }
            Self::Multiclass { actual, predicted, classes } => Self::Multiclass {
                actual: pick(actual, rows),
                predicted: pick(predicted, rows),
                classes: classes.clone(),
            },
            Self::Regression { actual, predicted } => {
                Self::Regression { actual: pick(actual, rows), predicted: pick(predicted, rows) }
            }
        }
    }

    /// The difference of `metric` to another model's answers to the same rows; absent when it is undefined for
    /// one of them. The same input gives the same interval.
    pub fn compare(
        &self,
        other: &Self,
        metric: &str,
        threshold: f64,
    ) -> Result<Option<Difference>, MetricError> {
        super::check_len("champion", other.rows(), self.rows())?;
        let (Some(mine), Some(theirs)) = (self.metric(metric, threshold), other.metric(metric, threshold))
        else {
            return Ok(None);
        };
        let mcnemar_p = self.mcnemar(other, threshold)?;
        if let (Self::Binary { labels, scores }, Self::Binary { scores: others, .. }, "roc_auc") =
            (self, other, metric)
            && let Some(found) = compare_auc(labels, scores, others)?
        {
            let interval = found.interval(CONFIDENCE);
            return Ok(Some(Difference {
                difference: found.difference,
                interval: Some((interval.low, interval.high)),
                p_value: Some(found.p_value),
                method: "delong",
                mcnemar_p,
            }));
        }
        let rows = self.rows().min(BOOTSTRAP_ROWS);
        let interval = paired_bootstrap(rows, ROUNDS, CONFIDENCE, rows as u64, |picked| {
            Some(
                self.pick(picked).metric(metric, threshold)?
                    - other.pick(picked).metric(metric, threshold)?,
            )
        });
        Ok(Some(Difference {
            difference: mine - theirs,
            interval: interval.map(|interval| (interval.low, interval.high)),
            p_value: None,
            method: "paired bootstrap",
            mcnemar_p,
        }))
    }

    fn mcnemar(&self, other: &Self, threshold: f64) -> Result<Option<f64>, MetricError> {
        let called =
            |scores: &[f64]| -> Vec<bool> { scores.iter().map(|score| *score >= threshold).collect() };
        Ok(match (self, other) {
            (Self::Binary { labels, scores }, Self::Binary { scores: others, .. }) => {
                Some(mcnemar(labels, &called(scores), &called(others))?.p_value)
            }
            (
                Self::Multiclass { actual, predicted, classes },
                Self::Multiclass { predicted: others, classes: other_classes, .. },
            ) if classes == other_classes => Some(mcnemar(actual, predicted, others)?.p_value),
            _ => None,
        })
    }
}

fn truth(label: &Value) -> Option<bool> {
    match label {
        Value::Bool(value) => Some(*value),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        _ => None,
    }
}

fn class_name(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) if items.len() == 1 => class_name(&items[0]),
        Value::Object(fields) if fields.len() == 1 => fields.values().next().and_then(class_name),
        _ => None,
    }
}

fn most_probable(output: &Value) -> Option<usize> {
    let items = output.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>()?;
    let best = items.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.map(|(class, _)| class)
}

fn each<T>(
    outputs: &[&Value],
    wanted: &'static str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, AnswerError> {
    let read_one = |(row, output): (usize, &&Value)| {
        read(output).ok_or_else(|| AnswerError::Answer { row, value: shortened(output), wanted })
    };
    outputs.iter().enumerate().map(read_one).collect()
}

fn each_label<T>(labels: &[&Value], read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, AnswerError> {
    let read_one = |(row, label): (usize, &&Value)| {
        read(label).ok_or_else(|| AnswerError::Label { row, value: shortened(label) })
    };
    labels.iter().enumerate().map(read_one).collect()
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(labels: &Value, outputs: &Value) -> Result<Answers, AnswerError> {
        let list = |value: &Value| value.as_array().unwrap().clone();
        let (labels, outputs) = (list(labels), list(outputs));
        Answers::read(&labels.iter().collect::<Vec<_>>(), &outputs.iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_labels_say_which_problem_it_is() {
        let binary = read(&json!([1, 0, true]), &json!([0.9, [0.8, 0.2], {"p": 0.7}])).unwrap();
        assert_eq!(binary, Answers::Binary { labels: vec![true, false, true], scores: vec![0.9, 0.2, 0.7] });
        let numbers = read(&json!([3.5, 2]), &json!([3, [2.5]])).unwrap();
        assert_eq!(numbers.problem(), Problem::Regression);
        let classes = read(&json!(["a", "b"]), &json!(["a", "c"])).unwrap();
        assert_eq!(classes.metric("accuracy", 0.5), Some(0.5));
        let lists = read(&json!([2, 0]), &json!([[0.1, 0.2, 0.7], [0.2, 0.5, 0.3]])).unwrap();
        assert_eq!(lists.metric("accuracy", 0.5), Some(0.5));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_row() {
        let error = read(&json!([1, 0]), &json!([0.5, "late"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "answer 1 is \"late\": with these labels a number or two probabilities is needed"
        );
        let error = read(&json!(["a", null]), &json!(["a", "a"])).unwrap_err();
        assert!(error.to_string().starts_with("label 1 is null"), "{error}");
        assert_eq!(read(&json!([]), &json!([])), Err(AnswerError::Metric(MetricError::Empty)));
    }

    #[test]
    fn a_better_model_is_better_beyond_chance() {
        let labels: Vec<Value> = (0..400).map(|row| json!(row % 3 == 0)).collect();
        let good: Vec<Value> = (0..400)
            .map(|row| json!(if row % 3 == 0 { 0.6 } else { 0.4 } + f64::from(row % 7) / 20.0))
            .collect();
        let poor: Vec<Value> = (0..400).map(|row| json!(f64::from(row % 7) / 7.0)).collect();
        let labels: Vec<&Value> = labels.iter().collect();
        let good = Answers::read(&labels, &good.iter().collect::<Vec<_>>()).unwrap();
        let poor = Answers::read(&labels, &poor.iter().collect::<Vec<_>>()).unwrap();
        let auc = good.compare(&poor, "roc_auc", 0.5).unwrap().unwrap();
        assert_eq!(auc.method, "delong");
        assert!(auc.interval.unwrap().0 > 0.0 && auc.p_value.unwrap() < 1e-6, "{auc:?}");
        let loss = good.compare(&poor, "brier", 0.5).unwrap().unwrap();
        assert_eq!(loss.method, "paired bootstrap");
        assert!(loss.interval.unwrap().1 < 0.0, "{loss:?}");
        assert!(loss.mcnemar_p.is_some());
    }
}
