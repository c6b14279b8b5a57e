//! Rules on a version as a whole: freshness, references to other data sets, assertions in SQL.

use super::check::{Answer, mask};
use super::column::moment;
use super::{Contract, at, borne, ratio};
use crate::Timestamp;
use crate::data::violation::{Severity, Violation};
use crate::yaml::Place;

/// How old the newest row may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Freshness {
    /// The column with dates or timestamps.
    pub column: String,
    /// The greatest age, in milliseconds.
    pub max_age_ms: i64,
    /// The greatest age as it was written: `2d`.
    pub max_age: String,
    /// What a violation does.
    pub severity: Severity,
    /// Where it stands in the file.
    pub place: Place,
}

/// Values that must be in another data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The columns here.
    pub columns: Vec<String>,
    /// The data set there, its newest version or a named one: `airlines`, `airlines@v3`.
    pub to: String,
    /// The columns there, in the same order.
    pub columns_there: Vec<String>,
    /// What a violation does.
    pub severity: Severity,
    /// Where it stands in the file.
    pub place: Place,
}

/// A query that must find nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// Its name, for people.
    pub name: String,
    /// One SELECT over `this` and other data sets; each row that it returns breaks the rule.
    pub sql: String,
    /// The share of all rows that must keep it, 0 to 1; all without it.
    pub mostly: Option<f64>,
    /// What a violation does.
    pub severity: Severity,
    /// Where it stands in the file.
    pub place: Place,
    /// Where each line of the query begins in the file.
    pub lines: Vec<Place>,
}

impl Assertion {
    /// The place in the contract of a place in the query, both from 1.
    pub fn place_of(&self, line: Option<u64>, column: Option<u64>) -> Place {
        let index = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        let start = line.and_then(|line| self.lines.get(index(line))).copied();
        start.map_or(self.place, |start| start.right_by(column.map_or(0, index)))
    }
}

impl Freshness {
    /// What is wrong when the newest value, in milliseconds, came with a version that arrived at `arrived`.
    pub fn check(
        &self,
        contract: &Contract,
        newest: Option<f64>,
        arrived: Timestamp,
        path: &str,
    ) -> Option<Violation> {
        let Some(newest) = newest else {
            return Some(self.violation(format!("{} has no value, so no row is fresh", self.column), path));
        };
        // Milliseconds are whole and far below 2^53.
        let age = arrived.since(Timestamp::from_millis(newest as i64));
        if age <= self.max_age_ms {
            return None;
        }
        let when = if contract.is_pii(&self.column) {
            String::new()
        } else {
            format!(", {},", moment("timestamp", newest))
        };
        let message = format!(
            "the newest {}{when} is {} older than the arrival of the version, at most {} is borne",
            self.column,
            in_words(age),
            self.max_age
        );
        Some(self.violation(message, path))
    }

    /// A violation of this rule in these words.
    pub fn violation(&self, message: String, path: &str) -> Violation {
        Violation {
            column: Some(self.column.clone()),
            severity: self.severity,
            place: at(path, Some(self.place)),
            ..Violation::new("freshness", message)
        }
    }
}

impl Reference {
    /// What is wrong when `answer` of `rows` rows have values that are not there.
    pub fn check(&self, contract: &Contract, rows: u64, mut answer: Answer, path: &str) -> Option<Violation> {
        if answer.count == 0 {
            return None;
        }
        if self.columns.iter().any(|column| contract.is_pii(column)) {
            mask(&mut answer.examples);
        }
        let share = ratio(answer.count, rows);
        let message = format!(
            "{} of {rows} rows ({:.1} %) have a value of {} that is not in {} of {}",
            answer.count,
            share * 100.0,
            self.columns.join(", "),
            self.columns_there.join(", "),
            self.to
        );
        Some(Violation {
            count: Some(answer.count),
            share: Some(share),
            examples: answer.examples,
            ..self.violation(message, path)
        })
    }

    /// A violation of this rule in these words.
    pub fn violation(&self, message: String, path: &str) -> Violation {
        Violation {
            column: Some(self.columns.join(", ")),
            severity: self.severity,
            place: at(path, Some(self.place)),
            ..Violation::new("references", message)
        }
    }
}

impl Assertion {
    /// What is wrong when the query found `answer` in `rows` rows.
    pub fn check(&self, rows: u64, answer: Answer, path: &str) -> Option<Violation> {
        if answer.count == 0 || borne(answer.count, rows, self.mostly) {
            return None;
        }
        let many = if answer.count == 1 { "1 row".to_owned() } else { format!("{} rows", answer.count) };
        Some(Violation {
            count: Some(answer.count),
            // A query may return more rows than it was given.
            share: Some(ratio(answer.count, rows)).filter(|share| *share <= 1.0),
            examples: answer.examples,
            ..self.violation(format!("{}: {many} found, none is expected", self.name), self.place, path)
        })
    }

    /// A violation of this rule in these words, at this place of the contract.
    pub fn violation(&self, message: String, place: Place, path: &str) -> Violation {
        Violation {
            severity: self.severity,
            place: at(path, Some(place)),
            ..Violation::new("assertion", message)
        }
    }

    /// Whether the value of a column of its result may be quoted: a personal one may hide behind another name.
    pub fn shows(&self, contract: &Contract, column: &str) -> bool {
        let sql = self.sql.to_lowercase();
        let mut personal = contract.columns.iter().filter(|rule| rule.pii).peekable();
        if personal.peek().is_none() {
            return true;
        }
        let known = contract.column(column).is_some_and(|rule| !rule.pii);
        known && !personal.any(|rule| sql.contains(&rule.name.to_lowercase()))
    }
}

/// A span of time in its two largest units.
fn in_words(ms: i64) -> String {
    let (days, hours, minutes) = (ms / 86_400_000, ms / 3_600_000 % 24, ms / 60_000 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {minutes} min"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}
