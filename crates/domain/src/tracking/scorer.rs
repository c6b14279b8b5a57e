//! Scorers: definitions of how outputs are judged, under a name of an experiment, in versions. They are kept, never run.

use serde_json::{Map, Value};

use super::experiment::ExperimentId;
use super::validation::{Refusal, check_length};
use crate::{Id, Timestamp};

/// Most characters of a scorer's name.
pub const MAX_NAME_LEN: usize = 256;

/// Options with which a wrapped judge would send what it reads to another place.
const DESTINATIONS: [&str; 5] = ["api_base", "base_url", "custom_llm_provider", "fallbacks", "model_list"];

/// One version of a scorer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScorerVersion {
    /// The scorer's id, which all its versions share.
    pub scorer: Id,
    /// The experiment it belongs to.
    pub experiment: ExperimentId,
    /// Its name, unique in the experiment.
    pub name: String,
    /// From 1.
    pub version: i64,
    /// What the client made of it: a JSON object.
    pub definition: String,
    /// When it was registered.
    pub created: Timestamp,
}

/// How many of an experiment's traces a scorer is to judge by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct OnlineConfig {
    /// Its id.
    pub id: Id,
    /// The scorer.
    pub scorer: Id,
    /// The scorer's experiment.
    pub experiment: ExperimentId,
    /// The share of traces, from 0 to 1.
    pub sample_rate: f64,
    /// Which traces, in the filter language.
    pub filter: Option<String>,
}

/// Checks a scorer's name.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    if name.trim().is_empty() {
        return Err(Refusal::new("name", "Scorer name cannot be empty or contain only whitespace."));
    }
    check_length(name, "name", MAX_NAME_LEN)
}

/// Checks the share of traces.
pub fn check_sample_rate(rate: f64) -> Result<(), Refusal> {
    if (0.0..=1.0).contains(&rate) {
        return Ok(());
    }
    Err(Refusal::new("sample_rate", format!("sample_rate must be between 0.0 and 1.0, got {rate:?}")))
}

/// A definition that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition(Map<String, Value>);

impl Definition {
    /// Reads a definition.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(refuse("serialized_scorer must be a JSON object")),
            Err(_) => Err(refuse("serialized_scorer must be valid JSON")),
        }
    }

    /// Refuses what a client that loads the scorer would have to trust blindly: code, and judges that send what they read
    /// to a place of the scorer's own choice.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.0.get("call_source").is_some_and(|code| !code.is_null()) || self.0.values().any(has_code) {
            return Err(refuse(
                "Custom scorer registration (using @scorer decorator) is disabled: whoever loads such a scorer runs its \
                 code. Keep the code in a repository and import it, or register a built-in scorer or one of make_judge().",
            ));
        }
        check_wrapped(&self.0)?;
        match self.model() {
            None => Ok(()),
            Some(Value::String(model)) if !model.trim().is_empty() => Ok(()),
            Some(Value::String(_)) => Err(refuse("Scorer model cannot be empty or contain only whitespace.")),
            Some(_) => Err(refuse("Scorer model must be a string.")),
        }
    }

    /// The endpoint of a gateway that the scorer's model is asked through, if it is.
    pub fn gateway_endpoint(&self) -> Option<&str> {
        let endpoint = self.model()?.as_str()?.strip_prefix("gateway:/")?;
        Some(endpoint.trim_start_matches('/'))
    }

    /// The model that judges, if the kind of scorer names one.
    fn model(&self) -> Option<&Value> {
        let mut fields = &self.0;
        loop {
            for kind in ["instructions_judge_pydantic_data", "builtin_scorer_pydantic_data"] {
                if let Some(judge) =
                    fields.get(kind).and_then(Value::as_object).filter(|judge| !judge.is_empty())
                {
                    return judge.get("model").filter(|model| !model.is_null());
                }
            }
            match fields.get("memory_augmented_judge_data").and_then(Value::as_object) {
                Some(memory) => fields = memory.get("base_judge")?.as_object()?,
                None => break,
            }
        }
        fields.get("third_party_scorer_data")?.get("model").filter(|model| !model.is_null())
    }
}

fn refuse(reason: impl Into<String>) -> Refusal {
    Refusal::new("serialized_scorer", reason)
}

