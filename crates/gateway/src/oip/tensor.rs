//! Tensors of the protocol: JSON or raw bytes in, JSON or raw bytes out.

use app::serving::inference::signature::{Kind, Spec, tensor_from_json};
use app::serving::inference::{Dtype, InvalidInput, Output, Tensor};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Most tensors in one request.
const MAX_TENSORS: usize = 10_000;

/// The protocol's names of element types.
const DATATYPES: [(&str, Dtype); 11] = [
    ("BOOL", Dtype::Bool),
    ("INT8", Dtype::I8),
    ("INT16", Dtype::I16),
    ("INT32", Dtype::I32),
    ("INT64", Dtype::I64),
    ("UINT8", Dtype::U8),
    ("UINT16", Dtype::U16),
    ("UINT32", Dtype::U32),
    ("UINT64", Dtype::U64),
    ("FP32", Dtype::F32),
    ("FP64", Dtype::F64),
];

#[derive(Deserialize)]
struct RawRequest {
    id: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    inputs: Vec<RawTensor>,
    #[serde(default)]
    outputs: Vec<RawOutput>,
}

#[derive(Deserialize)]
struct RawTensor {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    #[serde(default)]
    parameters: Map<String, Value>,
    data: Option<Value>,
}

#[derive(Deserialize)]
struct RawOutput {
    name: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

/// A request, read.
pub(super) struct InferRequest {
    pub id: Option<String>,
    pub inputs: Vec<NamedTensor>,
    outputs: Vec<RawOutput>,
    binary_output: bool,
    content_type: Option<String>,
}

/// A named tensor.
pub(super) struct NamedTensor {
    pub name: String,
    pub datatype: &'static str,
    pub shape: Vec<usize>,
    pub elements: Elements,
}

/// A tensor's elements.
pub(super) enum Elements {
    Numbers(Tensor),
    Texts(Vec<String>),
}

impl InferRequest {
    /// Reads a body: JSON, of `json_length` bytes when raw tensors follow it.
    pub fn read(body: &[u8], json_length: Option<usize>) -> Result<Self, InvalidInput> {
        let (json, mut raw) = body.split_at_checked(json_length.unwrap_or(body.len())).ok_or_else(|| {
            InvalidInput::whole("the body is shorter than inference-header-content-length says")
        })?;
        let request: RawRequest = serde_json::from_slice(json)
            .map_err(|error| InvalidInput::whole(format!("the body is not an inference request: {error}")))?;
        if request.inputs.is_empty() || request.inputs.len() > MAX_TENSORS {
            let found = request.inputs.len();
            return Err(InvalidInput::whole(format!(
                "between 1 and {MAX_TENSORS} inputs are taken, not {found}"
            )));
        }
        let content_type = |parameters: &Map<String, Value>| {
            parameters.get("content_type").and_then(Value::as_str).map(ToOwned::to_owned)
        };
        let content_type = content_type(&request.parameters)
            .or_else(|| request.inputs.iter().find_map(|input| content_type(&input.parameters)));
        let inputs =
            request.inputs.into_iter().map(|input| read_tensor(input, &mut raw)).collect::<Result<_, _>>()?;
        if !raw.is_empty() {
            return Err(InvalidInput::whole(format!("{} bytes follow the last binary tensor", raw.len())));
        }
        let binary_output = request.parameters.get("binary_data_output").and_then(Value::as_bool);
        let binary_output = binary_output.unwrap_or(false);
        Ok(Self { id: request.id, inputs, outputs: request.outputs, binary_output, content_type })
    }

    /// Whether the tensors are the columns of a table, where no signature says so.
    pub fn is_table(&self) -> bool {
        self.content_type.as_deref() == Some("pd")
    }

    /// Whether an output is to be sent: all are when none is named.
    pub fn wants(&self, name: &str) -> bool {
        self.outputs.is_empty() || self.outputs.iter().any(|output| output.name == name)
    }

