//! What chance explains, and what is left.

use std::collections::{BTreeMap, BTreeSet};

use crate::metrics::interval::{newcombe_z, quantile_of_tail};

/// The distance of two distribution functions that chance exceeds with probability `level` at most, for n and m rows:
/// c(level)·sqrt(1/n + 1/m) with c(a) = sqrt(−ln(a/2)/2) (Smirnov, 1948).
pub fn numeric_margin(level: f64, reference_rows: usize, window_rows: usize) -> f64 {
    let c = (-(level / 2.0).ln() / 2.0).sqrt();
    c * (1.0 / reference_rows as f64 + 1.0 / window_rows as f64).sqrt()
}

/// What moved between two sets of counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoricalMove {
    /// Share of the rows that moved for certain.
    pub moved_share: f64,
    /// The widest single category's margin: a shift of one category must exceed it to be seen.
    pub margin: f64,
}

/// The share of the rows that changed category for certain.
///
/// Per category the near end of Newcombe's interval of the difference of shares, with the level divided by the
/// number of categories, so that all intervals hold at once with probability 1 − `level`. The gains summed and the losses
/// summed are both lower bounds of the total variation; the greater one is returned.
pub fn categorical_moved(
    reference: &BTreeMap<String, u64>,
    window: &BTreeMap<String, u64>,
    level: f64,
) -> CategoricalMove {
    let (before, after) = (reference.values().sum::<u64>() as f64, window.values().sum::<u64>() as f64);
    let categories: BTreeSet<&String> = reference.keys().chain(window.keys()).collect();
    let z = quantile_of_tail(level / categories.len().max(1) as f64 / 2.0);
    let (mut gained, mut lost, mut margin) = (0.0, 0.0, 0.0_f64);
    for category in categories {
        let share = |counts: &BTreeMap<String, u64>, total: f64| {
            counts.get(category).map_or(0.0, |count| *count as f64 / total)
        };
        let (old, new) = (share(reference, before), share(window, after));
        let interval = newcombe_z(new, after, old, before, z);
        gained += interval.low.max(0.0);
        lost += (-interval.high).max(0.0);
        margin = margin.max((new - old - interval.low).min(interval.high - (new - old)));
    }
    CategoricalMove { moved_share: f64::max(gained, lost), margin }
}
