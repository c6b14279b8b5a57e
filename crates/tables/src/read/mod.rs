//! Reading tables: Parquet, CSV, TSV, JSON lines and Arrow, plain or packed with gzip or zstd.
//!
//! All readers yield Arrow batches of plain types: text is `Utf8`, dictionaries are unfolded. Errors name the
//! file as people know it, with line and column where the format has them.

mod csv;
mod diagnose;
mod schema;
mod text;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
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
    /// Columns of a text file that have no value in it, so that their type is open.
    blank: Vec<String>,
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
    let format = Format::of_file(name, &file.path).ok_or_else(|| not_a_table(file))?;
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
        let reason = match separated {
            Some(_) => "the file holds blank lines only: the first line names the columns",
            None => "the table has no columns",
        };
        return Err(Error::new(name, reason));
    }
    let blank = |field: &&Arc<Field>| separated.is_some() && field.data_type() == &DataType::Null;
    let blank: Vec<String> = schema.fields().iter().filter(blank).map(|field| field.name().clone()).collect();
    let mut schema = plain_schema(&schema);
    if !blank.is_empty() {
        schema = retyped(&schema, &blank, &DataType::Utf8);
    }
    if let Some(columns) = columns {
        let wanted = |field: &Arc<Field>| columns.contains(&field.name().as_str());
        let fields: Fields = schema.fields().iter().filter(|field| wanted(field)).cloned().collect();
        schema = Arc::new(Schema::new(fields));
    }
    Ok(Batches { file: file.clone(), schema, inner, separated, blank })
}

/// The schema with another type for some of its columns.
fn retyped(schema: &Schema, names: &[String], kind: &DataType) -> SchemaRef {
    let retyped = |field: &Arc<Field>| match names.contains(field.name()) {
        true => Field::new(field.name(), kind.clone(), true),
        false => field.as_ref().clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(retyped).collect::<Vec<_>>()))
}

/// The columns of a file; reads as little of it as the format allows.
pub fn schema(file: &TableFile) -> Result<SchemaRef> {
    Ok(open(file)?.schema())
}

/// The number of rows; from the footer where the format has one.
pub fn count_rows(file: &TableFile) -> Result<u64> {
    Ok(survey(file)?.1)
}

/// The columns, those without a value of no type, and the number of rows.
pub fn survey(file: &TableFile) -> Result<(SchemaRef, u64)> {
    let mut batches = open(file)?;
    let schema = batches.open_schema();
    if Format::of_file(&file.name, &file.path) == Some(Format::Parquet) {
        let rows = parquet_builder(file)?.metadata().file_metadata().num_rows();
        return Ok((schema, rows.unsigned_abs()));
    }
    let rows = batches.try_fold(0, |rows, batch| Ok(rows + batch?.num_rows() as u64))?;
    Ok((schema, rows))
}

/// The columns that all files fit into: see [`unify`].
pub fn common_schema(files: &[TableFile]) -> Result<SchemaRef> {
    let mut schemas = Vec::with_capacity(files.len());
    for file in files {
        schemas.push((file.name.as_str(), open(file)?.open_schema()));
    }
    unify(&schemas)
}

impl Batches {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The columns; those that hold nothing have no type yet.
    fn open_schema(&self) -> SchemaRef {
        retyped(&self.schema, &self.blank, &DataType::Null)
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.inner.next()?;
        Some(
            batch
                .map_err(|error| match (self.separated, Format::of_file(&self.file.name, &self.file.path)) {
                    (Some(separator), _) => diagnose::separated(&self.file, separator, &error),
                    (None, Some(Format::JsonLines)) => diagnose::json_lines(&self.file, &error),
                    _ => broken(&self.file.name, &error),
                })
                .and_then(|batch| conform(&batch, &self.schema, &self.file.name)),
        )
    }
}

fn parquet_builder(file: &TableFile) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let handle = open_file(file)?;
    let size = handle.metadata().map_or(0, |data| data.len());
    let mut head = Vec::new();
    handle
        .try_clone()
        .and_then(|handle| handle.take(40).read_to_end(&mut head))
        .map_err(|error| Error::new(&file.name, format!("cannot be read: {error}")))?;
    let incomplete = || Error::new(&file.name, not_parquet(&head, size));
    if !head.starts_with(b"PAR1") {
        return Err(incomplete());
    }
    let builder = ParquetRecordBatchReaderBuilder::try_new(handle).map_err(|_| incomplete())?;
    // A footer that is whole says where the values lie: a hole in the middle of the file shows here.
    let mut chunks = builder.metadata().row_groups().iter().flat_map(|group| group.columns());
    let fits = chunks.all(|chunk| {
        let (start, length) = chunk.byte_range();
        start.saturating_add(length) <= size
    });
    if fits { Ok(builder) } else { Err(incomplete()) }
}

fn not_parquet(head: &[u8], size: u64) -> String {
    if head.starts_with(b"PAR1") {
        return format!(
            "is no complete Parquet file ({size} bytes): it was cut off or is still being written; copy it again"
        );
    }
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(line) {
        Ok(text) if !text.is_empty() && !text.contains(char::is_control) => {
            format!("is no Parquet file, it begins with the text {text:?}: if it is CSV, name it .csv")
        }
        _ => {
            format!("is no Parquet file ({size} bytes, it does not begin with PAR1): copy or export it again")
        }
    }
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
    text::must_be_text(file)?;
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
        let reader = arrow::ipc::reader::FileReader::try_new(open_file(file)?, None).map_err(|_| {
            Error::new(
                &file.name,
                "is no complete Arrow file: it was cut off or is still being written; copy it again",
            )
        })?;
        Ok((reader.schema(), Box::new(reader), None))
    } else {
        let reader = arrow::ipc::reader::StreamReader::try_new(BufReader::new(unpacked(file)?), None)
            .map_err(|error| broken(&file.name, &error))?;
        Ok((reader.schema(), Box::new(reader), None))
    }
}

fn not_a_table(file: &TableFile) -> Error {
    let mut head = [0];
    let is_array = unpacked(file).is_ok_and(|mut bytes| bytes.read_exact(&mut head).is_ok()) && &head == b"[";
    let reason = if is_array {
        "is one JSON list: write one object a line (`jq -c '.[]'`) and name it .jsonl"
    } else {
        "is no table that can be read: use .parquet, .csv, .tsv, .jsonl or .arrow, plain, .gz or .zst"
    };
    Error::new(&file.name, reason)
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
