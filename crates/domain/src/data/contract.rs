//! Contracts: what every file of a data set must look like, learned from profiles and kept as YAML.
//!
//! Rules on values hold for each file by itself, so that a small broken file is not hidden by the many good ones.
//! Rules on keys, freshness, references and assertions hold for the version as a whole.

mod check;
mod column;
mod diff;
mod edit;
mod infer;
mod parse;
pub mod pattern;
mod trial;
mod whole;
mod words;
mod write;

pub use check::{Answer, Breaks, Question};
pub use column::{Bounds, ColumnRule, Distribution};
pub use diff::{Change, Changed, Revision};
pub use trial::{Fired, fired};
pub use whole::{Assertion, Freshness, Reference};
pub use words::InWords;

use crate::data::violation::Severity;
use crate::yaml::{Place, Problem};

/// The expectations on a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    /// What it is about, for people.
    pub description: Option<String>,
    /// Who answers for the data.
    pub owner: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Rules by column, in the order of the file.
    pub columns: Vec<ColumnRule>,
    /// Rows that a file has at least.
    pub min_rows: Option<u64>,
    /// Rows that a file has at most.
    pub max_rows: Option<u64>,
    /// Columns whose values together occur once.
    pub unique: Vec<String>,
    /// What a column does that has no rules; nothing when absent.
    pub others: Option<Severity>,
    /// How old the newest row may be when the version arrives.
    pub freshness: Option<Freshness>,
    /// Values that must be in other data sets.
    pub references: Vec<Reference>,
    /// Queries that must find nothing.
    pub assertions: Vec<Assertion>,
    /// Where the rules on the whole table stand in the file.
    pub places: TablePlaces,
}

/// Where the rules that are not about one column stand in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TablePlaces {
    /// `rows`.
    pub rows: Option<Place>,
    /// `unique`.
    pub unique: Option<Place>,
    /// `others`.
    pub others: Option<Place>,
}

impl Contract {
    /// Reads a contract; every slip is a problem with its place and the way out.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        parse::parse(text, file)
    }

    /// Number of single rules.
    pub fn rules(&self) -> usize {
        self.columns.iter().map(ColumnRule::rules).sum::<usize>()
            + usize::from(self.min_rows.is_some())
            + usize::from(self.max_rows.is_some())
            + usize::from(!self.unique.is_empty())
            + usize::from(self.others.is_some())
            + usize::from(self.freshness.is_some())
            + self.references.len()
            + self.assertions.len()
    }

    /// The rules of a column.
    pub fn column(&self, name: &str) -> Option<&ColumnRule> {
        self.columns.iter().find(|rule| rule.name == name)
    }

    /// Whether a column holds personal data.
    pub fn is_pii(&self, name: &str) -> bool {
        self.column(name).is_some_and(|rule| rule.pii)
    }
}

/// `FILE:LINE:COLUMN`.
fn at(file: &str, place: Option<Place>) -> Option<String> {
    place.map(|place| format!("{file}:{}:{}", place.line, place.column))
}

/// Counts as shares; rows are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Whether `broken` of `whole` rows are few enough for a rule that a share of them must keep.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
fn borne(broken: u64, whole: u64, mostly: Option<f64>) -> bool {
    // One broken row of a hundred is borne by 0.99, which is a little less in binary.
    mostly.is_some_and(|mostly| broken as f64 <= (1.0 - mostly) * whole as f64 + 1e-6)
}
