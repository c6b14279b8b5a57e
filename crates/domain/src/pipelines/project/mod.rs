//! The project file `volano.yaml`: objective, data, steps, gate, deployment, monitors, triggers, limits.
//!
//! [`Project::parse`] reports every problem of a file at once, each with line, column and the way out. What is
//! known to the file format but cannot be executed yet is a problem too, never silently ignored.

mod check;
mod fields;
mod parse;
mod parse_step;
mod parse_trigger;
pub mod schema;
pub mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::expr::Condition;
use super::step::StepSpec;
use super::trigger::TriggerSpec;
use crate::Name;
use crate::data::contract::Contract;
use crate::yaml::Place;
pub use crate::yaml::Problem;

/// The name of the file.
pub const FILE_NAME: &str = "volano.yaml";

/// A whole project file, valid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its name: also of its pipeline, its experiment and its registered model.
    pub name: Name,
    /// What it is for.
    pub objective: Objective,
    /// What a run may set.
    pub params: BTreeMap<String, Param>,
    /// What it reads from outside, in the order of the file.
    pub data: Vec<SourceSpec>,
    /// What it does, in an order in which every step comes after what it reads.
    pub steps: Vec<StepSpec>,
    /// What a new model must meet.
    pub gate: Option<Gate>,
    /// Where an accepted model is served.
    pub deploy: Option<Deploy>,
    /// How the deployment is watched.
    pub monitor: Monitor,
    /// What starts a run.
    pub triggers: Vec<TriggerSpec>,
    /// What holds triggers back.
    pub limits: Limits,
}

impl Project {
    /// Reads a project file; `file` is its name in problems.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        parse::parse(text, file, None)
    }

    /// Reads a project file and also checks with `exists` that the files it names (paths from the project's
    /// root) are there.
    pub fn parse_with_files(
        text: &str,
        file: &str,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Vec<Problem>> {
        parse::parse(text, file, Some(exists))
    }

    /// Reads a project file together with the contracts that it names; `read` gives the text of a file in the project.
    pub fn parse_with_contracts(
        text: &str,
        file: &str,
        exists: &dyn Fn(&str) -> bool,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Problem>> {
        let project = Self::parse_with_files(text, file, exists)?;
        let problems = project.contract_problems(read);
        if problems.is_empty() { Ok(project) } else { Err(problems) }
    }

    fn contract_problems(&self, read: &dyn Fn(&str) -> Option<String>) -> Vec<Problem> {
        let of_data = self.data.iter().filter_map(|source| source.contract.as_deref());
        let of_steps = self.steps.iter().flat_map(|step| &step.outputs);
        let paths: BTreeSet<&str> =
            of_data.chain(of_steps.filter_map(|output| output.contract.as_deref())).collect();
        let problems = |path: &str| match read(path) {
            Some(text) => Contract::parse(&text, path).err().unwrap_or_default(),
            None => {
                let message = "the contract cannot be read as text".to_owned();
                vec![Problem::new(path, Place::START, message, Some("save it as UTF-8".to_owned()))]
            }
        };
        paths.into_iter().flat_map(problems).collect()
    }

    /// The step called `name`.
    pub fn step(&self, name: &str) -> Option<&StepSpec> {
        self.steps.iter().find(|step| step.name.as_str() == name)
    }

    /// The source called `name`.
    pub fn source(&self, name: &str) -> Option<&SourceSpec> {
        self.data.iter().find(|source| source.name.as_str() == name)
    }

    /// The column that holds the truth: `objective.label`, else `monitor.performance.label`.
    pub fn label(&self) -> Option<&str> {
        let monitored = self.monitor.performance.as_ref().map(|p| p.label.as_str());
        self.objective.label.as_deref().or(monitored)
    }

    /// The metric that decides: `objective.metric`, else `monitor.performance.metric`.
    pub fn metric(&self) -> Option<&str> {
        let monitored = self.monitor.performance.as_ref().and_then(|p| p.metric.as_deref());
        self.objective.metric.as_deref().or(monitored)
    }

    /// The values of all parameters: defaults, with `given` laid over them. `Err` names the first that does not fit.
    pub fn resolve_params(
        &self,
        given: &BTreeMap<String, serde_json::Value>,
    ) -> Result<BTreeMap<String, serde_json::Value>, String> {
        for name in given.keys() {
            if !self.params.contains_key(name) {
                let known: Vec<_> = self.params.keys().map(String::as_str).collect();
                return Err(match crate::suggest::nearest(name, known.iter().copied()) {
                    Some(near) => format!("there is no parameter {name:?}; did you mean {near:?}?"),
                    None if known.is_empty() => {
                        format!("there is no parameter {name:?}: the project declares none")
                    }
                    None => format!("there is no parameter {name:?}; there are: {}", known.join(", ")),
                });
            }
        }
        let mut values = BTreeMap::new();
        for (name, param) in &self.params {
            let value = given.get(name).unwrap_or(&param.default);
            param.accepts(value).map_err(|reason| format!("{name}: {reason}"))?;
            values.insert(name.clone(), value.clone());
        }
        Ok(values)
    }
}

/// `objective:`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The problem in a sentence.
    pub problem: Option<String>,
    /// The metric that decides.
    pub metric: Option<String>,
    /// The value that is aimed at.
    pub target: Option<f64>,
    /// Columns whose values must each come off well.
    #[serde(default)]
    pub slices: Vec<String>,
    /// Who answers for it.
    #[serde(default)]
    pub owners: Vec<String>,
    /// The column that holds the truth.
    pub label: Option<String>,
}

