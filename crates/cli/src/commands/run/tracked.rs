//! The run's record, over the MLflow calls that the command's own client uses as well.

use std::path::Path;

use serde_json::{Value, json};

use super::child::Ending;
use super::tag_list;
use crate::args::Param;
use crate::client::{Client, segment};
use crate::codes;
use crate::failure::{Failure, Result};
use crate::output::Output;

const API: &str = "/api/2.0/mlflow";

/// A run that was started.
pub struct Tracked {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its experiment's id.
    pub experiment: String,
    /// Where its files go, below the artifact root.
    files: String,
}

impl Tracked {
    /// Starts a run in the experiment of that name, which is made when absent.
    pub async fn start(
        client: &Client,
        experiment: &str,
        name: Option<&str>,
        user: &str,
        tags: &[(&str, String)],
    ) -> Result<Self> {
        let experiment = experiment_id(client, experiment).await?;
        let mut body = json!({
            "experiment_id": experiment, "start_time": now(), "tags": tag_list(tags), "user_id": user,
        });
        if let Some(name) = name {
            body["run_name"] = Value::from(name);
        }
        let answer = post(client, "/runs/create", body).await?;
        let info = &answer["run"]["info"];
        let text = |key: &str| info[key].as_str().unwrap_or_default().to_owned();
        let address = text("artifact_uri");
        let files = address.strip_prefix("mlflow-artifacts:/").map(|path| path.trim_matches('/').to_owned());
        let files = files.ok_or_else(|| {
            Failure::new(
                &codes::INTERNAL,
                format!("the server keeps files at {address}, where they cannot be sent"),
            )
        })?;
        Ok(Self { id: text("run_id"), name: text("run_name"), experiment, files })
    }

    /// Records the parameters.
    pub async fn log_params(&self, client: &Client, params: &[Param]) -> Result<()> {
        if params.is_empty() {
            return Ok(());
        }
        let listed: Vec<Value> =
            params.iter().map(|param| json!({"key": param.key, "value": param.value})).collect();
        post(client, "/runs/log-batch", json!({"run_id": self.id, "params": listed})).await?;
        Ok(())
    }

    /// Records what the command took: time, processor, memory.
    pub async fn log_figures(&self, client: &Client, ended: &Ending) -> Result<()> {
        let metric =
            |key: &str, value: f64| json!({"key": key, "value": value, "timestamp": now(), "step": 0});
        let metrics = [
            metric("system/seconds", ended.took_ms as f64 / 1000.0),
            metric("system/cpu_seconds", ended.cpu_seconds),
            metric("system/peak_memory_megabytes", ended.peak_megabytes),
        ];
        post(client, "/runs/log-batch", json!({"run_id": self.id, "metrics": metrics})).await?;
        Ok(())
    }

    /// Keeps a file of this machine as an artifact.
    pub async fn keep(&self, client: &Client, path: &str, file: &Path, out: &Output) -> Result<()> {
        let parts: Vec<String> = path.split('/').map(segment).collect();
        let address = format!("/api/2.0/mlflow-artifacts/artifacts/{}/{}", self.files, parts.join("/"));
        client.put_file(&address, file, out, path).await?;
        Ok(())
    }

    /// Ends the run.
    pub async fn finish(&self, client: &Client, status: &str) -> Result<()> {
        let body = json!({"run_id": self.id, "status": status, "end_time": now()});
        post(client, "/runs/update", body).await?;
        Ok(())
    }

    /// The run with what it logged.
    pub async fn read(&self, client: &Client) -> Result<Value> {
        client.open(&format!("{API}/runs/get?run_id={}", segment(&self.id))).await?.json().await
    }
}

async fn post(client: &Client, path: &str, body: Value) -> Result<Value> {
    client.post_raw(&format!("{API}{path}"), body).await?.json().await
}

async fn experiment_id(client: &Client, name: &str) -> Result<String> {
    let path = format!("{API}/experiments/get-by-name?experiment_name={}", segment(name));
    let answer = match client.open(&path).await {
        Ok(answer) => answer.json().await?["experiment"].clone(),
        Err(failure) if failure.code() == &codes::NOT_FOUND => {
            post(client, "/experiments/create", json!({"name": name})).await?
        }
        Err(failure) => return Err(failure),
    };
    Ok(answer["experiment_id"].as_str().unwrap_or_default().to_owned())
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
