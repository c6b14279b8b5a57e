//! A profile: what the columns of a table hold.

use serde::{Deserialize, Serialize};

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableProfile {
    /// Rows.
    pub rows: u64,
    /// Files.
    pub files: u64,
    /// Columns, in the order of the table.
    pub columns: Vec<ColumnProfile>,
    /// Pearson correlations of pairs of numeric columns, the strongest first.
    pub correlations: Vec<Correlation>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// The word for its type: `integer`, `number`, `text`, `boolean`, `date`, `timestamp`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What its values seem to mean.
    pub semantic: Semantic,
    /// Rows with a value.
    pub count: u64,
    /// Rows without one; not-a-number counts as none.
    pub nulls: u64,
    /// Different values.
    pub distinct: u64,
    /// Whether `distinct`, quantiles, histogram and top values are exact; else they come from sketches: distinct within
    /// 1.6 % and ranks within `rank_error`.
    pub exact: bool,
    /// The error of the ranks of quantiles, as a share of the rows (99 % sure); 0 when exact.
    pub rank_error: f64,
    /// For numbers, booleans (0 and 1) and times (milliseconds since the epoch).
    pub number: Option<NumberProfile>,
    /// For text.
    pub text: Option<TextProfile>,
    /// The most frequent values, the most frequent first.
    pub top: Vec<TopValue>,
}

/// What the values of a column seem to mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// No value at all.
    Empty,
    /// One value in every row.
    Constant,
    /// Another value in (almost) every row.
    Identifier,
    /// Two values.
    Boolean,
    /// A few values, each in many rows.
    Categorical,
    /// A quantity.
    Numeric,
    /// A point in time.
    Timestamp,
    /// E-mail addresses: personal data.
    Email,
    /// Free text.
    Text,
    /// Lists, structures, bytes.
    Other,
}

/// The numbers of a column; finite ones only, apart from the counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberProfile {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the sample (n - 1).
    pub std: Option<f64>,
    /// The skewness of the sample, corrected for bias (G1, as pandas computes it).
    pub skew: Option<f64>,
    /// The excess kurtosis of the sample, corrected for bias (G2, as pandas computes it).
    pub kurtosis: Option<f64>,
    /// Zeros.
    pub zeros: u64,
    /// Values below zero.
    pub negatives: u64,
    /// Infinite values.
    pub infinities: u64,
    /// Quantiles.
    pub quantiles: Vec<Quantile>,
    /// Counts in bins of equal width.
    pub histogram: Histogram,
}

impl NumberProfile {
    /// The value at a share that [`NumberProfile::quantiles`] holds.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        self.quantiles
            .iter()
            .find(|quantile| (quantile.share - share).abs() < 1e-9)
            .map(|quantile| quantile.value)
    }

    /// The median.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }
}

/// The value below which a share of the rows lies, between neighbours interpolated linearly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// The share, 0 to 1.
    pub share: f64,
    /// The value.
    pub value: f64,
}

/// Counts in bins of equal width from the least to the greatest value; the last bin holds its upper edge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Edges, one more than counts.
    pub edges: Vec<f64>,
    /// Values in each bin.
    pub counts: Vec<u64>,
}

/// The texts of a column; lengths in characters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextProfile {
    /// The shortest.
    pub min_length: u64,
    /// The longest.
    pub max_length: u64,
    /// The mean.
    pub mean_length: f64,
    /// Empty texts.
    pub empty: u64,
}

/// A frequent value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopValue {
    /// The value as text, cut when long.
    pub value: String,
    /// Rows that have it.
    pub count: u64,
}

/// How two numeric columns move together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// One column.
    pub a: String,
    /// The other.
    pub b: String,
    /// Pearson's r over the rows that have both, -1 to 1.
    pub r: f64,
}

impl TableProfile {
    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl ColumnProfile {
    /// The share of rows without a value, 0 for an empty table.
    pub fn null_share(&self) -> f64 {
        let rows = self.count + self.nulls;
        if rows == 0 { 0.0 } else { self.nulls as f64 / rows as f64 }
    }
}
