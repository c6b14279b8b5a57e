//! Breaches: the rows of a file that break a contract's rules on values, counted, with a few of them to look at.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, Date32Type, Float64Type, TimestampMillisecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::data::contract::{Answer, Bounds, Breaks, Question, pattern};
use domain::data::violation::Example;
use regex::Regex;

use crate::error::{Error, Result};
use crate::profile::as_millis;
use crate::read::{self, TableFile};

/// Rows that are quoted for one rule.
pub const MAX_EXAMPLES: usize = 5;
/// Characters of a value that are quoted.
const MAX_QUOTED: usize = 80;

/// Answers `questions` in one pass over the columns they are about.
pub fn find(file: &TableFile, questions: &[Question]) -> Result<Vec<Answer>> {
    let mut answers = vec![Answer::default(); questions.len()];
    if questions.is_empty() {
        return Ok(answers);
    }
    let mut quoted: Vec<HashSet<String>> = vec![HashSet::new(); questions.len()];
    let names: Vec<&str> = questions.iter().map(|question| question.column.as_str()).collect();
    let wrong = |error: ArrowError| Error::new(&file.name, error.to_string());
    let mut before = 0;
    for batch in read::open_columns(file, Some(&names))? {
        let batch = batch?;
        for ((question, answer), quoted) in questions.iter().zip(&mut answers).zip(&mut quoted) {
            let Some(column) = batch.column_by_name(&question.column) else { continue };
            let shown = ArrayFormatter::try_new(column.as_ref(), &SHOWN).map_err(wrong)?;
            let test = Test::new(column, &question.breaks).map_err(wrong)?;
            for row in 0..column.len() {
                let text = || shown.value(row).to_string();
                if !test.breaks(row, text) {
                    continue;
                }
                answer.count += 1;
                if answer.examples.len() == MAX_EXAMPLES {
                    continue;
                }
                let value = short(text());
                // A missing value looks like the next; the same wrong value twice teaches nothing.
                if value.is_empty() || quoted.insert(value.clone()) {
                    let row = before + row as u64 + 1;
                    answer.examples.push(Example { file: file.name.clone(), row, value });
                }
            }
        }
        before += batch.num_rows() as u64;
    }
    Ok(answers)
}

/// How values are written: as they stand in text files, nothing where nothing is.
pub(crate) const SHOWN: FormatOptions<'static> = FormatOptions::new();

/// A value cut to what fits in a line.
pub(crate) fn short(value: String) -> String {
    match value.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}

