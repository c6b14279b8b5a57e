//! Triggers and what is remembered of them.

use app::App;
use axum::extract::State;
use domain::pipelines::trigger::{Rule, TriggerStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::decision::DecisionBody;
use crate::{Ctx, Json, Path, Problem};

/// A trigger.
#[derive(Serialize, ToSchema)]
pub struct TriggerBody {
    /// The project.
    project: String,
    /// Its name within the project.
    name: String,
    /// `data`, `schedule`, `drift`, `performance`.
    kind: &'static str,
    /// The rule in words.
    rule: String,
    /// Why it is paused; absent when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<String>,
    /// When it last started a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_fired_ms: Option<i64>,
    /// When a schedule is next due.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_due_ms: Option<i64>,
    /// Its newest decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_decision: Option<DecisionBody>,
}

impl From<TriggerStatus> for TriggerBody {
    fn from(status: TriggerStatus) -> Self {
        Self {
            project: status.project.to_string(),
            name: status.trigger.name.to_string(),
            kind: status.trigger.rule.kind(),
            rule: in_words(&status.trigger.rule),
            paused: status.state.paused,
            last_fired_ms: status.state.last_fired_ms,
            next_due_ms: status.next_due_ms,
            last_decision: status.last_decision.map(Into::into),
        }
    }
}

fn in_words(rule: &Rule) -> String {
    match rule {
        Rule::Data { data, when: Some(when), .. } => format!("data {data}: {when}"),
        Rule::Data { data, when: None, .. } => format!("data {data}: any new version"),
        Rule::Schedule(schedule) => format!("schedule {}", schedule.text()),
        Rule::Drift { deployment, when: Some(when) } => format!("drift of {deployment}: {when}"),
        Rule::Drift { deployment, when: None } => format!("drift of {deployment}: any alarm"),
        Rule::Performance { deployment, when } => format!("performance of {deployment}: {when}"),
    }
}

/// A list of triggers.
#[derive(Serialize, ToSchema)]
pub struct TriggerList {
    /// By project, in the order of its file.
    items: Vec<TriggerBody>,
}

/// Lists the triggers of all projects.
#[utoipa::path(get, path = "/triggers", tag = "pipelines",
    responses((status = 200, body = TriggerList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<TriggerList>, Problem> {
    let items = app.triggers().list(&ctx).await?;
    Ok(Json(TriggerList { items: items.into_iter().map(Into::into).collect() }))
}

/// Lets a paused trigger start runs again.
#[utoipa::path(post, path = "/triggers/{project}/{name}/resume", tag = "pipelines",
    params(("project" = String, Path, description = "The project"), ("name" = String, Path, description = "The trigger")),
    responses((status = 204, description = "It may start runs again"), (status = "default", body = Problem)))]
pub async fn resume(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((project, name)): Path<(String, String)>,
) -> Result<axum::http::StatusCode, Problem> {
    app.triggers().resume(&ctx, &project, &name).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
