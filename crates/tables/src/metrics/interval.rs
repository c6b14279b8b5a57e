//! Intervals of rates and of differences of rates.

use statrs::distribution::{ContinuousCDF, Normal};

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The two-sided standard normal quantile of `confidence`: 1.96 for 0.95.
pub fn z(confidence: f64) -> f64 {
    quantile_of_tail((1.0 - confidence) / 2.0)
}

/// The standard normal value with `tail` of the mass above it.
pub fn quantile_of_tail(tail: f64) -> f64 {
    let normal = Normal::new(0.0, 1.0).expect("the standard normal exists");
    -normal.inverse_cdf(tail)
}

/// Wilson's score interval of the rate `hits / trials` (Wilson, 1927); absent without trials.
pub fn wilson(hits: f64, trials: f64, confidence: f64) -> Option<Interval> {
    (trials > 0.0).then(|| wilson_z(hits / trials, trials, z(confidence)))
}

/// Wilson's interval for a rate known on `trials` rows, with the normal quantile given.
pub fn wilson_z(rate: f64, trials: f64, z: f64) -> Interval {
    let square = z * z;
    let centre = (rate + square / (2.0 * trials)) / (1.0 + square / trials);
    let half = z / (1.0 + square / trials)
        * (rate * (1.0 - rate) / trials + square / (4.0 * trials * trials)).sqrt();
    Interval {
        low: if rate == 0.0 { 0.0 } else { centre - half },
        high: if rate == 1.0 { 1.0 } else { centre + half },
    }
}

/// Newcombe's hybrid score interval of `rate_a − rate_b` (Newcombe, 1998, method 10), with the normal quantile given.
pub fn newcombe_z(rate_a: f64, trials_a: f64, rate_b: f64, trials_b: f64, z: f64) -> Interval {
    let (a, b) = (wilson_z(rate_a, trials_a, z), wilson_z(rate_b, trials_b, z));
    let difference = rate_a - rate_b;
    Interval {
        low: difference - ((rate_a - a.low).powi(2) + (b.high - rate_b).powi(2)).sqrt(),
        high: difference + ((a.high - rate_a).powi(2) + (rate_b - b.low).powi(2)).sqrt(),
    }
}
