//! A model's signature, and turning what clients send into exactly what it asks for.
//!
//! Nothing is changed silently: a value that would lose something on its way to the column's type is refused,
//! with its column and row. (MLflow's own server truncates 1.5 to 1, wraps large numbers and takes `"false"`
//! for true.)

mod cell;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::InvalidInput;
use crate::table::{Column, Table};
use crate::value::{Dtype, Tensor};

pub use cell::Textual;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are MLflow's")]
pub enum Kind {
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    String,
    Binary,
    Datetime,
    /// Lists, records, anything: handed over as JSON.
    Any,
}

impl Kind {
    /// MLflow's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Datetime => "datetime",
            Self::Any => "any",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "string" => Self::String,
            "binary" => Self::Binary,
            "datetime" => Self::Datetime,
            "any" | "array" | "object" | "map" | "sparkml_vector" => Self::Any,
            _ => return None,
        })
    }
}

/// One input or output of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A column of a table.
    Column {
        /// Its name; none for a table without names.
        name: Option<String>,
        /// Its type.
        kind: Kind,
        /// Whether every row must have a value.
        required: bool,
    },
    /// An array.
    Tensor {
        /// Its name; none when it is the only one.
        name: Option<String>,
        /// numpy's name of the element type.
        dtype: String,
        /// Lengths of the axes, -1 for any.
        shape: Vec<i64>,
    },
}

impl Spec {
    /// The name, if it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Column { name, .. } | Self::Tensor { name, .. } => name.as_deref(),
        }
    }
}

/// What a model takes and gives.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Signature {
    /// Inputs in order.
    pub inputs: Vec<Spec>,
    /// Outputs in order.
    pub outputs: Vec<Spec>,
    /// Names of the inference parameters.
    pub params: Vec<String>,
}

#[derive(Deserialize)]
struct RawSpec {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    #[serde(default = "yes")]
    required: bool,
    #[serde(rename = "tensor-spec")]
    tensor: Option<RawTensor>,
}

#[derive(Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<i64>,
}

fn yes() -> bool {
    true
}

impl Signature {
    /// Reads the `signature` of an `MLmodel` file: an object of JSON texts.
    pub fn parse(value: &Value) -> Result<Self, InvalidInput> {
        let specs = |key: &str| -> Result<Vec<Spec>, InvalidInput> {
            let Some(text) = value[key].as_str() else {
                return Ok(Vec::new());
            };
            let raw: Vec<RawSpec> = serde_json::from_str(text).map_err(|error| {
                InvalidInput::whole(format!("the signature's {key} are unreadable: {error}"))
            })?;
            raw.into_iter().map(spec).collect()
        };
        let params = value["params"]
            .as_str()
            .and_then(|text| serde_json::from_str::<Vec<Map<String, Value>>>(text).ok())
            .unwrap_or_default();
        Ok(Self {
            inputs: specs("inputs")?,
            outputs: specs("outputs")?,
            params: params
                .iter()
                .filter_map(|param| param.get("name")?.as_str().map(ToOwned::to_owned))
                .collect(),
        })
    }

    /// Whether the inputs are columns of a table.
    pub fn is_table(&self) -> bool {
        matches!(self.inputs.first(), Some(Spec::Column { .. }))
    }

    /// Refuses parameters that the signature does not have.
    pub fn check_params(&self, params: &Map<String, Value>) -> Result<(), InvalidInput> {
        let unknown = params.keys().find(|name| !self.params.contains(name));
        match unknown {
            None => Ok(()),
            Some(name) if self.params.is_empty() => {
                Err(InvalidInput::whole(format!("the model takes no parameters, {name:?} was given")))
            }
            Some(name) => Err(InvalidInput::whole(format!(
                "the model has no parameter {name:?}; it has {}",
                self.params.join(", ")
            ))),
        }
    }
}

fn spec(raw: RawSpec) -> Result<Spec, InvalidInput> {
    if let Some(tensor) = raw.tensor {
        return Ok(Spec::Tensor { name: raw.name, dtype: tensor.dtype, shape: tensor.shape });
    }
    let kind = Kind::parse(&raw.kind).ok_or_else(|| {
        InvalidInput::whole(format!("the signature has a column of the unknown type {:?}", raw.kind))
    })?;
    Ok(Spec::Column { name: raw.name, kind, required: raw.required })
}

