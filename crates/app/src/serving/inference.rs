//! Loading models: files from the object store, the environment they were trained in, the runtime that fits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Id;
use domain::data::{TreeFile, TreeId};
use domain::governance::role::Permission;
use domain::registry::model::ModelName;
use environments::{Env, Key, Requirements, Spec};
use serde::{Deserialize, Serialize};

use super::registry;
use crate::{App, Context, Error, Home, Result};

use ::inference::onnx;

pub use ::inference::python::PythonRuntime;
pub use ::inference::{
    Column, Data, Dtype, Error as ModelError, Health, Input, InvalidInput, Limits, LoadedModel, ModelInfo,
    ModelRuntime, ModelSource, Output, Request, RuntimeKind, Signature, Table, Tensor, invocation, signature,
};

/// The runtimes of this process.
pub(crate) struct Runtimes {
    models: PathBuf,
    workers: PathBuf,
    answers: PathBuf,
}

impl Runtimes {
    pub fn new(home: &Home) -> Self {
        let folder = home.serving_dir();
        Self {
            models: folder.join("models"),
            workers: folder.join("workers"),
            answers: folder.join("answers"),
        }
    }
}

/// Which runtime a model got, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuntimeReport {
    /// The engine.
    pub runtime: RuntimeKind,
    /// Why this one, in a sentence.
    pub reason: String,
    /// The largest difference between its answers and the Python model's on the model's example, when compared.
    pub max_delta: Option<f64>,
}

/// A model in memory with what it needs to stay there.
#[derive(Clone)]
pub struct Loaded {
    /// What answers.
    pub model: Arc<dyn LoadedModel>,
    /// Why this runtime.
    pub report: RuntimeReport,
    /// Held so that the environment is not collected while workers use it.
    _environment: Option<Env>,
}

/// Where a model's files come from.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// The files below the model's root, `MLmodel` among them.
    pub files: Vec<TreeFile>,
    /// The key of the environment that it was trained in, when the platform made it.
    pub environment: Option<String>,
}

/// Model loading as a view on [`App`].
pub struct Inference<'a>(&'a App);

impl App {
    /// Loads models.
    pub fn inference(&self) -> Inference<'_> {
        Inference(self)
    }
}

