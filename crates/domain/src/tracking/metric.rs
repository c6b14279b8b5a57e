//! Metrics: numbers over time and step.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::param::MAX_KEY_LEN;
use super::validation::{Refusal, check_key, invalid_value, join};

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
        check_key(&self.key, &join(path, "name"), MAX_KEY_LEN)?;
        if self.timestamp_ms < 0 {
            let field = join(path, "timestamp");
            let why = format!(
                "metric '{}' (value={}). Timestamp must be a nonnegative long (64-bit integer) ",
                self.key, self.value
            );
            let reason = invalid_value(&field, &serde_json::json!(self.timestamp_ms), Some(&why));
            return Err(Refusal::new(field, reason));
        }
        Ok(())
    }

    /// Which of two points of one key counts as the newer: greater step, then time, then value; NaN counts as 0.
    pub fn newer(&self, other: &Self) -> Ordering {
        let rank = |value: f64| if value.is_nan() { 0.0 } else { value };
        (self.step, self.timestamp_ms)
            .cmp(&(other.step, other.timestamp_ms))
            .then_with(|| rank(self.value).total_cmp(&rank(other.value)))
    }
}

/// At most `limit` points that keep the curve's shape: the first, the last, and of each stretch its least and greatest.
///
/// Points come back in their order. `limit` below 4 counts as 4. NaN points are kept only as first or last.
pub fn reduce(points: &[Metric], limit: usize) -> Vec<Metric> {
    let limit = limit.max(4);
    if points.len() <= limit {
        return points.to_vec();
    }
    let inner = &points[1..points.len() - 1];
    let stretches = (limit - 2) / 2;
    let mut kept = vec![0];
    for stretch in 0..stretches {
        let start = inner.len() * stretch / stretches;
        let end = inner.len() * (stretch + 1) / stretches;
        let numbers = || (start..end).filter(|i| !inner[*i].value.is_nan());
        let least = numbers().min_by(|a, b| inner[*a].value.total_cmp(&inner[*b].value));
        let greatest = numbers().max_by(|a, b| inner[*a].value.total_cmp(&inner[*b].value));
        let mut pair: Vec<usize> = least.into_iter().chain(greatest).map(|i| i + 1).collect();
        pair.sort_unstable();
        pair.dedup();
        kept.extend(pair);
    }
    kept.push(points.len() - 1);
    kept.into_iter().map(|i| points[i].clone()).collect()
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

    #[test]
    fn reducing_keeps_ends_and_spikes() {
        let mut points: Vec<Metric> = (0..10_000).map(|step| point(step, 1.0)).collect();
        points[4_321].value = 50.0;
        points[7_000].value = -50.0;
        points[7_001].value = f64::NAN;
        let reduced = reduce(&points, 100);
        assert!(reduced.len() <= 100);
        assert_eq!(reduced[0], points[0]);
        assert_eq!(reduced.last(), points.last());
        assert!(reduced.iter().any(|p| p.value == 50.0));
        assert!(reduced.iter().any(|p| p.value == -50.0));
        assert!(reduced.windows(2).all(|w| w[0].step < w[1].step));
        assert_eq!(reduce(&points[..50], 100).len(), 50);
    }
}
