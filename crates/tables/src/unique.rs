//! Keys: rows whose values in some columns occurred before.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::ArrayFormatter;
use domain::data::contract::Answer;
use domain::data::violation::Example;

use crate::breach::{MAX_EXAMPLES, SHOWN, short};
use crate::error::{Error, Result};
use crate::read::{self, TableFile};

/// The rows over all `files` that repeat a value of `key` (the columns together).
pub fn repeated(files: &[TableFile], key: &[String]) -> Result<Answer> {
    let names: Vec<&str> = key.iter().map(String::as_str).collect();
    // 128 bits of a hash: even a billion rows collide with a chance of 1e-21.
    let mut seen: HashSet<[u8; 16]> = HashSet::new();
    let mut repeated = Answer::default();
    for file in files {
        let mut before = 0;
        for batch in read::open_columns(file, Some(&names))? {
            let batch = batch?;
            let wrong = |error: ArrowError| Error::new(&file.name, error.to_string());
            let fields = batch
                .schema()
                .fields()
                .iter()
                .map(|field| SortField::new(field.data_type().clone()))
                .collect();
            let converter = RowConverter::new(fields).map_err(wrong)?;
            let rows = converter.convert_columns(batch.columns()).map_err(wrong)?;
            for (index, row) in rows.iter().enumerate() {
                let hash = blake3::hash(row.as_ref());
                let start: [u8; 16] = hash.as_bytes()[..16].try_into().expect("a hash has 32 bytes");
                if seen.insert(start) {
                    continue;
                }
                repeated.count += 1;
                if repeated.examples.len() < MAX_EXAMPLES {
                    let value = shown(&batch, index).map_err(wrong)?;
                    let row = before + index as u64 + 1;
                    repeated.examples.push(Example { file: file.name.clone(), row, value });
                }
            }
            before += batch.num_rows() as u64;
        }
    }
    Ok(repeated)
}

/// The values of one row, separated by commas.
fn shown(batch: &RecordBatch, row: usize) -> Result<String, ArrowError> {
    let value = |column| Ok(ArrayFormatter::try_new(column, &SHOWN)?.value(row).to_string());
    let values = batch.columns().iter().map(|column| value(column.as_ref()));
    Ok(short(values.collect::<Result<Vec<String>, ArrowError>>()?.join(", ")))
}
