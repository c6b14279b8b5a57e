//! What all forms have in common on the way out: headers, and the status of a failure.

use std::time::Duration;

use app::serving::inference::ModelError;
use app::serving::predict::{Answered, PredictError};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// The first prediction's id.
const PREDICTION_ID: HeaderName = HeaderName::from_static("x-volano-prediction-id");
/// All predictions' ids, with commas, when they are few.
const PREDICTION_IDS: HeaderName = HeaderName::from_static("x-volano-prediction-ids");
/// `MODEL:VERSION` of what answered.
const MODEL_VERSION: HeaderName = HeaderName::from_static("x-volano-model-version");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// Ids that fit into a header.
const MAX_IDS: usize = 64;

/// The headers of an answer.
pub(crate) fn headers(answered: &Answered) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, text: String| {
        // A model's name may hold characters that a header cannot.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    set(MODEL_VERSION, model_version(answered));
    if let Some(first) = answered.ids.first() {
        set(PREDICTION_ID, first.to_string());
        if answered.ids.len() <= MAX_IDS {
            let ids: Vec<&str> = answered.ids.iter().map(domain::Id::as_str).collect();
            set(PREDICTION_IDS, ids.join(","));
        }
    }
    set(SERVER_TIMING, format!("predict;dur={:.3}", answered.latency.as_secs_f64() * 1000.0));
    headers
}

/// `MODEL:VERSION`.
pub(crate) fn model_version(answered: &Answered) -> String {
    format!("{}:{}", answered.model, answered.version)
}

/// A failure as the forms need it.
pub(crate) struct Failure {
    pub status: StatusCode,
    pub message: String,
    pub retry_after: Option<Duration>,
    /// Whether the input did not fit the signature: a column or row is named.
    pub schema: bool,
}

impl From<PredictError> for Failure {
    fn from(error: PredictError) -> Self {
        let message = error.to_string();
        let of = |status, retry_after: Option<u64>| {
            let retry_after = retry_after.map(Duration::from_secs);
            Self { status, message: message.clone(), retry_after, schema: false }
        };
        match error {
            PredictError::NotFound(_) => of(StatusCode::NOT_FOUND, None),
            PredictError::Forbidden(_) => of(StatusCode::FORBIDDEN, None),
            PredictError::NotReady { .. } => of(StatusCode::SERVICE_UNAVAILABLE, Some(1)),
            PredictError::Model(ModelError::Input(input)) => {
                let schema = input.column.is_some() || input.row.is_some();
                Self { schema, ..of(StatusCode::BAD_REQUEST, None) }
            }
            PredictError::Model(ModelError::Model(_)) => of(StatusCode::BAD_REQUEST, None),
            PredictError::Model(ModelError::Busy { retry_after, .. }) => {
                of(StatusCode::SERVICE_UNAVAILABLE, Some(retry_after.as_secs().max(1)))
            }
            PredictError::Model(ModelError::Timeout) => of(StatusCode::GATEWAY_TIMEOUT, None),
            PredictError::Model(ModelError::Worker(_) | ModelError::Load { .. }) => {
                of(StatusCode::SERVICE_UNAVAILABLE, Some(1))
            }
        }
    }
}

impl Failure {
    /// The caller's mistake, found before a model was asked.
    pub fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into(), retry_after: None, schema: false }
    }

    /// `Retry-After`, when there is something to wait for.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        headers
    }
}
