//! What a version is held against as a whole: the newest of its times, and values that must be in another table.

use std::collections::HashSet;

use arrow::array::{Array, RecordBatch};
use arrow::error::ArrowError;
use arrow::util::display::ArrayFormatter;
use domain::data::contract::Answer;
use domain::data::violation::Example;

use crate::breach::{MAX_EXAMPLES, SHOWN, short};
use crate::error::{Error, Result};
use crate::profile::as_millis;
use crate::read::{self, TableFile, type_word};

/// Different values that are held in memory at the most.
pub const MAX_KEYS: usize = 10_000_000;

/// What was found of a column of times.
#[derive(Clone, Debug, PartialEq)]
pub enum Newest {
    /// A file has no such column.
    NoColumn(String),
    /// A file has something else there: its name and the word for the type.
    NoTime(String, &'static str),
    /// The newest value, in milliseconds since the epoch; none when there is no value.
    At(Option<f64>),
}

/// The newest value of a column of dates or timestamps.
pub fn newest(files: &[TableFile], column: &str) -> Result<Newest> {
    let wanted = [column.to_owned()];
    if let Some((file, _)) = lacking(files, &wanted)? {
        return Ok(Newest::NoColumn(file.to_owned()));
    }
    let mut newest: Option<f64> = None;
    for file in files {
        for batch in read::open_columns(file, Some(&[column]))? {
            let batch = batch?;
            let Some(values) = batch.column_by_name(column) else { continue };
            let kind = type_word(values.data_type());
            // A column without a value has no type of its own.
            if kind != "date" && kind != "timestamp" {
                if values.null_count() == values.len() {
                    continue;
                }
                return Ok(Newest::NoTime(file.name.clone(), kind));
            }
            let millis = as_millis(values).unwrap_or_default();
            let found = millis.into_iter().filter(|value| !value.is_nan());
            newest = found.fold(newest, |newest, value| Some(newest.map_or(value, |known| known.max(value))));
        }
    }
    Ok(Newest::At(newest))
}

/// Values that occur in some columns of a table, as hashes.
pub struct Keys(HashSet<[u8; 16]>);

/// The values of `columns`, taken together; more than [`MAX_KEYS`] different ones are refused.
pub fn keys(files: &[TableFile], columns: &[String]) -> Result<Keys> {
    let mut keys = HashSet::new();
    for file in files {
        each_row(file, columns, |_, key| {
            keys.insert(hash(key));
            if keys.len() <= MAX_KEYS {
                return Ok(());
            }
            let reason = format!("{} has more than {MAX_KEYS} different values", columns.join(", "));
            Err(Error::new(&file.name, reason))
        })?;
    }
    Ok(Keys(keys))
}

/// The rows whose values of `columns` are not among `keys`. Rows without one of the values are let pass.
pub fn absent(files: &[TableFile], columns: &[String], keys: &Keys) -> Result<Answer> {
    let mut answer = Answer::default();
    let mut quoted: HashSet<Vec<String>> = HashSet::new();
    for file in files {
        each_row(file, columns, |row, key| {
            if keys.0.contains(&hash(key)) {
                return Ok(());
            }
            answer.count += 1;
            if answer.examples.len() < MAX_EXAMPLES && quoted.insert(key.to_vec()) {
                let value = short(key.join(", "));
                answer.examples.push(Example { file: file.name.clone(), row, value });
            }
            Ok(())
        })?;
    }
    Ok(answer)
}

/// The columns of `wanted` that a file lacks, with its name.
pub fn lacking<'f, 'w>(files: &'f [TableFile], wanted: &'w [String]) -> Result<Option<(&'f str, &'w str)>> {
    for file in files {
        let schema = read::schema(file)?;
        if let Some(absent) = wanted.iter().find(|name| schema.column_with_name(name).is_none()) {
            return Ok(Some((&file.name, absent)));
        }
    }
    Ok(None)
}

/// Calls `take` with the number of each row, from 1, and its values as they are written; 7 and 7.0 are the same.
fn each_row(
    file: &TableFile,
    columns: &[String],
    mut take: impl FnMut(u64, &[String]) -> Result<()>,
) -> Result<()> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let wrong = |error: ArrowError| Error::new(&file.name, error.to_string());
    let mut before = 0;
    for batch in read::open_columns(file, Some(&names))? {
        let batch = batch?;
        let values = ordered(&batch, columns).map_err(wrong)?;
        let shown = values.iter().map(|values| ArrayFormatter::try_new(*values, &SHOWN));
        let shown = shown.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let mut key = vec![String::new(); columns.len()];
        for row in 0..batch.num_rows() {
            if values.iter().any(|values| values.is_null(row)) {
                continue;
            }
            for ((key, shown), values) in key.iter_mut().zip(&shown).zip(&values) {
                *key = shown.value(row).to_string();
                if values.data_type().is_floating()
                    && let Some(whole) = key.strip_suffix(".0")
                {
                    *key = whole.to_owned();
                }
            }
            take(before + row as u64 + 1, &key)?;
        }
        before += batch.num_rows() as u64;
    }
    Ok(())
}

fn ordered<'a>(batch: &'a RecordBatch, columns: &[String]) -> Result<Vec<&'a dyn Array>, ArrowError> {
    let column = |name: &String| {
        let found = batch.column_by_name(name);
        found
            .map(AsRef::as_ref)
            .ok_or_else(|| ArrowError::SchemaError(format!("there is no column {name:?}")))
    };
    columns.iter().map(column).collect()
}

/// 128 bits of a hash: even a billion values collide with a chance of 1e-21.
fn hash(key: &[String]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for value in key {
        hasher.update(&(value.len() as u64).to_le_bytes());
        hasher.update(value.as_bytes());
    }
    let mut start = [0; 16];
    hasher.finalize_xof().fill(&mut start);
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &std::path::Path, name: &str, text: &str) -> TableFile {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        TableFile { name: name.to_owned(), path }
    }

    #[test]
    fn the_newest_time_of_all_files_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let one = file(folder.path(), "a.csv", "t,x\n2024-01-02,1\n2024-01-01,1\n");
        let two = file(folder.path(), "b.csv", "t,x\n2024-01-03,1\n,2\n");
        let files = [one, two];
        assert_eq!(newest(&files, "t").unwrap(), Newest::At(Some(1_704_240_000_000.0)));
        assert_eq!(newest(&files, "x").unwrap(), Newest::NoTime("a.csv".to_owned(), "integer"));
        assert_eq!(newest(&files, "y").unwrap(), Newest::NoColumn("a.csv".to_owned()));
    }

    #[test]
    fn values_are_looked_up_together_whatever_their_type() {
        let folder = tempfile::tempdir().unwrap();
        let there = [file(folder.path(), "there.csv", "c,n\na,1\nb,2\n")];
        let here = [file(folder.path(), "here.csv", "m,k\n1.0,a\n2.0,a\n2.5,b\n,zz\n2.0,a\n")];
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<String>>();
        let keys = keys(&there, &named(&["c", "n"])).unwrap();
        let answer = absent(&here, &named(&["k", "m"]), &keys).unwrap();
        let rows: Vec<(u64, &str)> = answer.examples.iter().map(|e| (e.row, e.value.as_str())).collect();
        assert_eq!((answer.count, rows), (3, vec![(2, "a, 2"), (3, "b, 2.5")]));
        let wanted = named(&["k", "q"]);
        assert_eq!(lacking(&here, &wanted).unwrap(), Some(("here.csv", "q")));
    }
}
