//! Partitions of tables: which there are, the rows of one, and a hash of the rows of each.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, TimestampMillisecondArray};
use arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::DateTime;
use domain::pipelines::step::{Partition, PartitionUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The partition of rows whose column is empty.
pub const NONE: &str = "none";
/// The most partitions of one file: more means that the column does not cut it into parts.
pub const MAX_PARTITIONS: usize = 10_000;

/// Rows and a hash of the rows of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How many rows.
    pub rows: i64,
    /// BLAKE3 of columns, types and the rows in their order: 64 hexadecimal digits.
    pub hash: String,
}

/// Collects the partitions of a table, batch by batch.
pub struct Collector {
    partition: Partition,
    converter: Option<RowConverter>,
    header: Vec<u8>,
    parts: BTreeMap<String, (i64, blake3::Hasher)>,
}

/// The partitions of one file, whose format `name` tells; `None` when it has no such column.
pub fn parts(
    file: &Path,
    name: &str,
    partition: &Partition,
) -> Result<Option<BTreeMap<String, Part>>, ArrowError> {
    let mut collector = Collector::new(partition.clone());
    let opened = File::open(file).map_err(|error| ArrowError::IoError(error.to_string(), error))?;
    if name.ends_with(".parquet") {
        let reader = ParquetRecordBatchReaderBuilder::try_new(opened)?;
        if !applies(reader.schema(), partition) {
            return Ok(None);
        }
        for batch in reader.build()? {
            collector.push(&batch?)?;
        }
    } else {
        let format = Format::default().with_header(true);
        let (schema, _) = format.infer_schema(&mut &opened, None)?;
        if !applies(&schema, partition) {
            return Ok(None);
        }
        let opened = File::open(file).map_err(|error| ArrowError::IoError(error.to_string(), error))?;
        for batch in ReaderBuilder::new(schema.into()).with_format(format).build(opened)? {
            collector.push(&batch?)?;
        }
    }
    Ok(Some(collector.finish()))
}

/// Whether a table of this schema can be cut by the partition's column.
pub fn applies(schema: &Schema, partition: &Partition) -> bool {
    schema.index_of(&partition.column).is_ok()
}

impl Collector {
    /// For batches of one schema.
    pub fn new(partition: Partition) -> Self {
        Self { partition, converter: None, header: Vec::new(), parts: BTreeMap::new() }
    }

