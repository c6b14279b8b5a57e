//! Mean, spread, skewness and kurtosis in one pass, mergeable.
//!
//! Formulas: Pébay, "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical
//! moments", Sandia report 2008-6212.

use serde::{Deserialize, Serialize};

/// Count, mean and the sums of the second, third and fourth powers of the distance from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    /// Adds a finite value.
    pub fn add(&mut self, value: f64) {
        self.merge(&Self { count: 1, mean: value, ..Self::default() });
    }

    /// Adds all values of another.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (na, nb) = (self.count as f64, other.count as f64);
        let n = na + nb;
        let delta = other.mean - self.mean;
        let (d2, d3, d4) = (delta.powi(2), delta.powi(3), delta.powi(4));
        let m4 = self.m4
            + other.m4
            + d4 * na * nb * (na * na - na * nb + nb * nb) / n.powi(3)
            + 6.0 * d2 * (na * na * other.m2 + nb * nb * self.m2) / (n * n)
            + 4.0 * delta * (na * other.m3 - nb * self.m3) / n;
        let m3 = self.m3
            + other.m3
            + d3 * na * nb * (na - nb) / (n * n)
            + 3.0 * delta * (na * other.m2 - nb * self.m2) / n;
        self.m2 += other.m2 + d2 * na * nb / n;
        self.m3 = m3;
        self.m4 = m4;
        self.mean += delta * nb / n;
        self.count += other.count;
    }

    /// The standard deviation of the sample (n - 1); from two values on.
    pub fn std(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.m2 / (self.count as f64 - 1.0)).sqrt())
    }

    /// The bias-corrected skewness G1; from three values on, when they differ.
    pub fn skew(&self) -> Option<f64> {
        let n = self.count as f64;
        (self.count > 2 && self.m2 > 0.0).then(|| {
            let g1 = n.sqrt() * self.m3 / self.m2.powf(1.5);
            g1 * (n * (n - 1.0)).sqrt() / (n - 2.0)
        })
    }

    /// The bias-corrected excess kurtosis G2; from four values on, when they differ.
    pub fn kurtosis(&self) -> Option<f64> {
        let n = self.count as f64;
        (self.count > 3 && self.m2 > 0.0).then(|| {
            let g2 = n * self.m4 / (self.m2 * self.m2) - 3.0;
            (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * g2 + 6.0)
        })
    }
}
