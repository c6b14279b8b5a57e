//! Answers as cells: the name of a field says how its value reads.

use serde_json::Value;

use crate::json::plain;
use crate::output::{Cell, Table, Tone, short_id};

/// Milliseconds from here on are a time, below a duration.
const EPOCH_FROM_MS: i64 = 100_000_000_000;

/// A value under the name `key` as a cell.
pub fn cell(key: &str, value: &Value) -> Cell {
    let name = key.rsplit('.').next().unwrap_or(key);
    match value {
        Value::Null => Cell::none(),
        Value::Bool(yes) => Cell::both(if *yes { "yes" } else { "no" }, yes.to_string()),
        Value::Number(number) => number_cell(name, number),
        Value::String(text) if text.is_empty() => Cell::none(),
        Value::String(text) => match name {
            "state" | "status" | "outcome" | "verdict" | "action" | "severity" => state(text),
            _ => Cell::id(text),
        },
        Value::Array(values) => Cell::text(values.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Object(pairs) => {
            let joined = |value: &dyn Fn(&Value) -> String| {
                let pairs = pairs.iter().map(|(key, inner)| format!("{key}={}", value(inner)));
                pairs.collect::<Vec<_>>().join(" ")
            };
            Cell::both(joined(&|value| short_id(&plain(value)).to_owned()), joined(&plain))
        }
    }
}

fn number_cell(name: &str, number: &serde_json::Number) -> Cell {
    match number.as_i64() {
        Some(value) if name.ends_with("_ms") && value >= EPOCH_FROM_MS => Cell::time(Some(value)),
        Some(value) if name.ends_with("_ms") => Cell::duration(Some(value)),
        Some(value) if matches!(name, "size" | "bytes" | "size_bytes" | "input_bytes") => {
            Cell::bytes(Some(value))
        }
        Some(value) => Cell::count(Some(value)),
        None if name.ends_with("_share") || name.ends_with("_rate") || name == "share" => {
            Cell::percent(number.as_f64())
        }
        None => Cell::number(number.as_f64()),
    }
}

/// A state as shape and word.
pub fn state(word: &str) -> Cell {
    let (mark, tone) = match word {
        "published" | "succeeded" | "finished" | "FINISHED" | "full" | "live" | "serving" | "ready"
        | "healthy" | "ok" | "accepted" | "passes" | "holds" | "met" | "steady" | "fired" | "done"
        | "good" | "kept" | "pass" | "passed" | "true" | "stable" | "restored" | "completed" => {
            ("✓", Tone::Good)
        }
        "failed" | "FAILED" | "degraded" | "alarmed" | "rejected" | "alarm" | "drift" | "killed"
        | "KILLED" | "refused" | "error" | "fail" | "false" | "broken" | "block" | "blocked"
        | "rolled_back" => ("✗", Tone::Bad),
        "warn" | "warning" | "waiting_approval" | "suppressed" | "doubtful" | "warned" | "stale" => {
            ("!", Tone::Warn)
        }
        "skip" | "skipped" | "no_change" | "none" | "idle" => ("–", Tone::Dim),
        "queued" | "wait" | "waiting" | "scheduled" | "SCHEDULED" => ("◌", Tone::Dim),
        _ => ("●", Tone::Plain),
    };
    Cell::both(format!("{mark} {}", word.replace('_', " ")), word).tone(tone)
}

/// A field's name as people read it.
pub fn label(key: &str) -> String {
    let short = key.strip_suffix("_ms").unwrap_or(key);
    short.rsplit('.').next().unwrap_or(short).replace('_', " ")
}

/// The value at a dotted path.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| &value[key])
}

/// The fields of an object at these paths, those that are there.
pub fn fields(value: &Value, paths: &[&str]) -> Vec<(String, Cell)> {
    let there = paths.iter().filter(|path| !at(value, path).is_null());
    there.map(|path| (label(path), cell(path, at(value, path)))).collect()
}

/// A table of these paths of each item, without columns that are empty throughout.
pub fn table<'a>(items: impl IntoIterator<Item = &'a Value>, paths: &[&str]) -> Table {
    let items: Vec<&Value> = items.into_iter().collect();
    let used: Vec<&str> =
        paths.iter().copied().filter(|path| items.iter().any(|item| !is_empty(at(item, path)))).collect();
    let mut table = Table::new(used.iter().map(|path| label(path)));
    for item in items {
        table.push(used.iter().map(|path| cell(path, at(item, path))).collect());
    }
    table
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(pairs) => pairs.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Page, Paint};
    use serde_json::json;

    #[test]
    fn names_say_how_values_read() {
        let items = [
            json!({"name": "flights", "time_ms": 1_700_000_000_000_i64, "duration_ms": 4200, "size": 905_000,
                   "state": "published", "drift": {"moved_share": 0.384}, "empty": null}),
            json!({"name": "weather", "state": "rejected"}),
        ];
        let paths = ["name", "duration_ms", "size", "state", "drift.moved_share", "empty"];
        insta::assert_snapshot!(Page::new().table(table(&items, &paths)).render(Paint::off(), 100));
        insta::assert_snapshot!(Page::new().table(table(&items, &["name", "time_ms"])).render_lines());
    }
}
