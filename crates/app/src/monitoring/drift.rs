//! Drift reports from a window's predictions and a reference.

use std::collections::BTreeMap;

use domain::monitoring::drift_report::{ColumnDrift, ColumnKind, DriftReport, Reference, Window, summarize};
use domain::monitoring::monitor::MonitorSpec;
use domain::serving::Prediction;
use domain::{Id, Timestamp};
use serde_json::Value;
use tables::drift::{self, Sample};

use super::reference::ReferenceColumns;

/// The name under which the prediction itself is reported.
pub(super) const PREDICTION: &str = "prediction";

/// What a report is about.
pub(super) struct Subject {
    pub id: Id,
    pub now: Timestamp,
    pub deployment: String,
    pub model: String,
    pub version: i64,
    pub window: Window,
}

/// Compares the columns that both have, and the predictions with those of the version's first window.
pub(super) fn report(
    subject: Subject,
    spec: &MonitorSpec,
    reference: &ReferenceColumns,
    first_answers: Option<&Sample>,
    rows: &[Prediction],
) -> DriftReport {
    let asked: Vec<(&String, &Sample)> = reference
        .samples
        .iter()
        .filter(|(name, _)| rows.iter().any(|row| row.features.contains_key(*name)))
        .collect();
    let judged = asked.len() + usize::from(first_answers.is_some());
    let mut columns: Vec<ColumnDrift> = asked
        .into_iter()
        .map(|(name, before)| {
            let values = rows.iter().map(|row| row.features.get(name));
            let after = Sample::from_json(before.kind(), values);
            let mut found = drift::column(name, before, &after, judged, &spec.drift);
            found.importance = spec.importance.get(name).copied();
            found
        })
        .collect();
    columns.sort_by(|a, b| b.verdict.cmp(&a.verdict).then(b.moved_share.total_cmp(&a.moved_share)));
    let prediction = first_answers.map(|before| {
        let after = answers(before.kind(), rows);
        drift::column(PREDICTION, before, &after, judged, &spec.drift)
    });
    let summary = summarize(&columns, prediction.as_ref(), subject.window.rows);
    DriftReport {
        id: subject.id,
        time_ms: subject.now,
        deployment: subject.deployment,
        model: subject.model,
        version: subject.version,
        window: subject.window,
        reference: Reference {
            text: reference.text.clone(),
            tree: reference.tree.clone(),
            rows: reference.rows,
        },
        settings: spec.drift,
        moved_share: summary.moved_share,
        verdict: summary.verdict,
        sentence: summary.sentence,
        columns,
        prediction,
    }
}

/// The answers as a sample: scores when every answer holds one number, else their text.
pub(super) fn answers_of(rows: &[Prediction]) -> Sample {
    let scored = rows.iter().all(|row| row.score().is_some());
    answers(if scored { ColumnKind::Numeric } else { ColumnKind::Categorical }, rows)
}

fn answers(kind: ColumnKind, rows: &[Prediction]) -> Sample {
    match kind {
        ColumnKind::Numeric => Sample::numeric(rows.iter().map(Prediction::score)),
        ColumnKind::Categorical => Sample::categorical(rows.iter().map(|row| Some(text(&row.output)))),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Requests as reference columns: numeric when every value that is there is a number.
pub(super) fn columns_of(rows: &[Prediction]) -> BTreeMap<String, Sample> {
    let mut names: Vec<&String> = rows.iter().flat_map(|row| row.features.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let values = || rows.iter().map(move |row| row.features.get(name));
            let mut given = values().flatten().filter(|value| !value.is_null());
            let numeric = given.all(Value::is_number);
            let kind = if numeric { ColumnKind::Numeric } else { ColumnKind::Categorical };
            (name.clone(), Sample::from_json(kind, values()))
        })
        .collect()
}
