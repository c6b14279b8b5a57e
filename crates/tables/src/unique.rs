//! Keys: rows whose values in some columns occurred before.

use std::collections::HashSet;

use arrow::row::{RowConverter, SortField};

use crate::error::{Error, Result};
use crate::read::{self, TableFile};

/// How many rows over all `files` repeat a value of `key` (the columns together).
pub fn duplicates(files: &[TableFile], key: &[String]) -> Result<u64> {
    let names: Vec<&str> = key.iter().map(String::as_str).collect();
    // 128 bits of a hash: even a billion rows collide with a chance of 1e-21.
    let mut seen: HashSet<[u8; 16]> = HashSet::new();
    let mut repeated = 0;
    for file in files {
        for batch in read::open_columns(file, Some(&names))? {
            let batch = batch?;
            let wrong = |error: arrow::error::ArrowError| Error::new(&file.name, error.to_string());
            let fields = batch
                .schema()
                .fields()
                .iter()
                .map(|field| SortField::new(field.data_type().clone()))
                .collect();
            let converter = RowConverter::new(fields).map_err(wrong)?;
            for row in &converter.convert_columns(batch.columns()).map_err(wrong)? {
                let hash = blake3::hash(row.as_ref());
                let short: [u8; 16] = hash.as_bytes()[..16].try_into().expect("a hash has 32 bytes");
                repeated += u64::from(!seen.insert(short));
            }
        }
    }
    Ok(repeated)
}
