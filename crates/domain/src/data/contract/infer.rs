//! Rules learned from the files of one or several versions.

use super::parse::TYPES;
use super::{ColumnRule, Contract, ratio};
use crate::data::profile::{ColumnProfile, Semantic, TableProfile};

/// Most different values that a learned list of allowed values has.
const MAX_ALLOWED: usize = 64;
/// Distinct values up to which a text column is learned as a category.
const MAX_CATEGORY: u64 = 50;
/// How far beyond what was seen a learned range reaches, as a share of its width.
const RANGE_MARGIN: f64 = 0.1;
/// Missing values that a learned rule allows beyond the double of what was seen.
const NULL_MARGIN: f64 = 0.02;

impl Contract {
    /// Learns rules that every one of `files` keeps, with some room: their profiles from the oldest to the newest. A
    /// column that not all of them have gets no rule. `key` are columns that are unique together.
    pub fn infer(files: &[TableProfile], key: &[String]) -> Self {
        let Some(newest) = files.last() else { return Self::default() };
        let columns = newest.columns.iter().filter_map(|column| {
            let seen: Option<Vec<&ColumnProfile>> =
                files.iter().map(|file| file.column(&column.name)).collect();
            Some(ColumnRule::infer(&column.name, &seen?))
        });
        Self { columns: columns.collect(), min_rows: Some(1), unique: key.to_vec(), ..Self::default() }
    }
}

impl ColumnRule {
    fn infer(name: &str, seen: &[&ColumnProfile]) -> Self {
        let kind = common_kind(seen);
        let (min, max) = match kind {
            Some("integer" | "number") => range(seen),
            _ => (None, None),
        };
        let pii = seen.iter().any(|column| column.semantic == Semantic::Email);
        Self {
            max_null_share: null_share(seen),
            min,
            max,
            // A list of allowed values would spread what is personal.
            allowed: if kind == Some("text") && !pii { category(seen) } else { None },
            kind: kind.map(ToOwned::to_owned),
            pii,
            ..Self::new(name)
        }
    }
}

/// The type that all files agree on; those without a value have none.
fn common_kind<'a>(seen: &[&'a ColumnProfile]) -> Option<&'a str> {
    let mut kinds = seen.iter().filter(|column| column.count > 0).map(|column| column.kind.as_str());
    let first = kinds.next()?;
    let common = kinds.try_fold(first, |one, other| match (one, other) {
        (one, other) if one == other => Some(one),
        ("integer", "number") | ("number", "integer") => Some("number"),
        _ => None,
    })?;
    TYPES.contains(&common).then_some(common)
}

/// The greatest share of any file, doubled and with room; written with four digits.
fn null_share(seen: &[&ColumnProfile]) -> f64 {
    let share = |column: &&ColumnProfile| ratio(column.nulls, column.count + column.nulls);
    let most = seen.iter().map(share).fold(0.0, f64::max);
    if most == 0.0 { 0.0 } else { ((2.0 * most + NULL_MARGIN).min(1.0) * 1e4).ceil() / 1e4 }
}

/// From the least to the greatest of all files, wider by a share of that or by what varied between files if that is more.
fn range(seen: &[&ColumnProfile]) -> (Option<f64>, Option<f64>) {
    let numbers = || seen.iter().filter_map(|column| column.number.as_ref());
    let spread = |values: &mut dyn Iterator<Item = f64>| {
        values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (lowest, highest_min) = spread(&mut numbers().map(|number| number.min));
    let (lowest_max, highest) = spread(&mut numbers().map(|number| number.max));
    if !lowest.is_finite() || !highest.is_finite() {
        return (None, None);
    }
    let margin = (highest - lowest) * RANGE_MARGIN;
    let below = lowest - margin.max(highest_min - lowest);
    let above = highest + margin.max(highest - lowest_max);
    // What was never negative stays so.
    let below = if lowest >= 0.0 { below.max(0.0) } else { below };
    let limit = |value: f64| Some(value).filter(|value| value.is_finite());
    (limit(rounded(below, f64::floor)), limit(rounded(above, f64::ceil)))
}

/// All values, if they are few, known, and some of them come again in other files.
fn category(seen: &[&ColumnProfile]) -> Option<Vec<String>> {
    let mut values: Vec<&str> = Vec::new();
    let mut comes_again = seen.len() == 1;
    for column in seen.iter().filter(|column| column.count > 0) {
        let whole = column.distinct <= MAX_CATEGORY && column.top.len() as u64 == column.distinct;
        if !whole {
            return None;
        }
        for top in &column.top {
            if values.contains(&top.value.as_str()) {
                comes_again = true;
            } else {
                values.push(&top.value);
            }
        }
    }
    values.sort_unstable();
    (comes_again && values.len() <= MAX_ALLOWED).then(|| values.into_iter().map(ToOwned::to_owned).collect())
}

/// A whole number where the range is wide, else four digits.
fn rounded(value: f64, whole: fn(f64) -> f64) -> f64 {
    if value.abs() >= 10.0 { whole(value) } else { whole(value * 1e4) / 1e4 }
}