    /// Whether an output is to be sent as raw bytes.
    pub fn wants_binary(&self, name: &str) -> bool {
        let asked = self.outputs.iter().find(|output| output.name == name);
        let said = asked.and_then(|output| output.parameters.get("binary_data")?.as_bool());
        said.unwrap_or(self.binary_output)
    }
}

fn read_tensor(raw: RawTensor, rest: &mut &[u8]) -> Result<NamedTensor, InvalidInput> {
    let refuse = |reason: String| InvalidInput::column(&raw.name, reason);
    let count = raw.shape.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis));
    let count = count.ok_or_else(|| refuse("its shape is too large".to_owned()))?;
    let size = raw.parameters.get("binary_data_size").and_then(Value::as_u64);
    let bytes = match size {
        None => None,
        Some(size) => {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let (bytes, after) = rest
                .split_at_checked(size)
                .ok_or_else(|| refuse(format!("its {size} binary bytes are not in the body")))?;
            *rest = after;
            Some(bytes)
        }
    };
    let (datatype, dtype) = datatype(&raw.datatype).ok_or_else(|| {
        refuse(format!(
            "the datatype {:?} is not taken; send FP32, FP64, INT64, BOOL, BYTES, …",
            raw.datatype
        ))
    })?;
    let elements = match (dtype, bytes) {
        (Some(dtype), Some(bytes)) => {
            let tensor = Tensor::new(dtype, raw.shape.clone(), bytes.to_vec());
            Elements::Numbers(
                tensor.ok_or_else(|| refuse("its binary bytes do not fill its shape".to_owned()))?,
            )
        }
        (None, Some(bytes)) => Elements::Texts(texts_from_bytes(bytes).map_err(refuse)?),
        (dtype, None) => {
            from_json(raw.data.as_ref(), dtype, &raw.shape).map_err(|error| refuse(error.reason))?
        }
    };
    if elements.len() != count {
        return Err(refuse(format!(
            "its shape {:?} has another number of elements than its data",
            raw.shape
        )));
    }
    Ok(NamedTensor { name: raw.name, datatype, shape: raw.shape, elements })
}

fn datatype(name: &str) -> Option<(&'static str, Option<Dtype>)> {
    if name == "BYTES" {
        return Some(("BYTES", None));
    }
    DATATYPES.iter().find(|entry| entry.0 == name).map(|entry| (entry.0, Some(entry.1)))
}

fn from_json(data: Option<&Value>, dtype: Option<Dtype>, shape: &[usize]) -> Result<Elements, InvalidInput> {
    let data = data.ok_or_else(|| InvalidInput::whole("it has neither data nor binary_data_size"))?;
    let mut flat = Vec::new();
    flatten(data, &mut flat);
    match dtype {
        Some(dtype) => {
            let tensor = tensor_from_json(&Value::Array(flat), Some(dtype))?;
            let tensor = Tensor::new(dtype, shape.to_vec(), tensor.data);
            let reason = || InvalidInput::whole(format!("its data does not fill its shape {shape:?}"));
            tensor.map(Elements::Numbers).ok_or_else(reason)
        }
        None => {
            let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
            let texts = flat.iter().map(text).collect::<Option<Vec<String>>>();
            texts.map(Elements::Texts).ok_or_else(|| InvalidInput::whole("BYTES data is a list of texts"))
        }
    }
}

fn flatten(value: &Value, flat: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(item, flat)),
        leaf => flat.push(leaf.clone()),
    }
}

/// Each element is its length in four little-endian bytes, then its bytes.
fn texts_from_bytes(mut bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or("its BYTES end inside a length")?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, rest) = rest.split_at_checked(length).ok_or("its BYTES end inside an element")?;
        texts.push(String::from_utf8(text.to_vec()).map_err(|_| "its BYTES are not UTF-8 texts")?);
        bytes = rest;
    }
    Ok(texts)
}

impl Elements {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(tensor) => tensor.elements(),
            Self::Texts(texts) => texts.len(),
        }
    }
}

impl NamedTensor {
    /// The elements one by one.
    pub fn values(&self) -> Vec<Value> {
        match &self.elements {
            Elements::Numbers(tensor) => (0..tensor.elements()).map(|index| tensor.element(index)).collect(),
            Elements::Texts(texts) => texts.iter().map(|text| text.as_str().into()).collect(),
        }
    }

    /// The elements as a flat JSON list.
    pub fn to_json(&self) -> Value {
        Value::Array(self.values())
    }

    /// The elements as raw bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.elements {
            Elements::Numbers(tensor) => tensor.data.clone(),
            Elements::Texts(texts) => texts
                .iter()
                .flat_map(|text| {
                    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                    length.to_le_bytes().into_iter().chain(text.bytes())
                })
                .collect(),
        }
    }

    fn numbers(name: &str, tensor: Tensor) -> Self {
        let entry = DATATYPES.iter().find(|entry| entry.1 == tensor.dtype);
        let datatype = entry.expect("every type is in the list").0;
        Self {
            name: name.to_owned(),
            datatype,
            shape: tensor.shape.clone(),
            elements: Elements::Numbers(tensor),
        }
    }

    fn texts(name: &str, shape: Vec<usize>, texts: Vec<String>) -> Self {
        Self { name: name.to_owned(), datatype: "BYTES", shape, elements: Elements::Texts(texts) }
    }
}

/// The output of a model without names for its outputs.
const OUTPUT: &str = "predictions";

/// A model's answer as tensors: one per column of a table, one for an array.
pub(super) fn outputs(output: &Output) -> Vec<NamedTensor> {
    match output {
        Output::Tensor(tensor) => vec![NamedTensor::numbers(OUTPUT, tensor.clone())],
        Output::Named(tensors) => {
            tensors.iter().map(|(name, tensor)| NamedTensor::numbers(name, tensor.clone())).collect()
        }
        Output::Table(table) => table
            .columns
            .iter()
            .map(|column| {
                of_values(&column.name, (0..table.rows).map(|row| column.data.value(row)).collect(), true)
            })
            .collect(),
        Output::Json(Value::Array(items)) => vec![of_values(OUTPUT, items.clone(), false)],
        Output::Json(value) => vec![NamedTensor::texts(OUTPUT, vec![1], vec![value.to_string()])],
    }
}

