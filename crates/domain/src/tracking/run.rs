//! Runs: one execution of somebody's code, and what it logged.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::experiment::{ExperimentId, Lifecycle};
use super::input::{DatasetInput, ModelOutput};
use super::logged_model::ModelMetric;
use super::metric::Metric;
use super::param::{Param, Tag};
use super::validation::{Refusal, invalid_value};
use crate::{Id, Timestamp};

/// The tag that holds a run's name.
pub const RUN_NAME_TAG: &str = "mlflow.runName";
/// The tag that holds a run's user.
pub const USER_TAG: &str = "mlflow.user";
/// The tag that names a nested run's parent.
pub const PARENT_TAG: &str = "mlflow.parentRunId";

/// How a run stands, as its client says.
///
/// ```text
/// scheduled ──► running ──► finished | failed | killed
/// ```
/// Clients may set any state at any time (a finished run can be resumed), so no transition is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Its code runs.
    Running,
    /// It waits.
    Scheduled,
    /// Its code ended well.
    Finished,
    /// Its code ended badly.
    Failed,
    /// It was stopped.
    Killed,
}

impl RunStatus {
    /// The word in MLflow's alphabet.
    pub fn as_upper(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// From the word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed]
            .into_iter()
            .find(|status| status.as_upper().eq_ignore_ascii_case(text))
    }
}

/// What a run is, without what it logged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunInfo {
    /// Its id.
    pub id: Id,
    /// Its experiment.
    pub experiment: ExperimentId,
    /// Its name, not unique.
    pub name: String,
    /// Who ran it, as the client says.
    pub user: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it started, as the client says.
    pub start: Timestamp,
    /// When it ended, as the client says.
    pub end: Option<Timestamp>,
    /// In use or deleted.
    pub lifecycle: Lifecycle,
    /// Where its files are, as clients see it.
    pub artifact_uri: String,
}

/// A run and what it logged: the newest point per metric, all params, tags, inputs and outputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// What it is.
    pub info: RunInfo,
    /// The newest point of each metric, by key.
    pub metrics: Vec<Metric>,
    /// Params by key.
    pub params: Vec<Param>,
    /// Tags by key.
    pub tags: Vec<Tag>,
    /// Data sets it read.
    pub datasets: Vec<DatasetInput>,
    /// Models it read.
    pub model_inputs: Vec<Id>,
    /// Models it made.
    pub model_outputs: Vec<ModelOutput>,
}

impl Run {
    /// A run that has logged nothing but its first tags, given by key.
    pub fn new(info: RunInfo, tags: Vec<Tag>) -> Self {
        Self {
            info,
            metrics: Vec::new(),
            params: Vec::new(),
            tags,
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }

    /// The newest value of a metric.
    pub fn metric(&self, key: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.key == key).map(|metric| metric.value)
    }

    /// A param's value.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params.iter().find(|param| param.key == key).map(|param| param.value.as_str())
    }

    /// A tag's value.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }
}

/// What one call logs to a run: stored whole or not at all, and a repeat changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Points of metrics.
    pub metrics: Vec<Metric>,
    /// Params.
    pub params: Vec<Param>,
    /// Tags; of two with one key the last counts.
    pub tags: Vec<Tag>,
    /// Of the metrics, those that were measured for a logged model.
    pub model_metrics: Vec<(Id, ModelMetric)>,
    /// From a call that logs one thing: its fields are then named without a list, `key` instead of `params[0].key`.
    pub single: bool,
}

/// Most metrics of a batch.
pub const MAX_METRICS: usize = 1000;
/// Most params, and most tags, of a batch.
pub const MAX_PARAMS: usize = 100;
/// Most things of a batch in all.
pub const MAX_ENTITIES: usize = 1000;

impl Batch {
    /// Checks limits and every entry, cuts over-long values, keeps the last tag of each key.
    pub fn checked(self) -> Result<Self, Refusal> {
        let (metrics, params, tags) = (self.metrics.len(), self.params.len(), self.tags.len());
        for (kind, length, limit) in
            [("metrics", metrics, MAX_METRICS), ("params", params, MAX_PARAMS), ("tags", tags, MAX_PARAMS)]
        {
            if length > limit {
                let reason = format!(
                    "A batch logging request can contain at most {limit} {kind}. Got {length} {kind}. \
                     Please split up {kind} across multiple requests and try again."
                );
                return Err(Refusal::new(kind, reason));
            }
        }
        let total = metrics + params + tags;
        if total > MAX_ENTITIES {
            let reason = format!(
                "A batch logging request can contain at most {MAX_ENTITIES} metrics, params, and tags. Got {total} \
                 metrics, params, and tags. Please split up metrics, params, and tags across multiple requests and \
                 try again."
            );
            return Err(Refusal::new("metrics", reason));
        }
        self.checked_entries()
    }

