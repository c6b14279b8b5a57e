//! Rows of a table as JSON records, the form in which models are asked.

use arrow::array::RecordBatch;
use arrow::json::writer::{JsonArray, WriterBuilder};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::read::{self, TableFile};

/// A row by column name; missing values are null, times are text.
pub type Record = Map<String, Value>;

/// Reads the rows of a table in several files, in order. More than `limit` of them are refused.
pub fn read(files: &[TableFile], limit: usize) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for file in files {
        for batch in read::open(file)? {
            records.extend(of_batch(&batch?).map_err(|reason| Error::new(&file.name, reason))?);
            if records.len() > limit {
                return Err(Error::new(&file.name, format!("more than {limit} rows: take a part of them")));
            }
        }
    }
    Ok(records)
}

/// The rows of one batch.
pub fn of_batch(batch: &RecordBatch) -> Result<Vec<Record>, String> {
    let mut bytes = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut bytes);
    writer.write(batch).and_then(|()| writer.finish()).map_err(|error| error.to_string())?;
    drop(writer);
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

/// Rows `offset` to `offset + limit` of a table in several files.
pub fn page(files: &[TableFile], offset: usize, limit: usize) -> Result<Vec<Record>> {
    let mut skip = offset;
    let mut records: Vec<Record> = Vec::new();
    for file in files {
        for batch in read::open(file)? {
            let batch = batch?;
            if skip >= batch.num_rows() {
                skip -= batch.num_rows();
                continue;
            }
            let take = (batch.num_rows() - skip).min(limit - records.len());
            let rows = of_batch(&batch.slice(skip, take));
            records.extend(rows.map_err(|reason| Error::new(&file.name, reason))?);
            skip = 0;
            if records.len() == limit {
                return Ok(records);
            }
        }
    }
    Ok(records)
}
