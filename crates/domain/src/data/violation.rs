//! A violation: one rule of a contract that data does not keep, with its evidence.

use serde::{Deserialize, Serialize};

/// What a violation does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is reported.
    Warn,
    /// The version is not published.
    #[default]
    Block,
}

/// A rule that the data does not keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The rule: `type`, `nullable`, `range`, `allowed`, `unique`, `missing_column`, …
    pub rule: String,
    /// The column, unless it is about the table.
    pub column: Option<String>,
    /// What it does.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// How many rows break the rule, when rows do.
    pub count: Option<u64>,
    /// Their share of all rows, 0 to 1.
    pub share: Option<f64>,
    /// A few values that break it, with where they are.
    pub examples: Vec<Example>,
    /// Where the rule stands: `contracts/flights.yaml:12:5`.
    pub place: Option<String>,
    /// What changed since the last good version: "median 872 before, 1403 now".
    pub change: Option<String>,
}

/// A value that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The file.
    pub file: String,
    /// The row in it, from 1, the header not counted.
    pub row: u64,
    /// The value, as text, cut when long.
    pub value: String,
}

impl Violation {
    /// A violation of `rule` with its sentence, blocking, without evidence yet.
    pub fn new(rule: &str, message: impl Into<String>) -> Self {
        Self {
            rule: rule.to_owned(),
            column: None,
            severity: Severity::Block,
            message: message.into(),
            count: None,
            share: None,
            examples: Vec::new(),
            place: None,
            change: None,
        }
    }

    /// Whether it keeps a version from being published.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Block
    }

    /// One line for people: place, sentence, change.
    pub fn line(&self) -> String {
        let place = self.place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
        let change = self.change.as_ref().map_or_else(String::new, |change| format!("; {change}"));
        format!("{place}{}{change}", self.message)
    }
}
