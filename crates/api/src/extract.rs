//! Extractors whose refusals are problem documents.

use app::{Actor, App, Context, Error};
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
        let body = axum::Json::<T>::from_request(request, state).await;
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
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection: PathRejection| Problem::from(Error::invalid("path", rejection.body_text())))
    }
}
