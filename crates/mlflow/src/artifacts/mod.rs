//! Artifacts: through the server's artifact root, and by run, logged model or model version.

pub(crate) mod proxy;
pub(crate) mod run;

use app::tracking::artifact::Stored;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use domain::tracking::artifact::{Entry, content_type, disposition};
use serde_json::Value;

use crate::failure::Answer;
use crate::wire::Object;

/// A file, always to be saved and never to be shown: what users uploaded runs in nobody's browser.
fn attachment(stored: Stored) -> Answer {
    let disposition = HeaderValue::from_str(&disposition(&stored.path)).map_err(app::Error::internal)?;
    let kind = HeaderValue::from_static(content_type(&stored.path));
    let size = HeaderValue::from(stored.size);
    let mut response = Body::from_stream(stored.into_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_LENGTH, size);
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn file(entry: &Entry, path: &str) -> Value {
    Object::new().set("path", path).set("is_dir", entry.is_folder()).set("file_size", entry.size).into()
}
