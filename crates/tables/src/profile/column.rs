//! The sketch of one column.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMillisecondType};
use chrono::DateTime;
use domain::data::profile::{ColumnProfile, NumberProfile, Semantic, TextProfile, TopValue};
use serde::{Deserialize, Serialize};

use super::decode::Undecodable;
use super::moments::Moments;
use super::values::{Numbers, StoredNumbers, StoredTexts, Texts};

/// Frequent values of a profile.
const TOP: usize = 10;
/// Different values of a categorical column at the most.
const MAX_CATEGORIES: u64 = 100;
/// Characters of a value that are shown.
const MAX_SHOWN: usize = 80;

/// What is remembered of a column.
#[derive(Clone)]
pub(super) struct ColumnSketch {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) count: u64,
    pub(super) nulls: u64,
    numbers: Numbers,
    texts: Texts,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Counts {
    moments: Moments,
    lengths: Moments,
    min: Option<f64>,
    max: Option<f64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    zeros: u64,
    negatives: u64,
    infinities: u64,
    empty: u64,
    mails: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredColumn {
    name: String,
    kind: String,
    count: u64,
    nulls: u64,
    numbers: StoredNumbers,
    texts: StoredTexts,
    counts: Counts,
}

impl ColumnSketch {
    pub(super) fn new(name: &str, kind: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            count: 0,
            nulls: 0,
            numbers: Numbers::default(),
            texts: Texts::default(),
            counts: Counts::default(),
        }
    }

    /// Adds values; returns them as numbers (not finite where missing) when they are quantities.
    pub(super) fn add(&mut self, array: &ArrayRef) -> Option<Vec<f64>> {
        match self.kind.as_str() {
            "integer" | "number" | "boolean" => {
                let numbers = as_numbers(array)?;
                self.add_numbers(&numbers);
                (self.kind != "boolean").then_some(numbers)
            }
            "date" | "timestamp" => {
                self.add_numbers(&as_millis(array)?);
                None
            }
            "text" => {
                self.add_texts(array);
                None
            }
            _ => {
                self.nulls += array.null_count() as u64;
                self.count += (array.len() - array.null_count()) as u64;
                None
            }
        }
    }

    fn add_numbers(&mut self, numbers: &[f64]) {
        for number in numbers {
            if number.is_nan() {
                self.nulls += 1;
                continue;
            }
            self.count += 1;
            if number.is_infinite() {
                self.counts.infinities += 1;
                continue;
            }
            let counts = &mut self.counts;
            counts.zeros += u64::from(*number == 0.0);
            counts.negatives += u64::from(*number < 0.0);
            counts.moments.add(*number);
            counts.min = Some(counts.min.map_or(*number, |min| min.min(*number)));
            counts.max = Some(counts.max.map_or(*number, |max| max.max(*number)));
            self.numbers.add(*number, 1);
        }
    }

    fn add_texts(&mut self, array: &ArrayRef) {
        for text in array.as_string::<i32>() {
            let Some(text) = text else {
                self.nulls += 1;
                continue;
            };
            self.count += 1;
            let counts = &mut self.counts;
            let length = text.chars().count() as u64;
            counts.lengths.add(length as f64);
            counts.min_length = Some(counts.min_length.map_or(length, |min| min.min(length)));
            counts.max_length = Some(counts.max_length.map_or(length, |max| max.max(length)));
            counts.empty += u64::from(text.is_empty());
            counts.mails += u64::from(looks_like_mail(text));
            self.texts.add(text, 1);
        }
    }

    /// Adds all of another; its type may differ as integers and numbers do.
    pub(super) fn merge(&mut self, other: &Self) -> Result<(), String> {
        // A column without a value has no type of its own.
        let common = match (self.count, other.count) {
            (0, _) => Some(other.kind.clone()),
            (_, 0) => Some(self.kind.clone()),
            _ => common_kind(&self.kind, &other.kind),
        };
        self.kind = common.ok_or_else(|| {
            format!(
                "column {:?} is {} here and {} in the files before: make them alike",
                self.name, other.kind, self.kind
            )
        })?;
        self.count += other.count;
        self.nulls += other.nulls;
        self.numbers.merge(&other.numbers);
        self.texts.merge(&other.texts);
        self.counts.merge(&other.counts);
        Ok(())
    }

    pub(super) fn profile(&self) -> ColumnProfile {
        let is_text = self.kind == "text";
        let (distinct, exact) = if is_text { self.texts.distinct() } else { self.numbers.distinct() };
        ColumnProfile {
            name: self.name.clone(),
            kind: self.kind.clone(),
            semantic: self.semantic(distinct),
            count: self.count,
            nulls: self.nulls,
            distinct,
            exact,
            rank_error: self.numbers.rank_error(),
            number: self.number_profile(),
            text: self.text_profile(),
            top: self.top(is_text),
        }
    }

    fn number_profile(&self) -> Option<NumberProfile> {
        let counts = &self.counts;
        let (min, max) = counts.min.zip(counts.max)?;
        Some(NumberProfile {
            min,
            max,
            mean: counts.moments.mean,
            std: counts.moments.std(),
            skew: counts.moments.skew(),
            kurtosis: counts.moments.kurtosis(),
            zeros: counts.zeros,
            negatives: counts.negatives,
            infinities: counts.infinities,
            quantiles: self.numbers.quantiles(),
            histogram: self.numbers.histogram(min, max),
        })
    }

    fn text_profile(&self) -> Option<TextProfile> {
        let counts = &self.counts;
        Some(TextProfile {
            min_length: counts.min_length?,
            max_length: counts.max_length?,
            mean_length: counts.lengths.mean,
            empty: counts.empty,
        })
    }

    fn top(&self, is_text: bool) -> Vec<TopValue> {
        if is_text {
            let shown = |(text, count): (String, u64)| TopValue {
                value: text.chars().take(MAX_SHOWN).collect(),
                count,
            };
            return self.texts.top(TOP).into_iter().map(shown).collect();
        }
        let shown = |(number, count)| TopValue { value: show_number(&self.kind, number), count };
        self.numbers.top(TOP).into_iter().map(shown).collect()
    }

    fn semantic(&self, distinct: u64) -> Semantic {
        let unique = distinct as f64 >= 0.99 * self.count as f64 && self.count > 1;
        match self.kind.as_str() {
            _ if self.count == 0 => Semantic::Empty,
            "integer" | "number" | "text" | "boolean" | "date" | "timestamp"
                if distinct == 1 && self.count > 1 =>
            {
                Semantic::Constant
            }
            "date" | "timestamp" => Semantic::Timestamp,
            "boolean" => Semantic::Boolean,
            "integer" if distinct == 2 && self.counts.min == Some(0.0) && self.counts.max == Some(1.0) => {
                Semantic::Boolean
            }
            "integer" if unique => Semantic::Identifier,
            "integer" | "number" => Semantic::Numeric,
            "text" if self.counts.mails as f64 > 0.9 * self.count as f64 => Semantic::Email,
            "text" if unique => Semantic::Identifier,
            "text" if distinct <= MAX_CATEGORIES || distinct as f64 <= 0.05 * self.count as f64 => {
                Semantic::Categorical
            }
            "text" => Semantic::Text,
            _ => Semantic::Other,
        }
    }
}

