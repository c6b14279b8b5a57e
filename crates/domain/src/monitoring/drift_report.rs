//! Drift reports: what moved between the training data and a window of served requests, with the evidence.

use serde::{Deserialize, Serialize};

use crate::{Id, Timestamp};

/// The rule's numbers. A report keeps the ones that it was made with, so it can be judged again with others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DriftSettings {
    /// Chance of a false alarm of one window, over all its columns.
    pub false_alarm_rate: f64,
    /// Share of the rows that must have moved, beyond chance, for a warning.
    pub warn_share: f64,
    /// Share of the rows that must have moved, beyond chance, for an alarm.
    pub alarm_share: f64,
    /// Rise of a rate of bad values (missing, out of range, new category), beyond chance, for an alarm.
    pub quality_share: f64,
}

impl Default for DriftSettings {
    fn default() -> Self {
        Self { false_alarm_rate: 0.01, warn_share: 0.05, alarm_share: 0.10, quality_share: 0.02 }
    }
}

/// What a check concludes, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftVerdict {
    /// Nothing beyond chance and the allowed size.
    Steady,
    /// The window is too small for the rule to see a shift of the size that matters.
    NotEnoughRows,
    /// More than the warning share moved.
    Warn,
    /// More than the alarm share moved, or a data-quality check failed.
    Alarm,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// By its distribution function.
    Numeric,
    /// By the shares of its values.
    Categorical,
}

/// The columns of one report, each judged on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    /// Its name.
    pub column: String,
    /// How it was compared.
    pub kind: ColumnKind,
    /// Usable reference values.
    pub reference_rows: u64,
    /// Usable values of the window.
    pub window_rows: u64,
    /// Numeric: the greatest distance of the two distribution functions. Categorical: the total variation.
    pub statistic: f64,
    /// Share of the rows that moved for certain: the statistic less what chance explains.
    pub moved_share: f64,
    /// The smallest shift that would have been an alarm with this many rows.
    pub detectable_share: f64,
    /// Kolmogorov-Smirnov or chi-square p, before any correction.
    pub p_value: Option<f64>,
    /// Population stability index over the reference's bins.
    pub psi: f64,
    /// Jensen-Shannon distance, base 2, over the reference's bins.
    pub jensen_shannon: f64,
    /// Wasserstein distance over the reference's interquartile range.
    pub wasserstein_iqr: Option<f64>,
    /// The verdict on the distribution and on the data quality together.
    pub verdict: DriftVerdict,
    /// The verdict in words.
    pub sentence: String,
    /// What the data-quality checks found; only those that found something.
    pub findings: Vec<QualityFinding>,
    /// The two distributions over the reference's bins.
    pub bins: Vec<DriftBin>,
    /// Share of the model's decisions that rest on this column, when known; all columns count alike otherwise.
    pub importance: Option<f64>,
}

/// One bar of the two histograms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftBin {
    /// The interval or value.
    pub label: String,
    /// Share of the reference's rows.
    pub reference_share: f64,
    /// Share of the window's rows.
    pub window_share: f64,
}

/// The data-quality checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityCheck {
    /// Missing values, NaN and infinities.
    Missing,
    /// Values that training has not seen.
    NewCategory,
    /// Values of training that no longer come.
    LostCategory,
    /// Numbers outside the training range.
    OutOfRange,
    /// Values of another type.
    TypeChange,
    /// One value only, where training had several.
    Constant,
    /// The column does not come at all.
    Absent,
}

/// One data-quality check that found something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityFinding {
    /// Which check.
    pub check: QualityCheck,
    /// How bad.
    pub verdict: DriftVerdict,
    /// The rate in the reference.
    pub reference_share: f64,
    /// The rate in the window.
    pub window_share: f64,
    /// What was found, in words.
    pub sentence: String,
}

/// Which requests a report or a performance figure is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First request's time, inclusive.
    pub from_ms: Timestamp,
    /// End, exclusive.
    pub to_ms: Timestamp,
    /// Requests in it.
    pub rows: u64,
}

