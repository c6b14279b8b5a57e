//! Refusals as S3 words them (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).

use app::{Error, ErrorKind};
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::xml::{self, Element};

/// A refusal.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u16,
    code: &'static str,
    message: String,
}

impl Failure {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidArgument", message)
    }

    pub fn missing(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("{what} is not part of this read-only store"))
    }

    pub fn read_only() -> Self {
        let message = "data versions are only read here: `volano data add` and the API make new ones";
        Self::new(405, "MethodNotAllowed", message)
    }

    pub fn no_bucket(name: &str) -> Self {
        Self::new(404, "NoSuchBucket", format!("there is no data set {name:?}"))
    }

    /// The answer; that to `HEAD` has no body.
    pub fn answer(self, resource: &str, id: &str, head: bool) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if head {
            return (status, Body::empty()).into_response();
        }
        let error = Element::new("Error")
            .text("Code", self.code)
            .text("Message", &self.message)
            .text("Resource", resource)
            .text("RequestId", id);
        xml::answer(status, error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::NotFound { noun: "dataset", id } = &error {
            return Self::no_bucket(id);
        }
        let (status, code) = match error.kind() {
            ErrorKind::NotFound => (404, "NoSuchKey"),
            ErrorKind::Unauthenticated | ErrorKind::Forbidden => (403, "AccessDenied"),
            ErrorKind::Unavailable => (503, "ServiceUnavailable"),
            ErrorKind::Internal => {
                tracing::error!(%error, "a read of a data version failed");
                return Self::new(500, "InternalError", "the server could not answer: its log says why");
            }
            _ => (400, "InvalidRequest"),
        };
        Self::new(status, code, error.to_string())
    }
}
