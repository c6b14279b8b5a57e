//! Predictions: what was asked and answered.

use app::App;
use axum::extract::State;
use domain::serving::{Prediction, RouteKind};
use domain::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::deployment::name;
use crate::{Ctx, Json, Path, Problem, Query};

/// Predictions on a page when the caller does not say.
const PAGE: usize = 100;

/// One row's question and answer.
#[derive(Serialize, ToSchema)]
pub struct PredictionBody {
    /// Its id.
    id: String,
    /// When the request arrived.
    time_ms: i64,
    /// The deployment.
    deployment: String,
    /// The registered model that answered.
    model: String,
    /// Its version.
    version: i64,
    /// `live` or `canary`.
    route: &'static str,
    /// The row by column.
    #[schema(value_type = Value)]
    features: serde_json::Map<String, Value>,
    /// The answer.
    output: Value,
    /// From the request's arrival to the answer, in microseconds.
    latency_us: i64,
    /// The caller's id of the request.
    request_id: Option<String>,
}

impl From<Prediction> for PredictionBody {
    fn from(prediction: Prediction) -> Self {
        Self {
            id: prediction.id.to_string(),
            time_ms: prediction.time_ms.millis(),
            deployment: prediction.deployment.to_string(),
            model: prediction.model.to_string(),
            version: prediction.version,
            route: match prediction.route {
                RouteKind::Live => "live",
                RouteKind::Canary => "canary",
            },
            features: prediction.features,
            output: prediction.output,
            latency_us: prediction.latency_us,
            request_id: prediction.request_id,
        }
    }
}

/// A list of predictions.
#[derive(Serialize, ToSchema)]
pub struct PredictionList {
    /// Newest first.
    items: Vec<PredictionBody>,
}

/// Which predictions to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PredictionQuery {
    /// At most this many (100, up to 1,000).
    limit: Option<usize>,
    /// Only those before this time, in milliseconds since the epoch.
    before: Option<i64>,
}

/// Lists the newest predictions of a deployment.
#[utoipa::path(get, path = "/deployments/{name}/predictions", tag = "serving",
    params(("name" = String, Path, description = "The deployment"), PredictionQuery),
    responses((status = 200, body = PredictionList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Query(query): Query<PredictionQuery>,
) -> Result<Json<PredictionList>, Problem> {
    let deployment = name(&deployment)?;
    let before = query.before.map(Timestamp::from_millis);
    let items = app.predictions().list(&ctx, &deployment, before, query.limit.unwrap_or(PAGE)).await?;
    Ok(Json(PredictionList { items: items.into_iter().map(Into::into).collect() }))
}

/// One prediction.
#[utoipa::path(get, path = "/predictions/{id}", tag = "serving",
    params(("id" = String, Path, description = "The prediction")),
    responses((status = 200, body = PredictionBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(id): Path<String>,
) -> Result<Json<PredictionBody>, Problem> {
    let id = Id::parse(&id).ok_or_else(|| app::Error::not_found("prediction", &id))?;
    Ok(Json(app.predictions().get(&ctx, &id).await?.into()))
}
