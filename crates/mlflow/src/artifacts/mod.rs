//! Artifacts: through the server's artifact root, and by run, logged model or model version.

pub(crate) mod proxy;
pub(crate) mod run;

use app::tracking::artifact::Stored;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use domain::tracking::artifact::{Entry, content_type};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::failure::Answer;
use crate::wire::Object;

/// What a file name in a header keeps as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A file, always to be saved and never to be shown: what users uploaded runs in nobody's browser.
fn attachment(stored: Stored) -> Answer {
    let name = stored.path.rsplit('/').next().unwrap_or(&stored.path);
    let quoted = utf8_percent_encode(name, PLAIN).to_string();
    let disposition = if quoted == name {
        format!("attachment; filename={name}")
    } else {
        format!("attachment; filename*=UTF-8''{quoted}")
    };
    let disposition = HeaderValue::from_str(&disposition).map_err(app::Error::internal)?;
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
