//! Rollouts: how versions took over.

use app::App;
use axum::extract::State;
use domain::serving::{Rollout, RolloutState, Share};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::deployment::name;
use crate::{Ctx, Json, Path, Problem, Query};

/// Rollouts on a page when the caller does not say.
const PAGE: i64 = 50;

/// One hand-over of traffic.
#[derive(Serialize, ToSchema)]
pub struct RolloutBody {
    /// Its id.
    id: String,
    /// The deployment.
    deployment: String,
    /// The registered model of the new version.
    model: String,
    /// The new version.
    version: i64,
    /// The version that had the traffic.
    from_version: Option<i64>,
    /// `loading`, `canary`, `done`, `rolled_back`, `failed`, `superseded`.
    state: &'static str,
    /// Position in `shares`, while it is a canary.
    step: Option<usize>,
    /// The new version's shares, 0 to 1, step by step.
    shares: Vec<f64>,
    /// How long each step lasts.
    every_ms: i64,
    /// Conditions that end it.
    rollback: Vec<String>,
    /// Why it ended, when it did not end well.
    reason: Option<String>,
    /// When it began.
    started_ms: i64,
    /// When it took its present state.
    since_ms: i64,
}

impl From<Rollout> for RolloutBody {
    fn from(rollout: Rollout) -> Self {
        let state = rollout.state.word();
        let (step, since, reason) = match rollout.state {
            RolloutState::Loading => (None, rollout.started_ms, None),
            RolloutState::Canary { step, since_ms } => (Some(step), since_ms, None),
            RolloutState::Done { at_ms } => (None, at_ms, None),
            RolloutState::RolledBack { at_ms, reason } | RolloutState::Failed { at_ms, reason } => {
                (None, at_ms, Some(reason))
            }
            RolloutState::Superseded { at_ms, by } => (None, at_ms, Some(format!("superseded by {by}"))),
        };
        let share = |share: &Share| f64::from(share.parts()) / f64::from(Share::FULL.parts());
        Self {
            id: rollout.id.to_string(),
            deployment: rollout.deployment.to_string(),
            model: rollout.model.to_string(),
            version: rollout.version,
            from_version: rollout.from_version,
            state,
            step,
            shares: rollout.plan.canary.iter().map(share).collect(),
            every_ms: rollout.plan.every_ms,
            rollback: rollout.plan.rollback,
            reason,
            started_ms: rollout.started_ms.millis(),
            since_ms: since.millis(),
        }
    }
}

/// A list of rollouts.
#[derive(Serialize, ToSchema)]
pub struct RolloutList {
    /// Newest first.
    items: Vec<RolloutBody>,
}

/// How many to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RolloutQuery {
    /// At most this many (50, up to 200).
    limit: Option<i64>,
}

/// Lists the rollouts of a deployment, newest first.
#[utoipa::path(get, path = "/deployments/{name}/rollouts", tag = "serving",
    params(("name" = String, Path, description = "The deployment"), RolloutQuery),
    responses((status = 200, body = RolloutList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Query(query): Query<RolloutQuery>,
) -> Result<Json<RolloutList>, Problem> {
    let items = app.rollouts().list(&ctx, &name(&deployment)?, query.limit.unwrap_or(PAGE)).await?;
    Ok(Json(RolloutList { items: items.into_iter().map(Into::into).collect() }))
}
