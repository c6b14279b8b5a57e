//! `/metrics`: the process and its requests in Prometheus' text format.

use std::sync::Arc;
use std::time::Instant;

use app::App;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The line that ends the format.
const CLOSING: &str = "# EOF";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// The process's own measurements; cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    memory: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let requests = Family::<RequestLabels, Counter>::default();
        let seconds = Family::<RouteLabels, Histogram>::new_with_constructor(|| {
            // 0.5 ms to 16 s.
            Histogram::new(exponential_buckets(0.0005, 2.0, 16))
        });
        let memory = Gauge::default();
        let mut registry = Registry::with_prefix("volano");
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer's head",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register_with_unit("resident_memory", "Memory in use", Unit::Bytes, memory.clone());
        Self { registry: Arc::new(registry), requests, seconds, memory }
    }

    pub(crate) fn route(&self, app: &App) -> Router {
        Router::new().route("/metrics", get(show)).with_state((self.clone(), app.clone()))
    }

    pub(crate) async fn observe(&self, request: Request, next: Next) -> Response {
        let started = Instant::now();
        let method = request.method().to_string();
        // Routes, not paths: a label per id would grow without end.
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
        let response = next.run(request).await;
        let status = response.status().as_u16();
        self.requests.get_or_create(&RequestLabels { method, route: route.clone(), status }).inc();
        self.seconds.get_or_create(&RouteLabels { route }).observe(started.elapsed().as_secs_f64());
        response
    }
}

async fn show(State((metrics, app)): State<(Metrics, App)>) -> Response {
    metrics.memory.set(resident_bytes().unwrap_or(0));
    let mut text = String::new();
    if encode(&mut text, &metrics.registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let end = text.find(CLOSING).unwrap_or(text.len());
    text.insert_str(end, &crate::metrics_serving::text(&app));
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// Resident memory of this process, from `/proc/self/statm` in pages of 4 KiB.
fn resident_bytes() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
