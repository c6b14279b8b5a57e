//! The Open Inference Protocol, version 2, over HTTP, with the binary tensor extension.
//!
//! A model's name is the name of its deployment. Health bodies are sent although the protocol asks for none: one
//! common client fails on an empty body.

mod tensor;

use app::App;
use app::serving::inference::signature::{RawRows, Spec, check_shape, enforce_tensor};
use app::serving::inference::{Input, InvalidInput, RuntimeKind, Signature};
use app::serving::predict::{Answered, Described, PredictError, Question};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use crate::caller::Asking;
use crate::reply::{self, Failure};
use tensor::{Elements, InferRequest, NamedTensor};

/// Length of the JSON part of a body with binary tensors behind it.
const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");
const EXTENSIONS: [&str; 2] = ["binary_tensor_data", "model_repository"];

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/v2", get(server))
        .route("/v2/health/live", get(live))
        .route("/v2/health/ready", get(ready))
        .route("/v2/repository/index", post(index))
        .route("/v2/models/{model}", get(metadata))
        .route("/v2/models/{model}/ready", get(model_ready))
        .route("/v2/models/{model}/infer", post(infer))
        .route("/v2/models/{model}/versions/{version}", get(version_metadata))
        .route("/v2/models/{model}/versions/{version}/ready", get(version_ready))
        .route("/v2/models/{model}/versions/{version}/infer", post(version_infer))
}

async fn server() -> Json<Value> {
    Json(json!({"name": "volano", "version": env!("CARGO_PKG_VERSION"), "extensions": EXTENSIONS}))
}

async fn live() -> Json<Value> {
    Json(json!({"live": true}))
}

async fn ready() -> Json<Value> {
    Json(json!({"ready": true}))
}

async fn index(State(app): State<App>, asking: Asking) -> Json<Value> {
    let names = app.deployments().serving_names();
    let entries = names.iter().map(|name| match app.deployments().describe(&asking.ctx, name) {
        Ok(found) => {
            json!({"name": name, "version": found.version.to_string(), "state": "READY", "reason": ""})
        }
        Err(error) => {
            json!({"name": name, "version": "", "state": "UNAVAILABLE", "reason": error.to_string()})
        }
    });
    Json(entries.collect())
}

async fn metadata(State(app): State<App>, asking: Asking, Path(model): Path<String>) -> Response {
    described(app.deployments().describe(&asking.ctx, &model), None)
}

async fn version_metadata(
    State(app): State<App>,
    asking: Asking,
    Path((model, version)): Path<(String, String)>,
) -> Response {
    described(app.deployments().describe(&asking.ctx, &model), Some(&version))
}

fn described(found: Result<Described, PredictError>, version: Option<&str>) -> Response {
    match found.map_err(Failure::from).and_then(|found| of_version(found, version)) {
        Ok(found) => Json(model_metadata(&found)).into_response(),
        Err(failure) => error(&failure),
    }
}

async fn model_ready(State(app): State<App>, asking: Asking, Path(model): Path<String>) -> Response {
    readiness(&model, app.deployments().describe(&asking.ctx, &model), None)
}

async fn version_ready(
    State(app): State<App>,
    asking: Asking,
    Path((model, version)): Path<(String, String)>,
) -> Response {
    readiness(&model, app.deployments().describe(&asking.ctx, &model), Some(&version))
}

fn readiness(model: &str, found: Result<Described, PredictError>, version: Option<&str>) -> Response {
    match found.map_err(Failure::from).and_then(|found| of_version(found, version)) {
        Ok(_) => Json(json!({"name": model, "ready": true})).into_response(),
        Err(failure) if failure.status == StatusCode::SERVICE_UNAVAILABLE => {
            (failure.status, failure.headers(), Json(json!({"name": model, "ready": false}))).into_response()
        }
        Err(failure) => error(&failure),
    }
}

/// Only the version that has the traffic can be asked for by number.
fn of_version(found: Described, version: Option<&str>) -> Result<Described, Failure> {
    match version {
        Some(asked) if asked != found.version.to_string() => Err(Failure {
            status: StatusCode::NOT_FOUND,
            ..Failure::bad(format!(
                "the deployment {:?} serves version {}, not {asked}",
                found.deployment.as_str(),
                found.version
            ))
        }),
        _ => Ok(found),
    }
}

fn model_metadata(found: &Described) -> Value {
    let specs = |specs: &[Spec], fallback: &str| -> Vec<Value> {
        specs
            .iter()
            .enumerate()
            .map(|(position, spec)| {
                let name = spec.name().map_or_else(|| format!("{fallback}-{position}"), ToOwned::to_owned);
                let (datatype, shape) = tensor::spec_datatype(spec);
                json!({"name": name, "datatype": datatype, "shape": shape})
            })
            .collect()
    };
    let empty = Signature::default();
    let signature = found.signature.as_ref().unwrap_or(&empty);
    let platform = match found.runtime {
        RuntimeKind::Python => "mlflow_python",
        RuntimeKind::Onnx => "onnxruntime_onnx",
    };
    json!({
        "name": found.deployment,
        "versions": [found.version.to_string()],
        "platform": platform,
        "inputs": specs(&signature.inputs, "input"),
        "outputs": specs(&signature.outputs, "output"),
        "parameters": {"model": found.model},
    })
}

async fn infer(
    State(app): State<App>,
    asking: Asking,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match run(&app, asking, &model, None, &headers, &body).await {
        Ok(response) => response,
        Err(failure) => error(&failure),
    }
}

