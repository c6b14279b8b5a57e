//! Labels.

use app::App;
use axum::extract::State;
use domain::Timestamp;
use domain::monitoring::label::{Label, LabelOutcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{id, name};
use crate::{Ctx, Json, Path, Problem};

/// Labels of predictions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelsBody {
    /// At most 100,000.
    labels: Vec<LabelBody>,
}

/// What turned out to be true for one prediction.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelBody {
    /// The prediction's id, as the answer's header gave it.
    prediction_id: String,
    /// A number, true, false or a class name.
    value: serde_json::Value,
    /// When it became known, in epoch milliseconds; now when left out.
    time_ms: Option<i64>,
}

/// What became of the labels.
#[derive(Serialize, ToSchema)]
pub struct LabelOutcomeBody {
    /// Labels of predictions that had none.
    added: u64,
    /// Labels that replaced another value.
    corrected: u64,
    /// Labels that were known already.
    unchanged: u64,
    /// Labels older than the one on record: kept out.
    outdated: u64,
    /// Ids that no prediction of the deployment has.
    unknown: Vec<String>,
}

impl From<LabelOutcome> for LabelOutcomeBody {
    fn from(outcome: LabelOutcome) -> Self {
        Self {
            added: outcome.added,
            corrected: outcome.corrected,
            unchanged: outcome.unchanged,
            outdated: outcome.outdated,
            unknown: outcome.unknown.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Adds labels to a deployment's predictions; sending the same again changes nothing.
#[utoipa::path(post, path = "/deployments/{name}/labels", tag = "monitoring", request_body = LabelsBody,
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = LabelOutcomeBody), (status = "default", body = Problem)))]
pub async fn add(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Json(body): Json<LabelsBody>,
) -> Result<Json<LabelOutcomeBody>, Problem> {
    let read = |label: LabelBody| -> Result<Label, Problem> {
        Ok(Label {
            prediction_id: id("prediction_id", &label.prediction_id)?,
            value: label.value,
            time_ms: label.time_ms.map_or_else(|| ctx.now(), Timestamp::from_millis),
        })
    };
    let labels = body.labels.into_iter().map(read).collect::<Result<Vec<Label>, Problem>>()?;
    Ok(Json(app.labels().add(&ctx, &name(&deployment)?, labels).await?.into()))
}