/// What a window was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// In words: `training input of flights v3`.
    pub text: String,
    /// The data it comes from, by content.
    pub tree: Option<String>,
    /// Rows read.
    pub rows: u64,
}

/// A window of a deployment's requests compared with the training data of the model version that answered them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// Its id.
    pub id: Id,
    /// When it was made.
    pub time_ms: Timestamp,
    /// The deployment's name.
    pub deployment: String,
    /// The model's name.
    pub model: String,
    /// The version that answered most of the window.
    pub version: i64,
    /// Which requests.
    pub window: Window,
    /// Compared with what.
    pub reference: Reference,
    /// The rule's numbers.
    pub settings: DriftSettings,
    /// Mean moved share of the columns, by importance when it is known.
    pub moved_share: f64,
    /// The worst of the columns that count and of the prediction.
    pub verdict: DriftVerdict,
    /// The verdict in words.
    pub sentence: String,
    /// Per input column, the most moved first.
    pub columns: Vec<ColumnDrift>,
    /// The prediction itself against predictions on the reference, or on the first window of this version.
    pub prediction: Option<ColumnDrift>,
}

/// What a report concludes from its parts: the mean moved share, the verdict, the sentence.
pub struct Summary {
    /// Mean moved share of the columns, by importance when it is known.
    pub moved_share: f64,
    /// The verdict.
    pub verdict: DriftVerdict,
    /// In words.
    pub sentence: String,
}

/// A column on which less than this share of the model's decisions rests cannot raise the report's verdict by itself.
pub const MIN_IMPORTANCE: f64 = 0.01;

/// Draws the conclusion from the columns and the prediction.
///
/// The levels of the columns are corrected for their number, so one column's alarm is the window's alarm; a
/// column that the model hardly uses does not count.
pub fn summarize(columns: &[ColumnDrift], prediction: Option<&ColumnDrift>, rows: u64) -> Summary {
    let weight = |column: &ColumnDrift| column.importance.unwrap_or(1.0).max(0.0);
    let total: f64 = columns.iter().map(weight).sum();
    let moved: f64 = columns.iter().map(|column| weight(column) * column.moved_share).sum();
    let moved_share = if total > 0.0 { moved / total } else { 0.0 };
    let counts = |column: &&ColumnDrift| {
        column.importance.is_none_or(|share| share >= MIN_IMPORTANCE) || !column.findings.is_empty()
    };
    let judged: Vec<&ColumnDrift> = columns.iter().filter(counts).chain(prediction).collect();
    let verdict = judged.iter().map(|column| column.verdict).max().unwrap_or(DriftVerdict::Steady);
    let named = |wanted: DriftVerdict| -> String {
        let names: Vec<&str> = judged
            .iter()
            .filter(|column| column.verdict == wanted)
            .map(|column| column.column.as_str())
            .collect();
        match names.as_slice() {
            [] => String::new(),
            [a, b, c, d, rest @ ..] if !rest.is_empty() => {
                format!("{a}, {b}, {c}, {d} and {} more", rest.len())
            }
            few => few.join(", "),
        }
    };
    let sentence = match verdict {
        DriftVerdict::Steady => format!("no drift in {rows} requests"),
        DriftVerdict::NotEnoughRows => {
            let smallest = judged.iter().map(|column| column.detectable_share).fold(0.0, f64::max);
            if smallest >= 1.0 {
                format!("not enough rows ({rows}) to see any shift")
            } else {
                format!(
                    "not enough rows ({rows}): a shift below {:.0} % of the rows cannot be seen",
                    smallest * 100.0
                )
            }
        }
        DriftVerdict::Warn => format!("slight drift in {} over {rows} requests", named(verdict)),
        DriftVerdict::Alarm => format!("drift in {} over {rows} requests", named(verdict)),
    };
    Summary { moved_share, verdict, sentence }
}