async fn version_infer(
    State(app): State<App>,
    asking: Asking,
    Path((model, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match run(&app, asking, &model, Some(&version), &headers, &body).await {
        Ok(response) => response,
        Err(failure) => error(&failure),
    }
}

async fn run(
    app: &App,
    asking: Asking,
    model: &str,
    version: Option<&str>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, Failure> {
    if version.is_some() {
        of_version(app.deployments().describe(&asking.ctx, model)?, version)?;
    }
    let json_length = headers.get(JSON_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let request = InferRequest::read(body, json_length).map_err(|error| Failure::bad(error.to_string()))?;
    let mut caller = asking.caller;
    caller.request_id = request.id.clone().or(caller.request_id);
    let read = |signature: Option<&Signature>| -> Result<Question, InvalidInput> {
        Ok(Question { input: input(&request, signature)?, params: Map::new() })
    };
    let answered = app.deployments().predict(&asking.ctx, model, caller, read).await?;
    let outputs = tensor::outputs(&answered.output);
    respond(model, &request, &answered, outputs)
}

/// The tensors as the signature asks: columns of a table by name, or arrays.
fn input(request: &InferRequest, signature: Option<&Signature>) -> Result<Input, InvalidInput> {
    let table = signature.map_or(request.is_table(), Signature::is_table);
    if table {
        return Ok(Input::Table(rows(request)?.into_table(signature)?));
    }
    let specs = signature.map(|signature| signature.inputs.as_slice()).unwrap_or_default();
    match (request.inputs.as_slice(), specs) {
        ([one], [spec]) => array(one, Some(spec)).map(Input::Tensor),
        ([one], []) => match &one.elements {
            Elements::Numbers(tensor) => Ok(Input::Tensor(tensor.clone())),
            Elements::Texts(texts) => {
                Ok(Input::Json(texts.iter().map(|text| Value::from(text.as_str())).collect()))
            }
        },
        (many, specs) => many
            .iter()
            .map(|given| {
                let spec = specs.iter().find(|spec| spec.name() == Some(&given.name));
                if spec.is_none() && !specs.is_empty() {
                    return Err(InvalidInput::column(&given.name, "the model has no such input"));
                }
                Ok((given.name.clone(), array(given, spec)?))
            })
            .collect::<Result<_, _>>()
            .map(Input::Named),
    }
}

/// One matrix is rows without names; anything else is one tensor per column.
fn rows(request: &InferRequest) -> Result<RawRows, InvalidInput> {
    if let [one] = request.inputs.as_slice()
        && let (Elements::Numbers(tensor), true) = (&one.elements, one.shape.len() == 2 && one.shape[1] > 1)
    {
        let cells =
            (0..tensor.rows()).map(|row| tensor.row(row).as_array().cloned().unwrap_or_default()).collect();
        return RawRows::from_split(None, cells);
    }
    let columns = request.inputs.iter().map(|given| (given.name.clone(), given.values())).collect();
    RawRows::from_columns(columns)
}

fn array(given: &NamedTensor, spec: Option<&Spec>) -> Result<app::serving::inference::Tensor, InvalidInput> {
    let Elements::Numbers(tensor) = &given.elements else {
        return Err(InvalidInput::column(&given.name, "the model takes an array of numbers, not BYTES"));
    };
    let at = |error: InvalidInput| InvalidInput::column(&given.name, error.reason);
    match spec {
        Some(Spec::Tensor { dtype, shape, .. }) if *dtype == tensor.dtype.name() => {
            check_shape(tensor, shape).map_err(at)?;
            Ok(tensor.clone())
        }
        Some(spec) => enforce_tensor(spec, &tensor.to_json()).map_err(at),
        None => Ok(tensor.clone()),
    }
}

fn respond(
    model: &str,
    request: &InferRequest,
    answered: &Answered,
    outputs: Vec<NamedTensor>,
) -> Result<Response, Failure> {
    let mut binary = Vec::new();
    let mut entries = Vec::new();
    for output in outputs {
        if !request.wants(&output.name) {
            continue;
        }
        let mut entry = json!({"name": output.name, "datatype": output.datatype, "shape": output.shape});
        if request.wants_binary(&output.name) {
            let bytes = output.to_bytes();
            entry["parameters"] = json!({"binary_data_size": bytes.len()});
            binary.extend_from_slice(&bytes);
        } else {
            entry["data"] = output.to_json();
        }
        entries.push(entry);
    }
    if entries.is_empty() {
        return Err(Failure::bad("the model has none of the outputs that were asked for"));
    }
    let id = request.id.clone().or_else(|| answered.ids.first().map(ToString::to_string));
    let body = json!({
        "model_name": model,
        "model_version": answered.version.to_string(),
        "id": id,
        "parameters": {"prediction_ids": answered.ids.iter().map(domain::Id::as_str).collect::<Vec<_>>().join(",")},
        "outputs": entries,
    });
    let mut headers = reply::headers(answered);
    if binary.is_empty() {
        return Ok((headers, Json(body)).into_response());
    }
    let mut bytes = body.to_string().into_bytes();
    headers.insert(JSON_LENGTH, HeaderValue::from(bytes.len()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    bytes.extend_from_slice(&binary);
    Ok((headers, bytes).into_response())
}

fn error(failure: &Failure) -> Response {
    (failure.status, failure.headers(), Json(json!({"error": failure.message}))).into_response()
}
