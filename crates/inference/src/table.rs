//! Rows as typed columns, the form in which they travel to a model.

use serde_json::{Map, Number, Value};

/// The values of a column, one per row.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// 64-bit floats; a missing value is NaN.
    F64(Vec<f64>),
    /// 32-bit floats; a missing value is NaN.
    F32(Vec<f32>),
    /// 64-bit whole numbers.
    I64(Vec<i64>),
    /// 32-bit whole numbers.
    I32(Vec<i32>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Texts.
    Text(Vec<Option<String>>),
    /// Points in time, nanoseconds since the epoch.
    Time(Vec<Option<i64>>),
    /// Bytes, as base64 text.
    Binary(Vec<Option<String>>),
    /// Anything else: lists, records, mixtures.
    Json(Vec<Value>),
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name; positions are named `"0"`, `"1"`, ….
    pub name: String,
    /// Its values.
    pub data: Data,
}

/// Columns of equal length.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Table {
    /// The columns in order.
    pub columns: Vec<Column>,
    /// Their length.
    pub rows: usize,
}

impl Data {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) | Self::Binary(values) => values.len(),
            Self::Time(values) => values.len(),
            Self::Json(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value as JSON; NaN and missing are null, times are RFC 3339.
    pub fn value(&self, row: usize) -> Value {
        match self {
            Self::F64(values) => float(values[row]),
            Self::F32(values) => float32(values[row]),
            Self::I64(values) => values[row].into(),
            Self::I32(values) => values[row].into(),
            Self::Bool(values) => values[row].into(),
            Self::Text(values) | Self::Binary(values) => {
                values[row].as_ref().map_or(Value::Null, |text| text.clone().into())
            }
            Self::Time(values) => values[row].map_or(Value::Null, |nanos| {
                let millis = nanos.div_euclid(1_000_000);
                domain::Timestamp::from_millis(millis).to_rfc3339().into()
            }),
            Self::Json(values) => values[row].clone(),
        }
    }

    /// A copy of some of the rows, for splitting and comparing.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::F64(values) => Self::F64(values[range].to_vec()),
            Self::F32(values) => Self::F32(values[range].to_vec()),
            Self::I64(values) => Self::I64(values[range].to_vec()),
            Self::I32(values) => Self::I32(values[range].to_vec()),
            Self::Bool(values) => Self::Bool(values[range].to_vec()),
            Self::Text(values) => Self::Text(values[range].to_vec()),
            Self::Time(values) => Self::Time(values[range].to_vec()),
            Self::Binary(values) => Self::Binary(values[range].to_vec()),
            Self::Json(values) => Self::Json(values[range].to_vec()),
        }
    }
}

impl Table {
    /// One row as a JSON object.
    pub fn row(&self, row: usize) -> Map<String, Value> {
        self.columns.iter().map(|column| (column.name.clone(), column.data.value(row))).collect()
    }

    /// A copy of some of the rows.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let columns = self
            .columns
            .iter()
            .map(|column| Column { name: column.name.clone(), data: column.data.slice(range.clone()) })
            .collect();
        Self { columns, rows: range.len() }
    }
}

/// A float as JSON; NaN and infinities, which JSON does not have, are null.
pub fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// A 32-bit float as the JSON number that Python prints for it after widening.
pub fn float32(value: f32) -> Value {
    float(f64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_values_by_column_with_nan_as_null() {
        let table = Table {
            columns: vec![
                Column { name: "a".into(), data: Data::F64(vec![1.5, f64::NAN]) },
                Column { name: "b".into(), data: Data::Text(vec![Some("x".into()), None]) },
                Column { name: "t".into(), data: Data::Time(vec![Some(1_000_000), None]) },
            ],
            rows: 2,
        };
        assert_eq!(
            Value::Object(table.row(0)),
            serde_json::json!({"a": 1.5, "b": "x", "t": "1970-01-01T00:00:00.001Z"})
        );
        assert_eq!(
            Value::Object(table.slice(1..2).row(0)),
            serde_json::json!({"a": null, "b": null, "t": null})
        );
    }
}
