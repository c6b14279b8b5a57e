//! Extractors whose refusals are problem documents.

use app::{Actor, App, Context, Error};
use axum::body::{Body, Bytes};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Problem;

tokio::task_local! {
    /// The id of the request that this task answers; the server sets it.
    pub static REQUEST_ID: String;
}

/// The id of the request being answered, outside one `None`.
pub fn current_request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// A request's id as the server's middleware hands it on.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The request's context: who asks, and the clock.
pub struct Ctx(pub Context);

impl FromRequestParts<App> for Ctx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // A route that the server's sign-in did not pass has no actor: closed by default.
        let actor = parts.extensions.get::<Actor>().cloned().ok_or(Error::Unauthenticated)?;
        let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Self(app.context(actor, id)))
    }
}

/// A JSON body, in or out.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes =
            bytes.map_err(|rejection| Problem::from(Error::invalid("body", rejection.body_text())))?;
        if let Some(field) = field_with_nul(&bytes) {
            return Err(Problem::from(Error::invalid(field, NUL)));
        }
        let body = axum::Json::<T>::from_request(Request::from_parts(parts, Body::from(bytes)), state).await;
        body.map(|axum::Json(value)| Self(value)).map_err(|rejection| {
            let reason = match rejection {
                JsonRejection::JsonDataError(inner) => inner.body_text(),
                JsonRejection::JsonSyntaxError(inner) => inner.body_text(),
                JsonRejection::MissingJsonContentType(_) => {
                    "the body must be JSON with `Content-Type: application/json`".to_owned()
                }
                other => other.body_text(),
            };
            Problem::from(Error::invalid("body", reason))
        })
    }
}

/// What is said of texts that one of the databases cannot keep.
const NUL: &str = "a text must not contain a NUL character";

/// The place of the first text with a NUL character, which only an escape can bring into JSON.
fn field_with_nul(bytes: &[u8]) -> Option<String> {
    let escaped = b"\\u0000";
    if !bytes.windows(escaped.len()).any(|window| window == escaped) {
        return None;
    }
    // What cannot be read is told by whoever reads it next.
    place_of_nul(&serde_json::from_slice(bytes).ok()?, "")
}

fn place_of_nul(value: &serde_json::Value, place: &str) -> Option<String> {
    match value {
        serde_json::Value::String(text) => text.contains('\0').then(|| place.to_owned()),
        serde_json::Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| place_of_nul(item, &format!("{place}[{at}]")))
        }
        serde_json::Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let shown = name.replace('\0', "\u{fffd}");
            let place = if place.is_empty() { shown } else { format!("{place}.{shown}") };
            if name.contains('\0') { Some(place) } else { place_of_nul(value, &place) }
        }),
        _ => None,
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The query string.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::from(Error::invalid("query", NUL)));
        }
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|rejection: QueryRejection| {
            Problem::from(Error::invalid("query", rejection.body_text()))
        })
    }
}

/// The parts of the path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().contains("%00") {
            return Err(Problem::from(Error::invalid("path", NUL)));
        }
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection: PathRejection| Problem::from(Error::invalid("path", rejection.body_text())))
    }
}
