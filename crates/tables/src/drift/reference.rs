//! The columns of a reference table, thinned to what a comparison needs.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::take;

use super::Sample;
use crate::error::{Error, Result};
use crate::read::{self, TableFile};

/// Rows kept of a reference; every k-th one of a larger table. Chance then explains at most 0.5 points more of a shift.
pub const REFERENCE_ROWS: u64 = 50_000;

/// Reads the comparable columns of a table in several files. Returns how many rows it has, and a sample per column of at
/// most [`REFERENCE_ROWS`] rows, spread evenly. Columns that a file lacks are left out.
pub fn reference(files: &[TableFile]) -> Result<(u64, BTreeMap<String, Sample>)> {
    let mut total = 0;
    for file in files {
        total += read::count_rows(file)?;
    }
    let step = total.div_ceil(REFERENCE_ROWS).max(1);
    let mut chunks: BTreeMap<String, Vec<ArrayRef>> = BTreeMap::new();
    let (mut position, mut batches) = (0_u64, 0_usize);
    for file in files {
        for batch in read::open(file)? {
            let batch = batch?;
            let rows = batch.num_rows() as u64;
            let first = (step - position % step) % step;
            let kept =
                UInt64Array::from_iter_values((first..rows).step_by(usize::try_from(step).unwrap_or(1)));
            position += rows;
            batches += 1;
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                let thinned =
                    take(column, &kept, None).map_err(|error| Error::new(&file.name, error.to_string()))?;
                chunks.entry(field.name().clone()).or_default().push(thinned);
            }
        }
    }
    let samples = chunks
        .into_iter()
        .filter(|(_, chunks)| chunks.len() == batches)
        .filter_map(|(name, chunks)| Some((name, Sample::from_arrow(&chunks)?)))
        .collect();
    Ok((total, samples))
}
