//! Drift between a reference (the training data) and a window (served requests): "confidently moved mass".
//!
//! A verdict needs evidence and size at once. The statistic reads "at least this share of the rows moved"; what
//! chance explains, corrected for the number of columns, is taken off; the rest is held against a share that
//! matters. Bins are fixed by the reference, so figures compare over time. Freshness and volume of a whole
//! deployment are not judged here.

mod distance;
mod quality;
mod reference;
mod rule;
mod sample;

use domain::monitoring::drift_report::{ColumnDrift, ColumnKind, DriftSettings, DriftVerdict};

pub use distance::{
    Bins, chi_square_p, jensen_shannon, kolmogorov_p, ks_statistic, psi, total_variation, wasserstein,
};
pub use reference::{REFERENCE_ROWS, reference};
pub use rule::{categorical_moved, numeric_margin};
pub use sample::{MAX_CATEGORIES, OTHER, Sample, Values};

/// Compares a column of `window` with the same column of `reference`; `columns` is how many are judged together.
pub fn column(
    name: &str,
    reference: &Sample,
    window: &Sample,
    columns: usize,
    settings: &DriftSettings,
) -> ColumnDrift {
    let level = settings.false_alarm_rate / columns.max(1) as f64;
    let mut found = match (&reference.values, &window.values) {
        (Values::Numeric(before), Values::Numeric(after)) => numeric(before, after, level, settings),
        _ => categorical(&reference.counts(), &window.counts(), level, settings),
    };
    name.clone_into(&mut found.column);
    if let Some(bins) = Bins::of(reference) {
        found.bins = bins.compare(reference, window);
        let shares = |pick: fn(&domain::monitoring::drift_report::DriftBin) -> f64| -> Vec<f64> {
            found.bins.iter().map(pick).collect()
        };
        let (before, after) = (shares(|bin| bin.reference_share), shares(|bin| bin.window_share));
        if window.rows() > 0 {
            found.psi = psi(&before, &after);
            found.jensen_shannon = jensen_shannon(&before, &after);
        }
    }
    found.findings = quality::check(reference, window, level, settings);
    let worst = found.findings.iter().map(|finding| finding.verdict).max();
    if let Some(worst) = worst.filter(|worst| *worst > found.verdict) {
        found.verdict = worst;
    }
    let mut sentences: Vec<&str> = found.findings.iter().map(|finding| finding.sentence.as_str()).collect();
    let distribution = std::mem::take(&mut found.sentence);
    if sentences.is_empty() || found.moved_share >= settings.warn_share {
        sentences.push(&distribution);
    }
    found.sentence = sentences.join("; ");
    found
}

fn numeric(before: &[f64], after: &[f64], level: f64, settings: &DriftSettings) -> ColumnDrift {
    let mut found = empty(ColumnKind::Numeric, before.len() as u64, after.len() as u64);
    if before.is_empty() || after.is_empty() {
        found.sentence = "no values to compare".to_owned();
        return found;
    }
    let margin = numeric_margin(level, before.len(), after.len());
    found.statistic = ks_statistic(before, after);
    found.moved_share = (found.statistic - margin).max(0.0);
    found.detectable_share = margin + settings.alarm_share;
    found.p_value = Some(kolmogorov_p(found.statistic, before.len(), after.len()));
    found.wasserstein_iqr = distance::wasserstein_over_iqr(before, after);
    conclude(&mut found, settings);
    found
}

fn categorical(
    before: &std::collections::BTreeMap<String, u64>,
    after: &std::collections::BTreeMap<String, u64>,
    level: f64,
    settings: &DriftSettings,
) -> ColumnDrift {
    let (rows_before, rows_after) = (before.values().sum::<u64>(), after.values().sum::<u64>());
    let mut found = empty(ColumnKind::Categorical, rows_before, rows_after);
    if rows_before == 0 || rows_after == 0 {
        found.sentence = "no values to compare".to_owned();
        return found;
    }
    let moved = categorical_moved(before, after, level);
    found.statistic = total_variation(before, after);
    found.moved_share = moved.moved_share;
    found.detectable_share = moved.margin + settings.alarm_share;
    found.p_value = chi_square_p(before, after);
    conclude(&mut found, settings);
    found
}

fn empty(kind: ColumnKind, reference_rows: u64, window_rows: u64) -> ColumnDrift {
    ColumnDrift {
        column: String::new(),
        kind,
        reference_rows,
        window_rows,
        statistic: 0.0,
        moved_share: 0.0,
        detectable_share: 1.0,
        p_value: None,
        psi: 0.0,
        jensen_shannon: 0.0,
        wasserstein_iqr: None,
        verdict: DriftVerdict::NotEnoughRows,
        sentence: String::new(),
        findings: Vec::new(),
        bins: Vec::new(),
        importance: None,
    }
}

/// Verdict and sentence from statistic, moved share and margin: evidence and size, and which of them failed.
fn conclude(found: &mut ColumnDrift, settings: &DriftSettings) {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let margin = found.detectable_share - settings.alarm_share;
    let rows = match found.window_rows {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    };
    let blind = if found.detectable_share >= 1.0 {
        "no shift can be seen yet".to_owned()
    } else {
        format!("a shift below {} cannot be seen", percent(found.detectable_share))
    };
    let (verdict, sentence) = if found.moved_share >= settings.alarm_share {
        (DriftVerdict::Alarm, format!("at least {} of the rows moved", percent(found.moved_share)))
    } else if found.moved_share >= settings.warn_share {
        (DriftVerdict::Warn, format!("at least {} of the rows moved", percent(found.moved_share)))
    } else if found.statistic >= settings.alarm_share && margin > settings.alarm_share {
        (
            DriftVerdict::NotEnoughRows,
            format!("large ({}) but only {rows}: wait for more; {blind}", percent(found.statistic)),
        )
    } else if margin > settings.alarm_share {
        (DriftVerdict::NotEnoughRows, format!("not enough rows ({}): {blind}", found.window_rows))
    } else if found.moved_share > 0.0 {
        (
            DriftVerdict::Steady,
            format!("real but tiny: at least {} of the rows moved", percent(found.moved_share)),
        )
    } else {
        (DriftVerdict::Steady, "no shift beyond chance".to_owned())
    };
    found.verdict = verdict;
    found.sentence = sentence;
}
