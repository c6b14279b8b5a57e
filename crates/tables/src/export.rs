//! Tables for other programs: CSV as text, or Parquet with typed columns. A file is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::error::{Error, Result};
use crate::write::ParquetWriter;

/// What kind of values a column holds; each may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Whole numbers.
    Whole,
    /// Figures; not-a-number and infinities included.
    Figure,
    /// Times in epoch milliseconds, UTC.
    Time,
}

/// Values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Texts.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Whole(Vec<Option<i64>>),
    /// Figures.
    Figure(Vec<Option<f64>>),
    /// Times in epoch milliseconds, UTC.
    Time(Vec<Option<i64>>),
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Whole => DataType::Int64,
            Self::Figure => DataType::Float64,
            Self::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        }
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Whole(values) | Self::Time(values) => values.len(),
            Self::Figure(values) => values.len(),
        }
    }

    fn array(self) -> ArrayRef {
        match self {
            Self::Text(values) => Arc::new(StringArray::from(values)),
            Self::Whole(values) => Arc::new(Int64Array::from(values)),
            Self::Figure(values) => Arc::new(Float64Array::from(values)),
            Self::Time(values) => Arc::new(TimestampMillisecondArray::from(values).with_timezone("UTC")),
        }
    }

    /// A value as CSV has it; nothing when it is missing.
    fn text(&self, row: usize) -> String {
        let text = match self {
            Self::Text(values) => values[row].as_deref().map(quoted),
            Self::Whole(values) => values[row].map(|value| value.to_string()),
            Self::Figure(values) => values[row].map(|value| value.to_string()),
            Self::Time(values) => values[row].and_then(|value| {
                let time = DateTime::<Utc>::from_timestamp_millis(value)?;
                Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
            }),
        };
        text.unwrap_or_default()
    }
}

/// A text as a CSV field. An empty text is quoted, so that it is told from a missing one.
pub(crate) fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) || text != text.trim() {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A table being written.
pub struct Export {
    inner: Inner,
    goal: Option<Goal>,
}

enum Inner {
    Csv(Box<dyn Write>),
    Parquet { writer: Box<ParquetWriter>, schema: SchemaRef },
}

/// Where a file goes once it is whole; until then it has a temporary name, which goes when it is dropped.
struct Goal {
    path: PathBuf,
    temporary: PathBuf,
}

impl Drop for Goal {
    fn drop(&mut self) {
        // It is gone already when the export was finished.
        let _gone = fs::remove_file(&self.temporary);
    }
}

impl Goal {
    fn new(path: &Path) -> Result<Self> {
        let name =
            path.file_name().ok_or_else(|| Error::new(&path.display().to_string(), "is not a file"))?;
        let hidden = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        Ok(Self { path: path.to_owned(), temporary: path.with_file_name(hidden) })
    }

    fn reached(&self) -> Result<()> {
        fs::rename(&self.temporary, &self.path).map_err(|error| cannot(&self.path, &error))
    }
}

fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::new(&path.display().to_string(), format!("cannot be written: {error}"))
}

impl Export {
    /// Begins a CSV table with a header line in `to`.
    pub fn csv_to(to: impl Write + 'static, columns: &[(String, Kind)]) -> io::Result<Self> {
        let mut to: Box<dyn Write> = Box::new(to);
        let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
        writeln!(to, "{}", names.join(","))?;
        Ok(Self { inner: Inner::Csv(to), goal: None })
    }

    /// Begins a CSV file; `path` is replaced when the table is finished.
    pub fn csv(path: &Path, columns: &[(String, Kind)]) -> Result<Self> {
        let goal = Goal::new(path)?;
        let file = File::create(&goal.temporary).map_err(|error| cannot(path, &error))?;
        let export = Self::csv_to(BufWriter::new(file), columns).map_err(|error| cannot(path, &error))?;
        Ok(Self { goal: Some(goal), ..export })
    }

