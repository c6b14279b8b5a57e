//! The rules of one column.

use crate::Timestamp;
use crate::data::violation::Severity;
use crate::yaml::Place;

/// The rules of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnRule {
    /// The column.
    pub name: String,
    /// What it holds, for people.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether it holds personal data: then its values are never quoted.
    pub pii: bool,
    /// The word for its type.
    pub kind: Option<String>,
    /// The share of missing values that is borne, 0 to 1.
    pub max_null_share: f64,
    /// The least value: a number, or for dates and timestamps milliseconds since the epoch.
    pub min: Option<f64>,
    /// The greatest value, as [`ColumnRule::min`].
    pub max: Option<f64>,
    /// All values there may be.
    pub allowed: Option<Vec<String>>,
    /// A regular expression that each whole value matches.
    pub pattern: Option<String>,
    /// Characters of a text.
    pub length: Option<Bounds>,
    /// The share of a file's values that must keep the rules on single values, 0 to 1; all without it.
    pub mostly: Option<f64>,
    /// Figures of a file's values together.
    pub distribution: Distribution,
    /// What a violation does.
    pub severity: Severity,
    /// Where it stands in the file.
    pub place: Option<Place>,
}

/// The least and the greatest, both allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The least.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
}

/// Bounds on figures of a file's values together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// The mean.
    pub mean: Option<Bounds>,
    /// Quantiles by their share, which is one that profiles hold.
    pub quantiles: Vec<(f64, Bounds)>,
    /// How many different values.
    pub distinct: Option<Bounds>,
}

impl ColumnRule {
    /// No rule yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
            tags: Vec::new(),
            pii: false,
            kind: None,
            max_null_share: 1.0,
            min: None,
            max: None,
            allowed: None,
            pattern: None,
            length: None,
            mostly: None,
            distribution: Distribution::default(),
            severity: Severity::Block,
            place: None,
        }
    }

    /// Number of single rules; that the column is there and how often it may be empty are two.
    pub(super) fn rules(&self) -> usize {
        2 + usize::from(self.min.is_some())
            + usize::from(self.max.is_some())
            + usize::from(self.allowed.is_some())
            + usize::from(self.pattern.is_some())
            + usize::from(self.length.is_some())
            + usize::from(self.distribution.mean.is_some())
            + self.distribution.quantiles.len()
            + usize::from(self.distribution.distinct.is_some())
    }

    /// Whether values are points in time, so that limits are milliseconds.
    pub(super) fn is_time(&self) -> bool {
        matches!(self.kind.as_deref(), Some("date" | "timestamp"))
    }

    /// A limit as people write it.
    pub(super) fn limit(&self, value: f64) -> String {
        moment(self.kind.as_deref().unwrap_or_default(), value)
    }
}

impl Bounds {
    /// Whether a value lies between them.
    pub fn hold(self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// `3 to 5`, `… to 5`.
    pub(super) fn words(self) -> String {
        let limit = |limit: Option<f64>| limit.map_or_else(|| "…".to_owned(), |limit| limit.to_string());
        format!("{} to {}", limit(self.min), limit(self.max))
    }
}

impl Distribution {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.mean.is_none() && self.quantiles.is_empty() && self.distinct.is_none()
    }
}

/// A value of a column of this type: a date or a time for milliseconds, else the number.
pub(super) fn moment(kind: &str, value: f64) -> String {
    // Milliseconds are whole and far below 2^53.
    let text = || Timestamp::from_millis(value as i64).to_rfc3339();
    match kind {
        "date" => text().split('T').next().unwrap_or_default().to_owned(),
        "timestamp" => text().replace(".000Z", "Z"),
        _ => value.to_string(),
    }
}
