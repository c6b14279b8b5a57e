//! Alerts.

use app::App;
use axum::extract::State;
use domain::monitoring::alert::{Alert, AlertState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{id, name, word};
use crate::{Ctx, Json, Path, Problem, Query};

/// Something that a person should know.
#[derive(Serialize, ToSchema)]
pub struct AlertBody {
    /// Its id.
    id: String,
    /// `drift`, `performance` or `silence`.
    kind: String,
    /// The deployment.
    deployment: String,
    /// `open`, `acknowledged` or `closed`.
    state: &'static str,
    /// When it opened, in epoch milliseconds.
    opened_ms: i64,
    /// Who looks after it.
    acknowledged_by: Option<String>,
    /// When it closed, in epoch milliseconds.
    closed_ms: Option<i64>,
    /// What happened, in words.
    sentence: String,
    /// Id of the drift report or performance record that opened it.
    record: Option<String>,
}

impl From<Alert> for AlertBody {
    fn from(alert: Alert) -> Self {
        let (state, acknowledged_by, closed_ms) = match alert.state {
            AlertState::Open => ("open", None, None),
            AlertState::Acknowledged { by, .. } => ("acknowledged", Some(by), None),
            AlertState::Closed { at_ms, .. } => ("closed", None, Some(at_ms.millis())),
        };
        Self {
            id: alert.id.to_string(),
            kind: word(&alert.kind),
            deployment: alert.deployment,
            state,
            opened_ms: alert.opened_ms.millis(),
            acknowledged_by,
            closed_ms,
            sentence: alert.sentence,
            record: alert.record.map(|id| id.to_string()),
        }
    }
}

/// Which alerts to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AlertQuery {
    /// Only of this deployment.
    deployment: Option<String>,
    /// Only those that are not closed.
    #[serde(default)]
    open: bool,
}

/// Alerts.
#[derive(Serialize, ToSchema)]
pub struct AlertList {
    /// Newest first.
    items: Vec<AlertBody>,
}

/// Lists alerts, newest first.
#[utoipa::path(get, path = "/alerts", tag = "monitoring", params(AlertQuery),
    responses((status = 200, body = AlertList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<AlertQuery>,
) -> Result<Json<AlertList>, Problem> {
    let deployment = query.deployment.as_deref().map(name).transpose()?;
    let alerts = app.monitors().alerts(&ctx, deployment.as_ref(), query.open).await?;
    Ok(Json(AlertList { items: alerts.into_iter().map(Into::into).collect() }))
}

/// Notes that the caller looks after an alert.
#[utoipa::path(post, path = "/alerts/{id}/acknowledge", tag = "monitoring",
    params(("id" = String, Path, description = "The alert")),
    responses((status = 200, body = AlertBody), (status = "default", body = Problem)))]
pub async fn acknowledge(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(alert): Path<String>,
) -> Result<Json<AlertBody>, Problem> {
    Ok(Json(app.monitors().acknowledge(&ctx, &id("id", &alert)?).await?.into()))
}
