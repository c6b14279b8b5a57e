//! Metrics: numbers over time and step.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::param::MAX_KEY_LEN;
use super::validation::{Refusal, check_letters, check_named_length, invalid_value, join};

/// One point of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What was measured.
    pub key: String,
    /// The value; NaN and the infinities are values too.
    pub value: f64,
    /// When, in milliseconds since the epoch, as the client says.
    pub timestamp_ms: i64,
    /// At which step of the training.
    pub step: i64,
}

impl Metric {
    /// Checks key and time. `path` is where it stands in the request.
    pub fn check(&self, path: &str) -> Result<(), Refusal> {
        let name = join(path, "name");
        check_letters(&self.key, &name)?;
        if self.timestamp_ms < 0 {
            let field = join(path, "timestamp");
            let why = format!(
                "metric '{}' (value={:?}). Timestamp must be a nonnegative long (64-bit integer) ",
                self.key, self.value
            );
            let reason = invalid_value(&field, &serde_json::json!(self.timestamp_ms), Some(&why));
            return Err(Refusal::new(field, reason));
        }
        check_named_length(&self.key, &name, "Metric name", MAX_KEY_LEN)
    }

    /// Which of two points of one key counts as the newer: greater step, then time, then value; NaN counts as 0.
    pub fn newer(&self, other: &Self) -> Ordering {
        let rank = |value: f64| if value.is_nan() { 0.0 } else { value };
        (self.step, self.timestamp_ms)
            .cmp(&(other.step, other.timestamp_ms))
            .then_with(|| rank(self.value).total_cmp(&rank(other.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: i64, value: f64) -> Metric {
        Metric { key: "loss".to_owned(), value, timestamp_ms: 1, step }
    }

    #[test]
    fn the_newer_point_has_the_greater_step_then_value_and_nan_counts_as_zero() {
        assert_eq!(point(2, 0.0).newer(&point(1, 9.0)), Ordering::Greater);
        assert_eq!(point(1, f64::NAN).newer(&point(1, 1.0)), Ordering::Less);
        assert_eq!(point(1, f64::NAN).newer(&point(1, -1.0)), Ordering::Greater);
    }
}