impl Counts {
    fn merge(&mut self, other: &Self) {
        let least = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
        let most = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::max);
        self.moments.merge(&other.moments);
        self.lengths.merge(&other.lengths);
        self.min = least(self.min, other.min);
        self.max = most(self.max, other.max);
        self.min_length = self.min_length.into_iter().chain(other.min_length).min();
        self.max_length = self.max_length.into_iter().chain(other.max_length).max();
        self.zeros += other.zeros;
        self.negatives += other.negatives;
        self.infinities += other.infinities;
        self.empty += other.empty;
        self.mails += other.mails;
    }
}

fn common_kind(a: &str, b: &str) -> Option<String> {
    match (a, b) {
        (a, b) if a == b => Some(a.to_owned()),
        ("null", other) | (other, "null") => Some(other.to_owned()),
        ("integer" | "number", "integer" | "number") => Some("number".to_owned()),
        ("date" | "timestamp", "date" | "timestamp") => Some("timestamp".to_owned()),
        _ => None,
    }
}

/// The values as numbers, not-a-number where missing.
pub(crate) fn as_numbers(array: &ArrayRef) -> Option<Vec<f64>> {
    if let Some(booleans) = array.as_any().downcast_ref::<BooleanArray>() {
        let number = |value: Option<bool>| value.map_or(f64::NAN, |value| f64::from(u8::from(value)));
        return Some(booleans.iter().map(number).collect());
    }
    if let Some(integers) = array.as_primitive_opt::<Int64Type>() {
        let number = |value: Option<i64>| value.map_or(f64::NAN, |value| value as f64);
        return Some(integers.iter().map(number).collect());
    }
    let floats = cast(array, &DataType::Float64).ok()?;
    let floats = floats.as_primitive_opt::<Float64Type>()?;
    Some(floats.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

/// Times as milliseconds since the epoch, not-a-number where missing.
pub(crate) fn as_millis(array: &ArrayRef) -> Option<Vec<f64>> {
    let times = cast(array, &DataType::Timestamp(TimeUnit::Millisecond, None)).ok()?;
    let times = times.as_primitive_opt::<TimestampMillisecondType>()?;
    let number = |value: Option<i64>| value.map_or(f64::NAN, |value| value as f64);
    Some(times.iter().map(number).collect())
}

/// A number as people write it, a time in RFC 3339.
pub(crate) fn show_number(kind: &str, number: f64) -> String {
    match kind {
        "boolean" => (number != 0.0).to_string(),
        "date" | "timestamp" => DateTime::from_timestamp_millis(number as i64).map_or_else(
            || number.to_string(),
            |time| {
                if kind == "date" {
                    time.format("%Y-%m-%d").to_string()
                } else {
                    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
                }
            },
        ),
        _ => number.to_string(),
    }
}

fn looks_like_mail(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !text.contains(' '))
}

impl From<&ColumnSketch> for StoredColumn {
    fn from(sketch: &ColumnSketch) -> Self {
        Self {
            name: sketch.name.clone(),
            kind: sketch.kind.clone(),
            count: sketch.count,
            nulls: sketch.nulls,
            numbers: (&sketch.numbers).into(),
            texts: (&sketch.texts).into(),
            counts: sketch.counts,
        }
    }
}

impl TryFrom<StoredColumn> for ColumnSketch {
    type Error = Undecodable;

    fn try_from(stored: StoredColumn) -> Result<Self, Undecodable> {
        Ok(Self {
            name: stored.name,
            kind: stored.kind,
            count: stored.count,
            nulls: stored.nulls,
            numbers: stored.numbers.try_into()?,
            texts: stored.texts.try_into()?,
            counts: stored.counts,
        })
    }
}