    /// Begins a Parquet file; `path` is replaced when the table is finished.
    pub fn parquet(path: &Path, columns: &[(String, Kind)]) -> Result<Self> {
        let fields = columns.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let goal = Goal::new(path)?;
        // What a killed process of the same number left behind.
        let _gone = fs::remove_file(&goal.temporary);
        let writer = ParquetWriter::create(&goal.temporary, schema.clone())?;
        Ok(Self { inner: Inner::Parquet { writer: Box::new(writer), schema }, goal: Some(goal) })
    }

    /// Adds rows, given as the values of each column.
    pub fn write(&mut self, columns: Vec<Values>) -> Result<()> {
        let rows = columns.first().map_or(0, Values::len);
        match &mut self.inner {
            Inner::Csv(to) => {
                for row in 0..rows {
                    let fields: Vec<String> = columns.iter().map(|values| values.text(row)).collect();
                    writeln!(to, "{}", fields.join(","))
                        .map_err(|error| Error::new("the table", format!("cannot be written: {error}")))?;
                }
                Ok(())
            }
            Inner::Parquet { writer, schema } => {
                let arrays = columns.into_iter().map(Values::array).collect();
                let batch = RecordBatch::try_new(schema.clone(), arrays)
                    .map_err(|error| Error::new("the table", error.to_string()))?;
                writer.write(&batch)
            }
        }
    }

    /// Ends the table; a file is at its place now.
    pub fn finish(self) -> Result<()> {
        match self.inner {
            Inner::Csv(mut to) => {
                to.flush().map_err(|error| Error::new("the table", format!("cannot be written: {error}")))?;
            }
            Inner::Parquet { writer, .. } => {
                writer.finish()?;
            }
        }
        self.goal.map_or(Ok(()), |goal| goal.reached())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{self, TableFile};

    fn columns() -> Vec<(String, Kind)> {
        let named = |name: &str, kind| (name.to_owned(), kind);
        vec![
            named("run", Kind::Text),
            named("auc, mean", Kind::Figure),
            named("step", Kind::Whole),
            named("at", Kind::Time),
        ]
    }

    fn rows() -> Vec<Values> {
        vec![
            Values::Text(vec![Some("a \"b\",\nc".to_owned()), Some(String::new()), None]),
            Values::Figure(vec![Some(0.1), Some(f64::NAN), None]),
            Values::Whole(vec![Some(i64::MAX), Some(-1), None]),
            Values::Time(vec![Some(1_700_000_000_000), Some(0), None]),
        ]
    }

    #[test]
    fn csv_quotes_what_must_be_quoted_and_tells_empty_from_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.csv");
        let mut export = Export::csv(&path, &columns()).unwrap();
        export.write(rows()).unwrap();
        assert!(!path.exists(), "nothing is there before all of it is");
        export.finish().unwrap();
        let wanted = "run,\"auc, mean\",step,at\n\
                      \"a \"\"b\"\",\nc\",0.1,9223372036854775807,2023-11-14T22:13:20.000Z\n\
                      \"\",NaN,-1,1970-01-01T00:00:00.000Z\n,,,\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), wanted);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn parquet_keeps_types_and_comes_in_several_parts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.parquet");
        fs::write(&path, "the file before").unwrap();
        let mut export = Export::parquet(&path, &columns()).unwrap();
        export.write(rows()).unwrap();
        export.write(rows()).unwrap();
        export.finish().unwrap();
        let file = TableFile { name: "runs.parquet".to_owned(), path: path.clone() };
        let batches: Vec<_> = read::open(&file).unwrap().map(|batch| batch.unwrap()).collect();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 6);
        let types: Vec<DataType> =
            batches[0].schema().fields().iter().map(|field| field.data_type().clone()).collect();
        let wanted: Vec<DataType> = columns().iter().map(|(_, kind)| kind.data_type()).collect();
        assert_eq!(types, wanted);
    }

    #[test]
    fn an_export_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for begin in [Export::csv, Export::parquet] {
            drop(begin(&folder.path().join("runs.out"), &columns()).unwrap());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        assert!(Export::csv(&folder.path().join("none/runs.csv"), &columns()).is_err());
    }
}
