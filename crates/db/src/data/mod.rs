//! Records of the data room.

pub mod data_ref;
pub mod data_version;
pub mod dataset;
pub mod file;

use crate::tx::Row;
use crate::{Error, Result};

/// An object's id in a column that may be absent.
fn opt_object<T>(row: &Row, column: &str, parse: fn(&str) -> Option<T>) -> Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| {
        parse(&text).ok_or_else(|| Error::Corrupt {
            column: column.to_owned(),
            reason: format!("{text:?} is not an object's id"),
        })
    })
    .transpose()
}

/// An object's id.
fn object<T>(row: &Row, column: &str, parse: fn(&str) -> Option<T>) -> Result<T> {
    opt_object(row, column, parse)?
        .ok_or_else(|| Error::Corrupt { column: column.to_owned(), reason: "it is absent".to_owned() })
}
