//! ONNX Runtime inside the server, for a model whose ONNX export gives the same answers as its Python form.
//!
//! The library is the one of the model's environment, loaded when it is first needed; a process has one. An export is
//! never trusted: it replaces the Python form only when both answer the model's example within [`BOUND`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Tensor as OrtTensor, TensorElementType, ValueType};

use crate::error::{Error, Result};
use crate::mlmodel::ModelInfo;
use crate::table::{Column, Data};
use crate::value::{Dtype, Input, Output, Tensor};
use crate::{BoxFuture, Health, LoadedModel, Request, RuntimeKind};

/// The largest difference between a float of the export's answer and the Python model's that counts as the same.
pub const BOUND: f64 = 1e-4;
/// Requests of up to this many rows are answered where they are; larger ones on a thread of their own.
const SMALL: usize = 64;

/// The library in the environment of `python`, when onnxruntime is installed there.
pub fn library(python: &Path) -> Option<PathBuf> {
    let environment = python.parent()?.parent()?;
    let versions = std::fs::read_dir(environment.join("lib")).ok()?;
    versions.filter_map(|entry| Some(entry.ok()?.path().join("site-packages/onnxruntime/capi"))).find_map(
        |folder| {
            let names = std::fs::read_dir(folder).ok()?;
            names.filter_map(|entry| Some(entry.ok()?.path())).find(|path| {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                name.starts_with("libonnxruntime.so.")
            })
        },
    )
}

/// Loads the export of the model `info` and compares it with what the Python form `answered` to the example. Returns it
/// with the largest difference, or the reason why the Python form stays.
pub fn replacing(
    info: &ModelInfo,
    answered: (Input, Output),
    export: &Path,
    library: &Path,
    queue: usize,
) -> std::result::Result<(Arc<dyn LoadedModel>, f64), String> {
    let session = Mutex::new(open(export, library)?);
    let answers = run(&session, &answered.0)?;
    let (rule, delta) = Rule::find(&answers, &answered.1)?;
    if delta > BOUND {
        return Err(format!(
            "its answers differ by {delta:.2e} from the Python model's, more than {BOUND:.0e}"
        ));
    }
    let model = OnnxModel {
        info: info.clone(),
        session: Arc::new(session),
        rule,
        example: Some(answered),
        in_flight: AtomicUsize::new(0),
        queue,
    };
    Ok((Arc::new(model), delta))
}

fn open(export: &Path, library: &Path) -> std::result::Result<Session, String> {
    static ENVIRONMENT: OnceLock<std::result::Result<Environment, String>> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(|| {
        let builder = ort::init_from(library).map_err(|error| error.to_string())?;
        builder.build().map_err(|error| error.to_string())
    });
    let environment = environment.as_ref().map_err(Clone::clone)?;
    let text = |error: &dyn std::fmt::Display| format!("ONNX Runtime refuses it: {error}");
    let builder = Session::builder(environment).map_err(|error| text(&error))?;
    let builder = builder.with_intra_threads(1).map_err(|error| text(&error))?;
    let mut builder = builder.with_intra_op_spinning(false).map_err(|error| text(&error))?;
    builder.commit_from_file(export).map_err(|error| text(&error))
}

/// A model in an ONNX Runtime session.
struct OnnxModel {
    info: ModelInfo,
    session: Arc<Mutex<Session>>,
    rule: Rule,
    example: Option<(Input, Output)>,
    in_flight: AtomicUsize,
    queue: usize,
}

/// Which outputs of the graph make the answer, and as which type.
#[derive(Clone, Debug)]
struct Rule {
    /// Position in the graph's outputs, the answer's element type, and its rank.
    output: usize,
    dtype: Option<Dtype>,
    rank: usize,
}

