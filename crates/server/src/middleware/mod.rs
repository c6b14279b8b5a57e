//! What every request passes: identity, guards, limits, headers, metrics.

mod guard;
mod identity;
mod leftover;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::Config;
use crate::metrics::Metrics;
use app::App;

/// Largest body that is read into memory; uploads and artifacts are streamed and have limits of their own.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Answers smaller than this are not worth compressing.
const COMPRESS_ABOVE_BYTES: u64 = 1024;

/// Scripts, styles and connections from this server only; nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

pub(crate) fn wrap(routes: Router, app: &App, config: &Config, metrics: Metrics) -> Router {
    let compress = SizeAbove::new(COMPRESS_ABOVE_BYTES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::new("application/octet-stream"))
        // It is compressed in itself.
        .and(NotForContentType::new("application/vnd.apache.parquet"));
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CompressionLayer::new().compress_when(compress))
        .layer(from_fn_with_state(app.clone(), identity::attach))
        .layer(from_fn_with_state(guard::Guard::new(config), guard::check))
        .layer(from_fn_with_state(metrics, measure))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(from_fn(leftover::read))
        .layer(from_fn(request_id))
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Gives every request an id of our own, answered in `x-request-id` and kept for logs and 5xx bodies.
async fn request_id(mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().simple().to_string();
    request.extensions_mut().insert(api::RequestId(id.clone()));
    let value = HeaderValue::from_str(&id).expect("hexadecimal digits are a header value");
    let mut response = api::extract::REQUEST_ID.scope(id, next.run(request)).await;
    response.headers_mut().insert("x-request-id", value);
    response
}

async fn measure(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    metrics.observe(request, next).await
}
