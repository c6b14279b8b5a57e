//! Cutting a table: only the rows of a partition, or only some positions, as a Parquet file.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use domain::pipelines::step::Partition;

use crate::partition;
use crate::read::{self, TableFile};
use crate::write::ParquetWriter;
use crate::{Error, Result};

/// Which rows stay.
#[derive(Clone, Copy, Debug)]
pub enum Keep<'a> {
    /// Those of the partition of this name.
    Partition(&'a Partition, &'a str),
    /// Those whose position, from 0 over all files in their order, the function says yes to.
    Position(fn(u64) -> bool),
}

/// Writes the rows of `files` that stay to `to`, which must not exist, and returns their number.
pub fn cut(files: &[TableFile], keep: Keep<'_>, to: &Path) -> Result<u64> {
    let schema = read::common_schema(files)?;
    let mut writer = ParquetWriter::create(to, Arc::clone(&schema))?;
    let mut position = 0;
    for file in files {
        for batch in read::open(file)? {
            let batch = read::conform(&batch?, &schema, &file.name)?;
            let kept =
                select(&batch, keep, position).map_err(|error| Error::new(&file.name, error.to_string()))?;
            position += batch.num_rows() as u64;
            if kept.num_rows() > 0 {
                writer.write(&kept)?;
            }
        }
    }
    writer.finish()
}

fn select(batch: &RecordBatch, keep: Keep<'_>, first: u64) -> Result<RecordBatch, arrow::error::ArrowError> {
    match keep {
        Keep::Partition(by, name) => partition::select(batch, by, name),
        Keep::Position(stays) => {
            let rows = first..first + batch.num_rows() as u64;
            let mask: BooleanArray = rows.map(|row| Some(stays(row))).collect();
            filter_record_batch(batch, &mask)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::pipelines::step::PartitionUnit;

    use super::*;

    #[test]
    fn rows_are_kept_by_partition_or_by_position_over_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            TableFile { name: name.to_owned(), path }
        };
        let files = [
            file("a.csv", "at,value\n2024-01-01,1\n2024-02-01,2\n"),
            file("b.csv", "at,value\n2024-02-02,3\n2024-03-01,4\n"),
        ];
        let month = Partition { unit: PartitionUnit::Month, column: "at".to_owned() };
        let kept = |keep, name: &str| cut(&files, keep, &folder.path().join(name)).unwrap();
        assert_eq!(kept(Keep::Partition(&month, "2024-02"), "1.parquet"), 2);
        assert_eq!(kept(Keep::Partition(&month, "2025-01"), "2.parquet"), 0);
        assert_eq!(kept(Keep::Position(|row| row != 2), "3.parquet"), 3);
    }
}
