//! Columns: plain types, and what several files have in common.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::error::{Error, Result};

/// The schema with plain types: text as `Utf8`, dictionaries as their values.
pub fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), plain(field.data_type()), true))
        .collect();
    Arc::new(Schema::new(fields))
}

fn plain(kind: &DataType) -> DataType {
    match kind {
        DataType::Dictionary(_, value) => plain(value),
        DataType::RunEndEncoded(_, value) => plain(value.data_type()),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

/// The word for a type that contracts, profiles and messages use.
pub fn type_word(kind: &DataType) -> &'static str {
    match kind {
        DataType::Null => "null",
        DataType::Boolean => "boolean",
        kind if kind.is_integer() => "integer",
        kind if kind.is_floating() || matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..)) => {
            "number"
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(..) => "timestamp",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Duration(_) | DataType::Interval(_) => "duration",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytes"
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "list",
        _ => "struct",
    }
}

/// The columns of several files together, in order of first appearance: integers and numbers make numbers,
/// times of several units the finest, nothing yields to everything and is text alone. Types that have nothing in common are an error.
pub fn unify(schemas: &[(&str, SchemaRef)]) -> Result<SchemaRef> {
    let mut columns: Vec<(String, DataType, &str)> = Vec::new();
    for (file, schema) in schemas {
        for field in plain_schema(schema).fields() {
            match columns.iter_mut().find(|(name, ..)| name == field.name()) {
                None => columns.push((field.name().clone(), field.data_type().clone(), file)),
                Some((name, kind, first)) => {
                    let common = common(kind, field.data_type()).ok_or_else(|| {
                        let reason = format!(
                            "column {name:?} is {} here and {} in {first}: make them alike",
                            type_word(field.data_type()),
                            type_word(kind)
                        );
                        Error::new(file, reason)
                    })?;
                    *kind = common;
                }
            }
        }
    }
    let typed = |kind| if kind == DataType::Null { DataType::Utf8 } else { kind };
    let fields: Vec<Field> =
        columns.into_iter().map(|(name, kind, _)| Field::new(name, typed(kind), true)).collect();
    Ok(Arc::new(Schema::new(fields)))
}

fn common(a: &DataType, b: &DataType) -> Option<DataType> {
    let numeric = |kind: &DataType| kind.is_numeric();
    match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        (a, b) if a.is_integer() && b.is_integer() => Some(DataType::Int64),
        (a, b) if numeric(a) && numeric(b) => Some(DataType::Float64),
        (DataType::Timestamp(x, zone), DataType::Timestamp(y, other))
            if zone.is_some() == other.is_some() =>
        {
            Some(DataType::Timestamp(finer(*x, *y), zone.clone()))
        }
        (DataType::Date32 | DataType::Date64, DataType::Timestamp(unit, zone))
        | (DataType::Timestamp(unit, zone), DataType::Date32 | DataType::Date64) => {
            Some(DataType::Timestamp(*unit, zone.clone()))
        }
        (DataType::Date32, DataType::Date64) | (DataType::Date64, DataType::Date32) => Some(DataType::Date64),
        _ => None,
    }
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    let rank = |unit: TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// The batch with the columns of `schema`: cast, absent ones empty, others left out.
pub fn conform(batch: &RecordBatch, schema: &SchemaRef, file: &str) -> Result<RecordBatch> {
    if batch.schema_ref().fields() == schema.fields() {
        return Ok(batch.clone());
    }
    let columns: Result<Vec<ArrayRef>> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => cast(column, field.data_type())
                .map_err(|error| Error::new(file, format!("column {:?}: {error}", field.name()))),
        })
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns?).map_err(|error| Error::new(file, error.to_string()))
}
