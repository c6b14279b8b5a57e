//! What is in a model version: its files, what it takes and gives, what it was made with.

use std::io::Read;
use std::path::Path;

use ::inference::mlmodel;
use ::inference::signature::{Signature, Spec};
use domain::registry::model::ModelName;
use serde_json::Value;

use super::model::Models;
use crate::data::off_thread;
use crate::tracking::artifact::Stored;
use crate::{Context, Error, Result};

/// Bytes of a requirements file that are looked at.
const MAX_REQUIREMENTS_BYTES: u64 = 256 * 1024;

/// One input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name; empty when it has none.
    pub name: String,
    /// MLflow's word for its type; a tensor's with its shape.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
}

/// What is in a version.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Path and bytes of each file, by path.
    pub files: Vec<(String, i64)>,
    /// What goes in.
    pub inputs: Vec<Slot>,
    /// What comes out.
    pub outputs: Vec<Slot>,
    /// Names of the inference parameters.
    pub params: Vec<String>,
    /// The flavours it can be loaded as, with their versions as far as they say one.
    pub flavors: Vec<(String, String)>,
    /// The Python version that wrote it.
    pub python: Option<String>,
    /// The packages that it needs, a line each.
    pub requirements: Vec<String>,
    /// Why it does not say what it is.
    pub problem: Option<String>,
}

impl Models<'_> {
    /// What is in a version. A file that cannot be read is said, not refused.
    pub async fn contents(&self, ctx: &Context, name: &ModelName, version: i64) -> Result<Contents> {
        let files = self.files(ctx, name, version).await?;
        off_thread(move || Ok(read(&files))).await
    }

    /// One file of a version.
    pub async fn file(&self, ctx: &Context, name: &ModelName, version: i64, path: &str) -> Result<Stored> {
        let files = self.files(ctx, name, version).await?;
        let found = files.into_iter().find(|file| file.path == path);
        found.ok_or_else(|| Error::not_found("file", format!("{name}:{version}/{path}")))
    }
}

fn read(files: &[Stored]) -> Contents {
    let local = |name: &str| files.iter().find(|file| file.path == name).and_then(Stored::whole);
    let mut contents = Contents {
        files: files.iter().map(|file| (file.path.clone(), file.size)).collect(),
        requirements: local("requirements.txt").map(requirements).unwrap_or_default(),
        ..Contents::default()
    };
    let document =
        local("MLmodel").ok_or_else(|| "it has no MLmodel file".to_owned()).and_then(mlmodel::document);
    match document {
        Ok(document) => describe(&mut contents, &document),
        Err(reason) => contents.problem = Some(reason),
    }
    contents
}

fn describe(contents: &mut Contents, document: &Value) {
    let version = |flavor: &Value| {
        let named = |(key, value): (&String, &Value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            key.ends_with("_version").then_some(text)
        };
        flavor.as_object().and_then(|map| map.iter().find_map(named)).unwrap_or_default()
    };
    let flavors = document["flavors"].as_object();
    contents.flavors = flavors
        .map(|map| map.iter().map(|(name, flavor)| (name.clone(), version(flavor))).collect())
        .unwrap_or_default();
    contents.python =
        document["flavors"]["python_function"]["python_version"].as_str().map(ToOwned::to_owned);
    match &document["signature"] {
        Value::Null => {}
        value => match Signature::parse(value) {
            Ok(signature) => {
                contents.inputs = signature.inputs.iter().map(slot).collect();
                contents.outputs = signature.outputs.iter().map(slot).collect();
                contents.params = signature.params;
            }
            Err(error) => contents.problem = Some(error.to_string()),
        },
    }
}

fn slot(spec: &Spec) -> Slot {
    let name = spec.name().unwrap_or_default().to_owned();
    match spec {
        Spec::Column { kind, required, .. } => {
            Slot { name, kind: kind.word().to_owned(), required: *required }
        }
        Spec::Tensor { dtype, shape, .. } => {
            let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
            Slot { name, kind: format!("{dtype} ({})", shape.join(", ")), required: true }
        }
    }
}

/// Lines that name a package.
fn requirements(file: &Path) -> Vec<String> {
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(file).and_then(|file| file.take(MAX_REQUIREMENTS_BYTES).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(ToOwned::to_owned).collect()
}
