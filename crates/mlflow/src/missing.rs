//! Calls of MLflow's clients that are not served, and why: the answer names what is missing.

use axum::extract::OriginalUri;

use crate::failure::Failure;

/// Starts of paths below `/api/VERSION/mlflow/`, and what is said of them.
const MISSING: &[(&str, &str)] = &[
    ("gateway/", "there is no LLM gateway here"),
    ("workspaces", "there are no workspaces here"),
    ("issues", "there are no issues of traces here"),
    ("label-schemas", "there are no label schemas here"),
    ("review-queues", "there are no review queues here"),
    ("prompt-optimization", "there are no jobs that optimise prompts here"),
    ("genai", "there are no evaluation jobs here: evaluate from Python"),
    ("scorer", "there are no jobs that run scorers here: run them from Python"),
    ("jobs", "there are no jobs here"),
    ("assistant", "there is no assistant here"),
    ("demo", "there is no demo of MLflow here"),
    ("mcp-servers", "there is no registry of MCP servers here"),
    ("unity-catalog", "Unity Catalog is part of Databricks"),
    ("registered-models:", "Unity Catalog is part of Databricks"),
    ("unified-traces", "it is part of Databricks"),
    ("get-online-trace-details", "it is part of Databricks"),
    ("tracing/", "places of traces are part of Databricks"),
    ("artifacts/", "credentials for a store are part of Databricks; artifacts go through the server"),
];

/// Ends of paths, likewise.
const MISSING_ENDS: &[(&str, &str)] = &[
    ("/credentials-for-data-download", "credentials for a store are part of Databricks"),
    ("/credentials-for-data-upload", "credentials for a store are part of Databricks"),
    ("/credentials-for-download", "credentials for a store are part of Databricks"),
    ("/credentials-for-upload", "credentials for a store are part of Databricks"),
    ("/trace-location:link", "places of traces are part of Databricks"),
];

/// Answers a call that is not there.
pub(crate) async fn unknown(OriginalUri(uri): OriginalUri) -> Failure {
    Failure::no_endpoint(uri.path(), reason(uri.path()))
}

fn reason(path: &str) -> Option<&'static str> {
    if path.starts_with("/gateway/") {
        return Some("there is no LLM gateway here");
    }
    let (version, call) =
        path.strip_prefix("/api/").or_else(|| path.strip_prefix("/ajax-api/"))?.split_once('/')?;
    if matches!(version, "4.0" | "5.0") {
        return Some("this version of the API is part of Databricks");
    }
    if call.starts_with("unity-catalog/") || call.starts_with("fs/") {
        return Some("it is part of Databricks");
    }
    let call = call.strip_prefix("mlflow/").unwrap_or(call);
    let start = MISSING.iter().find(|(start, _)| call.starts_with(start));
    let end = MISSING_ENDS.iter().find(|(end, _)| call.ends_with(end));
    start.or(end).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        for (path, said) in [
            ("/api/3.0/mlflow/gateway/secrets/list", "gateway"),
            ("/ajax-api/3.0/mlflow/workspaces", "workspaces"),
            ("/api/4.0/mlflow/traces/search", "Databricks"),
            ("/api/2.0/unity-catalog/models", "Databricks"),
            ("/ajax-api/3.0/jobs/1", "jobs"),
            ("/gateway/chat/invocations", "gateway"),
            ("/api/2.0/mlflow/traces/tr-1/credentials-for-data-download", "Databricks"),
        ] {
            assert!(reason(path).is_some_and(|reason| reason.contains(said)), "{path}");
        }
        assert_eq!(reason("/api/2.0/mlflow/runs/nothing"), None);
    }
}
