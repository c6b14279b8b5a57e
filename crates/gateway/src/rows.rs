//! The plain form: `{"rows": [{…}]}` in, predictions with their ids out.

use app::App;
use app::serving::inference::signature::RawRows;
use app::serving::inference::{Input, InvalidInput};
use app::serving::predict::Question;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::caller::Asking;
use crate::reply::{self, Failure};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    rows: Vec<Map<String, Value>>,
    #[serde(default)]
    params: Map<String, Value>,
}

/// `POST /serve/{deployment}`.
pub(crate) async fn predict(
    State(app): State<App>,
    asking: Asking,
    Path(deployment): Path<String>,
    body: Bytes,
) -> Response {
    let body: Body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => {
            let reason = format!("the body is {{\"rows\": [{{…}}]}}, one object per row: {error}");
            return problem(&Failure::bad(reason));
        }
    };
    if body.rows.is_empty() {
        return problem(&Failure::bad("rows is empty: there is nothing to predict"));
    }
    let read = |signature: Option<&_>| -> Result<Question, InvalidInput> {
        if let Some(signature) = signature {
            app::serving::inference::Signature::check_params(signature, &body.params)?;
        }
        let table = RawRows::from_records(body.rows.clone()).into_table(signature)?;
        Ok(Question { input: Input::Table(table), params: body.params.clone() })
    };
    match app.deployments().predict(&asking.ctx, &deployment, asking.caller, read).await {
        Ok(answered) => {
            let headers = reply::headers(&answered);
            let body = json!({
                "predictions": answered.by_row,
                "prediction_ids": answered.ids,
                "model": reply::model_version(&answered),
            });
            (headers, Json(body)).into_response()
        }
        Err(error) => problem(&Failure::from(error)),
    }
}

/// A problem document (RFC 9457).
fn problem(failure: &Failure) -> Response {
    let title = failure.status.canonical_reason().unwrap_or("Error");
    let body = json!({
        "type": "about:blank",
        "title": title,
        "status": failure.status.as_u16(),
        "detail": failure.message,
        "code": title.to_lowercase().replace(' ', "_"),
    });
    let mut response = (failure.status, failure.headers(), Json(body)).into_response();
    let problem = axum::http::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, problem);
    response
}
