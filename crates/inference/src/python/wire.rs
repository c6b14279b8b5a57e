//! Frames between the server and a worker: a JSON head that lists blocks, then the blocks' bytes.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::table::{Column, Data, Table};
use crate::value::{Dtype, Input, Output, Tensor};

/// Largest head that is read.
const MAX_HEAD: u32 = 16 << 20;
/// Largest body that is read.
const MAX_BODY: u64 = 1 << 30;

/// The first part of a frame.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Head {
    pub kind: String,
    #[serde(default)]
    pub blocks: Vec<Block>,
    #[serde(default)]
    pub rows: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// One array of a frame's body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Block {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub shape: Vec<usize>,
    pub bytes: usize,
}

/// A head and its body.
pub(super) struct Frame {
    pub head: Head,
    pub body: Vec<u8>,
}

/// Marks a missing time, as numpy does.
const NOT_A_TIME: i64 = i64::MIN;

impl Frame {
    /// The frame that asks `input`.
    pub fn question(input: &Input, params: &Map<String, Value>) -> Self {
        let mut frame = Self { head: Head { params: params.clone(), ..Head::default() }, body: Vec::new() };
        match input {
            Input::Table(table) => frame.push_table(table),
            Input::Tensor(tensor) => {
                frame.head.kind = "tensor".to_owned();
                frame.push_tensor("", tensor);
            }
            Input::Named(tensors) => {
                frame.head.kind = "named".to_owned();
                for (name, tensor) in tensors {
                    frame.push_tensor(name, tensor);
                }
            }
            Input::Json(value) => {
                frame.head.kind = "json".to_owned();
                frame.push("", "json", vec![1], Value::Array(vec![value.clone()]).to_string().as_bytes());
            }
        }
        frame
    }

    fn push(&mut self, name: &str, kind: &str, shape: Vec<usize>, bytes: &[u8]) {
        self.head.blocks.push(Block {
            name: name.to_owned(),
            kind: kind.to_owned(),
            shape,
            bytes: bytes.len(),
        });
        self.body.extend_from_slice(bytes);
    }

    fn push_tensor(&mut self, name: &str, tensor: &Tensor) {
        self.push(name, tensor.dtype.code(), tensor.shape.clone(), &tensor.data);
    }

    /// Columns of one numeric type go as one matrix: a data frame is made of it without copying.
    fn push_table(&mut self, table: &Table) {
        self.head.kind = "table".to_owned();
        self.head.rows = table.rows;
        let doubles: Option<Vec<&[f64]>> = table
            .columns
            .iter()
            .map(|column| match &column.data {
                Data::F64(values) => Some(values.as_slice()),
                _ => None,
            })
            .collect();
        if let Some(doubles) = doubles.filter(|columns| columns.len() > 1) {
            self.head.kind = "matrix".to_owned();
            self.head.columns = table.columns.iter().map(|column| column.name.clone()).collect();
            let mut bytes = Vec::with_capacity(table.rows * doubles.len() * 8);
            for row in 0..table.rows {
                for column in &doubles {
                    bytes.extend_from_slice(&column[row].to_le_bytes());
                }
            }
            self.push("", "f8", vec![table.rows, doubles.len()], &bytes);
            return;
        }
        for column in &table.columns {
            self.push_column(column);
        }
    }

    fn push_column(&mut self, column: &Column) {
        fn bytes<T: Copy, const N: usize>(values: &[T], encode: fn(T) -> [u8; N]) -> Vec<u8> {
            values.iter().flat_map(|value| encode(*value)).collect()
        }
        let shape = vec![column.data.len()];
        let json = |values: &[Option<String>]| {
            let list: Vec<Value> = values.iter().map(|text| text.clone().into()).collect();
            Value::Array(list).to_string().into_bytes()
        };
        let (kind, data) = match &column.data {
            Data::F64(values) => ("f8", bytes(values, f64::to_le_bytes)),
            Data::F32(values) => ("f4", bytes(values, f32::to_le_bytes)),
            Data::I64(values) => ("i8", bytes(values, i64::to_le_bytes)),
            Data::I32(values) => ("i4", bytes(values, i32::to_le_bytes)),
            Data::Bool(values) => ("b1", values.iter().map(|flag| u8::from(*flag)).collect()),
            Data::Time(values) => {
                let nanos: Vec<i64> = values.iter().map(|time| time.unwrap_or(NOT_A_TIME)).collect();
                ("M8", bytes(&nanos, i64::to_le_bytes))
            }
            Data::Text(values) => ("json", json(values)),
            Data::Binary(values) => ("b64", json(values)),
            Data::Json(values) => ("json", Value::Array(values.clone()).to_string().into_bytes()),
        };
        self.push(&column.name, kind, shape, &data);
    }

