//! The `MLmodel` file of a model folder: which flavours it has, its signature, its example.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::invocation;
use crate::signature::Signature;
use crate::value::Input;

/// Largest `MLmodel` file that is read.
const MAX_BYTES: u64 = 4 << 20;

/// What an `MLmodel` file says that matters for serving.
#[derive(Clone, Debug, Default)]
pub struct ModelInfo {
    /// Names of the flavours, such as `python_function`, `sklearn`, `onnx`.
    pub flavors: Vec<String>,
    /// The module that loads the Python form, such as `mlflow.sklearn`.
    pub loader_module: Option<String>,
    /// The method that the Python form calls, such as `predict_proba`.
    pub predict_fn: Option<String>,
    /// The Python version that wrote it.
    pub python_version: Option<String>,
    /// The ONNX file inside the folder, for the onnx flavour.
    pub onnx_file: Option<String>,
    /// What goes in and comes out.
    pub signature: Option<Signature>,
    /// A ready `/invocations` body that came with the model, read.
    pub serving_example: Option<Value>,
    /// The run that logged it.
    pub run_id: Option<String>,
}

/// All that an `MLmodel` file says; else why it cannot be read.
pub fn document(file: &Path) -> std::result::Result<Value, String> {
    let text = read_limited(file).map_err(|error| {
        format!("its MLmodel file is unreadable ({error}): log the model with mlflow.<flavor>.log_model")
    })?;
    serde_saphyr::from_str(&text).map_err(|error| format!("its MLmodel file is not valid YAML: {error}"))
}

impl ModelInfo {
    /// Reads `folder/MLmodel` and the serving example beside it.
    pub fn read(folder: &Path) -> Result<Self> {
        let fail = |reason: String| Error::Load { folder: folder.to_owned(), reason };
        let root = document(&folder.join("MLmodel")).map_err(&fail)?;
        let text_of = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let flavors = &root["flavors"];
        let function = &flavors["python_function"];
        let signature = match &root["signature"] {
            Value::Null => None,
            value => Some(Signature::parse(value).map_err(|error| fail(error.to_string()))?),
        };
        Ok(Self {
            flavors: flavors.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default(),
            loader_module: text_of(&function["loader_module"]),
            predict_fn: text_of(&function["predict_fn"]),
            python_version: text_of(&function["python_version"]),
            onnx_file: text_of(&flavors["onnx"]["data"]),
            signature,
            serving_example: serving_example(folder, &root["saved_input_example_info"]),
            run_id: text_of(&root["run_id"]),
        })
    }

    /// The serving example as the model sees it; one that the signature refuses counts as none.
    pub fn example(&self) -> Option<Input> {
        let read = invocation::parse(self.serving_example.as_ref()?, self.signature.as_ref()).ok()?;
        read.params.is_empty().then_some(read.input)
    }

    /// The requirements file beside `MLmodel`, when there is one.
    pub fn requirements(folder: &Path) -> Option<PathBuf> {
        Some(folder.join("requirements.txt")).filter(|path| path.is_file())
    }
}

/// The example is a help, never a condition: one that cannot be read counts as none.
fn serving_example(folder: &Path, info: &Value) -> Option<Value> {
    let name = info["serving_input_path"].as_str().unwrap_or("serving_input_example.json");
    let plain = !name.contains('/') && !name.contains("..");
    let text = plain.then(|| read_limited(&folder.join(name)).ok())??;
    serde_json::from_str(&text).ok()
}

fn read_limited(path: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(path)?.len();
    if size > MAX_BYTES {
        return Err(std::io::Error::other(format!("{size} bytes, more than the {MAX_BYTES} that are read")));
    }
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MLMODEL: &str = r#"
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict_proba
    python_version: 3.11.7
  sklearn:
    serialization_format: cloudpickle
mlflow_version: 3.17.2
run_id: 0f5c
saved_input_example_info:
  artifact_path: input_example.json
  serving_input_path: serving_input_example.json
signature:
  inputs: '[{"type": "long", "name": "a", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]'
  params: null
"#;

    #[test]
    fn what_matters_is_read_from_the_file_and_its_example() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("MLmodel"), MLMODEL).unwrap();
        std::fs::write(
            folder.path().join("serving_input_example.json"),
            r#"{"dataframe_split": {"columns": ["a"], "data": [[1]]}}"#,
        )
        .unwrap();
        let info = ModelInfo::read(folder.path()).unwrap();
        assert_eq!(info.loader_module.as_deref(), Some("mlflow.sklearn"));
        assert_eq!(info.predict_fn.as_deref(), Some("predict_proba"));
        assert_eq!(info.flavors, ["python_function", "sklearn"]);
        assert_eq!(info.signature.unwrap().inputs.len(), 1);
        assert!(info.serving_example.is_some());
    }

    #[test]
    fn a_folder_without_a_model_says_how_to_make_one() {
        let folder = tempfile::tempdir().unwrap();
        let error = ModelInfo::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("log_model"), "{error}");
    }
}
