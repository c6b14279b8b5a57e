//! More than two classes: per class, averaged, and from probabilities.

use super::curve::Curve;
use super::{
    Confusion, MetricError, Values, check_finite, check_len, check_weights, put, ratio, sum, weight,
    weighted_mean,
};

/// One class against the rest.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ClassReport {
    /// The outcomes of "is it this class".
    pub confusion: Confusion,
    /// Weight of the rows that are of this class.
    pub support: f64,
}

/// What predicted classes, and their probabilities when there are any, are worth.
#[derive(Clone, Debug, PartialEq)]
pub struct MulticlassReport {
    /// Metrics by name.
    pub values: Values,
    /// Per class, by its number.
    pub classes: Vec<ClassReport>,
    /// `matrix[actual][predicted]`: weights.
    pub matrix: Vec<Vec<f64>>,
}

/// Metrics of predicted classes; classes are numbers below `classes`.
pub fn evaluate(
    actual: &[usize],
    predicted: &[usize],
    classes: usize,
    weights: Option<&[f64]>,
) -> Result<MulticlassReport, MetricError> {
    if actual.is_empty() {
        return Err(MetricError::Empty);
    }
    check_len("predictions", predicted.len(), actual.len())?;
    check_weights(weights, actual.len())?;
    check_classes(actual, classes)?;
    check_classes(predicted, classes)?;
    let mut matrix = vec![vec![0.0; classes]; classes];
    for row in 0..actual.len() {
        matrix[actual[row]][predicted[row]] += weight(weights, row);
    }
    let rows: Vec<f64> = matrix.iter().map(|row| sum(row.iter().copied())).collect();
    let columns: Vec<f64> = (0..classes).map(|column| sum(matrix.iter().map(|row| row[column]))).collect();
    let total = sum(rows.iter().copied());
    let reports: Vec<ClassReport> = (0..classes)
        .map(|class| {
            let tp = matrix[class][class];
            ClassReport {
                confusion: Confusion {
                    tp,
                    fp: columns[class] - tp,
                    fn_: rows[class] - tp,
                    tn: total - rows[class] - columns[class] + tp,
                },
                support: rows[class],
            }
        })
        .collect();
    let mut values = averages(&reports);
    values.insert("rows".to_owned(), actual.len() as f64);
    let right = sum((0..classes).map(|class| matrix[class][class]));
    put(&mut values, "accuracy", ratio(right, total));
    put(&mut values, "mcc", mcc(right, total, &rows, &columns));
    let chance = sum(rows.iter().zip(&columns).map(|(row, column)| row * column)) / total;
    put(&mut values, "kappa", ratio(right - chance, total - chance));
    Ok(MulticlassReport { values, classes: reports, matrix })
}

/// Macro over the classes that occur (an undefined precision counts as 0, as the class was never found), weighted by support, and micro.
fn averages(reports: &[ClassReport]) -> Values {
    let seen: Vec<&ClassReport> =
        reports.iter().filter(|report| report.support > 0.0 || report.confusion.fp > 0.0).collect();
    let mut values = Values::new();
    let mut average = |name: &str, metric: &dyn Fn(&Confusion) -> Option<f64>| {
        let of = |report: &&ClassReport| metric(&report.confusion).unwrap_or(0.0);
        let support = sum(seen.iter().map(|report| report.support));
        put(&mut values, &format!("{name}_macro"), ratio(sum(seen.iter().map(of)), seen.len() as f64));
        let weighted = sum(seen.iter().map(|report| report.support * of(report)));
        put(&mut values, &format!("{name}_weighted"), ratio(weighted, support));
    };
    average("precision", &Confusion::precision);
    average("recall", &Confusion::recall);
    average("f1", &|confusion| confusion.f_beta(1.0));
    let together = |part: &dyn Fn(&Confusion) -> f64| sum(seen.iter().map(|report| part(&report.confusion)));
    let (tp, fp, fn_) = (together(&|c| c.tp), together(&|c| c.fp), together(&|c| c.fn_));
    put(&mut values, "f1_micro", ratio(2.0 * tp, 2.0 * tp + fp + fn_));
    let recalls: Vec<f64> = reports.iter().filter_map(|report| report.confusion.recall()).collect();
    put(&mut values, "balanced_accuracy", ratio(sum(recalls.iter().copied()), recalls.len() as f64));
    values
}

/// Gorodkin's generalisation of Matthews' coefficient.
fn mcc(right: f64, total: f64, actual: &[f64], predicted: &[f64]) -> Option<f64> {
    let both = sum(actual.iter().zip(predicted).map(|(a, p)| a * p));
    let squares = |counts: &[f64]| total * total - sum(counts.iter().map(|count| count * count));
    ratio(right * total - both, (squares(actual) * squares(predicted)).sqrt())
}

/// Metrics of class probabilities, row by row, `classes` numbers each: log loss, one-vs-rest AUC, top-k accuracy.
pub fn evaluate_probabilities(
    actual: &[usize],
    probabilities: &[f64],
    classes: usize,
    top: usize,
    weights: Option<&[f64]>,
) -> Result<Values, MetricError> {
    if actual.is_empty() {
        return Err(MetricError::Empty);
    }
    check_len("probabilities", probabilities.len(), actual.len() * classes)?;
    check_finite("probability", probabilities)?;
    check_weights(weights, actual.len())?;
    check_classes(actual, classes)?;
    let row_of = |row: usize| &probabilities[row * classes..(row + 1) * classes];
    let mut values = Values::new();
    let log_loss = weighted_mean(actual.len(), weights, |row| {
        -row_of(row)[actual[row]].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    });
    put(&mut values, "log_loss", Some(log_loss));
    let top_share = weighted_mean(actual.len(), weights, |row| {
        let own = row_of(row)[actual[row]];
        let above = row_of(row).iter().enumerate();
        let above = above.filter(|(class, p)| **p > own || (**p == own && *class > actual[row]));
        f64::from(u8::from(above.count() < top))
    });
    put(&mut values, &format!("top_{top}_accuracy"), Some(top_share));
    let (mut aucs, mut support) = (Vec::new(), Vec::new());
    for class in 0..classes {
        let labels: Vec<bool> = actual.iter().map(|found| *found == class).collect();
        let scores: Vec<f64> = (0..actual.len()).map(|row| row_of(row)[class]).collect();
        let curve = Curve::new(&labels, &scores, weights)?;
        if let Some(auc) = curve.roc_auc() {
            aucs.push(auc);
            support.push(curve.positives());
        }
    }
    if aucs.len() == classes {
        put(&mut values, "roc_auc_macro", ratio(sum(aucs.iter().copied()), classes as f64));
        let weighted = sum(aucs.iter().zip(&support).map(|(auc, weight)| auc * weight));
        put(&mut values, "roc_auc_weighted", ratio(weighted, sum(support.iter().copied())));
    }
    Ok(values)
}

fn check_classes(found: &[usize], classes: usize) -> Result<(), MetricError> {
    match found.iter().position(|class| *class >= classes) {
        Some(row) => Err(MetricError::Class { row, class: found[row], classes }),
        None => Ok(()),
    }
}
