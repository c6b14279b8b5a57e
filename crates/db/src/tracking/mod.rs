//! Records of the tracking room.

pub mod artifact;
pub mod artifact_upload;
pub mod assessment;
pub mod census;
pub mod curve;
pub mod evaluation_dataset;
pub mod evaluation_record;
pub mod experiment;
pub mod import;
pub mod input;
mod key;
pub mod logged;
pub mod logged_model;
pub mod metric;
pub mod param;
pub mod recent;
pub mod relocate;
pub mod run;
pub mod saved_view;
pub mod scorer;
pub mod span;
pub mod trace;
pub mod trace_metric;

pub(crate) use key::{intern, lookup, names};

/// Rows that one statement inserts or asks for at the most: both engines take more, and more gains nothing.
pub(crate) const CHUNK: usize = 500;

/// Cuts rows into pieces of 256, 128, 64, 32 and at most 16 rows: few pieces, of so few lengths that their statements stay
/// prepared.
pub(crate) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    const MOST: usize = 256;
    const ANY: usize = 16;
    std::iter::from_fn(move || {
        if rows.is_empty() {
            return None;
        }
        let length = match rows.len() {
            few if few <= ANY => few,
            many if many >= MOST => MOST,
            some => 1 << some.ilog2(),
        };
        let (piece, rest) = rows.split_at(length);
        rows = rest;
        Some(piece)
    })
}

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

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_have_few_lengths_and_leave_nothing_out() {
        let rows: Vec<usize> = (0..613).collect();
        let lengths: Vec<usize> = pieces(&rows).map(<[usize]>::len).collect();
        assert_eq!(lengths, [256, 256, 64, 32, 5]);
        assert_eq!(pieces(&rows).flatten().count(), 613);
        assert_eq!(pieces::<usize>(&[]).count(), 0);
    }
}
