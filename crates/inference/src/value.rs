//! What goes into a model and what comes out: tables, tensors, named tensors, or plain JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::table::{Table, float, float32};

/// The element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Dtype {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

impl Dtype {
    /// All of them with numpy's name and the worker's.
    const NAMES: [(Self, &'static str, &'static str); 11] = [
        (Self::Bool, "bool", "b1"),
        (Self::I8, "int8", "i1"),
        (Self::I16, "int16", "i2"),
        (Self::I32, "int32", "i4"),
        (Self::I64, "int64", "i8"),
        (Self::U8, "uint8", "u1"),
        (Self::U16, "uint16", "u2"),
        (Self::U32, "uint32", "u4"),
        (Self::U64, "uint64", "u8"),
        (Self::F32, "float32", "f4"),
        (Self::F64, "float64", "f8"),
    ];

    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// By numpy's name (`float32`).
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|entry| entry.1 == name).map(|entry| entry.0)
    }

    /// By the two characters of numpy's array interface (`f4`).
    pub fn by_code(code: &str) -> Option<Self> {
        Self::NAMES.iter().find(|entry| entry.2 == code).map(|entry| entry.0)
    }

    /// numpy's name.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The two characters of numpy's array interface.
    pub fn code(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str) {
        Self::NAMES.iter().find(|entry| entry.0 == self).expect("every type is in the list")
    }
}

/// A dense array: little-endian elements in row-major order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Element type.
    pub dtype: Dtype,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// The elements' bytes.
    pub data: Vec<u8>,
}

impl Tensor {
    /// A tensor whose bytes are as many as its shape says; otherwise `None`.
    pub fn new(dtype: Dtype, shape: Vec<usize>, data: Vec<u8>) -> Option<Self> {
        let elements = shape.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis))?;
        let fits = elements.checked_mul(dtype.size()) == Some(data.len());
        fits.then_some(Self { dtype, shape, data })
    }

    /// Length of the first axis; a scalar has one row.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.data.len() / self.dtype.size()
    }

    /// One element as a float, for comparing; whole numbers beyond 2^53 lose their last digits.
    pub fn element_f64(&self, index: usize) -> f64 {
        match self.element(index) {
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Value::Bool(flag) => f64::from(u8::from(flag)),
            _ => f64::NAN,
        }
    }

    /// One element as JSON; NaN is null.
    pub fn element(&self, index: usize) -> Value {
        let size = self.dtype.size();
        let bytes = &self.data[index * size..(index + 1) * size];
        macro_rules! number {
            ($type:ty) => {
                <$type>::from_le_bytes(bytes.try_into().expect("the slice has the type's size"))
            };
        }
        match self.dtype {
            Dtype::Bool => (bytes[0] != 0).into(),
            Dtype::I8 => number!(i8).into(),
            Dtype::I16 => number!(i16).into(),
            Dtype::I32 => number!(i32).into(),
            Dtype::I64 => number!(i64).into(),
            Dtype::U8 => bytes[0].into(),
            Dtype::U16 => number!(u16).into(),
            Dtype::U32 => number!(u32).into(),
            Dtype::U64 => number!(u64).into(),
            Dtype::F32 => float32(number!(f32)),
            Dtype::F64 => float(number!(f64)),
        }
    }

    /// The whole as nested lists; a scalar is the bare value.
    pub fn to_json(&self) -> Value {
        self.nested(0, 0).0
    }

    /// One row as JSON.
    pub fn row(&self, row: usize) -> Value {
        if self.shape.is_empty() {
            return self.element(0);
        }
        let width: usize = self.shape[1..].iter().product();
        self.nested(1, row * width).0
    }

    /// The sub-array from `axis` on that begins at element `start`, and how many elements it has.
    fn nested(&self, axis: usize, start: usize) -> (Value, usize) {
        if axis == self.shape.len() {
            return (self.element(start), 1);
        }
        let width: usize = self.shape[axis + 1..].iter().product();
        let items =
            (0..self.shape[axis]).map(|index| self.nested(axis + 1, start + index * width).0).collect();
        (Value::Array(items), self.shape[axis] * width)
    }
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Rows; a data frame in Python.
    Table(Table),
    /// One array.
    Tensor(Tensor),
    /// Arrays by name.
    Named(Vec<(String, Tensor)>),
    /// Anything else, handed over as it is.
    Json(Value),
}

