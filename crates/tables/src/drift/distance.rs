//! Distances of two distributions.

use std::collections::{BTreeMap, BTreeSet};

use domain::monitoring::drift_report::DriftBin;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::sample::{OTHER, Sample, Values};
use crate::metrics::sum;

/// Bins of numbers: deciles of the reference.
const BINS: usize = 10;
/// Bars of categories; rarer values share one.
const BARS: usize = 20;
/// An empty bin's share in the stability index, which has no value for zero.
const FLOOR: f64 = 1e-4;

/// The greatest distance of two distribution functions; both slices sorted.
pub fn ks_statistic(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut greatest) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        while i < a.len() && a[i] <= value {
            i += 1;
        }
        while j < b.len() && b[j] <= value {
            j += 1;
        }
        let distance = i as f64 / a.len() as f64 - j as f64 / b.len() as f64;
        greatest = greatest.max(distance.abs());
    }
    greatest
}

/// The limiting Kolmogorov distribution's p of a distance `d` for n and m rows.
pub fn kolmogorov_p(d: f64, n: usize, m: usize) -> f64 {
    let (n, m) = (n as f64, m as f64);
    let x = d * (n * m / (n + m)).sqrt();
    if x < 0.2 {
        return 1.0;
    }
    if x < 1.0 {
        // The theta-function form converges where the alternating one does not (Marsaglia, Tsang and Wang, 2003).
        let step = |k: i32| (-(f64::from(2 * k - 1) * std::f64::consts::PI / x).powi(2) / 8.0).exp();
        let below = (2.0 * std::f64::consts::PI).sqrt() / x * sum((1..=20).map(step));
        return (1.0 - below).clamp(0.0, 1.0);
    }
    let step = |k: i32| (if k % 2 == 1 { 2.0 } else { -2.0 }) * (-2.0 * f64::from(k * k) * x * x).exp();
    sum((1..=20).map(step)).clamp(0.0, 1.0)
}

/// Earth mover's distance of two sorted samples.
pub fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j) = (0, 0);
    let mut parts = Vec::with_capacity(a.len() + b.len());
    let mut last: Option<f64> = None;
    while i < a.len() || j < b.len() {
        let value = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) => *x,
            (None, Some(y)) => *y,
            (None, None) => break,
        };
        if let Some(last) = last {
            let distance = i as f64 / a.len() as f64 - j as f64 / b.len() as f64;
            parts.push(distance.abs() * (value - last));
        }
        while i < a.len() && a[i] <= value {
            i += 1;
        }
        while j < b.len() && b[j] <= value {
            j += 1;
        }
        last = Some(value);
    }
    sum(parts)
}

/// Wasserstein distance in units of the reference's interquartile range; absent when that is zero.
pub(super) fn wasserstein_over_iqr(reference: &[f64], window: &[f64]) -> Option<f64> {
    let range = quantile(reference, 0.75) - quantile(reference, 0.25);
    (range > 0.0).then(|| wasserstein(reference, window) / range)
}

/// The quantile of a sorted sample, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * share;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// Half the sum of the differences of shares.
pub fn total_variation(a: &BTreeMap<String, u64>, b: &BTreeMap<String, u64>) -> f64 {
    let (total_a, total_b) = (a.values().sum::<u64>() as f64, b.values().sum::<u64>() as f64);
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let share = |counts: &BTreeMap<String, u64>, key: &String, total: f64| {
        counts.get(key).map_or(0.0, |count| *count as f64 / total)
    };
    sum(keys.into_iter().map(|key| (share(a, key, total_a) - share(b, key, total_b)).abs())) / 2.0
}

/// Pearson's chi-square p of "both come from the same shares"; absent with fewer than two values.
pub fn chi_square_p(a: &BTreeMap<String, u64>, b: &BTreeMap<String, u64>) -> Option<f64> {
    let (total_a, total_b) = (a.values().sum::<u64>() as f64, b.values().sum::<u64>() as f64);
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    if keys.len() < 2 || total_a == 0.0 || total_b == 0.0 {
        return None;
    }
    let count = |counts: &BTreeMap<String, u64>, key: &String| counts.get(key).copied().unwrap_or(0) as f64;
    let statistic = sum(keys.iter().flat_map(|key| {
        let (x, y) = (count(a, key), count(b, key));
        let expected = |total: f64| (x + y) * total / (total_a + total_b);
        [
            (x - expected(total_a)).powi(2) / expected(total_a),
            (y - expected(total_b)).powi(2) / expected(total_b),
        ]
    }));
    let freedom = (keys.len() - 1) as f64;
    Some(ChiSquared::new(freedom).expect("two values leave a degree of freedom").sf(statistic))
}

