//! Records of the tracking room.

pub mod artifact;
pub mod experiment;
pub mod input;
mod key;
pub mod logged_model;
pub mod metric;
pub mod param;
pub mod run;

pub(crate) use key::{intern, lookup};

/// Rows that one statement inserts or asks for at the most: both engines take more, and more gains nothing.
pub(crate) const CHUNK: usize = 500;

/// `($1, $2), ($3, $4)`: the placeholders of `rows` rows of `columns` columns.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            if column > 1 {
                text.push_str(", ");
            }
            text.push('$');
            text.push_str(&(row * columns + column).to_string());
        }
        text.push(')');
    }
    text
}

/// `$3, $4, $5`: `count` placeholders from number `first`.
pub(crate) fn list(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}