/// Rows as a client sent them: cells by position under column names.
#[derive(Clone, Debug, Default)]
pub struct RawRows {
    /// Column names; none when the client sent bare lists.
    pub columns: Option<Vec<String>>,
    /// Cells; every row as long as the columns.
    pub cells: Vec<Vec<Value>>,
    /// Whether the cells are texts that stand for values (CSV).
    pub textual: Textual,
}

impl RawRows {
    /// From records; columns in the order in which they first appear, absent cells null.
    pub fn from_records(records: Vec<Map<String, Value>>) -> Self {
        let mut columns: Vec<String> = Vec::new();
        for name in records.iter().flat_map(Map::keys) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        let cells = records
            .into_iter()
            .map(|mut record| {
                let take = |name: &String| record.remove(name).unwrap_or(Value::Null);
                columns.iter().map(take).collect()
            })
            .collect();
        Self { columns: Some(columns), cells, textual: Textual::No }
    }

    /// From `columns` and rows of cells; a row of another length is refused.
    pub fn from_split(columns: Option<Vec<String>>, cells: Vec<Vec<Value>>) -> Result<Self, InvalidInput> {
        let width = columns.as_ref().map_or_else(|| cells.first().map_or(0, Vec::len), Vec::len);
        if let Some((row, found)) = cells.iter().enumerate().find(|(_, found)| found.len() != width) {
            return Err(InvalidInput {
                column: None,
                row: Some(row),
                reason: format!("it has {} values where {width} are expected", found.len()),
            });
        }
        Ok(Self { columns, cells, textual: Textual::No })
    }

    /// From columns of equal length.
    pub fn from_columns(columns: Vec<(String, Vec<Value>)>) -> Result<Self, InvalidInput> {
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != rows) {
            return Err(InvalidInput::column(
                name,
                format!("it has {} values where the first column has {rows}", values.len()),
            ));
        }
        let mut cells: Vec<Vec<Value>> = (0..rows).map(|_| Vec::with_capacity(columns.len())).collect();
        let mut names = Vec::with_capacity(columns.len());
        for (name, values) in columns {
            names.push(name);
            for (row, value) in cells.iter_mut().zip(values) {
                row.push(value);
            }
        }
        Ok(Self { columns: Some(names), cells, textual: Textual::No })
    }

    /// Typed columns in the signature's order; without a signature types are inferred as pandas would.
    pub fn into_table(self, signature: Option<&Signature>) -> Result<Table, InvalidInput> {
        match signature.filter(|signature| signature.is_table()) {
            Some(signature) => self.enforce(signature),
            None => self.infer(),
        }
    }

    fn enforce(self, signature: &Signature) -> Result<Table, InvalidInput> {
        let names = self.names_for(signature)?;
        self.refuse_unknown(&names, signature)?;
        let mut columns = Vec::with_capacity(signature.inputs.len());
        for (position, spec) in signature.inputs.iter().enumerate() {
            let Spec::Column { kind, required, .. } = spec else {
                continue;
            };
            let name = spec.name().map_or_else(|| position.to_string(), ToOwned::to_owned);
            let Some(source) = names.iter().position(|given| *given == name) else {
                if *required {
                    return Err(missing(&name, &names));
                }
                continue;
            };
            let values = self.cells.iter().map(|row| &row[source]);
            let data = cell::column(&name, *kind, *required, self.textual, values)?;
            columns.push(Column { name, data });
        }
        Ok(Table { columns, rows: self.cells.len() })
    }

    /// The given names; bare lists take the signature's by position.
    fn names_for(&self, signature: &Signature) -> Result<Vec<String>, InvalidInput> {
        if let Some(columns) = &self.columns {
            return Ok(columns.clone());
        }
        let width = self.cells.first().map_or(0, Vec::len);
        if width != signature.inputs.len() {
            return Err(InvalidInput::whole(format!(
                "rows without names must have the model's {} columns, these have {width}",
                signature.inputs.len()
            )));
        }
        let name = |(position, spec): (usize, &Spec)| {
            spec.name().map_or_else(|| position.to_string(), ToOwned::to_owned)
        };
        Ok(signature.inputs.iter().enumerate().map(name).collect())
    }

    fn refuse_unknown(&self, names: &[String], signature: &Signature) -> Result<(), InvalidInput> {
        let known: Vec<String> = signature
            .inputs
            .iter()
            .enumerate()
            .map(|(position, spec)| spec.name().map_or_else(|| position.to_string(), ToOwned::to_owned))
            .collect();
        let Some(unknown) = names.iter().find(|name| !known.contains(name)) else {
            return Ok(());
        };
        // A slip is best explained from the side of the column that it leaves without values.
        if let Some(meant) = domain::suggest::nearest(unknown, known.iter().map(String::as_str)) {
            return Err(InvalidInput::column(
                unknown,
                format!("the model has no such column; did you mean {meant:?}?"),
            ));
        }
        Err(InvalidInput::column(
            unknown,
            format!("the model has no such column; it has {}", known.join(", ")),
        ))
    }

    fn infer(self) -> Result<Table, InvalidInput> {
        let width = self.cells.first().map_or(0, Vec::len);
        let names =
            self.columns.clone().unwrap_or_else(|| (0..width).map(|position| position.to_string()).collect());
        let columns = names
            .into_iter()
            .enumerate()
            .map(|(position, name)| Column {
                data: cell::inferred(self.textual, self.cells.iter().map(|row| &row[position])),
                name,
            })
            .collect();
        Ok(Table { columns, rows: self.cells.len() })
    }
}

