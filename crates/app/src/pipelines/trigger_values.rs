//! What the conditions of triggers can ask for.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::data::DataVersion;
use domain::pipelines::event::{DriftFinding, Event, PerformanceFinding};
use domain::pipelines::expr::{Lookup, Value};
use domain::pipelines::pipeline_run::PinnedData;

/// For data triggers: the newest version against the one that was last used.
pub(super) struct DataValues<'a> {
    pub now: Timestamp,
    pub newest: &'a DataVersion,
    pub used: Option<&'a PinnedData>,
    /// When the data was last used.
    pub used_at: Option<Timestamp>,
}

impl Lookup for DataValues<'_> {
    fn name(&self, name: &str) -> Value {
        let grown = |now: i64, before: Option<i64>| Value::Number((now - before.unwrap_or(0)).max(0) as f64);
        match name {
            "rows" => rows(self.newest.rows),
            "files" => Value::Number(self.newest.files as f64),
            "bytes" => Value::Number(self.newest.size as f64),
            "new_rows" => match self.newest.rows {
                Some(rows) => grown(rows, self.used.and_then(|used| used.rows)),
                None => rows(None),
            },
            "new_files" => grown(self.newest.files, self.used.map(|used| used.files)),
            "new_bytes" => grown(self.newest.size, self.used.map(|used| used.bytes)),
            "age" => match self.used_at {
                Some(at) => Value::Number(self.now.since(at) as f64),
                None => Value::missing("no run has used the data yet"),
            },
            other => Value::missing(format!("{other} is not known to data triggers")),
        }
    }
}

fn rows(rows: Option<i64>) -> Value {
    rows.map_or_else(|| Value::missing("the rows are not counted"), |rows| Value::Number(rows as f64))
}

/// For drift triggers: one finding, and how long each condition has held up to it.
pub(super) struct DriftValues<'a> {
    pub finding: &'a DriftFinding,
    /// For how long a condition has held, in milliseconds.
    pub held: &'a dyn Fn(&str) -> i64,
}

impl Lookup for DriftValues<'_> {
    fn name(&self, name: &str) -> Value {
        match name {
            "alarm" => Value::Bool(self.finding.alarm),
            "rows" => Value::Number(self.finding.rows as f64),
            other => Value::missing(format!("{other} is not known to drift triggers")),
        }
    }

    fn call(&self, function: &str, argument: &str) -> Value {
        let scores = match function {
            "psi" => &self.finding.psi,
            "moved" => &self.finding.moved,
            other => return Value::missing(format!("{other}(…) is not known to drift triggers")),
        };
        score(scores, argument, self.finding.prediction.as_deref())
    }

    fn held_ms(&self, text: &str) -> Option<i64> {
        Some((self.held)(text))
    }
}

/// The score of one column, of the prediction, or the largest of all features.
fn score(scores: &BTreeMap<String, f64>, argument: &str, prediction: Option<&str>) -> Value {
    let found = match argument {
        "any_feature" => scores
            .iter()
            .filter(|(column, _)| Some(column.as_str()) != prediction)
            .map(|(_, score)| *score)
            .reduce(f64::max),
        "prediction" => prediction.and_then(|column| scores.get(column)).copied(),
        column => scores.get(column).copied(),
    };
    found.map_or_else(|| Value::missing(format!("the report has no score of {argument}")), Value::Number)
}

/// For performance triggers: one finding.
pub(super) struct PerformanceValues<'a> {
    pub now: Timestamp,
    pub finding: &'a PerformanceFinding,
    /// For how long a condition has held, in milliseconds.
    pub held: &'a dyn Fn(&str) -> i64,
}

impl Lookup for PerformanceValues<'_> {
    fn name(&self, name: &str) -> Value {
        let metric = |values: &BTreeMap<String, f64>, name: &str, of: &str| {
            values
                .get(name)
                .map_or_else(|| Value::missing(format!("{of} has no {name}")), |v| Value::Number(*v))
        };
        match name {
            "labels" => Value::Number(self.finding.labels as f64),
            "age" => self.finding.window_end_ms.map_or_else(
                || Value::missing("the window's end is not known"),
                |end| Value::Number(self.now.since(Timestamp::from_millis(end)) as f64),
            ),
            _ => match name.strip_prefix("champion.").and_then(|name| name.strip_suffix("_at_release")) {
                Some(name) => metric(&self.finding.at_release, name, "the champion's release"),
                None => metric(&self.finding.metrics, name, "the labelled window"),
            },
        }
    }

    fn held_ms(&self, text: &str) -> Option<i64> {
        Some((self.held)(text))
    }
}

/// For how long, up to the newest finding, an inner condition has held without a break; `events` are newest first.
pub(super) fn held_ms(events: &[Event], holds: impl Fn(&Event) -> bool) -> i64 {
    let (Some(newest), Some(first)) = (events.first(), events.iter().take_while(|event| holds(event)).last())
    else {
        return 0;
    };
    newest.time.since(first.time)
}
