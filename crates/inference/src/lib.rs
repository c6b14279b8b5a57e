//! Model runtimes: load a model version, predict.
//!
//! A model is a folder with an `MLmodel` file. [`signature`] turns what a client sent into typed columns and says
//! exactly what does not fit; a [`ModelRuntime`] turns a folder into a [`LoadedModel`]. Where folders and
//! environments come from, and which version serves whom, is decided one floor up.

pub mod error;
pub mod invocation;
pub mod mlmodel;
pub mod onnx;
pub mod python;
pub mod signature;
pub mod table;
pub mod value;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

pub use error::{Error, InvalidInput, Result};
pub use mlmodel::ModelInfo;
pub use signature::Signature;
pub use table::{Column, Data, Table};
pub use value::{Dtype, Input, Output, Tensor};

/// A boxed future that borrows for `'a`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which engine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeKind {
    /// Worker processes that run the model with the libraries it was trained with.
    Python,
    /// ONNX Runtime inside the server.
    Onnx,
}

/// What to load.
#[derive(Clone, Debug)]
pub struct ModelSource {
    /// The model's folder, with `MLmodel` in it; never written to.
    pub folder: PathBuf,
    /// The interpreter of the model's environment.
    pub python: PathBuf,
}

/// How much a loaded model may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Worker processes, or sessions.
    pub workers: usize,
    /// Requests that may wait for one; one more is refused with [`Error::Busy`].
    pub queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { workers: 1, queue: 256 }
    }
}

/// One question to a model.
#[derive(Clone, Debug)]
pub struct Request {
    /// Rows or tensors.
    pub input: Input,
    /// Inference parameters of the model's signature.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// When the answer is no longer wanted; a worker that is still busy then is killed.
    pub deadline: Instant,
}

/// Whether a loaded model can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Ready,
    /// Its workers keep failing; the text is the last words of one.
    Failing(String),
}

/// Turns a model's folder into something that answers.
pub trait ModelRuntime: Send + Sync {
    /// Which engine this is.
    fn kind(&self) -> RuntimeKind;
    /// Loads and warms the model; returns when the first request would be answered at full speed.
    fn load(&self, source: ModelSource, limits: Limits) -> BoxFuture<'_, Result<Arc<dyn LoadedModel>>>;
}

/// A model in memory, ready to answer; its processes end when the last reference goes.
pub trait LoadedModel: Send + Sync {
    /// Which engine answers.
    fn kind(&self) -> RuntimeKind;
    /// What its `MLmodel` says.
    fn info(&self) -> &ModelInfo;
    /// Answers one request.
    fn predict(&self, request: Request) -> BoxFuture<'_, Result<Output>>;
    /// Whether it can answer.
    fn health(&self) -> Health;
    /// The example that it was warmed with and its answer, when the model has one.
    fn example(&self) -> Option<&(Input, Output)>;
    /// Requests that are waiting or being answered.
    fn in_flight(&self) -> usize;
}
