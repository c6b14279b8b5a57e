//! What a window's predictions were worth, once enough of their labels are known.

use std::collections::HashMap;

use domain::monitoring::drift_report::Window;
use domain::monitoring::label::Label;
use domain::monitoring::monitor::PerformanceSpec;
use domain::monitoring::performance::{Performance, PerformanceVerdict, Problem};
use domain::serving::Prediction;
use domain::{Id, Timestamp};
use serde_json::Value;
use tables::metrics::answers::AnswerError;
use tables::metrics::{Answers, Better, Measured, better};

/// What a record is about.
pub(super) struct Subject {
    pub id: Id,
    pub now: Timestamp,
    pub deployment: String,
    pub model: String,
    pub version: i64,
    pub window: Window,
    /// The version's metrics when it was released.
    pub at_release: std::collections::BTreeMap<String, f64>,
}

/// Joins predictions and labels and measures what has both.
pub(super) fn measure(
    subject: Subject,
    spec: &PerformanceSpec,
    rows: &[Prediction],
    labels: &[Label],
) -> Performance {
    let outputs: HashMap<&Id, &Value> = rows.iter().map(|row| (&row.id, &row.output)).collect();
    let pairs: Vec<(&Value, &Value)> =
        labels.iter().filter_map(|label| Some((&label.value, *outputs.get(&label.prediction_id)?))).collect();
    let completeness = if rows.is_empty() { 0.0 } else { pairs.len() as f64 / rows.len() as f64 };
    let mut record = Performance {
        id: subject.id,
        time_ms: subject.now,
        deployment: subject.deployment,
        model: subject.model,
        version: subject.version,
        window: subject.window,
        labels: pairs.len() as u64,
        completeness,
        problem: None,
        metric: spec.metric.clone().unwrap_or_else(|| "performance".to_owned()),
        values: std::collections::BTreeMap::new(),
        intervals: std::collections::BTreeMap::new(),
        at_release: subject.at_release,
        verdict: PerformanceVerdict::NotEnoughLabels,
        sentence: format!(
            "{} labels for {} predictions, {} are needed",
            pairs.len(),
            rows.len(),
            spec.min_labels
        ),
    };
    if record.labels < spec.min_labels.max(1) {
        return record;
    }
    match read_and_measure(&pairs, spec.threshold) {
        Ok((problem, measured)) => conclude(&mut record, spec, problem, measured),
        Err(error) => record.sentence = format!("the labels cannot be judged: {error}"),
    }
    record
}

fn read_and_measure(pairs: &[(&Value, &Value)], threshold: f64) -> Result<(Problem, Measured), AnswerError> {
    let (labels, outputs): (Vec<&Value>, Vec<&Value>) = pairs.iter().copied().unzip();
    let answers = Answers::read(&labels, &outputs)?;
    Ok((answers.problem(), answers.measure(threshold)?))
}

fn conclude(record: &mut Performance, spec: &PerformanceSpec, problem: Problem, measured: Measured) {
    record.problem = Some(problem);
    record.metric = spec.metric.clone().unwrap_or_else(|| problem.usual_metric().to_owned());
    record.values = measured.values;
    record.intervals = measured.intervals;
    let labels = record.labels;
    let Some(value) = record.values.get(&record.metric).copied() else {
        record.sentence = format!("{} is not defined on these {labels} labelled predictions", record.metric);
        return;
    };
    let metric = &record.metric;
    let Some(release) = record.at_release.get(metric).copied() else {
        record.verdict = PerformanceVerdict::Measured;
        record.sentence = format!("{metric} is {value:.4} on {labels} labelled predictions");
        return;
    };
    let loss = |value: f64| match better(metric) {
        Better::Higher => release - value,
        Better::Lower => value - release,
        Better::NearZero => value.abs() - release.abs(),
        Better::Neither => 0.0,
    };
    // Worse for certain: even the interval's favourable end is worse than the release.
    let certain = record.intervals.get(metric).is_none_or(|(low, high)| loss(*low).min(loss(*high)) > 0.0);
    record.verdict = match loss(value) > spec.tolerance {
        false => PerformanceVerdict::Holds,
        true if certain => PerformanceVerdict::Degraded,
        true => PerformanceVerdict::Doubtful,
    };
    let end = match record.verdict {
        PerformanceVerdict::Degraded => "worse beyond chance",
        PerformanceVerdict::Doubtful => "worse, but chance may explain it: wait for more labels",
        _ => "it holds",
    };
    record.sentence = format!(
        "{metric} is {value:.4} on {labels} labelled predictions, {release:.4} at the release: {end}"
    );
}