fn missing(name: &str, given: &[String]) -> InvalidInput {
    let reason = match domain::suggest::nearest(name, given.iter().map(String::as_str)) {
        Some(near) => format!("it is missing; {near:?} was given instead"),
        None => "it is missing".to_owned(),
    };
    InvalidInput::column(name, reason)
}

/// Nested JSON lists as an array of `dtype` (when absent: 64-bit whole numbers if all are, else 64-bit floats).
///
/// Lists of unequal length, and values that do not fit the type, are refused.
pub fn tensor_from_json(value: &Value, dtype: Option<Dtype>) -> Result<Tensor, InvalidInput> {
    let mut shape = Vec::new();
    let mut level = value;
    while let Value::Array(items) = level {
        shape.push(items.len());
        match items.first() {
            Some(first) => level = first,
            None => break,
        }
    }
    let mut leaves = Vec::new();
    flatten(value, &shape, &mut leaves)?;
    let dtype = dtype.unwrap_or_else(|| {
        if leaves.iter().all(|leaf| leaf.is_boolean()) && !leaves.is_empty() {
            Dtype::Bool
        } else if leaves.iter().all(|leaf| leaf.is_i64()) {
            Dtype::I64
        } else {
            Dtype::F64
        }
    });
    let mut data = Vec::with_capacity(leaves.len() * dtype.size());
    for (position, leaf) in leaves.into_iter().enumerate() {
        cell::push_element(leaf, dtype, &mut data)
            .map_err(|reason| InvalidInput::whole(format!("element {position}: {reason}")))?;
    }
    Ok(Tensor { dtype, shape, data })
}

fn flatten<'v>(value: &'v Value, shape: &[usize], leaves: &mut Vec<&'v Value>) -> Result<(), InvalidInput> {
    match (value, shape) {
        (Value::Array(items), [length, rest @ ..]) if items.len() == *length => {
            items.iter().try_for_each(|item| flatten(item, rest, leaves))
        }
        (Value::Array(items), [length, ..]) => Err(InvalidInput::whole(format!(
            "the lists of an array have equal length: one has {} elements, the first has {length}",
            items.len()
        ))),
        (Value::Array(_), []) | (_, [_, ..]) => {
            Err(InvalidInput::whole("the lists of an array have equal depth"))
        }
        (leaf, []) => {
            leaves.push(leaf);
            Ok(())
        }
    }
}

/// An array as a tensor signature asks: type and shape checked, numbers cast only without loss.
pub fn enforce_tensor(spec: &Spec, value: &Value) -> Result<Tensor, InvalidInput> {
    let Spec::Tensor { dtype, shape, .. } = spec else {
        return tensor_from_json(value, None);
    };
    let wanted = Dtype::by_name(dtype)
        .ok_or_else(|| InvalidInput::whole(format!("arrays of {dtype} cannot be sent as JSON numbers")))?;
    let tensor = tensor_from_json(value, Some(wanted))?;
    check_shape(&tensor, shape)?;
    Ok(tensor)
}

/// Refuses an array whose shape is not the signature's (-1: any length).
pub fn check_shape(tensor: &Tensor, shape: &[i64]) -> Result<(), InvalidInput> {
    let same = |(have, want): (&usize, &i64)| *want < 0 || i64::try_from(*have) == Ok(*want);
    if tensor.shape.len() == shape.len() && tensor.shape.iter().zip(shape).all(same) {
        return Ok(());
    }
    Err(InvalidInput::whole(format!(
        "the model takes an array of shape {shape:?} (-1: any length), this one has {:?}",
        tensor.shape
    )))
}

#[cfg(test)]
mod tests;
