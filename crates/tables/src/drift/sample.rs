//! A column's values, ready to be compared.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::monitoring::drift_report::ColumnKind;

/// Different values counted one by one; rarer ones beyond share the category [`OTHER`].
pub const MAX_CATEGORIES: usize = 1000;
/// The category of values beyond [`MAX_CATEGORIES`].
pub const OTHER: &str = "(other)";

/// The usable values of a column and the count of those that are not.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The usable ones.
    pub values: Values,
    /// Absent values.
    pub missing: u64,
    /// NaN and infinities, a category of their own.
    pub not_finite: u64,
    /// Values of another type than the column's.
    pub wrong_type: u64,
    /// One of them, for messages.
    pub wrong_example: Option<String>,
}

/// Usable values by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Finite numbers, sorted.
    Numeric(Vec<f64>),
    /// Rows per value.
    Categorical(BTreeMap<String, u64>),
}

impl Sample {
    /// A sample of numbers; NaN and infinities are counted apart.
    pub fn numeric(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let (mut finite, mut missing, mut not_finite) = (Vec::new(), 0, 0);
        for value in values {
            match value {
                None => missing += 1,
                Some(value) if !value.is_finite() => not_finite += 1,
                Some(value) => finite.push(value),
            }
        }
        finite.sort_unstable_by(f64::total_cmp);
        Self { values: Values::Numeric(finite), missing, not_finite, wrong_type: 0, wrong_example: None }
    }

    /// A sample of categories.
    pub fn categorical<T: AsRef<str>>(values: impl IntoIterator<Item = Option<T>>) -> Self {
        let (mut counts, mut missing) = (BTreeMap::<String, u64>::new(), 0);
        for value in values {
            match value {
                None => missing += 1,
                Some(value) => match counts.get_mut(value.as_ref()) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(value.as_ref().to_owned(), 1);
                    }
                },
            }
        }
        Self {
            values: Values::Categorical(counts),
            missing,
            not_finite: 0,
            wrong_type: 0,
            wrong_example: None,
        }
    }

    /// A sample of an Arrow column's chunks: numbers are numeric, text and booleans categorical. Times, which only ever
    /// move on, and nested values are not compared: `None`.
    pub fn from_arrow(chunks: &[ArrayRef]) -> Option<Self> {
        let kind = kind_of(chunks.first()?.data_type())?;
        match kind {
            ColumnKind::Numeric => {
                let mut values = Vec::new();
                for chunk in chunks {
                    let numbers = cast(chunk, &DataType::Float64).ok()?;
                    values.extend(numbers.as_primitive::<Float64Type>().iter());
                }
                Some(Self::numeric(values))
            }
            ColumnKind::Categorical => {
                let options = FormatOptions::default();
                let mut texts = Vec::new();
                for chunk in chunks {
                    let format = ArrayFormatter::try_new(chunk, &options).ok()?;
                    texts.extend(
                        (0..chunk.len())
                            .map(|row| chunk.is_valid(row).then(|| format.value(row).to_string())),
                    );
                }
                Some(Self::categorical(texts))
            }
        }
    }

    /// A sample of JSON values read as `kind`; values of another type are counted apart. Numbers are no text and
    /// text is no number, except that whole numbers and booleans name categories.
    pub fn from_json<'a>(
        kind: ColumnKind,
        values: impl IntoIterator<Item = Option<&'a serde_json::Value>>,
    ) -> Self {
        use serde_json::Value as Json;
        let (mut wrong_type, mut wrong_example) = (0, None);
        let mut wrong = |value: &Json| {
            wrong_type += 1;
            wrong_example.get_or_insert_with(|| value.to_string());
        };
        let mut sample = match kind {
            ColumnKind::Numeric => {
                let mut numbers = Vec::new();
                for value in values {
                    match value {
                        None | Some(Json::Null) => numbers.push(None),
                        Some(Json::Bool(value)) => numbers.push(Some(f64::from(u8::from(*value)))),
                        Some(Json::Number(number)) => numbers.push(number.as_f64()),
                        Some(Json::String(text)) if special(text).is_some() => numbers.push(special(text)),
                        Some(other) => wrong(other),
                    }
                }
                Self::numeric(numbers)
            }
            ColumnKind::Categorical => {
                let mut texts = Vec::new();
                for value in values {
                    match value {
                        None | Some(Json::Null) => texts.push(None),
                        Some(Json::String(text)) => texts.push(Some(text.clone())),
                        Some(Json::Bool(value)) => texts.push(Some(value.to_string())),
                        Some(Json::Number(number)) if !number.is_f64() => {
                            texts.push(Some(number.to_string()))
                        }
                        Some(other) => wrong(other),
                    }
                }
                Self::categorical(texts)
            }
        };
        sample.wrong_type = wrong_type;
        sample.wrong_example = wrong_example;
        sample
    }

    /// How it is compared.
    pub fn kind(&self) -> ColumnKind {
        match self.values {
            Values::Numeric(_) => ColumnKind::Numeric,
            Values::Categorical(_) => ColumnKind::Categorical,
        }
    }

    /// Usable values.
    pub fn usable(&self) -> u64 {
        match &self.values {
            Values::Numeric(values) => values.len() as u64,
            Values::Categorical(counts) => counts.values().sum(),
        }
    }

    /// All rows, unusable ones included.
    pub fn rows(&self) -> u64 {
        self.usable() + self.missing + self.not_finite + self.wrong_type
    }

    /// Rows per value, those beyond the [`MAX_CATEGORIES`] most frequent pooled; numbers by their text.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = match &self.values {
            Values::Categorical(counts) => counts.clone(),
            Values::Numeric(values) => {
                let mut counts = BTreeMap::new();
                for value in values {
                    *counts.entry(value.to_string()).or_default() += 1;
                }
                counts
            }
        };
        pool(counts)
    }
}

fn pool(mut counts: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    if counts.len() <= MAX_CATEGORIES {
        return counts;
    }
    let mut by_count: Vec<(String, u64)> = std::mem::take(&mut counts).into_iter().collect();
    by_count.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rest = by_count.split_off(MAX_CATEGORIES);
    counts.extend(by_count);
    counts.insert(OTHER.to_owned(), rest.iter().map(|(_, count)| count).sum());
    counts
}

/// JSON has no NaN or infinity; clients write them as text.
fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" | "nan" => Some(f64::NAN),
        "Infinity" | "inf" => Some(f64::INFINITY),
        "-Infinity" | "-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn kind_of(data_type: &DataType) -> Option<ColumnKind> {
    match data_type {
        DataType::Dictionary(_, values) => kind_of(values),
        DataType::Decimal128(..) | DataType::Decimal256(..) => Some(ColumnKind::Numeric),
        numeric if numeric.is_numeric() => Some(ColumnKind::Numeric),
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Some(ColumnKind::Categorical)
        }
        _ => None,
    }
}
