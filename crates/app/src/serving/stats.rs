//! What a route has done: counts, latencies, recent scores.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Upper bounds of the latency histogram, in microseconds; the last bucket has none.
pub const LATENCY_BOUNDS_US: [u64; 20] = [
    100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 25_000, 50_000,
    100_000, 250_000, 500_000, 1_000_000, 5_000_000,
];
const BUCKETS: usize = LATENCY_BOUNDS_US.len() + 1;
/// Scores that are kept for comparing two routes.
const SCORES: usize = 5_000;
/// Minutes of which recent rates are made.
const MINUTES: usize = 5;
const MINUTE: Duration = Duration::from_secs(60);

/// Counters of one route; shared by everything that answers for it.
#[derive(Default)]
pub struct RouteStats(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    total: Tally,
    minutes: VecDeque<(Instant, Tally)>,
    scores: VecDeque<f64>,
}

/// Counts since the route began, or of a few minutes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Requests that were answered, well or badly.
    pub requests: u64,
    /// Those that failed by the model's or the server's fault.
    pub errors: u64,
    /// Sum of the latencies, in microseconds.
    pub sum_us: u64,
    /// Requests by latency, as [`LATENCY_BOUNDS_US`].
    pub buckets: [u64; BUCKETS],
}

/// A summary for people and pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    /// Requests since the route began in this server.
    pub requests: u64,
    /// Failures among them.
    pub errors: u64,
    /// Requests per minute over the last minutes.
    pub requests_per_min: f64,
    /// Share of failures over the last minutes, 0 to 1.
    pub error_rate: f64,
    /// Median latency over the last minutes, in milliseconds; none without requests.
    pub p50_ms: Option<f64>,
    /// 99th percentile of the latency over the last minutes, in milliseconds.
    pub p99_ms: Option<f64>,
}

impl Rates {
    /// Several routes as one: counts and rates added, shares and medians weighted by traffic, the worst 99th percentile.
    pub fn together(routes: &[Self]) -> Self {
        let per_min: f64 = routes.iter().map(|route| route.requests_per_min).sum();
        let weighted = |value: fn(&Self) -> Option<f64>| {
            let sum: f64 =
                routes.iter().filter_map(|route| Some(value(route)? * route.requests_per_min)).sum();
            (per_min > 0.0).then(|| sum / per_min)
        };
        Self {
            requests: routes.iter().map(|route| route.requests).sum(),
            errors: routes.iter().map(|route| route.errors).sum(),
            requests_per_min: per_min,
            error_rate: weighted(|route| Some(route.error_rate)).unwrap_or(0.0),
            p50_ms: weighted(|route| route.p50_ms),
            p99_ms: routes.iter().filter_map(|route| route.p99_ms).max_by(f64::total_cmp),
        }
    }
}

impl RouteStats {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request.
    pub(crate) fn record(&self, latency: Duration, failed: bool, scores: impl Iterator<Item = f64>) {
        let now = Instant::now();
        let mut inner = self.inner();
        let current = inner.minutes.back().is_some_and(|(since, _)| now.duration_since(*since) < MINUTE);
        if !current {
            inner.minutes.push_back((now, Tally::default()));
            while inner.minutes.len() > MINUTES {
                inner.minutes.pop_front();
            }
        }
        inner.total.add(latency, failed);
        if let Some((_, minute)) = inner.minutes.back_mut() {
            minute.add(latency, failed);
        }
        for score in scores.take(SCORES) {
            if inner.scores.len() == SCORES {
                inner.scores.pop_front();
            }
            inner.scores.push_back(score);
        }
    }

    /// Everything since the route began.
    pub fn total(&self) -> Tally {
        self.inner().total
    }

    /// The newest scores.
    pub(crate) fn scores(&self) -> Vec<f64> {
        self.inner().scores.iter().copied().collect()
    }

    /// A summary.
    pub fn rates(&self) -> Rates {
        let now = Instant::now();
        let inner = self.inner();
        let mut recent = Tally::default();
        let mut oldest = now;
        for (since, minute) in &inner.minutes {
            if now.duration_since(*since) < MINUTE * MINUTES as u32 {
                recent.merge(minute);
                oldest = oldest.min(*since);
            }
        }
        let minutes = now.duration_since(oldest).as_secs_f64().max(60.0) / 60.0;
        Rates {
            requests: inner.total.requests,
            errors: inner.total.errors,
            requests_per_min: recent.requests as f64 / minutes,
            error_rate: recent.error_rate().unwrap_or(0.0),
            p50_ms: recent.quantile_ms(0.5),
            p99_ms: recent.quantile_ms(0.99),
        }
    }
}

impl Tally {
    fn add(&mut self, latency: Duration, failed: bool) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.requests += 1;
        self.errors += u64::from(failed);
        self.sum_us = self.sum_us.saturating_add(micros);
        self.buckets[LATENCY_BOUNDS_US.partition_point(|bound| *bound < micros)] += 1;
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
    }

    /// Share of failures; none without requests.
    pub fn error_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.errors as f64 / self.requests as f64)
    }

    /// A quantile of the latency in milliseconds, linear inside its bucket; none without requests.
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let total: u64 = self.buckets.iter().sum();
        if total == 0 {
            return None;
        }
        let wanted = quantile * total as f64;
        let mut below = 0.0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            let count = *count as f64;
            if below + count >= wanted && count > 0.0 {
                let low = if bucket == 0 { 0 } else { LATENCY_BOUNDS_US[bucket - 1] } as f64;
                let high = LATENCY_BOUNDS_US.get(bucket).map_or(low * 2.0, |bound| *bound as f64);
                return Some((low + (high - low) * (wanted - below) / count) / 1_000.0);
            }
            below += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_come_from_the_histogram_and_rates_from_the_last_minutes() {
        let stats = RouteStats::default();
        for _ in 0..99 {
            stats.record(Duration::from_micros(900), false, std::iter::once(0.5));
        }
        stats.record(Duration::from_millis(80), true, std::iter::empty());
        let rates = stats.rates();
        assert_eq!((rates.requests, rates.errors), (100, 1));
        assert_eq!(rates.requests_per_min, 100.0);
        assert_eq!(rates.error_rate, 0.01);
        let p50 = rates.p50_ms.unwrap();
        assert!((0.75..=1.0).contains(&p50), "{p50}");
        let p99 = stats.total().quantile_ms(0.995).unwrap();
        assert!((50.0..=100.0).contains(&p99), "{p99}");
        assert_eq!(stats.scores().len(), 99);
    }

    #[test]
    fn nothing_counted_has_no_quantile() {
        assert_eq!(RouteStats::default().rates(), Rates::default());
    }
}
