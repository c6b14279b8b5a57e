//! Artifacts: through the server's artifact root, and by run, logged model or model version.

pub(crate) mod multipart;
pub(crate) mod proxy;
pub(crate) mod run;
pub(crate) mod trace;

use app::tracking::artifact::Stored;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use domain::tracking::artifact::Entry;
use domain::tracking::download::{Asked, Wanted, headers, wanted};
use serde_json::Value;

use crate::failure::{Answer, Failure};
use crate::wire::Object;

/// A file to be saved, or what the request's headers ask for of it.
fn attachment(stored: Stored, asked: &HeaderMap) -> Answer {
    let size = stored.size.unsigned_abs();
    let given = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let asked = Asked {
        range: given(header::RANGE),
        if_none_match: given(header::IF_NONE_MATCH),
        if_range: given(header::IF_RANGE),
    };
    let wanted = wanted(asked, &stored.file, size);
    let headers = headers(wanted, &stored.path, &stored.file, size);
    let (status, body) = match wanted {
        Wanted::Same => (StatusCode::NOT_MODIFIED, Body::empty()),
        Wanted::Whole => (StatusCode::OK, Body::from_stream(stored.into_stream())),
        Wanted::Part { first, length } => {
            (StatusCode::PARTIAL_CONTENT, Body::from_stream(stored.into_part(first, length)))
        }
        Wanted::Outside => (StatusCode::RANGE_NOT_SATISFIABLE, Body::empty()),
    };
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(body).map_err(|error| Failure::from(app::Error::internal(error)))
}

fn file(entry: &Entry, path: &str) -> Value {
    Object::new().set("path", path).set("is_dir", entry.is_folder()).set("file_size", entry.size).into()
}
