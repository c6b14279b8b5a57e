//! All routes on one page.

use app::App;
use axum::Router;
use axum::http::Uri;
use axum::routing::{any, get, patch, post};

use crate::failure::Failure;
use crate::{artifacts, registry, server_info, tracking};

/// The routes of MLflow's clients.
pub fn router() -> Router<App> {
    let mut router = Router::new()
        .route("/health", get(server_info::health))
        .route("/version", get(server_info::version))
        .route("/get-artifact", get(artifacts::run::download))
        .route("/model-versions/get-artifact", get(artifacts::run::version_download));
    for root in ["/api", "/ajax-api"] {
        for version in ["2.0", "3.0"] {
            router = router
                .nest(&format!("{root}/{version}/mlflow"), calls())
                .nest(&format!("{root}/{version}/mlflow-artifacts"), artifact_calls());
        }
    }
    router
}

async fn unknown(uri: Uri) -> Failure {
    Failure::no_endpoint(uri.path())
}

fn calls() -> Router<App> {
    Router::new()
        .merge(experiment_calls())
        .merge(run_calls())
        .merge(logged_model_calls())
        .merge(registry_calls())
        .route("/server-info", get(server_info::info))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
}

fn experiment_calls() -> Router<App> {
    use tracking::experiment as e;
    Router::new()
        .route("/experiments/create", post(e::create))
        .route("/experiments/get", get(e::get))
        .route("/experiments/get-by-name", get(e::get_by_name))
        .route("/experiments/search", post(e::search).get(e::search))
        .route("/experiments/update", post(e::update))
        .route("/experiments/delete", post(e::delete))
        .route("/experiments/restore", post(e::restore))
        .route("/experiments/set-experiment-tag", post(e::set_tag))
        .route("/experiments/delete-experiment-tag", post(e::delete_tag))
}

fn run_calls() -> Router<App> {
    use tracking::{metric as m, run as r};
    Router::new()
        .route("/runs/create", post(r::create))
        .route("/runs/get", get(r::get))
        .route("/runs/update", post(r::update))
        .route("/runs/delete", post(r::delete))
        .route("/runs/restore", post(r::restore))
        .route("/runs/search", post(r::search))
        .route("/runs/log-batch", post(r::log_batch))
        .route("/runs/log-metric", post(r::log_metric))
        .route("/runs/log-parameter", post(r::log_parameter))
        .route("/runs/set-tag", post(r::set_tag))
        .route("/runs/delete-tag", post(r::delete_tag))
        .route("/runs/log-inputs", post(r::log_inputs))
        .route("/runs/outputs", post(r::log_outputs))
        .route("/runs/log-model", post(r::log_model))
        .route("/metrics/get-history", get(m::history))
        .route("/metrics/get-history-bulk", get(m::history_bulk))
        .route("/metrics/get-history-bulk-interval", get(m::history_interval))
        .route("/artifacts/list", get(artifacts::run::list))
        .route("/artifacts/presigned-upload-url", post(artifacts::proxy::not_presigned))
        .route("/artifacts/presigned-download-url", post(artifacts::proxy::not_presigned))
}

fn logged_model_calls() -> Router<App> {
    use tracking::logged_model as l;
    Router::new()
        .route("/logged-models", post(l::create))
        .route("/logged-models/search", post(l::search))
        .route("/logged-models/{model_id}", get(l::get).patch(l::finalize).delete(l::delete))
        .route("/logged-models/{model_id}/tags", patch(l::set_tags))
        .route("/logged-models/{model_id}/tags/{tag_key}", axum::routing::delete(l::delete_tag))
        .route("/logged-models/{model_id}/params", post(l::log_params))
        .route("/logged-models/{model_id}/artifacts/directories", get(artifacts::run::model_list))
        .route("/logged-models/{model_id}/artifacts/files", get(artifacts::run::model_download))
}

fn registry_calls() -> Router<App> {
    use axum::routing::delete;
    use registry::{alias as a, model as m, model_version as v};
    Router::new()
        .route("/registered-models/create", post(m::create))
        .route("/registered-models/get", get(m::get))
        .route("/registered-models/rename", post(m::rename))
        .route("/registered-models/update", patch(m::update))
        .route("/registered-models/delete", delete(m::delete))
        .route("/registered-models/search", get(m::search))
        .route("/registered-models/set-tag", post(m::set_tag))
        .route("/registered-models/delete-tag", delete(m::delete_tag))
        .route("/registered-models/get-latest-versions", post(v::latest).get(v::latest))
        .route("/registered-models/alias", post(a::set).delete(a::remove).get(a::get))
        .route("/model-versions/create", post(v::create))
        .route("/model-versions/get", get(v::get))
        .route("/model-versions/update", patch(v::update))
        .route("/model-versions/delete", delete(v::delete))
        .route("/model-versions/search", get(v::search))
        .route("/model-versions/transition-stage", post(v::transition_stage))
        .route("/model-versions/set-tag", post(v::set_tag))
        .route("/model-versions/delete-tag", delete(v::delete_tag))
        .route("/model-versions/get-download-uri", get(v::download_uri))
}

fn artifact_calls() -> Router<App> {
    use artifacts::proxy as p;
    Router::new()
        .route("/artifacts", get(p::list))
        .route("/artifacts/{*path}", get(p::download).put(p::upload).delete(p::delete))
        .route("/mpu/{*rest}", any(p::not_multipart))
        .route("/presigned/{*path}", get(p::not_presigned))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
}
