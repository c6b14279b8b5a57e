//! Slices: the same metric on the rows of each value of a column.

use std::collections::BTreeMap;

/// Rows per value of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// The value, as text; `(missing)` for absent ones.
    pub value: String,
    /// Its rows, in order.
    pub rows: Vec<usize>,
}

/// The word for absent values.
pub const MISSING: &str = "(missing)";

/// Rows grouped by value, the largest slice first, those under `min_rows` left out, at most `limit`.
pub fn group<'a>(
    values: impl IntoIterator<Item = Option<&'a str>>,
    min_rows: usize,
    limit: usize,
) -> Vec<Slice> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, value) in values.into_iter().enumerate() {
        groups.entry(value.unwrap_or(MISSING)).or_default().push(row);
    }
    let mut slices: Vec<Slice> = groups
        .into_iter()
        .filter(|(_, rows)| rows.len() >= min_rows)
        .map(|(value, rows)| Slice { value: value.to_owned(), rows })
        .collect();
    slices.sort_by_key(|slice| std::cmp::Reverse(slice.rows.len()));
    slices.truncate(limit);
    slices
}

/// The values of `rows`.
pub fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|row| values[*row]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_large_first_and_tiny_ones_are_left_out() {
        let values = [Some("b"), Some("a"), Some("a"), None, Some("a"), None];
        let slices = group(values, 2, 10);
        assert_eq!(
            slices,
            [
                Slice { value: "a".to_owned(), rows: vec![1, 2, 4] },
                Slice { value: MISSING.to_owned(), rows: vec![3, 5] },
            ]
        );
        assert_eq!(pick(&[10, 11, 12, 13, 14, 15], &slices[1].rows), [13, 15]);
    }
}
