//! The embedded web page.

use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

/// The built page; empty when the binary was built without it.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

const NOT_BUILT: &str = "<!doctype html><title>Volano</title><p>This binary was built without its web page. \
     Build both with <code>cargo xtask ui</code>, then <code>cargo build</code>; the HTTP API is at <code>/api/v1</code>.";

/// Serves a file of the page, or the page itself for its own routes.
pub(crate) async fn serve(method: Method, uri: Uri) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Dist::get(path) {
        // Vite puts a hash of the content into the names below assets/.
        let caching =
            if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        return answer(path, caching, file.data.into_owned());
    }
    let looks_like_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if path.starts_with("api/") || path.starts_with("assets/") || (looks_like_file && !path.contains('@')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    Dist::get("index.html").map_or_else(
        || Html(NOT_BUILT).into_response(),
        |index| answer("index.html", "no-cache", index.data.into_owned()),
    )
}

fn answer(path: &str, caching: &'static str, bytes: Vec<u8>) -> Response {
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "map") => "application/json",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, caching)], bytes).into_response()
}