/// Population stability index of two lists of shares, each share at least 0.0001.
pub fn psi(reference: &[f64], window: &[f64]) -> f64 {
    sum(reference.iter().zip(window).map(|(before, after)| {
        let (before, after) = (before.max(FLOOR), after.max(FLOOR));
        (after - before) * (after / before).ln()
    }))
}

/// Jensen-Shannon distance, base 2: 0 for equal, 1 for disjoint.
pub fn jensen_shannon(reference: &[f64], window: &[f64]) -> f64 {
    let towards = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
    let divergence = sum(reference.iter().zip(window).map(|(before, after)| {
        let middle = f64::midpoint(*before, *after);
        towards(*before, middle) + towards(*after, middle)
    })) / 2.0;
    divergence.max(0.0).sqrt()
}

/// Bins fixed by a reference.
pub enum Bins {
    /// Upper edges of all but the last; a value equal to an edge belongs above it.
    Numeric(Vec<f64>),
    /// Values with a bar of their own.
    Categorical(Vec<String>),
}

impl Bins {
    /// Deciles of numbers, or the most frequent values; absent for an empty reference.
    pub fn of(reference: &Sample) -> Option<Self> {
        match &reference.values {
            Values::Numeric(values) if values.is_empty() => None,
            Values::Numeric(values) => {
                let mut edges: Vec<f64> =
                    (1..BINS).map(|decile| quantile(values, decile as f64 / BINS as f64)).collect();
                edges.dedup();
                Some(Self::Numeric(edges))
            }
            Values::Categorical(counts) if counts.is_empty() => None,
            Values::Categorical(counts) => {
                let mut by_count: Vec<(&String, &u64)> = counts.iter().collect();
                by_count.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
                Some(Self::Categorical(
                    by_count.into_iter().take(BARS).map(|(value, _)| value.clone()).collect(),
                ))
            }
        }
    }

    /// Both samples' shares per bin; missing, not finite and wrongly typed values share bins of their own where they occur.
    pub fn compare(&self, reference: &Sample, window: &Sample) -> Vec<DriftBin> {
        let mut bins = Vec::new();
        let (before, after) = (self.count(reference), self.count(window));
        for (index, label) in self.labels().into_iter().enumerate() {
            bins.push((label, before[index], after[index]));
        }
        bins.push(("(missing)".to_owned(), reference.missing, window.missing));
        bins.push(("(not finite)".to_owned(), reference.not_finite, window.not_finite));
        bins.push(("(wrong type)".to_owned(), reference.wrong_type, window.wrong_type));
        let share = |count: u64, rows: u64| if rows == 0 { 0.0 } else { count as f64 / rows as f64 };
        bins.into_iter()
            .filter(|(label, before, after)| !label.starts_with('(') || before + after > 0)
            .map(|(label, before, after)| DriftBin {
                label,
                reference_share: share(before, reference.rows()),
                window_share: share(after, window.rows()),
            })
            .collect()
    }

    fn labels(&self) -> Vec<String> {
        match self {
            Self::Numeric(edges) => {
                let Some((first, last)) = edges.first().zip(edges.last()) else {
                    return vec!["all".to_owned()];
                };
                let middle = edges.windows(2).map(|pair| format!("{} to {}", short(pair[0]), short(pair[1])));
                std::iter::once(format!("below {}", short(*first)))
                    .chain(middle)
                    .chain(std::iter::once(format!("from {}", short(*last))))
                    .collect()
            }
            Self::Categorical(values) => {
                values.iter().cloned().chain(std::iter::once(OTHER.to_owned())).collect()
            }
        }
    }

    fn count(&self, sample: &Sample) -> Vec<u64> {
        match (self, &sample.values) {
            (Self::Numeric(edges), Values::Numeric(values)) => {
                let mut counts = vec![0; edges.len() + 1];
                let mut reached = 0;
                for (index, edge) in edges.iter().enumerate() {
                    let below = values.partition_point(|value| value < edge);
                    counts[index] = (below - reached) as u64;
                    reached = below;
                }
                counts[edges.len()] = (values.len() - reached) as u64;
                counts
            }
            (Self::Categorical(bars), Values::Categorical(found)) => {
                let mut counts: Vec<u64> =
                    bars.iter().map(|bar| found.get(bar).copied().unwrap_or(0)).collect();
                let total: u64 = found.values().sum();
                counts.push(total - counts.iter().sum::<u64>());
                counts
            }
            (Self::Numeric(edges), Values::Categorical(_)) => vec![0; edges.len() + 1],
            (Self::Categorical(bars), Values::Numeric(_)) => vec![0; bars.len() + 1],
        }
    }
}

/// A number of at most four significant digits, for labels.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.clamp(-300, 300));
    format!("{}", (value * scale).round() / scale)
}