    /// Adds the rows of a batch.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let names = names(batch, &self.partition)?;
        if self.converter.is_none() {
            let fields =
                batch.schema().fields().iter().map(|f| SortField::new(f.data_type().clone())).collect();
            self.converter = Some(RowConverter::new(fields)?);
            for field in batch.schema().fields() {
                self.header.extend(format!("{}\0{}\0", field.name(), field.data_type()).as_bytes());
            }
        }
        let Some(converter) = &mut self.converter else { return Ok(()) };
        let rows = converter.convert_columns(batch.columns())?;
        for (row, name) in rows.iter().zip(names) {
            if !self.parts.contains_key(&name) {
                if self.parts.len() == MAX_PARTITIONS {
                    return Err(ArrowError::ComputeError(format!(
                        "{} makes more than {MAX_PARTITIONS} partitions",
                        self.partition
                    )));
                }
                let mut hasher = blake3::Hasher::new();
                hasher.update(&self.header);
                self.parts.insert(name.clone(), (0, hasher));
            }
            if let Some((count, hasher)) = self.parts.get_mut(&name) {
                *count += 1;
                let bytes = row.as_ref();
                hasher.update(&(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
        }
        Ok(())
    }

    /// The partitions by name.
    pub fn finish(self) -> BTreeMap<String, Part> {
        self.parts
            .into_iter()
            .map(|(name, (rows, hasher))| (name, Part { rows, hash: hasher.finalize().to_hex().to_string() }))
            .collect()
    }
}

/// The rows of a batch that belong to the partition called `name`.
pub fn select(batch: &RecordBatch, partition: &Partition, name: &str) -> Result<RecordBatch, ArrowError> {
    let mask: BooleanArray = names(batch, partition)?.iter().map(|other| Some(other == name)).collect();
    filter_record_batch(batch, &mask)
}

/// The partition of every row.
fn names(batch: &RecordBatch, partition: &Partition) -> Result<Vec<String>, ArrowError> {
    let index = batch.schema().index_of(&partition.column)?;
    let column = batch.column(index);
    match partition.unit {
        PartitionUnit::Value => values(column),
        unit => times(column, unit).map_err(|error| {
            ArrowError::CastError(format!(
                "the column {:?} ({}) is no time: {error}",
                partition.column,
                column.data_type()
            ))
        }),
    }
}

fn values(column: &ArrayRef) -> Result<Vec<String>, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    Ok((0..column.len())
        .map(|row| if column.is_null(row) { NONE.to_owned() } else { formatter.value(row).to_string() })
        .collect())
}

fn times(column: &ArrayRef, unit: PartitionUnit) -> Result<Vec<String>, ArrowError> {
    // Text that is no time is an error, not a missing value.
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let times = cast_with_options(column, &DataType::Timestamp(TimeUnit::Millisecond, None), &strict)?;
    let times = times
        .as_any()
        .downcast_ref::<TimestampMillisecondArray>()
        .ok_or_else(|| ArrowError::CastError("not a time".to_owned()))?;
    let pattern = match unit {
        PartitionUnit::Hour => "%Y-%m-%dT%H",
        PartitionUnit::Day => "%Y-%m-%d",
        PartitionUnit::Month => "%Y-%m",
        _ => "%Y",
    };
    // Neighbouring rows usually share their partition: the text is made once per hour of data.
    let mut last: Option<(i64, String)> = None;
    let mut names = Vec::with_capacity(times.len());
    for time in times {
        let Some(millis) = time else {
            names.push(NONE.to_owned());
            continue;
        };
        let hour = millis.div_euclid(3_600_000);
        let name = match &last {
            Some((known, name)) if *known == hour => name.clone(),
            _ => {
                let time = DateTime::from_timestamp_millis(millis)
                    .ok_or_else(|| ArrowError::CastError(format!("{millis} is out of range")))?;
                time.format(pattern).to_string()
            }
        };
        last = Some((hour, name.clone()));
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn batch(times: &[Option<&str>], values: &[i64]) -> RecordBatch {
        let time: ArrayRef = Arc::new(StringArray::from(times.to_vec()));
        let value: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("time", time), ("value", value)]).unwrap()
    }

    fn month() -> Partition {
        Partition { unit: PartitionUnit::Month, column: "time".to_owned() }
    }

    fn parts(batches: &[RecordBatch]) -> BTreeMap<String, Part> {
        let mut collector = Collector::new(month());
        for batch in batches {
            collector.push(batch).unwrap();
        }
        collector.finish()
    }

    #[test]
    fn a_partition_is_named_by_its_rows_and_no_others() {
        let january = batch(&[Some("2013-01-05T10:00:00"), Some("2013-01-31T23:59:59")], &[1, 2]);
        let both = batch(
            &[Some("2013-01-05T10:00:00"), Some("2013-02-01T00:00:00"), Some("2013-01-31T23:59:59"), None],
            &[1, 3, 2, 4],
        );
        let (alone, together) = (parts(&[january]), parts(&[both.slice(0, 2), both.slice(2, 2)]));
        assert_eq!(together.keys().collect::<Vec<_>>(), ["2013-01", "2013-02", "none"]);
        assert_eq!(alone["2013-01"], together["2013-01"]);
        assert_eq!(together["2013-01"].rows, 2);
        let changed = batch(&[Some("2013-01-05T10:00:00"), Some("2013-01-31T23:59:59")], &[1, 9]);
        assert_ne!(parts(&[changed])["2013-01"].hash, alone["2013-01"].hash);
    }

    #[test]
    fn the_rows_of_one_partition_are_selected() {
        let both = batch(&[Some("2013-01-05T10:00:00"), Some("2013-02-01T00:00:00")], &[1, 3]);
        let february = select(&both, &month(), "2013-02").unwrap();
        assert_eq!(february.num_rows(), 1);
        assert!(select(&batch(&[Some("yesterday")], &[1]), &month(), "2013-02").is_err());
    }

    #[test]
    fn values_cut_by_value() {
        let partition = Partition { unit: PartitionUnit::Value, column: "value".to_owned() };
        let mut collector = Collector::new(partition);
        collector.push(&batch(&[None, None, None], &[7, 8, 7])).unwrap();
        let parts = collector.finish();
        assert_eq!(parts["7"].rows, 2);
        assert_eq!(parts.len(), 2);
    }
}
