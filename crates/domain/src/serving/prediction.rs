//! A prediction: what one row was asked and answered, kept for monitoring, labels and tracing.

use serde::{Deserialize, Serialize};

use crate::registry::model::ModelName;
use crate::{Id, Name, Timestamp};

/// Which part of the traffic a prediction belonged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// The version that has the traffic.
    Live,
    /// The version that is being tried on a share of it.
    Canary,
}

/// One row's question and answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Its id; holds the time, so that the log finds it without an index.
    pub id: Id,
    /// When the request arrived.
    pub time_ms: Timestamp,
    /// The endpoint.
    pub deployment: Name,
    /// The registered model that answered.
    pub model: ModelName,
    /// Its version.
    pub version: i64,
    /// Which part of the traffic.
    pub route: RouteKind,
    /// The row by column, as the model saw it.
    pub features: serde_json::Map<String, serde_json::Value>,
    /// The row's answer: a number, a list of probabilities, a record.
    pub output: serde_json::Value,
    /// Time from the request's arrival to the answer, in microseconds.
    pub latency_us: i64,
    /// The id or routing key that the caller sent, if any.
    pub request_id: Option<String>,
}

impl Prediction {
    /// The answer as one number: itself, or the probability of class 1 in a two-element list, or the only
    /// number of a record; `None` for anything else.
    pub fn score(&self) -> Option<f64> {
        score(&self.output)
    }
}

/// An output as one number, as [`Prediction::score`] reads it.
pub fn score(output: &serde_json::Value) -> Option<f64> {
    match output {
        serde_json::Value::Number(number) => number.as_f64(),
        serde_json::Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        serde_json::Value::Array(items) => match items.as_slice() {
            [one] => score(one),
            [_, one] => one.as_f64(),
            _ => None,
        },
        serde_json::Value::Object(fields) if fields.len() == 1 => fields.values().next().and_then(score),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_score_is_the_one_number_that_an_answer_holds() {
        assert_eq!(score(&json!(0.5)), Some(0.5));
        assert_eq!(score(&json!([0.25, 0.75])), Some(0.75));
        assert_eq!(score(&json!({"prediction": 3})), Some(3.0));
        assert_eq!(score(&json!([0.1, 0.2, 0.7])), None);
        assert_eq!(score(&json!("late")), None);
    }
}
