//! CSV and TSV: a header, then rows; types found by reading the file once.

use std::io::BufReader;
use std::sync::{Arc, LazyLock};

use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use regex::Regex;

use super::text::{self, Sound};
use super::{BATCH_ROWS, Inner, TableFile, diagnose, unpacked};
use crate::error::{Error, Result};

/// What stands for nothing: the texts that pandas takes for it.
static NOTHING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(|#N/A|#N/A N/A|#NA|-1\.#IND|-1\.#QNAN|-NaN|-nan|1\.#IND|1\.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null)$",
    )
    .expect("the pattern is well formed")
});

/// Opens a file; its types are those that every row fits. A column that is empty throughout has none.
pub(super) fn open(file: &TableFile, separator: u8) -> Result<(SchemaRef, Inner)> {
    text::must_be_text(file)?;
    diagnose::header(file, separator)?;
    let format =
        Format::default().with_header(true).with_delimiter(separator).with_null_regex(NOTHING.clone());
    let bytes = || Ok::<_, Error>(BufReader::new(Sound::new(unpacked(file)?, separator)));
    let (schema, _) =
        format.infer_schema(bytes()?, None).map_err(|error| diagnose::separated(file, separator, &error))?;
    let schema = named(&schema);
    let read = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Null => Field::new(field.name(), DataType::Utf8, true),
        _ => field.as_ref().clone(),
    });
    let reader = ReaderBuilder::new(Arc::new(Schema::new(read.collect::<Vec<_>>())))
        .with_format(format)
        .with_batch_size(BATCH_ROWS)
        .build(bytes()?)
        .map_err(|error| diagnose::separated(file, separator, &error))?;
    Ok((Arc::new(schema), Box::new(reader)))
}

/// Spreadsheets put a mark before the first name, and data frames leave the index's name empty: a column without a
/// name is called by its number.
fn named(schema: &Schema) -> Schema {
    let mut names: Vec<String> =
        schema.fields().iter().map(|field| field.name().trim_start_matches('\u{feff}').to_owned()).collect();
    for index in 0..names.len() {
        if names[index].trim().is_empty() {
            let mut name = format!("column_{}", index + 1);
            while names.contains(&name) {
                name.push('_');
            }
            names[index] = name;
        }
    }
    let fields = names.into_iter().zip(schema.fields());
    Schema::new(
        fields.map(|(name, field)| Field::new(name, field.data_type().clone(), true)).collect::<Vec<_>>(),
    )
}