impl Rule {
    /// The output that is nearest to what the Python model answered.
    fn find(answers: &[Option<Tensor>], wanted: &Output) -> std::result::Result<(Self, f64), String> {
        let Output::Tensor(wanted) = wanted else {
            return Err("the Python model does not answer with one array".to_owned());
        };
        let mut best: Option<(Self, f64)> = None;
        for (output, answer) in answers.iter().enumerate() {
            let Some(answer) = answer.as_ref().filter(|answer| answer.elements() == wanted.elements()) else {
                continue;
            };
            let delta = (0..wanted.elements())
                .map(|index| (answer.element_f64(index) - wanted.element_f64(index)).abs())
                // NaN is no agreement.
                .fold(0.0, |most: f64, delta| if delta.is_nan() { f64::INFINITY } else { most.max(delta) });
            if best.as_ref().is_none_or(|(_, least)| delta < *least) {
                best = Some((Self { output, dtype: Some(wanted.dtype), rank: wanted.shape.len() }, delta));
            }
        }
        best.ok_or_else(|| {
            "no output has the shape of the Python model's answer (export with zipmap=False)".to_owned()
        })
    }

    fn apply(&self, mut answers: Vec<Option<Tensor>>) -> Result<Output> {
        let missing = || Error::Worker("the graph gave no answer".to_owned());
        let answer = answers.get_mut(self.output).and_then(Option::take).ok_or_else(missing)?;
        let mut shape = answer.shape.clone();
        // A converter may keep an axis of length 1 that the library does not have.
        while shape.len() > self.rank && shape.last() == Some(&1) {
            shape.pop();
        }
        let dtype = self.dtype.unwrap_or(answer.dtype);
        let data = if dtype == answer.dtype {
            answer.data
        } else {
            (0..answer.elements()).flat_map(|index| cast(answer.element_f64(index), dtype)).collect()
        };
        Tensor::new(dtype, shape, data).map(Output::Tensor).ok_or_else(missing)
    }
}

fn cast(value: f64, dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F32 => (value as f32).to_le_bytes().to_vec(),
        Dtype::F64 => value.to_le_bytes().to_vec(),
        Dtype::I32 => (value as i32).to_le_bytes().to_vec(),
        Dtype::Bool => vec![u8::from(value != 0.0)],
        // The remaining types of an answer are labels, which are small whole numbers.
        _ => (value as i64).to_le_bytes()[..dtype.size()].to_vec(),
    }
}

impl LoadedModel for OnnxModel {
    fn kind(&self) -> RuntimeKind {
        RuntimeKind::Onnx
    }

    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, request: Request) -> BoxFuture<'_, Result<Output>> {
        Box::pin(async move {
            let _place = Place::take(&self.in_flight, self.queue)?;
            let session = Arc::clone(&self.session);
            let answers = if request.input.rows() <= SMALL {
                run(&session, &request.input)
            } else {
                let work = move || run(&session, &request.input);
                tokio::task::spawn_blocking(work).await.map_err(|error| Error::Worker(error.to_string()))?
            };
            self.rule.apply(answers.map_err(Error::Model)?)
        })
    }

    fn health(&self) -> Health {
        Health::Ready
    }

    fn example(&self) -> Option<&(Input, Output)> {
        self.example.as_ref()
    }

    fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

