//! All routes on one page.

use app::App;
use axum::Router;
use axum::routing::{any, get, patch, post, put};

use crate::missing::unknown;
use crate::{artifacts, registry, server_info, tracking};

/// The routes of MLflow's clients.
pub fn router() -> Router<App> {
    let mut router = Router::new()
        .route("/health", get(server_info::health))
        .route("/version", get(server_info::version))
        .route("/get-artifact", get(artifacts::run::download))
        .route("/model-versions/get-artifact", get(artifacts::run::version_download))
        .route("/graphql", post(server_info::no_graphql))
        // Whatever else a client may ask is answered in a form that it reads, not with the page.
        .route("/api/{version}/{*call}", any(unknown))
        .route("/ajax-api/{*call}", any(unknown))
        .route("/gateway/{*call}", any(unknown))
        .route("/v1/traces", post(tracking::otlp::export));
    for root in ["/api", "/ajax-api"] {
        for version in ["2.0", "3.0"] {
            router = router
                .nest(&format!("{root}/{version}/mlflow"), calls().merge(trace_calls(version)))
                .nest(&format!("{root}/{version}/mlflow-artifacts"), artifact_calls());
        }
    }
    // A call under the name of a thing, like that of a trace, may exist for other methods only.
    router.method_not_allowed_fallback(unknown)
}

fn calls() -> Router<App> {
    Router::new()
        .merge(experiment_calls())
        .merge(run_calls())
        .merge(logged_model_calls())
        .merge(evaluation_calls())
        .merge(registry_calls())
        .merge(webhook_calls())
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
        .route("/experiments/search-datasets", post(tracking::dataset::search))
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
        .route("/runs/create-promptlab-run", post(server_info::no_promptlab))
        .route("/artifacts/list", get(artifacts::run::list))
        .route("/upload-artifact", post(artifacts::run::upload))
        .route("/artifacts/presigned-upload-url", post(artifacts::proxy::no_upload_url))
        .route("/artifacts/presigned-download-url", post(artifacts::proxy::no_download_url))
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

fn evaluation_calls() -> Router<App> {
    use axum::routing::delete;
    use tracking::{evaluation_dataset as d, scorer as s};
    Router::new()
        .route("/datasets/create", post(d::create))
        .route("/datasets/search", post(d::search).get(d::search))
        .route("/datasets/{dataset_id}", get(d::get).delete(d::delete))
        .route("/datasets/{dataset_id}/tags", patch(d::set_tags))
        .route("/datasets/{dataset_id}/tags/{key}", delete(d::delete_tag))
        .route("/datasets/{dataset_id}/records", post(d::upsert).get(d::records).delete(d::delete_records))
        .route("/datasets/{dataset_id}/experiment-ids", get(d::experiments))
        .route("/datasets/{dataset_id}/add-experiments", post(d::add_to_experiments))
        .route("/datasets/{dataset_id}/remove-experiments", post(d::remove_from_experiments))
        .route("/scorers/register", post(s::register))
        .route("/scorers/list", get(s::list))
        .route("/scorers/versions", get(s::versions))
        .route("/scorers/get", get(s::get))
        .route("/scorers/delete", delete(s::delete))
        .route("/scorers/online-config", put(s::set_online))
        .route("/scorers/online-configs", get(s::online))
}

/// Calls about traces: a new one is told in another way to each version.
fn trace_calls(version: &str) -> Router<App> {
    use tracking::{assessment as a, trace as t, trace_v2 as old};
    let traces = if version == "3.0" { post(t::start) } else { post(old::start) };
    Router::new()
        .route("/traces", traces.get(old::search))
        .route("/traces/search", post(t::search))
        .route("/traces/get", get(t::get))
        .route("/traces/batchGet", get(t::batch))
        .route("/traces/batchGetInfos", post(t::batch_infos))
        .route("/traces/delete-traces", post(t::delete))
        .route("/traces/link-to-run", post(t::link_to_run))
        .route("/traces/link-prompts", post(t::link_prompts))
        .route("/traces/metrics", post(tracking::trace_metric::query))
        .route("/traces/calculate-filter-correlation", post(tracking::trace_metric::correlation))
        .route("/traces/{trace_id}", get(t::info).patch(old::end))
        .route("/traces/{trace_id}/info", get(old::info))
        .route("/traces/{trace_id}/tags", patch(t::set_tag).delete(t::delete_tag))
        .route("/traces/{trace_id}/assessments", post(a::create))
        .route(
            "/traces/{trace_id}/assessments/{assessment_id}",
            get(a::get).patch(a::update).delete(a::delete),
        )
        .route("/get-trace-artifact", get(artifacts::trace::download))
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

fn webhook_calls() -> Router<App> {
    use registry::webhook as w;
    Router::new()
        .route("/webhooks", post(w::create).get(w::list))
        .route("/webhooks/{webhook_id}", get(w::get).patch(w::update).delete(w::delete))
        .route("/webhooks/{webhook_id}/test", post(w::test))
}

fn artifact_calls() -> Router<App> {
    use artifacts::{multipart, proxy as p};
    Router::new()
        .route("/artifacts", get(p::list))
        .route("/artifacts/{*path}", get(p::download).put(p::upload).delete(p::delete))
        .route("/mpu/create/{*path}", post(multipart::create))
        .route("/mpu/complete/{*path}", post(multipart::complete))
        .route("/mpu/abort/{*path}", post(multipart::abort))
        .route("/mpu/part/{upload_id}/{number}", put(multipart::part))
        .route("/presigned/{*path}", get(p::no_presigned_download))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
}
