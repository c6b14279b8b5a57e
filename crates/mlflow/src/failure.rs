//! Errors on the wire: `{"error_code": …, "message": …}`, in MLflow's sentences, which its users' tests match on.

use app::{Error, ErrorKind};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal or failure as MLflow's clients read it.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
}

/// Result of a handler.
pub(crate) type Answer<T = Response> = Result<T, Failure>;

impl Failure {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BAD_REQUEST", message)
    }

    pub(crate) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message)
    }

    /// A call that is not there; `reason` names what is missing.
    pub(crate) fn no_endpoint(path: &str, reason: Option<&str>) -> Self {
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        Self::new(StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND", format!("No API found for '{path}'{reason}"))
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

/// The one mapping of kinds to statuses and codes.
fn describe(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::CheckFailed => {
            (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE")
        }
        ErrorKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
        ErrorKind::AlreadyExists => (StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS"),
        ErrorKind::LimitReached => (StatusCode::TOO_MANY_REQUESTS, "REQUEST_LIMIT_EXCEEDED"),
        ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
        ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (status, code) = describe(error.kind());
        match error {
            Error::Invalid { reason, .. } | Error::Conflict { reason, .. } => Self::new(status, code, reason),
            // An alias is the one thing whose absence MLflow calls a wrong parameter.
            Error::NotFound { noun: "alias", id } => {
                Self::invalid(format!("Registered model alias {id} not found."))
            }
            Error::NotFound { noun, id } => Self::new(status, code, missing(noun, &id)),
            Error::AlreadyExists { noun, id } => Self::new(status, code, taken(noun, &id)),
            Error::Internal(source) => {
                tracing::error!(error = %source, "request failed");
                Self::new(status, code, "The server failed; its log has the reason.")
            }
            other => Self::new(status, code, other.to_string()),
        }
    }
}

impl From<domain::tracking::validation::Refusal> for Failure {
    fn from(refusal: domain::tracking::validation::Refusal) -> Self {
        Self::invalid(refusal.reason)
    }
}

fn missing(noun: &str, id: &str) -> String {
    let (key, owner) = id.split_once(" of ").unwrap_or((id, ""));
    match noun {
        "experiment" => format!("No Experiment with id={id} exists"),
        "experiment name" => format!("Could not find experiment with name '{id}'"),
        "experiment tag" => format!("No tag with name: {key} in experiment with id {owner}"),
        "run" => format!("Run with id={id} not found"),
        "run tag" => format!("No tag with name: {key} in run with id {owner}"),
        "logged_model" => format!("Logged model with ID '{id}' not found."),
        "logged model tag" => format!("No tag with key '{key}' found for model with ID '{owner}'."),
        "evaluation_dataset" => format!("Evaluation dataset with id '{id}' not found"),
        "scorer" => {
            let (name, experiment) = id.rsplit_once(" of ").unwrap_or((id, ""));
            format!("Scorer with name '{name}' not found for experiment {experiment}.")
        }
        "scorer_version" => {
            let (version, experiment) = id.rsplit_once(" of ").unwrap_or((id, ""));
            let (name, version) = version.rsplit_once(':').unwrap_or((version, ""));
            format!("Scorer with name '{name}' and version {version} not found for experiment {experiment}.")
        }
        "gateway_endpoint" => format!("GatewayEndpoint not found (name='{id}'): there is no gateway here."),
        "trace" => format!("Trace with ID '{id}' not found."),
        "trace with its spans" => format!("Trace with ID {id} is not found."),
        "whole trace" => {
            format!("Trace with ID {id} is not fully exported yet, please try again later.")
        }
        "trace tag" => format!("No trace tag with key '{key}' for trace with ID '{owner}'"),
        "assessment" => format!("Assessment with ID '{key}' not found for trace '{owner}'"),
        "model" => format!("Registered Model with name={id} not found"),
        "artifact" => format!("No such artifact: '{id}'"),
        "latest version" => format!("Latest version not found for model {id}."),
        "webhook" => format!("Webhook with ID {id} not found."),
        "model_version" => match id.rsplit_once(':') {
            Some((name, version)) => format!("Model Version (name={name}, version={version}) not found"),
            None => format!("Model Version {id} not found"),
        },
        noun => format!("No such {noun}: {id}"),
    }
}

fn taken(noun: &str, id: &str) -> String {
    match noun {
        "experiment" => format!("Experiment(name={id}) already exists."),
        "prompt" => format!("Prompt (name={id}) already exists."),
        "model named as a prompt" => format!(
            "Tried to create a registered model with name '{id}', but the name is already taken by a prompt. \
             MLflow does not allow creating a model and a prompt with the same name."
        ),
        "prompt named as a model" => format!(
            "Tried to create a prompt with name '{id}', but the name is already taken by a registered model. \
             MLflow does not allow creating a model and a prompt with the same name."
        ),
        "model" => format!("Registered Model (name={id}) already exists."),
        noun => format!("{noun} {id} already exists."),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = serde_json::json!({"error_code": self.code, "message": self.message});
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"mlflow\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_status_and_code() {
        let kinds = [
            (ErrorKind::Invalid, 400, "INVALID_PARAMETER_VALUE"),
            (ErrorKind::CheckFailed, 400, "INVALID_PARAMETER_VALUE"),
            (ErrorKind::Unauthenticated, 401, "UNAUTHENTICATED"),
            (ErrorKind::Forbidden, 403, "PERMISSION_DENIED"),
            (ErrorKind::NotFound, 404, "RESOURCE_DOES_NOT_EXIST"),
            (ErrorKind::AlreadyExists, 400, "RESOURCE_ALREADY_EXISTS"),
            (ErrorKind::Conflict, 400, "INVALID_PARAMETER_VALUE"),
            (ErrorKind::LimitReached, 429, "REQUEST_LIMIT_EXCEEDED"),
            (ErrorKind::Unavailable, 503, "TEMPORARILY_UNAVAILABLE"),
            (ErrorKind::Internal, 500, "INTERNAL_ERROR"),
        ];
        for (kind, status, code) in kinds {
            let (found, word) = describe(kind);
            assert_eq!((found.as_u16(), word), (status, code), "{kind:?}");
        }
    }

    #[test]
    fn an_unknown_alias_is_a_wrong_parameter_and_an_internal_error_shows_nothing() {
        let alias = Failure::from(Error::not_found("alias", "champion"));
        assert_eq!(alias.status, StatusCode::BAD_REQUEST);
        assert_eq!(alias.message, "Registered model alias champion not found.");
        assert!(!Failure::from(Error::internal("hunter2")).message.contains("hunter2"));
    }
}
