//! Partitions: which values of `by: month(column)` an input has, and which files hold them.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::pipelines::step::{Partition, PartitionUnit};
use tables::read;

use crate::engine::Input;
use crate::error::{Error, Result};

/// The partition of rows without a value.
pub(crate) const NONE: &str = "none";
/// Partitions of one input at the most.
const MAX_PARTITIONS: usize = 100_000;

/// A partition and the files that hold rows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionFiles {
    /// `2013-01` for months, `none` for rows without a value; sorts by time.
    pub value: String,
    /// Positions in the input's list of files.
    pub files: Vec<usize>,
}

/// The partitions of an input in order; none when it does not have the column. Reads that column only.
pub fn partitions(input: &Input, by: &Partition) -> Result<Vec<PartitionFiles>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, file) in input.files.iter().enumerate() {
        let reader = match read::open_columns(file, Some(&[&by.column])) {
            Ok(reader) if reader.schema().fields().is_empty() => continue,
            Ok(reader) => reader,
            Err(error) => return Err(error.into()),
        };
        let mut values = Values::new(by.unit);
        for batch in reader {
            let batch = batch?;
            values.add(batch.column(0).as_ref()).map_err(|reason| {
                tables::Error::new(&file.name, format!("column {:?}: {reason}", by.column))
            })?;
        }
        for value in values.found {
            found.entry(value).or_default().push(index);
        }
        if found.len() > MAX_PARTITIONS {
            let reason = format!("{by} makes more than {MAX_PARTITIONS} partitions: use a coarser unit");
            return Err(Error::Failed(reason));
        }
    }
    Ok(found.into_iter().map(|(value, files)| PartitionFiles { value, files }).collect())
}

/// The values of one file.
struct Values {
    unit: PartitionUnit,
    found: std::collections::BTreeSet<String>,
    last: (i64, i64),
}

impl Values {
    fn new(unit: PartitionUnit) -> Self {
        Self { unit, found: std::collections::BTreeSet::new(), last: (0, 0) }
    }

    fn add(&mut self, column: &dyn Array) -> Result<(), String> {
        if column.null_count() > 0 {
            self.found.insert(NONE.to_owned());
        }
        if self.unit == PartitionUnit::Value {
            return self.add_values(column);
        }
        let is_time =
            matches!(column.data_type(), DataType::Timestamp(..) | DataType::Date32 | DataType::Date64);
        if !is_time {
            let word = read::type_word(column.data_type());
            return Err(format!("{} needs dates or times, this is {word}", self.unit.as_str()));
        }
        let times =
            cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None)).map_err(|e| e.to_string())?;
        for micros in times.as_primitive::<TimestampMicrosecondType>().iter().flatten() {
            if self.last.0 <= micros && micros < self.last.1 {
                continue;
            }
            let name = name(self.unit, micros).ok_or("a time is out of range")?;
            self.last = range(self.unit, &name).ok_or("a time is out of range")?;
            self.found.insert(name);
        }
        Ok(())
    }

    fn add_values(&mut self, column: &dyn Array) -> Result<(), String> {
        let options = FormatOptions::default();
        let formatter = ArrayFormatter::try_new(column, &options).map_err(|e| e.to_string())?;
        for row in (0..column.len()).filter(|row| column.is_valid(*row)) {
            let value = formatter.value(row).to_string();
            if !self.found.contains(&value) {
                self.found.insert(value);
            }
        }
        Ok(())
    }
}

/// The name of the partition that a time is in.
fn name(unit: PartitionUnit, micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    let pattern = match unit {
        PartitionUnit::Hour => "%Y-%m-%dT%H",
        PartitionUnit::Day => "%Y-%m-%d",
        PartitionUnit::Month => "%Y-%m",
        PartitionUnit::Year => "%Y",
        PartitionUnit::Value => return None,
    };
    Some(time.format(pattern).to_string())
}

/// The first microsecond of a partition of time and the first after it; `None` for one of values.
pub(crate) fn range(unit: PartitionUnit, name: &str) -> Option<(i64, i64)> {
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let (from, to): (NaiveDateTime, NaiveDateTime) = match unit {
        PartitionUnit::Value => return None,
        PartitionUnit::Hour => {
            let (date, hour) = name.split_once('T')?;
            let from = day(date)?.and_hms_opt(hour.parse().ok()?, 0, 0)?;
            (from, from.checked_add_signed(TimeDelta::hours(1))?)
        }
        PartitionUnit::Day => {
            let from = day(name)?;
            (from.into(), from.checked_add_days(Days::new(1))?.into())
        }
        PartitionUnit::Month => {
            let from = day(&format!("{name}-01"))?;
            (from.into(), from.checked_add_months(Months::new(1))?.into())
        }
        PartitionUnit::Year => {
            let from = day(&format!("{name}-01-01"))?;
            (from.into(), from.checked_add_months(Months::new(12))?.into())
        }
    };
    debug_assert!(from.nanosecond() == 0 && from.day() >= 1);
    Some((from.and_utc().timestamp_micros(), to.and_utc().timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_range_of_its_partition() {
        for unit in [PartitionUnit::Hour, PartitionUnit::Day, PartitionUnit::Month, PartitionUnit::Year] {
            for micros in [0, 1_356_998_400_000_000, 1_362_096_000_000_000 - 1, -1, 951_782_400_000_000] {
                let name = name(unit, micros).unwrap();
                let (from, to) = range(unit, &name).unwrap();
                assert!(from <= micros && micros < to, "{name}");
            }
        }
    }
}
