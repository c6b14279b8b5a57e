//! Paired bootstrap of the difference of any metric on the same rows.

use crate::metrics::interval::Interval;

/// The percentile interval of `difference(rows)` over `rounds` resamples of `rows` rows; absent when the difference
/// is undefined in more than half of them. The same `seed` gives the same interval.
pub fn paired_bootstrap(
    rows: usize,
    rounds: usize,
    confidence: f64,
    seed: u64,
    difference: impl Fn(&[usize]) -> Option<f64>,
) -> Option<Interval> {
    let mut random = SplitMix(seed);
    let mut found: Vec<f64> = (0..rounds)
        .filter_map(|_| {
            let picked: Vec<usize> = (0..rows).map(|_| random.below(rows)).collect();
            difference(&picked)
        })
        .collect();
    if rows == 0 || found.len() * 2 < rounds || found.is_empty() {
        return None;
    }
    found.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| found[((found.len() - 1) as f64 * share).round() as usize];
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval { low: at(tail), high: at(1.0 - tail) })
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, seeded, equal on every machine.
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, by multiplication (Lemire, 2019); its bias is below 2^-32 for any table that fits memory.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let wide = u128::from(self.next()) * limit as u128;
        usize::try_from(wide >> 64).expect("it is below limit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_mean_and_is_repeatable() {
        let values: Vec<f64> = (0..200).map(|n| f64::from(n % 10)).collect();
        let mean =
            |rows: &[usize]| Some(rows.iter().map(|row| values[*row]).sum::<f64>() / rows.len() as f64);
        let first = paired_bootstrap(200, 500, 0.95, 7, mean).unwrap();
        assert_eq!(Some(first), paired_bootstrap(200, 500, 0.95, 7, mean));
        assert!(first.low < 4.5 && 4.5 < first.high, "{first:?}");
        assert!(first.high - first.low < 1.2, "{first:?}");
    }
}
