//! Data-quality checks that stand beside the distribution: each looks at one rate, with an interval of its own.

use std::collections::BTreeMap;

use domain::monitoring::drift_report::{DriftSettings, DriftVerdict, QualityCheck, QualityFinding};

use super::sample::{Sample, Values};
use crate::metrics::interval::{newcombe_z, quantile_of_tail};

/// Names shown in one sentence.
const NAMED: usize = 5;
/// Rows of the window in which a lost category should have shown up before its absence is told.
const EXPECTED_ROWS: f64 = 20.0;

/// Runs all checks; only what was found is returned. `level` is the chance of a false finding of one column.
pub(super) fn check(
    reference: &Sample,
    window: &Sample,
    level: f64,
    settings: &DriftSettings,
) -> Vec<QualityFinding> {
    if window.rows() == 0 || reference.rows() == 0 {
        return Vec::new();
    }
    let rates =
        Rates { before: reference.rows(), after: window.rows(), z: quantile_of_tail(level / 2.0), settings };
    let mut found = Vec::new();
    found.extend(missing(reference, window, &rates));
    found.extend(type_change(reference, window, &rates));
    match (&reference.values, &window.values) {
        (Values::Numeric(before), Values::Numeric(after)) => {
            found.extend(out_of_range(before, after, &rates));
            found.extend(constant(distinct(before) > 1, after.len(), distinct(after) == 1, || {
                after[0].to_string()
            }));
        }
        (Values::Categorical(before), Values::Categorical(after)) => {
            found.extend(new_categories(before, after, &rates));
            found.extend(lost_categories(before, after));
            let rows = after.values().sum::<u64>();
            let single = || after.keys().next().cloned().unwrap_or_default();
            found.extend(constant(
                before.len() > 1,
                usize::try_from(rows).unwrap_or(usize::MAX),
                after.len() == 1,
                single,
            ));
        }
        _ => {}
    }
    found
}

struct Rates<'a> {
    before: u64,
    after: u64,
    z: f64,
    settings: &'a DriftSettings,
}

impl Rates<'_> {
    /// Judges the rise of a rate: an alarm when it is certain to exceed the allowed
    /// share, a warning when it exceeds it and is certain to be a rise at all.
    fn judge(&self, check: QualityCheck, before: u64, after: u64, what: &str) -> Option<QualityFinding> {
        let share = |count: u64, rows: u64| count as f64 / rows as f64;
        let (old, new) = (share(before, self.before), share(after, self.after));
        let rise = newcombe_z(new, self.after as f64, old, self.before as f64, self.z).low;
        let verdict = if rise >= self.settings.quality_share {
            DriftVerdict::Alarm
        } else if rise > 0.0 && new - old >= self.settings.quality_share {
            DriftVerdict::Warn
        } else {
            return None;
        };
        Some(QualityFinding {
            check,
            verdict,
            reference_share: old,
            window_share: new,
            sentence: format!("{what} in {:.1} % of the rows, {:.1} % in training", new * 100.0, old * 100.0),
        })
    }
}

fn missing(reference: &Sample, window: &Sample, rates: &Rates<'_>) -> Option<QualityFinding> {
    let bad = |sample: &Sample| sample.missing + sample.not_finite;
    if window.missing == window.rows() && reference.missing < reference.rows() {
        return Some(QualityFinding {
            check: QualityCheck::Absent,
            verdict: DriftVerdict::Alarm,
            reference_share: bad(reference) as f64 / reference.rows() as f64,
            window_share: 1.0,
            sentence: format!("the column does not come at all in {} rows", window.rows()),
        });
    }
    rates.judge(QualityCheck::Missing, bad(reference), bad(window), "missing values")
}

fn type_change(reference: &Sample, window: &Sample, rates: &Rates<'_>) -> Option<QualityFinding> {
    let example = window.wrong_example.clone().unwrap_or_default();
    let kind = match reference.values {
        Values::Numeric(_) => "no number",
        Values::Categorical(_) => "no text",
    };
    let what = format!("values that are {kind} (such as {example})");
    rates.judge(QualityCheck::TypeChange, reference.wrong_type, window.wrong_type, &what)
}

fn out_of_range(before: &[f64], after: &[f64], rates: &Rates<'_>) -> Option<QualityFinding> {
    let (low, high) = (*before.first()?, *before.last()?);
    let below = after.partition_point(|value| *value < low);
    let above = after.len() - after.partition_point(|value| *value <= high);
    let what = format!("values outside the training range {low} to {high}");
    rates.judge(QualityCheck::OutOfRange, 0, (below + above) as u64, &what)
}

fn new_categories(
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
    rates: &Rates<'_>,
) -> Option<QualityFinding> {
    let mut new: Vec<(&String, u64)> = after
        .iter()
        .filter(|(value, _)| !before.contains_key(*value))
        .map(|(value, count)| (value, *count))
        .collect();
    new.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let what = format!("values that training has not seen ({})", named(&new));
    let rows = new.iter().map(|(_, count)| count).sum();
    // A column of ever new values (an identifier) has unseen ones by nature: as many as its singletons
    // foretell (Good, 1953), which is the rate to compare with.
    let singletons = before.values().filter(|count| **count == 1).count() as u64;
    rates.judge(QualityCheck::NewCategory, singletons, rows, &what)
}

fn lost_categories(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Option<QualityFinding> {
    let (rows_before, rows_after) = (before.values().sum::<u64>() as f64, after.values().sum::<u64>() as f64);
    let expected = |count: u64| count as f64 / rows_before * rows_after;
    let mut lost: Vec<(&String, u64)> = before
        .iter()
        .filter(|(value, count)| !after.contains_key(*value) && expected(**count) >= EXPECTED_ROWS)
        .map(|(value, count)| (value, *count))
        .collect();
    if lost.is_empty() {
        return None;
    }
    lost.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let share = lost.iter().map(|(_, count)| *count as f64).sum::<f64>() / rows_before;
    Some(QualityFinding {
        check: QualityCheck::LostCategory,
        verdict: DriftVerdict::Warn,
        reference_share: share,
        window_share: 0.0,
        sentence: format!("{} no longer comes, {:.1} % of training", named(&lost), share * 100.0),
    })
}

fn constant(varied: bool, rows: usize, single: bool, value: impl Fn() -> String) -> Option<QualityFinding> {
    (varied && single && rows >= EXPECTED_ROWS as usize).then(|| QualityFinding {
        check: QualityCheck::Constant,
        verdict: DriftVerdict::Warn,
        reference_share: 0.0,
        window_share: 1.0,
        sentence: format!("always {} in {rows} rows, varied in training", value()),
    })
}

fn named(values: &[(&String, u64)]) -> String {
    let mut names: Vec<String> =
        values.iter().take(NAMED).map(|(value, count)| format!("{value}: {count}")).collect();
    if values.len() > NAMED {
        names.push(format!("{} more", values.len() - NAMED));
    }
    names.join(", ")
}

/// 0, 1 or 2 for none, one or several different values of a sorted slice.
fn distinct(sorted: &[f64]) -> usize {
    match (sorted.first(), sorted.last()) {
        (Some(first), Some(last)) if first == last => 1,
        (Some(_), Some(_)) => 2,
        _ => 0,
    }
}
