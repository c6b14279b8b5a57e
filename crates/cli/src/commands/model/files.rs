//! The files of a model version, as the server keeps them.

use serde_json::{Value, json};

use crate::client::{Answer, Client, Method, segment};
use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::Fields;

/// Where MLflow's API serves files.
const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";
/// Files of one version at most.
const MAX_FILES: usize = 100_000;
/// The file that says what a model is.
pub const MLMODEL: &str = "MLmodel";

/// The files of one version.
pub struct Files {
    root: String,
}

/// A file.
pub struct Entry {
    /// Its path inside the model's folder.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Files {
    /// Where the files of a version are.
    pub async fn of(client: &Client, version: &Value) -> Result<Self> {
        let number = version.int("version").unwrap_or(0);
        let query = json!({"name": version["name"], "version": number.to_string()});
        let found = client.mlflow(Method::GET, "model-versions/get-download-uri", query).await?;
        let address = found.text("artifact_uri");
        match address.strip_prefix("mlflow-artifacts:") {
            Some(path) => Ok(Self { root: path.trim_matches('/').to_owned() }),
            None => Err(Failure::new(
                &codes::CONFLICT,
                format!("the files of {} lie at {address}, not on this server", super::label(version)),
            )),
        }
    }

    /// All files, by path.
    pub async fn list(&self, client: &Client) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let place = joined(&self.root, &folder);
            let answer = client.open(&format!("{ARTIFACTS}?path={}", segment(&place))).await?.json().await?;
            for entry in answer.list("files") {
                let name = entry.text("path").rsplit('/').next().unwrap_or_default();
                if name.is_empty() || name == "." || name == ".." || name.contains('\\') {
                    let message = format!("the server names a file {:?}", entry.text("path"));
                    return Err(Failure::new(&codes::INTERNAL, message));
                }
                let path = joined(&folder, name);
                if entry.flag("is_dir") {
                    folders.push(path);
                } else {
                    let size = entry["file_size"].as_u64().unwrap_or(0);
                    found.push(Entry { path, size });
                }
            }
            if found.len() + folders.len() > MAX_FILES {
                return Err(Failure::new(
                    &codes::VALUE,
                    format!("the model has more than {MAX_FILES} files"),
                ));
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    /// A file, to be read as it comes.
    pub async fn open(&self, client: &Client, path: &str) -> Result<Answer> {
        let whole = joined(&self.root, path);
        let segments: Vec<String> = whole.split('/').map(segment).collect();
        client.open(&format!("{ARTIFACTS}/{}", segments.join("/"))).await
    }

    /// What the model says it is: kinds it loads as, inputs and outputs; nothing when it is not there or not readable.
    pub async fn description(&self, client: &Client) -> Option<Value> {
        let bytes = self.open(client, MLMODEL).await.ok()?.bytes().await.ok()?;
        serde_saphyr::from_str(std::str::from_utf8(&bytes).ok()?).ok()
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() || name.is_empty() { format!("{folder}{name}") } else { format!("{folder}/{name}") }
}