    fn checked_entries(self) -> Result<Self, Refusal> {
        let single = self.single;
        let place = |list: &str, index| if single { String::new() } else { format!("{list}[{index}]") };
        for (index, metric) in self.metrics.iter().enumerate() {
            metric.check(&place("metrics", index))?;
        }
        let mut params: Vec<Param> = Vec::with_capacity(self.params.len());
        for (index, param) in self.params.into_iter().enumerate() {
            params.push(param.checked(&place("params", index))?);
        }
        let mut tags: Vec<Tag> = Vec::with_capacity(self.tags.len());
        for (index, tag) in self.tags.into_iter().enumerate() {
            let tag = tag.checked(&place("tags", index))?;
            tags.retain(|other| other.key != tag.key);
            tags.push(tag);
        }
        check_unique(&params)?;
        Ok(Self { metrics: self.metrics, params, tags, model_metrics: self.model_metrics, single })
    }
}

/// Refuses a batch that names a param twice, even with one value.
fn check_unique(params: &[Param]) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    let twice: Vec<String> = params
        .iter()
        .filter(|param| !seen.insert(param.key.as_str()))
        .map(|param| format!("'{}'", param.key))
        .collect();
    if twice.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains only one param value \
         per param key.",
        twice.join(", ")
    );
    Err(Refusal::new("params", reason))
}

/// The name of a new run: what field and tag say, which must agree; invented from `random` when neither does.
pub fn settle_name(field: Option<&str>, tags: &[Tag], random: u64) -> Result<String, Refusal> {
    let field = field.filter(|name| !name.is_empty());
    let tag = tags.iter().rev().find(|tag| tag.key == RUN_NAME_TAG).map(|tag| tag.value.as_str());
    match (field, tag) {
        (Some(field), Some(tag)) if field != tag => Err(Refusal::new(
            "run_name",
            format!(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
                 (run_name='{field}', mlflow.runName='{tag}')."
            ),
        )),
        (Some(name), _) | (None, Some(name)) => Ok(name.to_owned()),
        (None, None) => Ok(invent_name(random)),
    }
}

/// Refuses `name` as the name of a run when it is empty.
pub fn check_run_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        let reason = invalid_value("run_name", &serde_json::json!(name), None);
        return Err(Refusal::new("run_name", reason));
    }
    Ok(())
}

/// An adjective, an animal and a number below 1000: `quick-heron-417`.
pub fn invent_name(random: u64) -> String {
    const ADJECTIVES: [&str; 32] = [
        "able", "agile", "amber", "bold", "brave", "brisk", "calm", "clear", "clever", "crisp", "eager",
        "early", "fair", "fleet", "fresh", "gentle", "glad", "grand", "keen", "kind", "lively", "lucid",
        "merry", "neat", "noble", "quick", "quiet", "sharp", "steady", "sunny", "swift", "warm",
    ];
    const ANIMALS: [&str; 32] = [
        "auk", "bear", "bee", "crane", "crow", "deer", "dove", "eagle", "finch", "fox", "gull", "hare",
        "hawk", "heron", "ibis", "jay", "kite", "lark", "lynx", "mole", "moth", "otter", "owl", "panda",
        "quail", "raven", "robin", "seal", "swan", "tern", "wolf", "wren",
    ];
    let pick = |shift: u32, count: u64| usize::try_from((random >> shift) % count).unwrap_or(0);
    format!("{}-{}-{}", ADJECTIVES[pick(0, 32)], ANIMALS[pick(8, 32)], (random >> 16) % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(key: &str) -> Metric {
        Metric { key: key.to_owned(), value: 1.0, timestamp_ms: 1, step: 0 }
    }

    #[test]
    fn a_batch_has_limits_and_each_says_so_in_its_own_sentence() {
        let many = Batch { metrics: (0..1001).map(|n| metric(&n.to_string())).collect(), ..Batch::default() };
        assert!(many.checked().unwrap_err().reason.contains("at most 1000 metrics. Got 1001"));
        let all = Batch {
            metrics: (0..1000).map(|n| metric(&n.to_string())).collect(),
            tags: vec![Tag::new("a", "b")],
            ..Batch::default()
        };
        assert!(all.checked().unwrap_err().reason.contains("metrics, params, and tags. Got 1001"));
    }

    #[test]
    fn a_param_twice_is_refused_and_of_a_tag_the_last_counts() {
        let param = |value: &str| Param { key: "p".to_owned(), value: value.to_owned() };
        let twice = Batch { params: vec![param("1"), param("1")], ..Batch::default() };
        assert!(twice.checked().unwrap_err().reason.contains("Duplicate parameter keys"));
        let tags = Batch { tags: vec![Tag::new("t", "1"), Tag::new("t", "2")], ..Batch::default() };
        assert_eq!(tags.checked().unwrap().tags, [Tag::new("t", "2")]);
    }

    #[test]
    fn name_field_and_tag_must_agree() {
        let tags = [Tag::new(RUN_NAME_TAG, "b")];
        assert!(settle_name(Some("a"), &tags, 0).is_err());
        assert_eq!(settle_name(Some(""), &tags, 0).unwrap(), "b");
        assert_eq!(settle_name(None, &[], 0).unwrap(), "able-auk-0");
    }
}