/// Whether source code stands anywhere in it, as in a scorer within a scorer.
fn has_code(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get("call_source").is_some_and(|code| !code.is_null()) || fields.values().any(has_code)
        }
        Value::Array(items) => items.iter().any(has_code),
        _ => false,
    }
}

/// Checks the options of every scorer of another library within it.
fn check_wrapped(fields: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in fields {
        if name == "third_party_scorer_data" {
            check_options(value.get("kwargs"))?;
        }
        check_nested(value)?;
    }
    Ok(())
}

fn check_nested(value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Object(fields) => check_wrapped(fields),
        Value::Array(items) => items.iter().try_for_each(check_nested),
        _ => Ok(()),
    }
}

fn check_options(options: Option<&Value>) -> Result<(), Refusal> {
    let options = match options {
        None | Some(Value::Null) => return Ok(()),
        Some(options @ Value::Object(_)) => options,
        Some(_) => return Err(refuse("third_party_scorer_data.kwargs must be a JSON object.")),
    };
    match DESTINATIONS.into_iter().find(|name| names(options, name)) {
        None => Ok(()),
        Some(name) => Err(refuse(format!(
            "third_party_scorer_data.kwargs must not contain '{name}': it chooses where the scorer's LLM client sends \
             requests. Set it where the scorer is run."
        ))),
    }
}

/// Whether an option of that name stands anywhere in it, as a field or as the first of a pair.
fn names(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key(name) || fields.values().any(|value| names(value, name)),
        Value::Array(items) => {
            matches!(items.as_slice(), [Value::String(first), _] if first == name)
                || items.iter().any(|item| names(item, name))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value) -> Result<(), Refusal> {
        Definition::parse(&value.to_string())?.check()
    }

    #[test]
    fn definitions_that_run_code_or_send_elsewhere_are_refused() {
        for bad in [
            json!({"call_source": "return 1"}),
            json!({"ensemble_scorer_data": {"scorers": [{"call_source": "x"}]}}),
            json!({"third_party_scorer_data": {"kwargs": {"api_base": "http://x"}}}),
            json!({"third_party_scorer_data": {"kwargs": {"model_kwargs": [["base_url", "http://x"]]}}}),
            json!({"memory_augmented_judge_data": {"base_judge": {"third_party_scorer_data": {"kwargs": 5}}}}),
            json!({"instructions_judge_pydantic_data": {"model": " "}}),
            json!({"builtin_scorer_pydantic_data": {"model": 5}}),
            json!([]),
        ] {
            assert_eq!(check(&bad).unwrap_err().field, "serialized_scorer", "{bad}");
        }
        for good in [
            json!({}),
            json!({"call_source": null, "name": "x"}),
            json!({"builtin_scorer_class": "Safety", "builtin_scorer_pydantic_data": {"model": "openai:/gpt"}}),
            json!({"third_party_scorer_data": {"model": "openai:/gpt", "kwargs": {"threshold": 0.5}}, "api_base": 1}),
        ] {
            assert!(check(&good).is_ok(), "{good}");
        }
        assert!(Definition::parse("{").is_err());
    }

    #[test]
    fn a_model_behind_a_gateway_is_known_by_its_address() {
        let endpoint = |value: Value| {
            let definition = Definition::parse(&value.to_string()).unwrap();
            definition.gateway_endpoint().map(ToOwned::to_owned)
        };
        let judge = |model: &str| json!({"instructions_judge_pydantic_data": {"model": model}});
        assert_eq!(endpoint(judge("gateway:/team")).as_deref(), Some("team"));
        let within = json!({"memory_augmented_judge_data": {"base_judge": judge("gateway:/team")}});
        assert_eq!(endpoint(within).as_deref(), Some("team"));
        assert_eq!(endpoint(judge("openai:/gpt")), None);
        assert_eq!(endpoint(json!({"builtin_scorer_pydantic_data": {}})), None);
    }

    #[test]
    fn names_and_shares_have_bounds() {
        assert!(
            check_name("ok").is_ok() && check_name(" ").is_err() && check_name(&"n".repeat(257)).is_err()
        );
        assert!(check_sample_rate(0.0).is_ok() && check_sample_rate(1.0).is_ok());
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(check_sample_rate(bad).is_err(), "{bad}");
        }
    }
}