/// A question put to one batch.
enum Test<'a> {
    Missing(&'a ArrayRef),
    Outside { numbers: ArrayRef, bounds: Bounds },
    OutsideTimes { millis: Vec<f64>, bounds: Bounds },
    NotAmong { column: &'a ArrayRef, allowed: &'a [String] },
    NotA { column: &'a ArrayRef, kind: &'a str },
    NotLike { column: &'a ArrayRef, pattern: Regex },
    NotLong { column: &'a ArrayRef, bounds: Bounds },
}

impl<'a> Test<'a> {
    fn new(column: &'a ArrayRef, breaks: &'a Breaks) -> Result<Self, ArrowError> {
        Ok(match breaks {
            Breaks::Missing => Self::Missing(column),
            Breaks::Outside(min, max) if column.data_type().is_temporal() => Self::OutsideTimes {
                millis: as_millis(column).unwrap_or_default(),
                bounds: Bounds { min: *min, max: *max },
            },
            Breaks::Outside(min, max) => Self::Outside {
                numbers: cast(column, &DataType::Float64)?,
                bounds: Bounds { min: *min, max: *max },
            },
            Breaks::NotAmong(allowed) => Self::NotAmong { column, allowed },
            Breaks::NotA(kind) => Self::NotA { column, kind },
            Breaks::NotLike(text) => {
                let pattern = pattern::compile(text);
                let wrong = |fault: pattern::Fault| ArrowError::InvalidArgumentError(fault.message);
                Self::NotLike { column, pattern: pattern.map_err(wrong)? }
            }
            Breaks::NotLong(min, max) => Self::NotLong { column, bounds: Bounds { min: *min, max: *max } },
        })
    }

    fn breaks(&self, row: usize, text: impl Fn() -> String) -> bool {
        match self {
            // Not-a-number counts as missing, as in profiles.
            Self::Missing(column) => {
                column.is_null(row) || (column.data_type().is_floating() && text() == "NaN")
            }
            Self::Outside { numbers, bounds } => {
                let value = numbers.as_primitive::<Float64Type>();
                !value.is_null(row) && !value.value(row).is_nan() && !bounds.hold(value.value(row))
            }
            // What is missing is not-a-number.
            Self::OutsideTimes { millis, bounds } => {
                millis.get(row).is_some_and(|value| !value.is_nan() && !bounds.hold(*value))
            }
            Self::NotAmong { column, allowed } => !column.is_null(row) && !is_among(&text(), allowed),
            Self::NotA { column, kind } => !column.is_null(row) && !reads_as(&text(), kind),
            Self::NotLike { column, pattern } => !column.is_null(row) && !pattern.is_match(&text()),
            // Lengths are far below 2^53.
            Self::NotLong { column, bounds } => {
                !column.is_null(row) && !bounds.hold(text().chars().count() as f64)
            }
        }
    }
}

/// Numbers are the same however they are written: `1` allows 1.0.
fn is_among(value: &str, allowed: &[String]) -> bool {
    let same = |other: &String| match (value.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one.total_cmp(&other).is_eq(),
        _ => false,
    };
    allowed.iter().any(|other| other == value) || allowed.iter().any(same)
}

fn reads_as(text: &str, kind: &str) -> bool {
    match kind {
        "integer" => text.parse::<i64>().is_ok(),
        "number" => text.parse::<f64>().is_ok(),
        "boolean" => matches!(text.to_ascii_lowercase().as_str(), "true" | "false"),
        "date" => Date32Type::parse(text).is_some(),
        "timestamp" => TimestampMillisecondType::parse(text).is_some(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, breaks: Breaks) -> Answer {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let file = TableFile { name: "t.csv".to_owned(), path };
        let question = Question { column: "a".to_owned(), rule: "rule", breaks };
        find(&file, &[question]).unwrap().remove(0)
    }

    fn rows(answer: &Answer) -> Vec<(u64, &str)> {
        answer.examples.iter().map(|example| (example.row, example.value.as_str())).collect()
    }

    #[test]
    fn rows_are_counted_and_different_values_quoted() {
        let far = asked("a,b\n1,x\n-3,x\n-3,x\n99,x\n,x\n", Breaks::Outside(Some(0.0), Some(10.0)));
        assert_eq!((far.count, rows(&far)), (3, vec![(2, "-3"), (4, "99")]));
        let missing = asked("a,b\n1,x\n,x\n,x\n", Breaks::Missing);
        assert_eq!((missing.count, rows(&missing)), (2, vec![(2, ""), (3, "")]));
        let strange = asked("a,b\nx,1\nz,1\n", Breaks::NotAmong(vec!["x".to_owned()]));
        assert_eq!((strange.count, rows(&strange)), (1, vec![(2, "z")]));
        let texts = asked("a,b\n1,1\n2.5,1\nnine,1\n", Breaks::NotA("integer".to_owned()));
        assert_eq!((texts.count, rows(&texts)), (2, vec![(2, "2.5"), (3, "nine")]));
        let codes = asked("a,b\nAB1,x\nab1,x\n,x\nxAB1,x\n", Breaks::NotLike("[A-Z]+[0-9]".to_owned()));
        assert_eq!((codes.count, rows(&codes)), (2, vec![(2, "ab1"), (4, "xAB1")]));
        let lengths = asked("a,b\nä,x\näöü,x\n,x\n", Breaks::NotLong(Some(2.0), Some(3.0)));
        assert_eq!((lengths.count, rows(&lengths)), (1, vec![(1, "ä")]));
        let day = 1_704_067_200_000.0; // 2024-01-01
        let early = asked("a,b\n2023-12-31,x\n2024-01-01,x\n,x\n", Breaks::Outside(Some(day), None));
        assert_eq!((early.count, rows(&early)), (1, vec![(1, "2023-12-31")]));
        let numbers = asked("a,b\n1,1\n2.5,1\n", Breaks::NotAmong(vec!["1".to_owned()]));
        assert_eq!((numbers.count, rows(&numbers)), (1, vec![(2, "2.5")]));
    }
}