impl Inference<'_> {
    /// Loads a registered version; returns when it is warm.
    pub async fn load(
        &self,
        ctx: &Context,
        model: &ModelName,
        version: i64,
        limits: Limits,
    ) -> Result<Loaded> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let files = registry::files(&mut reader.conn(), model, version).await?;
        let export = registry::export(&mut reader.conn(), model, version).await?;
        drop(reader);
        let export = export.map(|file| self.0.objects().path(&file)).transpose()?;
        self.load_with(files, export, limits).await
    }

    /// Loads a model from its files, registered or not, with the export that its tracked run kept beside it; returns
    /// when it is warm.
    pub async fn load_files(
        &self,
        ctx: &Context,
        files: ModelFiles,
        run: Option<&Id>,
        limits: Limits,
    ) -> Result<Loaded> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let export = match run {
            Some(run) => registry::export_of_run(&mut reader.conn(), run).await?,
            None => None,
        };
        drop(reader);
        let export = export.map(|file| self.0.objects().path(&file)).transpose()?;
        self.load_with(files, export, limits).await
    }

    async fn load_with(&self, files: ModelFiles, export: Option<PathBuf>, limits: Limits) -> Result<Loaded> {
        let (tree, folder) = self.checkout(files.files).await?;
        let environment = self.environment(&folder, files.environment.as_deref()).await?;
        let info = ModelInfo::read(&folder)?;
        let inside = info.onnx_file.as_deref().unwrap_or("model.onnx");
        let export = export.or_else(|| Some(folder.join(inside)).filter(|path| path.is_file()));
        let source = ModelSource { folder, python: environment.python.clone() };
        let answers = Answers::new(&self.0.serving().runtimes.answers, &tree, &environment);
        let mut loaded = match export {
            Some(export) => self.prefer_export(info, source, export, &answers, limits).await?,
            None => self.load_folder(source, limits).await?,
        };
        loaded._environment = Some(environment);
        Ok(loaded)
    }

    /// The ONNX export instead of the Python form, when both answer the model's example alike; the report says which
    /// and why. The Python form answers once for ever: its libraries take seconds to start.
    async fn prefer_export(
        &self,
        info: ModelInfo,
        source: ModelSource,
        export: PathBuf,
        answers: &Answers,
        limits: Limits,
    ) -> Result<Loaded> {
        let interpreter = source.python.clone();
        if let Some(known) = answers.known(&info)
            && let Ok(loaded) = with_export(&info, Some(known), &export, &interpreter, limits).await?
        {
            return Ok(loaded);
        }
        let python = self.load_folder(source, limits).await?;
        let answered = python.model.example().cloned();
        if let Some((_, Output::Tensor(answer))) = &answered {
            // Without it the next load asks the Python form again.
            if let Err(error) = answers.remember(answer) {
                tracing::warn!(%error, "a model's answer to its example is not kept");
            }
        }
        let compared = with_export(&info, answered, &export, &interpreter, limits).await?;
        Ok(compared.unwrap_or_else(|why| {
            let reason = format!("{}; its ONNX export is not used: {why}", python.report.reason);
            Loaded { report: RuntimeReport { reason, ..python.report }, ..python }
        }))
    }

    /// Loads a model folder with a given interpreter; returns when it is warm.
    pub async fn load_folder(&self, source: ModelSource, limits: Limits) -> Result<Loaded> {
        let runtime = PythonRuntime::new(&self.0.serving().runtimes.workers).map_err(Error::internal)?;
        let model = runtime.load(source, limits).await?;
        let loader = model.info().loader_module.clone().unwrap_or_default();
        let report = RuntimeReport {
            runtime: RuntimeKind::Python,
            reason: format!("{loader} in a worker process with the libraries that it was trained with"),
            max_delta: None,
        };
        Ok(Loaded { model, report, _environment: None })
    }

    /// The files as a folder, shared by all who load them: named by the tree's id, made whole or not at all.
    async fn checkout(&self, files: Vec<TreeFile>) -> Result<(TreeId, PathBuf)> {
        let (store, root) = (self.0.objects().clone(), self.0.serving().runtimes.models.clone());
        let work = move || -> Result<(TreeId, PathBuf)> {
            // Only its id is wanted: a stored tree would hold the files for ever.
            let tree = domain::data::tree::build(&files).map_err(objects::Error::from)?.root;
            let folder = root.join(tree.to_string());
            if folder.is_dir() {
                return Ok((tree, folder));
            }
            let temporary = root.join(format!("{tree}.{:016x}.tmp", rand::random::<u64>()));
            store.checkout_files(&files, &temporary)?;
            match std::fs::rename(&temporary, &folder) {
                Ok(()) => Ok((tree, folder)),
                // Somebody else was faster with the same files.
                Err(_) if folder.is_dir() => {
                    std::fs::remove_dir_all(&temporary).map_err(Error::internal)?;
                    Ok((tree, folder))
                }
                Err(error) => Err(Error::internal(error)),
            }
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }

    /// The environment that the model was trained in, else one made from its own requirements.
    async fn environment(&self, folder: &Path, key: Option<&str>) -> Result<Env> {
        let environments = self.0.environments();
        if let Some(env) = key.and_then(Key::parse).map(|key| environments.get(&key)).transpose()?.flatten() {
            return Ok(env);
        }
        let requirements = match ModelInfo::requirements(folder) {
            Some(path) => Requirements::read(&path)?,
            None => Requirements::parse("requirements", "mlflow\n")?,
        };
        let spec = Spec { imports: vec!["mlflow".to_owned()], ..Spec::new(requirements) };
        let progress = |step| tracing::debug!(?step, "environment of a model");
        Ok(environments.ensure(&spec, progress).await?)
    }
}

/// The export, when it answers the example as the Python form did; else why not.
async fn with_export(
    info: &ModelInfo,
    answered: Option<(Input, Output)>,
    export: &Path,
    interpreter: &Path,
    limits: Limits,
) -> Result<Result<Loaded, String>> {
    let (info, export, interpreter) = (info.clone(), export.to_owned(), interpreter.to_owned());
    let work = move || {
        let answered = answered.ok_or("the model was logged without an example to compare with")?;
        let library = onnx::library(&interpreter).ok_or("the model's environment has no onnxruntime")?;
        onnx::replacing(&info, answered, &export, &library, limits.queue)
    };
    let compared = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    Ok(compared.map(|(model, delta)| {
        let reason = format!(
            "ONNX Runtime: the export answers the model's example as the Python model does, within {:.0e}",
            onnx::BOUND
        );
        let report = RuntimeReport { runtime: RuntimeKind::Onnx, reason, max_delta: Some(delta) };
        Loaded { model, report, _environment: None }
    }))
}

/// What a model's Python form answers to its example, kept by the content of the model and of its environment.
struct Answers(PathBuf);

impl Answers {
    fn new(folder: &Path, model: &TreeId, environment: &Env) -> Self {
        Self(folder.join(format!("{model}-{}.json", environment.key.as_str())))
    }

    fn known(&self, info: &ModelInfo) -> Option<(Input, Output)> {
        let answer: Tensor = serde_json::from_slice(&std::fs::read(&self.0).ok()?).ok()?;
        Some((info.example()?, Output::Tensor(answer)))
    }

    fn remember(&self, answer: &Tensor) -> Result<()> {
        let text = serde_json::to_vec(answer).map_err(Error::internal)?;
        let folder = self.0.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .and_then(|()| crate::home::replace(&self.0, &text))
            .map_err(Error::internal)
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Input(_) | ModelError::Model(_) => Self::invalid("input", error.to_string()),
            ModelError::Load { .. } => Self::invalid("model", error.to_string()),
            ModelError::Busy { .. } => Self::LimitReached { limit: error.to_string() },
            ModelError::Timeout | ModelError::Worker(_) => Self::Unavailable { what: error.to_string() },
        }
    }
}
