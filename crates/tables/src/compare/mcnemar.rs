//! McNemar's test: do two classifiers err on different rows equally often?

use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF};

use crate::metrics::{MetricError, check_len};

/// Discordant rows above which the chi-square form replaces the exact one.
const EXACT_LIMIT: u64 = 1000;

/// Which of two classifiers is right where they differ.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct McNemar {
    /// Rows that only the challenger gets right.
    pub challenger_only: u64,
    /// Rows that only the champion gets right.
    pub champion_only: u64,
    /// Two-sided p of "both err equally often".
    pub p_value: f64,
}

/// Compares two called classes on the same rows: exact binomial up to 1000 discordant rows, chi-square with
/// continuity correction beyond.
pub fn mcnemar<T: PartialEq>(actual: &[T], challenger: &[T], champion: &[T]) -> Result<McNemar, MetricError> {
    check_len("challenger", challenger.len(), actual.len())?;
    check_len("champion", champion.len(), actual.len())?;
    let (mut challenger_only, mut champion_only) = (0, 0);
    for row in 0..actual.len() {
        match (challenger[row] == actual[row], champion[row] == actual[row]) {
            (true, false) => challenger_only += 1,
            (false, true) => champion_only += 1,
            _ => {}
        }
    }
    Ok(McNemar { challenger_only, champion_only, p_value: p_value(challenger_only, champion_only) })
}

/// The two-sided p for the two discordant counts.
pub fn p_value(a: u64, b: u64) -> f64 {
    let discordant = a + b;
    if a == b {
        return 1.0;
    }
    if discordant <= EXACT_LIMIT {
        let binomial = Binomial::new(0.5, discordant).expect("one half is a probability");
        return (2.0 * binomial.cdf(a.min(b))).min(1.0);
    }
    let distance = (a as f64 - b as f64).abs() - 1.0;
    let chi_square = ChiSquared::new(1.0).expect("one degree of freedom is positive");
    chi_square.sf(distance * distance / discordant as f64)
}
