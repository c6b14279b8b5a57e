//! Objects: files of data versions, whole or in part (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).

use app::data::browse::Opened;
use axum::body::Body;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use chrono::DateTime;
use domain::tracking::download::{self, Wanted, etag, headers, wanted};
use domain::{Name, Timestamp};

use crate::Asked;
use crate::failure::Failure;

/// What may be asked about an object beside its bytes: names of the call, and a version that S3 has and this store has not.
const KNOWN: [&str; 2] = ["x-id", "partNumber"];

/// `GET /BUCKET/KEY` and `HEAD /BUCKET/KEY`.
pub(crate) async fn answer(asked: &Asked<'_>, name: &Name, key: &str) -> Result<Response, Failure> {
    if let Some(other) = asked.query.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(Failure::missing(&format!("{other:?} of an object")));
    }
    let Opened { stored, time } = asked.app.datasets().open_key(asked.ctx, name, key).await?;
    let given = |name: HeaderName| asked.headers.get(name).and_then(|value| value.to_str().ok());
    let tag = etag(&stored.file);
    let matches = |list: &str| list.split(',').any(|one| matches!(one.trim(), "*") || one.trim() == tag);
    if given(header::IF_MATCH).is_some_and(|list| !matches(list)) {
        let message = "the object's entity tag is another than the request asks for";
        return Err(Failure::new(412, "PreconditionFailed", message));
    }
    let size = stored.size.unsigned_abs();
    let conditions = download::Asked {
        range: given(header::RANGE),
        if_none_match: given(header::IF_NONE_MATCH),
        if_range: given(header::IF_RANGE),
    };
    let wanted = wanted(conditions, &stored.file, size);
    let headers = headers(wanted, &stored.path, &stored.file, size);
    let (status, body) = match wanted {
        Wanted::Same => (StatusCode::NOT_MODIFIED, Body::empty()),
        Wanted::Outside => {
            let message = format!("the object has {size} bytes, none of which are in the range");
            return Err(Failure::new(416, "InvalidRange", message));
        }
        Wanted::Part { .. } if asked.head => (StatusCode::PARTIAL_CONTENT, Body::empty()),
        Wanted::Whole if asked.head => (StatusCode::OK, Body::empty()),
        Wanted::Whole => (StatusCode::OK, Body::from_stream(stored.into_stream())),
        Wanted::Part { first, length } => {
            (StatusCode::PARTIAL_CONTENT, Body::from_stream(stored.into_part(first, length)))
        }
    };
    let mut answer = Response::builder().status(status).header(header::LAST_MODIFIED, http_date(time));
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(body).map_err(|error| Failure::from(app::Error::internal(error)))
}

/// A time as headers have it (RFC 9110, section 5.6.7).
fn http_date(time: Timestamp) -> String {
    let time = DateTime::from_timestamp_millis(time.millis()).unwrap_or_default();
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