/// Numbers when all are, else texts; what is neither is sent as its JSON.
fn of_values(name: &str, values: Vec<Value>, column: bool) -> NamedTensor {
    let shape = |rows: usize| if column { vec![rows, 1] } else { vec![rows] };
    let rows = values.len();
    let numeric = values
        .iter()
        .all(|value| value.is_number() || value.is_null() || value.is_boolean() || value.is_array());
    if numeric && let Ok(tensor) = tensor_from_json(&Value::Array(values.clone()), None) {
        let shape = if tensor.shape.len() == 1 { shape(rows) } else { tensor.shape.clone() };
        return NamedTensor::numbers(name, Tensor { shape, ..tensor });
    }
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    NamedTensor::texts(name, shape(rows), values.into_iter().map(text).collect())
}

/// The datatype and shape of an input or output in a model's metadata.
pub(super) fn spec_datatype(spec: &Spec) -> (&'static str, Value) {
    match spec {
        Spec::Column { kind, .. } => {
            let datatype = match kind {
                Kind::Boolean => "BOOL",
                Kind::Integer => "INT32",
                Kind::Long => "INT64",
                Kind::Float => "FP32",
                Kind::Double => "FP64",
                Kind::String | Kind::Binary | Kind::Datetime | Kind::Any => "BYTES",
            };
            (datatype, json!([-1]))
        }
        Spec::Tensor { dtype, shape, .. } => {
            let found = Dtype::by_name(dtype);
            let entry = DATATYPES.iter().find(|entry| Some(entry.1) == found);
            (entry.map_or("BYTES", |entry| entry.0), json!(shape))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_as_json_flat_or_nested_and_as_raw_bytes() {
        let json = json!({"inputs": [
            {"name": "a", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]},
            {"name": "b", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 11}},
            {"name": "c", "shape": [2], "datatype": "INT64", "parameters": {"binary_data_size": 16}},
        ]})
        .to_string();
        let mut body = json.clone().into_bytes();
        body.extend_from_slice(&[2, 0, 0, 0]);
        body.extend_from_slice(b"UA");
        body.extend_from_slice(&[1, 0, 0, 0]);
        body.extend_from_slice(b"D");
        body.extend_from_slice(&7i64.to_le_bytes());
        body.extend_from_slice(&(-7i64).to_le_bytes());
        let request = InferRequest::read(&body, Some(json.len())).unwrap();
        assert_eq!(request.inputs[0].to_json(), json!([1.0, 2.0, 3.0, 4.0]));
        assert_eq!(request.inputs[1].to_json(), json!(["UA", "D"]));
        assert_eq!(request.inputs[2].to_json(), json!([7, -7]));
        assert_eq!(request.inputs[1].to_bytes(), body[json.len()..json.len() + 11]);
    }

    #[test]
    fn data_that_does_not_fit_its_shape_or_type_names_the_tensor() {
        let said = |input: Value| {
            let body = json!({"inputs": [input]}).to_string();
            InferRequest::read(body.as_bytes(), None).err().map(|error| error.to_string()).unwrap_or_default()
        };
        let short = said(json!({"name": "a", "shape": [3], "datatype": "FP64", "data": [1, 2]}));
        assert!(short.contains("\"a\"") && short.contains("[3]"), "{short}");
        assert!(said(json!({"name": "a", "shape": [1], "datatype": "INT8", "data": [300]})).contains("int8"));
        assert!(said(json!({"name": "a", "shape": [1], "datatype": "X", "data": [1]})).contains("\"X\""));
        assert!(said(json!({"name": "a", "shape": [1], "datatype": "FP64"})).contains("neither data"));
    }

    #[test]
    fn outputs_are_binary_where_asked() {
        let body = json!({
            "inputs": [{"name": "a", "shape": [1], "datatype": "FP64", "data": [1]}],
            "outputs": [{"name": "p", "parameters": {"binary_data": true}}, {"name": "q"}],
        });
        let request = InferRequest::read(body.to_string().as_bytes(), None).unwrap();
        assert!(request.wants_binary("p") && !request.wants_binary("q"));
        assert!(request.wants("q") && !request.wants("r"));
    }

    #[test]
    fn a_list_of_texts_is_bytes_and_a_list_of_lists_is_a_matrix() {
        let texts = &outputs(&Output::Json(json!(["a", "b"])))[0];
        assert_eq!((texts.datatype, texts.shape.clone()), ("BYTES", vec![2]));
        let matrix = &outputs(&Output::Json(json!([[1, 2], [3, 4]])))[0];
        assert_eq!((matrix.datatype, matrix.shape.clone()), ("INT64", vec![2, 2]));
    }
}
