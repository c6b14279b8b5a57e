//! Steps as the project file declares them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::expr::Condition;
use crate::Name;

/// One step of `steps:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Its name.
    pub name: Name,
    /// What it does.
    pub action: Action,
    /// What it reads, in the order of the file.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// What it makes, in the order of the file.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// One cached unit per value of this.
    pub by: Option<Partition>,
    /// Conditions that its outputs must meet before they are committed.
    #[serde(default)]
    pub checks: Vec<Condition>,
    /// The Python environment it runs in.
    pub env: Option<EnvSpec>,
    /// Fan-out: one unit per combination.
    pub each: Option<Each>,
    /// How often and why it may be tried again.
    #[serde(default)]
    pub retry: Retry,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: Option<i64>,
    /// What one attempt may use.
    #[serde(default)]
    pub need: Need,
    /// What a continuous-integration run does with it.
    pub test: Option<StepTest>,
}

impl StepSpec {
    /// The input called `name`.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name.as_str() == name)
    }

    /// The output called `name`.
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name.as_str() == name)
    }

    /// The steps whose outputs it reads.
    pub fn upstream(&self) -> impl Iterator<Item = &Name> {
        self.inputs.iter().filter_map(|input| match &input.from {
            InputRef::Step { step, .. } => Some(step),
            InputRef::Data { .. } => None,
        })
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A query of the built-in engine; the path of its text from the project's root.
    Sql(String),
    /// A command line, with `${in.X}`, `${out.X}` and `${params.X}`.
    Run(String),
    /// A notebook to execute; its path from the project's root.
    Notebook(String),
    /// The built-in comparison of challenger and champion.
    Evaluate,
}

impl Action {
    /// The key that declares it: `sql`, `run`, `notebook`, `evaluate`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sql(_) => "sql",
            Self::Run(_) => "run",
            Self::Notebook(_) => "notebook",
            Self::Evaluate => "evaluate",
        }
    }
}

/// One input of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What the step calls it.
    pub name: Name,
    /// Where it comes from.
    #[serde(flatten)]
    pub from: InputRef,
    /// Which part of it.
    #[serde(default)]
    pub split: Split,
}

/// Where an input comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "source")]
pub enum InputRef {
    /// `data.NAME`: a source of `data:`, at the version that the pipeline run pinned.
    Data {
        /// The source.
        data: Name,
    },
    /// `STEP.OUTPUT`.
    Step {
        /// The step.
        step: Name,
        /// Its output.
        output: Name,
    },
}

impl fmt::Display for InputRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data { data } => write!(f, "data.{data}"),
            Self::Step { step, output } => write!(f, "{step}.{output}"),
        }
    }
}

/// Which part of a table an input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// All of it.
    #[default]
    All,
    /// All partitions but the newest; of a table without partitions, 80 % of the rows.
    Train,
    /// The newest partition; of a table without partitions, the other 20 %.
    Holdout,
}

impl Split {
    /// The word behind the `@`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Train => "train",
            Self::Holdout => "holdout",
        }
    }
}

/// One output of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// What the step calls it.
    pub name: Name,
    /// What it is.
    pub kind: OutputKind,
    /// The contract it must meet, a path from the project's root.
    pub contract: Option<String>,
}

/// What an output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// A table: a tree of Parquet parts, one per unit.
    Table,
    /// A model: the tree of a logged model's artifacts.
    Model,
    /// One file.
    File,
    /// Numbers by name, a JSON object.
    Metrics,
}

impl OutputKind {
    /// The word in the project file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Model => "model",
            Self::File => "file",
            Self::Metrics => "metrics",
        }
    }
}

/// `by: month(time_hour)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Partition {
    /// How rows are grouped.
    pub unit: PartitionUnit,
    /// The column they are grouped by.
    pub column: String,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.unit.as_str(), self.column)
    }
}

/// How rows are grouped into partitions; names of partitions sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartitionUnit {
    /// `2013-01-31T07`
    Hour,
    /// `2013-01-31`
    Day,
    /// `2013-01`
    Month,
    /// `2013`
    Year,
    /// The value itself.
    Value,
}

impl PartitionUnit {
    /// All, in the order of the reference.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Month, Self::Year, Self::Value];

    /// The word in the project file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
            Self::Value => "value",
        }
    }
}

/// `each: {seed: [1, 2, 3]}` with `keep: best(roc_auc)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Each {
    /// Parameter and the values it takes; several parameters make a grid.
    pub values: BTreeMap<String, Vec<serde_json::Value>>,
    /// Which unit's outputs go on.
    pub keep: Option<Keep>,
}

impl Each {
    /// Every combination, in a stable order.
    pub fn items(&self) -> Vec<BTreeMap<String, serde_json::Value>> {
        let mut items = vec![BTreeMap::new()];
        for (param, values) in &self.values {
            items = items
                .into_iter()
                .flat_map(|item| {
                    values.iter().map(move |value| {
                        let mut item = item.clone();
                        item.insert(param.clone(), value.clone());
                        item
                    })
                })
                .collect();
        }
        items
    }
}

/// `keep: best(METRIC)`: the unit with the best value; ties go to the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// The metric, by the name under which the unit logged it.
    pub metric: String,
    /// Whether more is better.
    pub higher_is_better: bool,
}

/// `env:`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnvSpec {
    /// The file that names the packages, from the project's root.
    pub file: String,
    /// What kind of file it is.
    pub kind: EnvKind,
    /// The Python version wanted, as `3.12`.
    pub python: Option<String>,
}

/// What names the packages of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvKind {
    /// A pip requirements file.
    Requirements,
}

/// `retry:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts after the first.
    pub max: u32,
    /// Causes that are worth another attempt.
    #[serde(rename = "if")]
    pub causes: Vec<RetryCause>,
    /// Exit codes that are worth another attempt.
    #[serde(default)]
    pub exit_codes: Vec<i32>,
}

impl Default for Retry {
    /// A lost process is not the step's fault: tried again five times, then it may be what brings the server down.
    fn default() -> Self {
        Self { max: 5, causes: vec![RetryCause::Lost], exit_codes: Vec::new() }
    }
}

/// Why an attempt may be worth repeating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryCause {
    /// Its process or its worker vanished.
    Lost,
    /// It was killed for want of memory.
    Oom,
    /// It took longer than `timeout`.
    Timeout,
    /// It ended with one of `exit_codes`.
    Exit,
}

/// `need:`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// Processor cores.
    pub cpu: Option<f64>,
    /// Bytes of memory.
    pub memory_bytes: Option<i64>,
}

/// `test:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepTest {
    /// A small input, a path from the project's root.
    pub fixture: Option<String>,
    /// What must hold after a run on it.
    pub expect: Vec<Condition>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_every_combination_in_a_stable_order() {
        let each = Each {
            values: BTreeMap::from([
                ("b".to_owned(), vec![1.into(), 2.into()]),
                ("a".to_owned(), vec!["x".into(), "y".into()]),
            ]),
            keep: None,
        };
        let shown: Vec<_> = each.items().iter().map(|item| serde_json::to_string(item).unwrap()).collect();
        assert_eq!(
            shown,
            [r#"{"a":"x","b":1}"#, r#"{"a":"x","b":2}"#, r#"{"a":"y","b":1}"#, r#"{"a":"y","b":2}"#]
        );
    }
}
