//! The Python runtime: supervised worker processes, each in the model's own environment.
//!
//! A worker gets a clean environment without the server's credentials, a process group of its own, and dies with
//! the server. A request that is late costs the worker its life (a Python thread cannot be cancelled); a worker
//! that dies under a request is replaced and the request tried once more.

mod pool;
mod process;
mod wire;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Map;

use crate::error::{Error, Result};
use crate::mlmodel::ModelInfo;
use crate::value::{Input, Output};
use crate::{BoxFuture, Health, Limits, LoadedModel, ModelRuntime, ModelSource, Request, RuntimeKind};

use pool::Pool;
use process::Launch;

const WORKER: &str = include_str!("worker.py");
/// Longest time that importing and loading a model may take.
const LOAD_LIMIT: Duration = Duration::from_secs(180);

/// Loads models into worker processes.
#[derive(Clone, Debug)]
pub struct PythonRuntime {
    script: PathBuf,
    folder: PathBuf,
}

impl PythonRuntime {
    /// A runtime whose workers live in `folder`, which is made when absent.
    pub fn new(folder: &Path) -> std::io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let script = folder.join("worker.py");
        // Written beside and renamed: a server that starts now never reads half a file.
        let temporary = folder.join(format!("worker.{}.tmp", std::process::id()));
        let mut file =
            fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(WORKER.as_bytes())?;
        fs::rename(&temporary, &script)?;
        Ok(Self { script, folder: folder.to_owned() })
    }

    async fn start(&self, source: ModelSource, limits: Limits) -> Result<PythonModel> {
        let folder = source.folder.clone();
        let info = tokio::task::spawn_blocking(move || ModelInfo::read(&folder))
            .await
            .map_err(|error| Error::Worker(error.to_string()))??;
        if info.loader_module.is_none() {
            return Err(Error::Load {
                folder: source.folder,
                reason: "it has no python_function flavour: log it with mlflow.<flavor>.log_model".to_owned(),
            });
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let launch = Launch {
            python: source.python,
            script: self.script.clone(),
            model: source.folder.clone(),
            folder: self.folder.join("home"),
            threads: (cores / limits.workers.max(1)).max(1),
        };
        let example = info.example();
        let pool = Pool::start(launch, limits, example.clone(), LOAD_LIMIT)
            .await
            .map_err(|reason| Error::Load { folder: source.folder.clone(), reason })?;
        let mut model = PythonModel { info, pool, example: None };
        if let Some(input) = example {
            let request =
                Request { input: input.clone(), params: Map::new(), deadline: Instant::now() + LOAD_LIMIT };
            model.example = model.predict(request).await.ok().map(|output| (input, output));
        }
        Ok(model)
    }
}

impl ModelRuntime for PythonRuntime {
    fn kind(&self) -> RuntimeKind {
        RuntimeKind::Python
    }

    fn load(&self, source: ModelSource, limits: Limits) -> BoxFuture<'_, Result<Arc<dyn LoadedModel>>> {
        Box::pin(async move {
            let model = self.start(source, limits).await?;
            Ok(Arc::new(model) as Arc<dyn LoadedModel>)
        })
    }
}

/// A model in worker processes.
struct PythonModel {
    info: ModelInfo,
    pool: Pool,
    example: Option<(Input, Output)>,
}

impl LoadedModel for PythonModel {
    fn kind(&self) -> RuntimeKind {
        RuntimeKind::Python
    }

    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(&self, request: Request) -> BoxFuture<'_, Result<Output>> {
        Box::pin(self.pool.predict(request))
    }

    fn health(&self) -> Health {
        self.pool.health()
    }

    fn example(&self) -> Option<&(Input, Output)> {
        self.example.as_ref()
    }

    fn in_flight(&self) -> usize {
        self.pool.in_flight()
    }
}
