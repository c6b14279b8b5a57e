//! The conditions that end a rollout: `error_rate > 1%`, `psi(prediction) > 0.25`, `latency_p99 > 50ms`.

use domain::pipelines::expr::{Condition, Lookup, Value};

use super::stats::{RouteStats, Tally};
use crate::{Error, Result};

/// Requests to the new version below which its rates say nothing.
const MIN_REQUESTS: u64 = 20;
/// Predictions of each version below which their distributions are not compared.
const MIN_SCORES: usize = 200;
/// Names that a condition may use, with or without `live.` before them.
const NAMES: [&str; 4] = ["error_rate", "latency_p50", "latency_p99", "requests"];
/// Bins of the population stability index: deciles of the version that has the traffic.
const BINS: usize = 10;

/// Refuses conditions that cannot be understood.
pub(super) fn validate(conditions: &[String]) -> Result<()> {
    for text in conditions {
        let condition = Condition::parse(text).map_err(|error| {
            Error::invalid("rollback", format!("{text:?}, character {}: {}", error.at, error.message))
        })?;
        let unknown = condition
            .names()
            .into_iter()
            .find(|name| !NAMES.contains(&name.strip_prefix("live.").unwrap_or(name)));
        let unknown_call = condition.calls().into_iter().find(|call| *call != ("psi", "prediction"));
        let unknown = unknown
            .map(ToOwned::to_owned)
            .or_else(|| unknown_call.map(|(function, argument)| format!("{function}({argument})")));
        if let Some(unknown) = unknown {
            return Err(Error::invalid(
                "rollback",
                format!(
                    "{text:?} uses {unknown}, which is not known of a rollout: use {} or psi(prediction)",
                    NAMES.join(", ")
                ),
            ));
        }
    }
    Ok(())
}

/// What both versions have done since the new one got its share.
pub(super) struct Observed {
    canary: Tally,
    live: Tally,
    psi: Option<f64>,
}

impl Observed {
    pub fn new(canary: &RouteStats, live: &RouteStats) -> Self {
        Self { canary: canary.total(), live: live.total(), psi: psi(&live.scores(), &canary.scores()) }
    }

    /// The first condition that holds, with its evidence.
    pub fn violated(&self, conditions: &[String]) -> Option<(String, serde_json::Value)> {
        conditions.iter().find_map(|text| {
            // Conditions were checked when they were stored.
            let evaluation = Condition::parse(text).ok()?.evaluate(self);
            evaluation.holds().then(|| (text.clone(), self.evidence(conditions)))
        })
    }

    /// Every condition with the values that it looked at.
    pub fn evidence(&self, conditions: &[String]) -> serde_json::Value {
        let verdicts: Vec<serde_json::Value> = conditions
            .iter()
            .filter_map(|text| {
                let evaluation = Condition::parse(text).ok()?.evaluate(self);
                Some(serde_json::json!({"condition": text, "evaluation": evaluation}))
            })
            .collect();
        serde_json::json!({
            "requests": self.canary.requests,
            "errors": self.canary.errors,
            "live_requests": self.live.requests,
            "psi_prediction": self.psi,
            "conditions": verdicts,
        })
    }
}

impl Lookup for Observed {
    fn name(&self, name: &str) -> Value {
        let (tally, name) = match name.strip_prefix("live.") {
            Some(rest) => (&self.live, rest),
            None => (&self.canary, name),
        };
        if name == "requests" {
            return Value::Number(tally.requests as f64);
        }
        if tally.requests < MIN_REQUESTS {
            return Value::missing(format!("only {} requests, {MIN_REQUESTS} are needed", tally.requests));
        }
        let value = match name {
            "error_rate" => tally.error_rate(),
            "latency_p50" => tally.quantile_ms(0.5),
            "latency_p99" => tally.quantile_ms(0.99),
            _ => None,
        };
        value.map_or_else(|| Value::missing(format!("{name} is not known of a rollout")), Value::Number)
    }

    fn call(&self, function: &str, argument: &str) -> Value {
        match (function, argument, self.psi) {
            ("psi", "prediction", Some(psi)) => Value::Number(psi),
            ("psi", "prediction", None) => {
                Value::missing(format!("fewer than {MIN_SCORES} predictions of one of the versions"))
            }
            _ => Value::missing(format!("{function}({argument}) is not known of a rollout")),
        }
    }
}

/// Population stability index of `current` against `reference` over the reference's deciles; shares are kept from
/// zero by half a count. None when either has fewer than [`MIN_SCORES`] values.
fn psi(reference: &[f64], current: &[f64]) -> Option<f64> {
    if reference.len() < MIN_SCORES || current.len() < MIN_SCORES {
        return None;
    }
    let mut sorted = reference.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..BINS).map(|bin| sorted[bin * sorted.len() / BINS]).collect();
    edges.dedup();
    let shares = |values: &[f64]| -> Vec<f64> {
        let mut counts = vec![0.5; edges.len() + 1];
        for value in values {
            counts[edges.partition_point(|edge| edge <= value)] += 1.0;
        }
        let total: f64 = counts.iter().sum();
        counts.into_iter().map(|count| count / total).collect()
    };
    let (before, after) = (shares(reference), shares(current));
    Some(before.iter().zip(&after).map(|(p, q)| (q - p) * (q / p).ln()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn route(requests: u64, errors: u64, offset: f64) -> RouteStats {
        let stats = RouteStats::default();
        for number in 0..requests {
            let score = (number % 100) as f64 / 100.0 + offset;
            stats.record(Duration::from_millis(2), number < errors, std::iter::once(score));
        }
        stats
    }

    fn conditions() -> Vec<String> {
        vec!["error_rate > 1%".to_owned(), "psi(prediction) > 0.25".to_owned()]
    }

    #[test]
    fn errors_beyond_the_share_end_a_rollout_and_the_evidence_says_so() {
        let observed = Observed::new(&route(100, 2, 0.0), &route(1000, 0, 0.0));
        let (condition, evidence) = observed.violated(&conditions()).unwrap();
        assert_eq!(condition, "error_rate > 1%");
        assert_eq!(evidence["errors"], 2);
        let fine = Observed::new(&route(100, 1, 0.0), &route(1000, 0, 0.0));
        assert!(fine.violated(&conditions()).is_none());
    }

    #[test]
    fn a_few_requests_say_nothing() {
        let observed = Observed::new(&route(5, 5, 0.0), &route(1000, 0, 0.0));
        assert!(observed.violated(&conditions()).is_none());
    }

    #[test]
    fn answers_that_are_distributed_otherwise_end_a_rollout() {
        let observed = Observed::new(&route(400, 0, 0.5), &route(1000, 0, 0.0));
        let (condition, _) = observed.violated(&conditions()).unwrap();
        assert_eq!(condition, "psi(prediction) > 0.25");
        let same = Observed::new(&route(400, 0, 0.0), &route(1000, 0, 0.0));
        assert!(same.violated(&conditions()).is_none());
    }

    #[test]
    fn a_condition_on_something_unknown_is_refused_when_it_is_declared() {
        assert!(validate(&conditions()).is_ok());
        let error = validate(&["roc_auc < 0.7".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("roc_auc") && error.contains("psi(prediction)"), "{error}");
        assert!(validate(&["error_rate >".to_owned()]).is_err());
    }
}