/// A place among the requests in flight, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(count: &'a AtomicUsize, queue: usize) -> Result<Self> {
        let before = count.fetch_add(1, Ordering::AcqRel);
        let place = Self(count);
        if before > queue {
            return Err(Error::Busy { queue, retry_after: std::time::Duration::from_secs(1) });
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The graph's outputs that are arrays of numbers, in order.
fn run(session: &Mutex<Session>, input: &Input) -> std::result::Result<Vec<Option<Tensor>>, String> {
    let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
    let values = values(&session, input)?;
    let names: Vec<String> = session.outputs().iter().map(|output| output.name().to_owned()).collect();
    let answers = session.run(values).map_err(|error| error.to_string())?;
    Ok(names.iter().map(|name| answers.get(name.as_str()).and_then(numbers)).collect())
}

fn numbers(value: &DynValue) -> Option<Tensor> {
    fn bytes<T: Copy, const N: usize>(values: &[T], encode: fn(T) -> [u8; N]) -> Vec<u8> {
        values.iter().flat_map(|value| encode(*value)).collect()
    }
    let (shape, dtype, data) = if let Ok((shape, values)) = value.try_extract_tensor::<f32>() {
        (shape, Dtype::F32, bytes(values, f32::to_le_bytes))
    } else if let Ok((shape, values)) = value.try_extract_tensor::<f64>() {
        (shape, Dtype::F64, bytes(values, f64::to_le_bytes))
    } else if let Ok((shape, values)) = value.try_extract_tensor::<i64>() {
        (shape, Dtype::I64, bytes(values, i64::to_le_bytes))
    } else {
        return None;
    };
    let shape = shape.iter().map(|axis| usize::try_from(*axis).ok()).collect::<Option<Vec<usize>>>()?;
    Tensor::new(dtype, shape, data)
}

type Named = Vec<(String, SessionInputValue<'static>)>;

/// The input as the graph asks: one matrix of all columns, or one array per column.
fn values(session: &Session, input: &Input) -> std::result::Result<Named, String> {
    let wanted: Vec<(String, TensorElementType)> = session
        .inputs()
        .iter()
        .map(|wanted| match wanted.dtype() {
            ValueType::Tensor { ty, .. } => Ok((wanted.name().to_owned(), *ty)),
            _ => Err(format!("the graph's input {:?} is not an array", wanted.name())),
        })
        .collect::<std::result::Result<_, _>>()?;
    match (input, wanted.as_slice()) {
        (Input::Table(table), [(name, kind)]) if table.columns.len() != 1 => {
            let columns: Vec<Vec<f64>> =
                table.columns.iter().map(floats).collect::<std::result::Result<_, _>>()?;
            let cells =
                (0..table.rows).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
            Ok(vec![(name.clone(), array(cells, vec![table.rows, columns.len()], *kind)?)])
        }
        (Input::Table(table), _) => wanted
            .iter()
            .map(|(name, kind)| {
                let column = table.columns.iter().find(|column| column.name == *name);
                let column =
                    column.ok_or_else(|| format!("the graph asks for {name:?}, which is no column"))?;
                Ok((name.clone(), column_value(column, table.rows, *kind)?))
            })
            .collect(),
        (Input::Tensor(tensor), [(name, kind)]) => {
            let cells = (0..tensor.elements()).map(|index| tensor.element_f64(index)).collect();
            Ok(vec![(name.clone(), array(cells, tensor.shape.clone(), *kind)?)])
        }
        _ => Err("the graph does not take this kind of input".to_owned()),
    }
}

fn floats(column: &Column) -> std::result::Result<Vec<f64>, String> {
    match &column.data {
        Data::F64(values) => Ok(values.clone()),
        Data::F32(values) => Ok(values.iter().map(|value| f64::from(*value)).collect()),
        Data::I64(values) => Ok(values.iter().map(|value| *value as f64).collect()),
        Data::I32(values) => Ok(values.iter().map(|value| f64::from(*value)).collect()),
        Data::Bool(values) => Ok(values.iter().map(|flag| f64::from(u8::from(*flag))).collect()),
        _ => Err(format!("the column {:?} is not numbers", column.name)),
    }
}

fn column_value(
    column: &Column,
    rows: usize,
    kind: TensorElementType,
) -> std::result::Result<SessionInputValue<'static>, String> {
    if let (Data::Text(texts), TensorElementType::String) = (&column.data, kind) {
        let texts: Vec<String> = texts.iter().map(|text| text.clone().unwrap_or_default()).collect();
        let tensor = OrtTensor::from_string_array((vec![rows, 1], texts.as_slice()));
        return tensor.map(Into::into).map_err(|error| error.to_string());
    }
    array(floats(column)?, vec![rows, 1], kind)
}

fn array(
    cells: Vec<f64>,
    shape: Vec<usize>,
    kind: TensorElementType,
) -> std::result::Result<SessionInputValue<'static>, String> {
    let made = match kind {
        TensorElementType::Float32 => {
            let cells: Vec<f32> = cells.into_iter().map(|cell| cell as f32).collect();
            OrtTensor::from_array((shape, cells)).map(Into::into)
        }
        TensorElementType::Float64 => OrtTensor::from_array((shape, cells)).map(Into::into),
        TensorElementType::Int64 => {
            let cells: Vec<i64> = cells.into_iter().map(|cell| cell as i64).collect();
            OrtTensor::from_array((shape, cells)).map(Into::into)
        }
        TensorElementType::Bool => {
            let cells: Vec<bool> = cells.into_iter().map(|cell| cell != 0.0).collect();
            OrtTensor::from_array((shape, cells)).map(Into::into)
        }
        other => return Err(format!("arrays of {other:?} are not sent to a graph")),
    };
    made.map_err(|error: ort::Error| error.to_string())
}
