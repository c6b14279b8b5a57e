//! Reading tables: Parquet, CSV, TSV, JSON lines and Arrow, plain or packed with gzip or zstd.
//!
//! All readers yield Arrow batches of plain types: text is `Utf8`, dictionaries are unfolded. Errors name the
//! file as people know it, with line and column where the format has them.

mod csv;
mod diagnose;
mod schema;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, Result};
use crate::format::{Format, Packing};

pub use schema::{conform, plain_schema, type_word, unify};

/// Rows in a batch at the most.
pub const BATCH_ROWS: usize = 8192;

/// A file to be read as a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableFile {
    /// Its name as people know it; tells the format, and stands in errors.
    pub name: String,
    /// Where its bytes lie.
    pub path: PathBuf,
}

type Inner = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// The batches of one file.
pub struct Batches {
    file: TableFile,
    schema: SchemaRef,
    inner: Inner,
    separated: Option<u8>,
}

/// Opens a file.
pub fn open(file: &TableFile) -> Result<Batches> {
    open_columns(file, None)
}

/// Opens a file for some of its columns; names that it does not have are left out.
pub fn open_columns(file: &TableFile, columns: Option<&[&str]>) -> Result<Batches> {
    let name = &file.name;
    let size = std::fs::metadata(&file.path)
        .map_err(|error| Error::new(name, format!("cannot be read: {error}")))?
        .len();
    if size == 0 {
        return Err(Error::new(name, "the file is empty: a table has at least its columns"));
    }
    let format = Format::of_file(name, &file.path).ok_or_else(|| {
        Error::new(
            name,
            "is no table that can be read: use .parquet, .csv, .tsv, .jsonl or .arrow, plain, .gz or .zst",
        )
    })?;
    let (schema, inner, separated) = match format {
        Format::Parquet => parquet(file, columns)?,
        Format::Separated { separator } => {
            let (schema, inner) = csv::open(file, separator)?;
            (schema, inner, Some(separator))
        }
        Format::JsonLines => json_lines(file)?,
        Format::Arrow => arrow_file(file)?,
    };
    if schema.fields().is_empty() {
        return Err(Error::new(name, "the table has no columns"));
    }
    let mut schema = plain_schema(&schema);
    if let Some(columns) = columns {
        let wanted = |field: &Arc<Field>| columns.contains(&field.name().as_str());
        let fields: Fields = schema.fields().iter().filter(|field| wanted(field)).cloned().collect();
        schema = Arc::new(Schema::new(fields));
    }
    Ok(Batches { file: file.clone(), schema, inner, separated })
}

/// The columns of a file; reads as little of it as the format allows.
pub fn schema(file: &TableFile) -> Result<SchemaRef> {
    Ok(open(file)?.schema())
}

/// The number of rows; from the footer where the format has one.
pub fn count_rows(file: &TableFile) -> Result<u64> {
    if Format::of_file(&file.name, &file.path) == Some(Format::Parquet) {
        let builder = parquet_builder(file)?;
        let rows = builder.metadata().file_metadata().num_rows();
        return Ok(rows.unsigned_abs());
    }
    open(file)?.try_fold(0, |rows, batch| Ok(rows + batch?.num_rows() as u64))
}

/// The columns that all files fit into: see [`unify`].
pub fn common_schema(files: &[TableFile]) -> Result<SchemaRef> {
    let mut schemas = Vec::with_capacity(files.len());
    for file in files {
        schemas.push((file.name.as_str(), schema(file)?));
    }
    unify(&schemas)
}

impl Batches {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.inner.next()?;
        Some(
            batch
                .map_err(|error| match self.separated {
                    Some(separator) => diagnose::separated(&self.file, separator, &error),
                    None => broken(&self.file.name, &error),
                })
                .and_then(|batch| conform(&batch, &self.schema, &self.file.name)),
        )
    }
}

fn parquet_builder(file: &TableFile) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let handle = open_file(file)?;
    let size = handle.metadata().map_or(0, |data| data.len());
    ParquetRecordBatchReaderBuilder::try_new(handle).map_err(|error| {
        let reason = format!(
            "is no complete Parquet file ({size} bytes, {}): it was cut off or is still being written; copy it again",
            plain_words(&error.to_string())
        );
        Error::new(&file.name, reason)
    })
}

fn parquet(file: &TableFile, columns: Option<&[&str]>) -> Result<(SchemaRef, Inner, Option<u8>)> {
    let mut builder = parquet_builder(file)?;
    let schema = Arc::clone(builder.schema());
    if let Some(columns) = columns {
        let indices = schema
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| columns.contains(&field.name().as_str()))
            .map(|(index, _)| index);
        let mask = ProjectionMask::roots(builder.parquet_schema(), indices);
        builder = builder.with_projection(mask);
    }
    let reader = builder
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| Error::new(&file.name, plain_words(&error.to_string())))?;
    Ok((schema, Box::new(reader), None))
}

fn json_lines(file: &TableFile) -> Result<(SchemaRef, Inner, Option<u8>)> {
    let (schema, _) = arrow::json::reader::infer_json_schema(BufReader::new(unpacked(file)?), None)
        .map_err(|error| diagnose::json_lines(file, &error))?;
    let schema = Arc::new(schema);
    let reader = arrow::json::ReaderBuilder::new(Arc::clone(&schema))
        .with_batch_size(BATCH_ROWS)
        .build(BufReader::new(unpacked(file)?))
        .map_err(|error| diagnose::json_lines(file, &error))?;
    Ok((schema, Box::new(reader), None))
}

fn arrow_file(file: &TableFile) -> Result<(SchemaRef, Inner, Option<u8>)> {
    let mut head = [0; 6];
    let is_file = unpacked(file)?.read_exact(&mut head).is_ok() && &head == b"ARROW1";
    if is_file && Packing::of_file(&file.path) == Packing::Plain {
        let reader = arrow::ipc::reader::FileReader::try_new(open_file(file)?, None)
            .map_err(|error| broken(&file.name, &error))?;
        Ok((reader.schema(), Box::new(reader), None))
    } else {
        let reader = arrow::ipc::reader::StreamReader::try_new(BufReader::new(unpacked(file)?), None)
            .map_err(|error| broken(&file.name, &error))?;
        Ok((reader.schema(), Box::new(reader), None))
    }
}

fn open_file(file: &TableFile) -> Result<File> {
    File::open(&file.path).map_err(|error| Error::new(&file.name, format!("cannot be read: {error}")))
}

/// The file's bytes, unpacked.
fn unpacked(file: &TableFile) -> Result<Box<dyn Read + Send>> {
    let handle = open_file(file)?;
    Ok(match Packing::of_file(&file.path) {
        Packing::Plain => Box::new(handle),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(handle))),
        Packing::Zstd => Box::new(
            zstd::Decoder::new(handle)
                .map_err(|error| Error::new(&file.name, format!("cannot be unpacked: {error}")))?,
        ),
    })
}

fn broken(name: &str, error: &ArrowError) -> Error {
    Error::new(name, format!("is damaged or incomplete: {}", plain_words(&error.to_string())))
}

/// The library's words without its prefixes.
fn plain_words(text: &str) -> String {
    let text = text.lines().next().unwrap_or_default();
    let cut = text
        .split_once(" error: ")
        .or_else(|| text.split_once("Parquet error: "))
        .or_else(|| text.split_once("EOF: "))
        .map_or(text, |(_, rest)| rest);
    cut.trim().trim_end_matches('.').to_owned()
}