/// One of `params:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// The value when a run sets none; its type is the parameter's type.
    pub default: serde_json::Value,
    /// The smallest number allowed.
    pub min: Option<f64>,
    /// The largest number allowed.
    pub max: Option<f64>,
    /// The only values allowed.
    #[serde(default)]
    pub choices: Vec<serde_json::Value>,
    /// What it does.
    pub help: Option<String>,
}

impl Param {
    /// Whether `value` has the parameter's type and lies in its range; else why not.
    pub fn accepts(&self, value: &serde_json::Value) -> Result<(), String> {
        let same_type = match &self.default {
            serde_json::Value::Number(default) if default.is_i64() => value.is_i64(),
            serde_json::Value::Number(_) => value.is_number(),
            serde_json::Value::Bool(_) => value.is_boolean(),
            _ => value.is_string(),
        };
        if !same_type {
            let wanted = match &self.default {
                serde_json::Value::Number(default) if default.is_i64() => "a whole number",
                serde_json::Value::Number(_) => "a number",
                serde_json::Value::Bool(_) => "true or false",
                _ => "text",
            };
            return Err(format!("{value} is not {wanted}, like the default {}", self.default));
        }
        if let Some(number) = value.as_f64() {
            if let Some(min) = self.min.filter(|min| number < *min) {
                return Err(format!("{value} is below the minimum {min}"));
            }
            if let Some(max) = self.max.filter(|max| number > *max) {
                return Err(format!("{value} is above the maximum {max}"));
            }
        }
        if !self.choices.is_empty() && !self.choices.contains(value) {
            let choices: Vec<_> = self.choices.iter().map(ToString::to_string).collect();
            return Err(format!("{value} is not one of {}", choices.join(", ")));
        }
        Ok(())
    }
}

/// One of `data:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSpec {
    /// Also the name of the data set.
    pub name: Name,
    /// A file or a pattern of files, from the project's root.
    pub path: String,
    /// What the files are.
    pub kind: SourceKind,
    /// Columns that tell rows apart.
    #[serde(default)]
    pub key: Vec<String>,
    /// The column of the row's time.
    pub time: Option<String>,
    /// The contract, a path from the project's root.
    pub contract: Option<String>,
}

/// What a source's files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// One table in one or several files.
    Table,
    /// Files as they are.
    Files,
}

/// `gate:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// All must hold.
    pub require: Vec<Condition>,
    /// Roles that must approve besides.
    #[serde(default)]
    pub approve: Vec<String>,
}

/// `deploy:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deploy {
    /// The deployment.
    pub to: Name,
    /// Shares of the traffic that a new version gets one after the other, 0..1, rising to 1.
    pub canary: Vec<f64>,
    /// How long each share lasts, in milliseconds.
    pub every_ms: i64,
    /// What ends a rollout and returns the previous version.
    #[serde(default)]
    pub rollback: Vec<Condition>,
}

/// `monitor:`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// How drift is judged.
    pub drift: Option<DriftMonitor>,
    /// How predictions are held against the truth.
    pub performance: Option<PerformanceMonitor>,
    /// The longest time between two arrivals of data, in milliseconds.
    pub freshness_ms: Option<i64>,
}

/// `monitor.drift:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftMonitor {
    /// How many false alarms are bearable.
    pub false_alarms: Rate,
}

/// So many in such a time: `1 per month`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// How many.
    pub count: f64,
    /// In how many milliseconds.
    pub per_ms: i64,
}

/// `monitor.performance:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerformanceMonitor {
    /// The column that holds the truth.
    pub label: String,
    /// How long labels take to arrive, in milliseconds.
    pub after_ms: i64,
    /// The metric that is followed.
    pub metric: Option<String>,
}

/// `limits:`: what holds triggers back; each counts per trigger, except `overlap` and `budget`, which are the pipeline's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The shortest time between two firings of a trigger, in milliseconds.
    pub cooldown_ms: i64,
    /// The most firings of a trigger in 24 hours.
    pub per_day: Option<u32>,
    /// What happens when a run is still going.
    pub overlap: Overlap,
    /// The most time of steps.
    pub budget: Option<Budget>,
    /// A trigger pauses after so many runs in a row without an accepted model.
    pub pause_after: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cooldown_ms: 0, per_day: None, overlap: Overlap::Latest, budget: None, pause_after: None }
    }
}

/// What happens when a trigger fires while a run is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Every firing waits its turn.
    Queue,
    /// One waiting run, with the newest data.
    Latest,
    /// The firing is dropped.
    Skip,
}

/// `budget: 20 h/week`: time of steps in a sliding window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Milliseconds of steps.
    pub spend_ms: i64,
    /// In the last so many milliseconds.
    pub window_ms: i64,
}

#[cfg(test)]
mod tests;
