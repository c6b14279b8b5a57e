//! Decisions of triggers, gates and rollouts.

use app::App;
use app::pipelines::decision::DecisionFilter;
use axum::extract::State;
use domain::Id;
use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Path, Problem, Query};

/// Decisions on a page when the caller does not say.
const PAGE: i64 = 100;

/// One conclusion with its evidence.
#[derive(Serialize, ToSchema)]
pub struct DecisionBody {
    /// Its id.
    id: String,
    /// When.
    time_ms: i64,
    /// `trigger`, `gate`, `rollout`, `approval`.
    kind: &'static str,
    /// About what: `PROJECT/TRIGGER`, `MODEL:VERSION`, a deployment.
    subject: String,
    /// `fired`, `merged`, `suppressed`, `no_change`, `failed`, `accepted`, `rejected`, `waiting_approval`, `advanced`,
    /// `completed`, `rolled_back`.
    outcome: &'static str,
    /// Why, in a sentence.
    reason: String,
    /// What it rests on.
    evidence: Value,
    /// The project it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// The pipeline run that it started or judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_run: Option<String>,
}

impl From<Decision> for DecisionBody {
    fn from(decision: Decision) -> Self {
        Self {
            id: decision.id.to_string(),
            time_ms: decision.time.millis(),
            kind: match decision.kind {
                DecisionKind::Trigger => "trigger",
                DecisionKind::Gate => "gate",
                DecisionKind::Rollout => "rollout",
                DecisionKind::Approval => "approval",
            },
            subject: decision.subject,
            outcome: match decision.outcome {
                DecisionOutcome::Fired => "fired",
                DecisionOutcome::Merged => "merged",
                DecisionOutcome::Suppressed => "suppressed",
                DecisionOutcome::NoChange => "no_change",
                DecisionOutcome::Failed => "failed",
                DecisionOutcome::Accepted => "accepted",
                DecisionOutcome::Rejected => "rejected",
                DecisionOutcome::WaitingApproval => "waiting_approval",
                DecisionOutcome::Advanced => "advanced",
                DecisionOutcome::Completed => "completed",
                DecisionOutcome::RolledBack => "rolled_back",
            },
            reason: decision.reason,
            evidence: decision.evidence,
            project: decision.project.map(|name| name.to_string()),
            pipeline_run: decision.pipeline_run.map(|id| id.to_string()),
        }
    }
}

/// A list of decisions.
#[derive(Serialize, ToSchema)]
pub struct DecisionList {
    /// Newest first.
    items: Vec<DecisionBody>,
}

/// Which decisions to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DecisionQuery {
    /// Only of this kind: `trigger`, `gate`, `rollout`, `approval`.
    #[param(value_type = Option<String>)]
    kind: Option<DecisionKind>,
    /// Only about this.
    subject: Option<String>,
    /// Only of this project.
    project: Option<String>,
    /// Only about this pipeline run.
    pipeline_run: Option<String>,
    /// At most this many (100, up to 1,000).
    limit: Option<i64>,
}

/// Lists decisions, newest first.
#[utoipa::path(get, path = "/decisions", tag = "pipelines", params(DecisionQuery),
    responses((status = 200, body = DecisionList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<DecisionQuery>,
) -> Result<Json<DecisionList>, Problem> {
    let pipeline_run = match query.pipeline_run {
        Some(text) => {
            Some(Id::parse(&text).ok_or_else(|| app::Error::invalid("pipeline_run", "is not an id"))?)
        }
        None => None,
    };
    let filter =
        DecisionFilter { kind: query.kind, subject: query.subject, project: query.project, pipeline_run };
    let items = app.decisions().list(&ctx, &filter, query.limit.unwrap_or(PAGE)).await?;
    Ok(Json(DecisionList { items: items.into_iter().map(Into::into).collect() }))
}

/// One decision.
#[utoipa::path(get, path = "/decisions/{id}", tag = "pipelines",
    params(("id" = String, Path, description = "The decision")),
    responses((status = 200, body = DecisionBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(id): Path<String>,
) -> Result<Json<DecisionBody>, Problem> {
    let id = Id::parse(&id).ok_or_else(|| app::Error::not_found("decision", &id))?;
    Ok(Json(app.decisions().get(&ctx, &id).await?.into()))
}
