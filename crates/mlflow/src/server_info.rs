//! What clients ask about the server before anything else.

use axum::Json;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The MLflow version whose interface this is. Clients switch features on and off by it.
pub const MLFLOW_VERSION: &str = "3.18.0";

pub(crate) async fn health() -> &'static str {
    "OK"
}

pub(crate) async fn version() -> &'static str {
    MLFLOW_VERSION
}

pub(crate) async fn no_graphql() -> Failure {
    Failure::not_implemented("GraphQL is not served here: the REST API answers the same questions.")
}

pub(crate) async fn no_promptlab() -> Failure {
    Failure::not_implemented(
        "runs/create-promptlab-run is not served here: there is no gateway to try prompts with. Log a run instead.",
    )
}

pub(crate) async fn info() -> Json<Value> {
    Json(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "multipart_uploads_enabled": true,
        "multipart_downloads_enabled": false,
        "trace_archival_enabled": false,
        "presigned_upload_supported": false,
        "presigned_upload_url_supported": false,
        "features_enabled": [],
    }))
}