    /// Sends the frame in one write.
    pub async fn send(&self, stream: &mut UnixStream) -> io::Result<()> {
        let head = serde_json::to_vec(&self.head).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(12 + head.len() + self.body.len());
        let head_length = u32::try_from(head.len()).map_err(io::Error::other)?;
        bytes.extend_from_slice(&head_length.to_le_bytes());
        bytes.extend_from_slice(&(self.body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes).await
    }

    /// Receives a frame; lengths beyond the limits are an error, since the worker runs foreign code.
    pub async fn receive(stream: &mut UnixStream) -> io::Result<Self> {
        let head_length = stream.read_u32_le().await?;
        let body_length = stream.read_u64_le().await?;
        if head_length > MAX_HEAD || body_length > MAX_BODY {
            return Err(io::Error::other("the answer is larger than a frame may be"));
        }
        let mut head = vec![0; head_length as usize];
        stream.read_exact(&mut head).await?;
        let mut body = vec![0; usize::try_from(body_length).map_err(io::Error::other)?];
        stream.read_exact(&mut body).await?;
        Ok(Self { head: serde_json::from_slice(&head).map_err(io::Error::other)?, body })
    }

    /// The answer that the frame holds.
    pub fn answer(self) -> io::Result<Output> {
        let mut parts = self.parts()?.into_iter();
        Ok(match self.head.kind.as_str() {
            "table" => Output::Table(Table {
                columns: parts.map(|(name, part)| part.column(name)).collect(),
                rows: self.head.rows,
            }),
            "named" => Output::Named(
                parts.filter_map(|(name, part)| part.tensor().map(|tensor| (name, tensor))).collect(),
            ),
            "tensor" => match parts.next() {
                Some((_, Part::Tensor(tensor))) => Output::Tensor(tensor),
                Some((_, Part::Json(items))) => Output::Json(Value::Array(items)),
                None => return Err(io::Error::other("an answer without its array")),
            },
            _ => match parts.next() {
                Some((_, Part::Json(items))) => Output::Json(items.into_iter().next().unwrap_or_default()),
                _ => return Err(io::Error::other("an answer without its value")),
            },
        })
    }

    fn parts(&self) -> io::Result<Vec<(String, Part)>> {
        let mut rest = self.body.as_slice();
        let mut parts = Vec::with_capacity(self.head.blocks.len());
        for block in &self.head.blocks {
            let (bytes, after) = rest
                .split_at_checked(block.bytes)
                .ok_or_else(|| io::Error::other("an answer shorter than its head says"))?;
            rest = after;
            let part = if block.kind == "json" {
                Part::Json(serde_json::from_slice(bytes).map_err(io::Error::other)?)
            } else {
                let tensor = Dtype::by_code(&block.kind)
                    .and_then(|dtype| Tensor::new(dtype, block.shape.clone(), bytes.to_vec()));
                Part::Tensor(
                    tensor.ok_or_else(|| io::Error::other("an array that is not what its head says"))?,
                )
            };
            parts.push((block.name.clone(), part));
        }
        Ok(parts)
    }
}

enum Part {
    Tensor(Tensor),
    Json(Vec<Value>),
}

impl Part {
    fn tensor(self) -> Option<Tensor> {
        match self {
            Self::Tensor(tensor) => Some(tensor),
            Self::Json(_) => None,
        }
    }

    fn column(self, name: String) -> Column {
        let data = match self {
            Self::Json(items) => Data::Json(items),
            Self::Tensor(tensor) => {
                let indices = 0..tensor.elements();
                match tensor.dtype {
                    Dtype::Bool => Data::Bool(tensor.data.iter().map(|byte| *byte != 0).collect()),
                    Dtype::F32 => Data::F32(indices.map(|i| tensor.element_f64(i) as f32).collect()),
                    Dtype::F64 => Data::F64(indices.map(|i| tensor.element_f64(i)).collect()),
                    Dtype::U64 => Data::Json(indices.map(|i| tensor.element(i)).collect()),
                    _ => Data::I64(indices.filter_map(|i| tensor.element(i).as_i64()).collect()),
                }
            }
        };
        Column { name, data }
    }
}