/// What a model answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A data frame.
    Table(Table),
    /// One array.
    Tensor(Tensor),
    /// Arrays by name.
    Named(Vec<(String, Tensor)>),
    /// Anything else.
    Json(Value),
}

impl Input {
    /// How many rows it has; what is not rows counts as one.
    pub fn rows(&self) -> usize {
        match self {
            Self::Table(table) => table.rows,
            Self::Tensor(tensor) => tensor.rows(),
            Self::Named(tensors) => tensors.first().map_or(0, |(_, tensor)| tensor.rows()),
            Self::Json(Value::Array(items)) => items.len(),
            Self::Json(_) => 1,
        }
    }

    /// One row as a record for the prediction log; an unnamed array's columns are `"0"`, `"1"`, ….
    pub fn row(&self, row: usize) -> Map<String, Value> {
        match self {
            Self::Table(table) => table.row(row),
            Self::Tensor(tensor) => positional(tensor.row(row)),
            Self::Named(tensors) => {
                tensors.iter().map(|(name, tensor)| (name.clone(), tensor.row(row))).collect()
            }
            Self::Json(Value::Array(items)) => positional(items[row].clone()),
            Self::Json(value) => positional(value.clone()),
        }
    }
}

fn positional(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        other => Map::from_iter([("0".to_owned(), other)]),
    }
}

impl Output {
    /// The whole answer as MLflow writes it: records, nested lists, lists by name; NaN is null.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Table(table) => (0..table.rows).map(|row| Value::Object(table.row(row))).collect(),
            Self::Tensor(tensor) => tensor.to_json(),
            Self::Named(tensors) => tensors
                .iter()
                .map(|(name, tensor)| (name.clone(), tensor.to_json()))
                .collect::<Map<_, _>>()
                .into(),
            Self::Json(value) => value.clone(),
        }
    }

    /// The answers one by one when there are `rows` of them; otherwise the whole answer for each row.
    pub fn by_row(&self, rows: usize) -> Vec<Value> {
        match self {
            Self::Table(table) if table.rows == rows => {
                (0..rows).map(|row| Value::Object(table.row(row))).collect()
            }
            Self::Tensor(tensor) if !tensor.shape.is_empty() && tensor.rows() == rows => {
                (0..rows).map(|row| tensor.row(row)).collect()
            }
            Self::Named(tensors) if tensors.iter().all(|(_, tensor)| tensor.rows() == rows) => (0..rows)
                .map(|row| {
                    let fields = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.row(row)));
                    Value::Object(fields.collect())
                })
                .collect(),
            Self::Json(Value::Array(items)) if items.len() == rows => items.clone(),
            _ => vec![self.to_json(); rows],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matrix() -> Tensor {
        let data = [1.0f64, 2.0, 3.0, f64::NAN, 5.0, 6.0];
        let bytes = data.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor::new(Dtype::F64, vec![3, 2], bytes).unwrap()
    }

    #[test]
    fn an_array_is_nested_lists_and_splits_into_rows() {
        let output = Output::Tensor(matrix());
        assert_eq!(output.to_json(), json!([[1.0, 2.0], [3.0, null], [5.0, 6.0]]));
        assert_eq!(output.by_row(3)[2], json!([5.0, 6.0]));
        // An answer that is not one per row belongs to every row.
        assert_eq!(output.by_row(2).len(), 2);
        assert_eq!(output.by_row(2)[0], output.to_json());
    }

    #[test]
    fn named_arrays_split_into_records() {
        let output = Output::Named(vec![("p".to_owned(), matrix())]);
        assert_eq!(output.by_row(3)[0], json!({"p": [1.0, 2.0]}));
    }

    #[test]
    fn bytes_that_do_not_fill_the_shape_are_no_tensor() {
        assert!(Tensor::new(Dtype::F32, vec![2, 2], vec![0; 15]).is_none());
        assert!(Tensor::new(Dtype::F32, vec![usize::MAX, 2], vec![]).is_none());
    }

    #[test]
    fn an_array_row_is_logged_by_position() {
        let row = Input::Tensor(matrix()).row(0);
        assert_eq!(Value::Object(row), json!({"0": 1.0, "1": 2.0}));
    }
}
