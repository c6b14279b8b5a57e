//! Gates: the conditions that a model must meet before it is promoted.

use serde::{Deserialize, Serialize};

use super::evaluation::{Evaluation, Scored, SliceResult};
use crate::pipelines::expr::{Condition, Lookup, NamedValue, Value};

/// What a gate concludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// Every condition holds and nobody needs to be asked.
    Accepted,
    /// A condition does not hold or cannot be judged.
    Rejected,
    /// Every condition holds; people are to approve.
    WaitingApproval,
}

/// What became of one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionOutcome {
    /// It holds.
    Passed,
    /// It speaks of the champion and there is none yet: it holds.
    NoChampion,
    /// It does not hold.
    Failed,
    /// A value that it needs is not known: it does not hold.
    Unknown,
}

/// One condition with what it looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionVerdict {
    /// As written.
    pub condition: String,
    /// What became of it.
    pub outcome: ConditionOutcome,
    /// In words, with the numbers.
    pub sentence: String,
    /// Every value it looked at.
    pub values: Vec<NamedValue>,
}

/// A gate's conclusion with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateVerdict {
    /// The conclusion.
    pub outcome: GateOutcome,
    /// In words.
    pub sentence: String,
    /// One per condition, in order.
    pub conditions: Vec<ConditionVerdict>,
    /// Roles whose approval is awaited.
    pub approve: Vec<String>,
}

/// Judges an evaluation by `require`; `approve` names the roles that must approve what passes.
pub fn judge(evaluation: &Evaluation, require: &[Condition], approve: &[String]) -> GateVerdict {
    let conditions: Vec<ConditionVerdict> =
        require.iter().map(|condition| judge_condition(evaluation, condition)).collect();
    let refused: Vec<&ConditionVerdict> = conditions
        .iter()
        .filter(|verdict| matches!(verdict.outcome, ConditionOutcome::Failed | ConditionOutcome::Unknown))
        .collect();
    let (outcome, sentence) = if let Some(first) = refused.first() {
        let more = match refused.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        (GateOutcome::Rejected, format!("rejected: {}{more}", first.sentence))
    } else if approve.is_empty() {
        (GateOutcome::Accepted, format!("accepted: {}", evaluation.sentence))
    } else {
        let roles = approve.join(", ");
        (GateOutcome::WaitingApproval, format!("waiting for approval by {roles}: {}", evaluation.sentence))
    };
    GateVerdict { outcome, sentence, conditions, approve: approve.to_vec() }
}

fn judge_condition(evaluation: &Evaluation, condition: &Condition) -> ConditionVerdict {
    if evaluation.champion.is_none() && condition.mentions("champion") {
        return ConditionVerdict {
            condition: condition.text().to_owned(),
            outcome: ConditionOutcome::NoChampion,
            sentence: format!("{}: no champion yet", condition.text()),
            values: Vec::new(),
        };
    }
    let found = condition.evaluate(evaluation);
    let outcome = match &found.verdict {
        Value::Bool(true) => ConditionOutcome::Passed,
        Value::Bool(false) => ConditionOutcome::Failed,
        Value::Number(_) | Value::Missing { .. } => ConditionOutcome::Unknown,
    };
    let seen: Vec<String> = found.values.iter().map(named).collect();
    let word = match outcome {
        ConditionOutcome::Passed | ConditionOutcome::NoChampion => "holds",
        ConditionOutcome::Failed => "does not hold",
        ConditionOutcome::Unknown => "cannot be judged",
    };
    let why = found.missing().map(|reason| format!(": {reason}")).unwrap_or_default();
    let with = if seen.is_empty() { String::new() } else { format!(", with {}", seen.join(", ")) };
    ConditionVerdict {
        condition: condition.text().to_owned(),
        outcome,
        sentence: format!("{} {word}{why}{with}", condition.text()),
        values: found.values,
    }
}

fn named(seen: &NamedValue) -> String {
    let slice = seen.slice.as_ref().map(|slice| format!(" of {slice}")).unwrap_or_default();
    let value = match &seen.value {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) if is_time(&seen.name) => format!("{}ms", short(*number)),
        Value::Number(number) => short(*number),
        Value::Missing { .. } => "unknown".to_owned(),
    };
    format!("{}{slice} = {value}", seen.name)
}

/// Latencies are in milliseconds, the champion's too.
fn is_time(name: &str) -> bool {
    name.trim_start_matches("champion.").starts_with("latency_")
}

/// A number of four decimals, or three significant digits when it is large.
fn short(number: f64) -> String {
    if number.abs() >= 100.0 { format!("{number:.1}") } else { format!("{number:.4}") }
}

impl Lookup for Evaluation {
    fn name(&self, name: &str) -> Value {
        match name.strip_prefix("champion.") {
            None => scored_value(&self.challenger, name),
            Some(metric) => match &self.champion {
                Some(champion) => scored_value(champion, metric),
                None => Value::missing("no champion yet"),
            },
        }
    }

    fn slices(&self) -> Vec<String> {
        self.slices.iter().map(SliceResult::name).collect()
    }

    fn slice(&self, slice: &str, name: &str) -> Value {
        let Some(found) = self.slices.iter().find(|result| result.name() == slice) else {
            return Value::missing(format!("there is no slice {slice}"));
        };
        let (metric, values) = match name.strip_prefix("champion.") {
            None => (name, Some(&found.challenger)),
            Some(metric) => (metric, found.champion.as_ref()),
        };
        match values.map(|values| values.get(metric)) {
            Some(Some(value)) => Value::Number(*value),
            Some(None) => {
                Value::missing(format!("{metric} is not defined on the {} rows of {slice}", found.rows))
            }
            None => Value::missing("no champion yet"),
        }
    }
}

fn scored_value(scored: &Scored, name: &str) -> Value {
    let known = |value: Option<f64>, why: &str| value.map_or_else(|| Value::missing(why), Value::Number);
    match name {
        "starts_in_server" => Value::Bool(scored.starts_in_server),
        "no_skew" => scored
            .no_skew
            .map_or_else(|| Value::missing("the model did not answer, so skew was not tried"), Value::Bool),
        "latency_p50" => known(scored.latency.map(|latency| latency.p50_ms), "no latency was measured"),
        "latency_p99" => known(scored.latency.map(|latency| latency.p99_ms), "no latency was measured"),
        metric => match scored.values.get(metric) {
            Some(value) => Value::Number(*value),
            None => {
                let help = crate::suggest::nearest(metric, scored.values.keys().map(String::as_str))
                    .map(|near| format!(", did you mean {near}?"))
                    .unwrap_or_default();
                Value::missing(format!("{metric} was not measured on {}{help}", scored.model))
            }
        },
    }
}
