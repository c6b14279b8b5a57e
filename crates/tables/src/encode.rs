//! Rows as the bytes of a file, batch by batch, so that a result of any size can be sent while it is made.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;

use crate::error::{Error, Result};
use crate::export::quoted;
use crate::write;

/// How errors name what is written.
const RESULT: &str = "the result";

/// A form in which rows are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// CSV with a header; an empty text is quoted, a missing value is nothing.
    Csv,
    /// One Parquet file.
    Parquet,
    /// Arrow's stream format.
    Arrow,
}

/// Rows on their way into bytes.
pub struct Encoder {
    inner: Inner,
    ready: Bytes,
}

enum Inner {
    Csv,
    // Both are some hundred bytes, which are moved with each batch.
    Parquet(Box<ArrowWriter<Bytes>>),
    Arrow(Box<StreamWriter<Bytes>>),
}

/// What is written and not yet taken.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Encoder {
    /// Begins; a column whose type the form does not have is an error.
    pub fn new(encoding: Encoding, schema: &SchemaRef) -> Result<Self> {
        let mut ready = Bytes::default();
        let inner = match encoding {
            Encoding::Csv => {
                let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
                writeln!(ready, "{}", names.join(",")).map_err(|error| unwritten(&error.into()))?;
                Inner::Csv
            }
            Encoding::Parquet => {
                let properties = write::properties(RESULT)?;
                let writer = ArrowWriter::try_new(ready.clone(), Arc::clone(schema), Some(properties));
                Inner::Parquet(Box::new(writer.map_err(|error| unwritten(&error.into()))?))
            }
            Encoding::Arrow => {
                let writer = StreamWriter::try_new(ready.clone(), schema);
                Inner::Arrow(Box::new(writer.map_err(|error| unwritten(&error))?))
            }
        };
        Ok(Self { inner, ready })
    }

    /// Adds rows and returns the bytes that are ready: none while Parquet gathers a group of rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>> {
        match &mut self.inner {
            Inner::Csv => return csv(batch).map_err(|error| unwritten(&error)),
            Inner::Parquet(writer) => writer.write(batch).map_err(|error| unwritten(&error.into()))?,
            Inner::Arrow(writer) => writer.write(batch).map_err(|error| unwritten(&error))?,
        }
        Ok(self.ready.take())
    }

    /// Bytes that are ready before the first rows: a header.
    pub fn begun(&self) -> Vec<u8> {
        self.ready.take()
    }

    /// The last bytes.
    pub fn finish(self) -> Result<Vec<u8>> {
        match self.inner {
            Inner::Csv => {}
            Inner::Parquet(writer) => {
                writer.close().map_err(|error| unwritten(&error.into()))?;
            }
            Inner::Arrow(mut writer) => writer.finish().map_err(|error| unwritten(&error))?,
        }
        Ok(self.ready.take())
    }
}

fn unwritten(error: &ArrowError) -> Error {
    Error::new(RESULT, format!("cannot be written: {error}"))
}

fn csv(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let options = FormatOptions::default().with_display_error(false);
    let columns = batch.columns();
    let formatters: Vec<ArrayFormatter<'_>> =
        columns.iter().map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<_, _>>()?;
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        for (at, (column, formatter)) in columns.iter().zip(&formatters).enumerate() {
            if at > 0 {
                text.push(',');
            }
            if column.is_null(row) || column.data_type() == &DataType::Null {
                continue;
            }
            text.push_str(&quoted(&formatter.value(row).try_to_string()?));
        }
        text.push('\n');
    }
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{self, TableFile};
    use arrow::array::{Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};

    fn batch() -> RecordBatch {
        RecordBatch::try_from_iter([
            ("a, b", Arc::new(StringArray::from(vec![Some("x \"y\""), Some(""), None])) as Arc<dyn Array>),
            ("n", Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(-1)]))),
            ("f", Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NAN), None]))),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), Some(0), None]))),
        ])
        .unwrap()
    }

    fn encoded(encoding: Encoding, batches: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(encoding, &batch().schema()).unwrap();
        let mut bytes = encoder.begun();
        for _ in 0..batches {
            bytes.extend(encoder.write(&batch()).unwrap());
        }
        bytes.extend(encoder.finish().unwrap());
        bytes
    }

    #[test]
    fn csv_tells_an_empty_text_from_a_missing_one() {
        let wanted = "\"a, b\",n,f,at\n\
            \"x \"\"y\"\"\",9223372036854775807,0.1,1970-01-01T00:00:01.500\n\
            \"\",,NaN,1970-01-01T00:00:00\n,-1,,\n";
        assert_eq!(String::from_utf8(encoded(Encoding::Csv, 1)).unwrap(), wanted);
    }

    #[test]
    fn what_is_encoded_is_read_back_whole_and_with_its_types() {
        let folder = tempfile::tempdir().unwrap();
        for (encoding, name) in [(Encoding::Parquet, "x.parquet"), (Encoding::Arrow, "x.arrow")] {
            let path = folder.path().join(name);
            std::fs::write(&path, encoded(encoding, 2)).unwrap();
            let batches: Vec<_> =
                read::open(&TableFile { name: name.to_owned(), path }).unwrap().map(Result::unwrap).collect();
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 6, "{name}");
            let first = batches[0].slice(0, 3);
            assert_eq!((first.column(1), first.column(3)), (batch().column(1), batch().column(3)));
        }
    }

    #[test]
    fn no_rows_are_a_file_with_columns() {
        assert_eq!(encoded(Encoding::Csv, 0), b"\"a, b\",n,f,at\n");
        let folder = tempfile::tempdir().unwrap();
        for (encoding, name) in [(Encoding::Parquet, "x.parquet"), (Encoding::Arrow, "x.arrow")] {
            let path = folder.path().join(name);
            std::fs::write(&path, encoded(encoding, 0)).unwrap();
            let file = TableFile { name: name.to_owned(), path };
            assert_eq!(read::schema(&file).unwrap().fields().len(), 4);
            assert_eq!(read::open(&file).unwrap().count(), 0);
        }
    }
}
