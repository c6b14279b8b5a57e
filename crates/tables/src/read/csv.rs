//! CSV and TSV: a header, then rows; types found by reading the file once.

use std::io::BufReader;
use std::sync::{Arc, LazyLock};

use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use regex::Regex;

use super::{BATCH_ROWS, Inner, TableFile, diagnose, unpacked};
use crate::error::Result;

/// What stands for nothing: the texts that pandas takes for it.
static NOTHING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(|#N/A|#N/A N/A|#NA|-1\.#IND|-1\.#QNAN|-NaN|-nan|1\.#IND|1\.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null)$",
    )
    .expect("the pattern is well formed")
});

/// Opens a file; its types are those that every row fits.
pub(super) fn open(file: &TableFile, separator: u8) -> Result<(SchemaRef, Inner)> {
    diagnose::header(file, separator)?;
    let format =
        Format::default().with_header(true).with_delimiter(separator).with_null_regex(NOTHING.clone());
    let (schema, _) = format
        .infer_schema(BufReader::new(unpacked(file)?), None)
        .map_err(|error| diagnose::separated(file, separator, &error))?;
    let schema = Arc::new(without_byte_order_mark(&schema));
    let reader = ReaderBuilder::new(Arc::clone(&schema))
        .with_format(format)
        .with_batch_size(BATCH_ROWS)
        .build(BufReader::new(unpacked(file)?))
        .map_err(|error| diagnose::separated(file, separator, &error))?;
    Ok((schema, Box::new(reader)))
}

/// Spreadsheets put a mark before the first name; a column that is empty throughout counts as text.
fn without_byte_order_mark(schema: &Schema) -> Schema {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Null => DataType::Utf8,
                other => other.clone(),
            };
            Field::new(field.name().trim_start_matches('\u{feff}'), kind, true)
        })
        .collect();
    Schema::new(fields)
}
