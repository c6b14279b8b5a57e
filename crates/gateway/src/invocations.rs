//! MLflow's scoring form: the bodies and errors of `mlflow models serve`, without stack traces.

use app::App;
use app::serving::inference::{InvalidInput, Signature, invocation};
use app::serving::predict::Question;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::caller::Asking;
use crate::reply::{self, Failure};

/// Which deployment, where the path does not say.
#[derive(Deserialize)]
pub(crate) struct Which {
    deployment: Option<String>,
}

enum Content {
    Json(Value),
    Csv(String),
}

/// `POST /serve/{deployment}/invocations`.
pub(crate) async fn named(
    State(app): State<App>,
    asking: Asking,
    Path(deployment): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&app, asking, &deployment, &headers, &body).await
}

/// `POST /invocations`: the deployment of that name in the query, or the only one.
pub(crate) async fn only(
    State(app): State<App>,
    asking: Asking,
    Query(which): Query<Which>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let deployment = match which.deployment {
        Some(name) => name,
        None => match app.deployments().serving_names().as_slice() {
            [one] => one.clone(),
            [] => {
                return error(&Failure {
                    status: StatusCode::NOT_FOUND,
                    ..Failure::bad("nothing is deployed")
                });
            }
            many => {
                let names = many.join(", ");
                return error(&Failure::bad(format!(
                    "say which deployment: /invocations?deployment=NAME, one of {names}"
                )));
            }
        },
    };
    answer(&app, asking, &deployment, &headers, &body).await
}

/// `GET /ping`: MLflow's health check, 404 without a model.
pub(crate) async fn ping(State(app): State<App>) -> Response {
    let status =
        if app.deployments().serving_names().is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    (status, "\n").into_response()
}

async fn answer(app: &App, asking: Asking, deployment: &str, headers: &HeaderMap, body: &Bytes) -> Response {
    let content = match read_content(headers, body) {
        Ok(content) => content,
        Err(response) => return *response,
    };
    let unified = std::sync::atomic::AtomicBool::new(false);
    let read = |signature: Option<&Signature>| -> Result<Question, InvalidInput> {
        match &content {
            Content::Csv(text) => {
                let input = invocation::parse_csv(text, signature)?;
                Ok(Question { input, params: Map::new() })
            }
            Content::Json(body) => {
                let parsed = invocation::parse(body, signature)?;
                unified.store(parsed.unified, std::sync::atomic::Ordering::Relaxed);
                Ok(Question { input: parsed.input, params: parsed.params })
            }
        }
    };
    match app.deployments().predict(&asking.ctx, deployment, asking.caller, read).await {
        Ok(answered) => {
            let output = answered.output.to_json();
            let bare = unified.load(std::sync::atomic::Ordering::Relaxed);
            let body = if bare { output } else { json!({"predictions": output}) };
            (reply::headers(&answered), Json(body)).into_response()
        }
        Err(failed) => error(&Failure::from(failed)),
    }
}

fn read_content(headers: &HeaderMap, body: &Bytes) -> Result<Content, Box<Response>> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameter) = given.split_once(';').unwrap_or((given, ""));
    let parameter = parameter.trim().to_ascii_lowercase();
    let plain = parameter.is_empty() || parameter == "charset=utf-8";
    let kind = kind.trim().to_ascii_lowercase();
    if !plain || !["application/json", "text/csv"].contains(&kind.as_str()) {
        let said = "This predictor only supports the following content types: application/json, text/csv \
                    (charset=utf-8).";
        return Err(Box::new((StatusCode::UNSUPPORTED_MEDIA_TYPE, said).into_response()));
    }
    if kind == "text/csv" {
        return match std::str::from_utf8(body) {
            Ok(text) => Ok(Content::Csv(text.to_owned())),
            Err(_) => Err(Box::new(error(&Failure::bad("the CSV text is not UTF-8")))),
        };
    }
    serde_json::from_slice(body)
        .map(Content::Json)
        .map_err(|problem| Box::new(error(&Failure::bad(format!("the body is not valid JSON: {problem}")))))
}

fn error(failure: &Failure) -> Response {
    if failure.status == StatusCode::GATEWAY_TIMEOUT {
        return (failure.status, "Request processing time exceeded limit").into_response();
    }
    let code = match failure.status {
        StatusCode::BAD_REQUEST if failure.schema => "INVALID_PARAMETER_VALUE",
        StatusCode::BAD_REQUEST => "BAD_REQUEST",
        StatusCode::NOT_FOUND => "RESOURCE_DOES_NOT_EXIST",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::SERVICE_UNAVAILABLE => "TEMPORARILY_UNAVAILABLE",
        _ => "INTERNAL_ERROR",
    };
    let body = json!({"error_code": code, "message": failure.message});
    (failure.status, failure.headers(), Json(body)).into_response()
}
