//! Artifacts: through the server's artifact root, and by run, logged model or model version.

pub(crate) mod proxy;
pub(crate) mod run;

use app::tracking::artifact::Stored;
use axum::body::Body;
use axum::response::IntoResponse;
use domain::tracking::artifact::{Entry, download_headers};
use serde_json::Value;

use crate::failure::Answer;
use crate::wire::Object;

fn attachment(stored: Stored) -> Answer {
    Ok((download_headers(&stored.path, stored.size), Body::from_stream(stored.into_stream())).into_response())
}

fn file(entry: &Entry, path: &str) -> Value {
    Object::new().set("path", path).set("is_dir", entry.is_folder()).set("file_size", entry.size).into()
}
