//! Errors on the wire: problem documents of RFC 9457.

use app::{Error, ErrorKind};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Seconds after which a client may try again what was not available.
const RETRY_AFTER_SECONDS: u64 = 1;

/// A problem document: what went wrong, where, and the way out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the status and the code say the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of the error in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened to this request and what to do.
    pub detail: String,
    /// The kind as a stable word: `invalid`, `check_failed`, `not_found`, …
    pub code: String,
    /// Which field, for `invalid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where in a text, for what is written in a language: a filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// Which check said no, for `check_failed`: `contract`, `gate`, `drift`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The record that holds the evidence, for `check_failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The request's id, for what is not the caller's fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Characters of a text; none of them, at the end, where more was expected.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Span {
    /// The first one, from 0.
    pub start: usize,
    /// The one after the last.
    pub end: usize,
}

/// The one mapping of kinds to statuses, titles and codes.
fn describe(kind: ErrorKind) -> (StatusCode, &'static str, &'static str) {
    match kind {
        ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "Invalid input", "invalid"),
        ErrorKind::CheckFailed => (StatusCode::UNPROCESSABLE_ENTITY, "A check said no", "check_failed"),
        ErrorKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Not signed in", "unauthenticated"),
        ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "Not allowed", "forbidden"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "Not found", "not_found"),
        ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "Exists already", "already_exists"),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "Conflict", "conflict"),
        ErrorKind::LimitReached => (StatusCode::TOO_MANY_REQUESTS, "Limit reached", "limit_reached"),
        ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not available", "unavailable"),
        ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error", "internal"),
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, title, code) = describe(error.kind());
        let mut problem = Self {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: error.to_string(),
            code: code.to_owned(),
            field: None,
            span: None,
            check: None,
            record: None,
            request_id: None,
        };
        match error {
            Error::Invalid { field, .. } => problem.field = Some(field),
            Error::CheckFailed { check, record, .. } => {
                problem.check = Some(check.to_owned());
                problem.record = Some(record);
            }
            Error::Internal(source) => {
                tracing::error!(error = %source, "request failed");
                problem.detail = "the server failed; its log has the reason under this request id".to_owned();
            }
            _ => {}
        }
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            self.request_id = crate::extract::current_request_id();
        }
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_status() {
        let kinds = [
            (ErrorKind::Invalid, 400),
            (ErrorKind::CheckFailed, 422),
            (ErrorKind::Unauthenticated, 401),
            (ErrorKind::Forbidden, 403),
            (ErrorKind::NotFound, 404),
            (ErrorKind::AlreadyExists, 409),
            (ErrorKind::Conflict, 409),
            (ErrorKind::LimitReached, 429),
            (ErrorKind::Unavailable, 503),
            (ErrorKind::Internal, 500),
        ];
        for (kind, status) in kinds {
            assert_eq!(describe(kind).0.as_u16(), status, "{kind:?}");
        }
    }

    #[test]
    fn an_internal_error_shows_nothing_of_itself() {
        let problem = Problem::from(Error::internal("password of the database is hunter2"));
        assert!(!serde_json::to_string(&problem).unwrap().contains("hunter2"));
    }
}
