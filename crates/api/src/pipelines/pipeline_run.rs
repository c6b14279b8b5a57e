//! Pipeline runs and their step runs.

use std::collections::BTreeMap;

use app::App;
use app::pipelines::decision::DecisionFilter;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::Id;
use domain::pipelines::pipeline_run::{PipelineRun, RunState};
use domain::pipelines::step_run::{StepRun, StepState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::decision::DecisionBody;
use super::pipeline::{GraphStep, graph};
use super::plan::ParamsBody;
use crate::{Ctx, Json, Path, Problem, Query};

/// Runs on a page when the caller does not say.
const PAGE: i64 = 50;

/// A pipeline run.
#[derive(Serialize, ToSchema)]
pub struct RunBody {
    /// Its id.
    id: String,
    /// The project.
    project: String,
    /// Counted per project, from 1.
    number: i64,
    /// `queued`, `running`, `succeeded`, `failed`, `cancelled`.
    state: &'static str,
    /// What started it: `kind` is `manual` (with `actor`) or `trigger` (with `trigger` and `decision`).
    cause: Value,
    /// The values of all parameters.
    params: BTreeMap<String, Value>,
    /// The data versions that every step sees, by source: dataset, number, commit, tree, rows, files, bytes.
    data: Value,
    /// The tree of the project's files.
    code_tree: String,
    /// Why it failed or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// When it was asked for.
    created_ms: i64,
    /// When its first step could start.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_ms: Option<i64>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_ms: Option<i64>,
}

impl From<PipelineRun> for RunBody {
    fn from(run: PipelineRun) -> Self {
        Self {
            id: run.id.to_string(),
            project: run.project.to_string(),
            number: run.number,
            state: match run.state {
                RunState::Queued => "queued",
                RunState::Running => "running",
                RunState::Succeeded => "succeeded",
                RunState::Failed => "failed",
                RunState::Cancelled => "cancelled",
            },
            cause: serde_json::to_value(&run.cause).unwrap_or_default(),
            params: run.params,
            data: serde_json::to_value(&run.data).unwrap_or_default(),
            code_tree: run.code_tree,
            message: run.message,
            created_ms: run.created.millis(),
            started_ms: run.started.map(domain::Timestamp::millis),
            finished_ms: run.finished.map(domain::Timestamp::millis),
        }
    }
}

/// One unit of a step within a run.
#[derive(Serialize, ToSchema)]
pub struct StepRunBody {
    /// Its id.
    id: String,
    /// The step.
    step: String,
    /// The partition: `2013-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<String>,
    /// The item of `each`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    item: BTreeMap<String, Value>,
    /// What names its result.
    key: String,
    /// `ready`, `claimed`, `running`, `succeeded`, `failed`, `cancelled`, `skipped`, `restored`.
    state: &'static str,
    /// Attempts so far.
    attempt: i64,
    /// Why it runs or need not, in a sentence.
    reason: String,
    /// The tracked run of the latest attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    tracked_run: Option<String>,
    /// Why the latest attempt failed: `cause`, `message`, `exit_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Value>,
    /// When it was planned.
    created_ms: i64,
    /// When the latest attempt started.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_ms: Option<i64>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_ms: Option<i64>,
}

impl From<StepRun> for StepRunBody {
    fn from(step: StepRun) -> Self {
        Self {
            id: step.id.to_string(),
            step: step.step.to_string(),
            partition: step.unit.partition,
            item: step.unit.item,
            key: step.key.to_string(),
            state: match step.state {
                StepState::Ready => "ready",
                StepState::Claimed => "claimed",
                StepState::Running => "running",
                StepState::Succeeded => "succeeded",
                StepState::Failed => "failed",
                StepState::Cancelled => "cancelled",
                StepState::Skipped => "skipped",
                StepState::Restored => "restored",
            },
            attempt: step.attempt,
            reason: step.reason,
            tracked_run: step.tracked_run.map(|id| id.to_string()),
            failure: step.failure.and_then(|failure| serde_json::to_value(failure).ok()),
            created_ms: step.created.millis(),
            started_ms: step.started.map(domain::Timestamp::millis),
            finished_ms: step.finished.map(domain::Timestamp::millis),
        }
    }
}

/// A run with its steps, the picture of its pipeline, and what was decided about it.
#[derive(Serialize, ToSchema)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    run: RunBody,
    /// Its step runs, as far as they are planned.
    steps: Vec<StepRunBody>,
    /// The steps of the project file that it executes, upstream first.
    graph: Vec<GraphStep>,
    /// Decisions that started or judged it, newest first.
    decisions: Vec<DecisionBody>,
}

/// A page of runs.
#[derive(Serialize, ToSchema)]
pub struct RunPage {
    /// Newest first.
    items: Vec<RunBody>,
    /// Give it as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// Which runs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RunQuery {
    /// Only runs with smaller numbers.
    before: Option<i64>,
    /// At most this many (50, up to 500).
    limit: Option<i64>,
}

/// Lists the runs of a pipeline, newest first.
#[utoipa::path(get, path = "/pipelines/{name}/runs", tag = "pipelines",
    params(("name" = String, Path, description = "The project"), RunQuery),
    responses((status = 200, body = RunPage), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Query(query): Query<RunQuery>,
) -> Result<Json<RunPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    let runs = app.pipelines().runs(&ctx, &name, query.before, limit).await?;
    let full = i64::try_from(runs.len()).is_ok_and(|count| count >= limit);
    let next_before = runs.last().map(|run| run.number).filter(|number| full && *number > 1);
    Ok(Json(RunPage { items: runs.into_iter().map(Into::into).collect(), next_before }))
}

/// Starts a run on the newest data and code: at once, or when earlier runs of the pipeline have ended.
#[utoipa::path(post, path = "/pipelines/{name}/runs", tag = "pipelines", request_body = ParamsBody,
    params(("name" = String, Path, description = "The project")),
    responses((status = 200, body = RunBody), (status = "default", body = Problem)))]
pub async fn start(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(name): Path<String>,
    Json(body): Json<ParamsBody>,
) -> Result<Json<RunBody>, Problem> {
    let run = app.pipelines().start_run(&ctx, &name, &body.params).await?;
    Ok(Json(run.into()))
}

/// One run with its steps.
#[utoipa::path(get, path = "/pipeline-runs/{id}", tag = "pipelines",
    params(("id" = String, Path, description = "The pipeline run")),
    responses((status = 200, body = RunDetail), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(id): Path<String>,
) -> Result<Json<RunDetail>, Problem> {
    let id = run_id(&id)?;
    let status = app.pipelines().status(&ctx, &id).await?;
    let filter = DecisionFilter { pipeline_run: Some(id), ..DecisionFilter::default() };
    let decisions = app.decisions().list(&ctx, &filter, PAGE).await?;
    Ok(Json(RunDetail {
        graph: graph(&status.pinned.definition),
        run: status.pinned.run.into(),
        steps: status.steps.into_iter().map(Into::into).collect(),
        decisions: decisions.into_iter().map(Into::into).collect(),
    }))
}

/// Ends a run that has not ended; its processes are stopped.
#[utoipa::path(post, path = "/pipeline-runs/{id}/cancel", tag = "pipelines",
    params(("id" = String, Path, description = "The pipeline run")),
    responses((status = 200, body = RunBody), (status = "default", body = Problem)))]
pub async fn cancel(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(id): Path<String>,
) -> Result<Json<RunBody>, Problem> {
    let why = format!("cancelled by {}", ctx.actor.name);
    let run = app.pipelines().cancel(&ctx, &run_id(&id)?, &why).await?;
    Ok(Json(run.into()))
}

/// Where to start reading.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// Bytes to skip: what has been read already.
    offset: Option<u64>,
}

/// What a step run printed, as plain text from `offset` on, at most 1 MiB. The header `x-volano-next-offset` says where
/// to go on.
#[utoipa::path(get, path = "/step-runs/{id}/log", tag = "pipelines",
    params(("id" = String, Path, description = "The step run"), LogQuery),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", body = Problem)))]
pub async fn log(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(id): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Problem> {
    let id = Id::parse(&id).ok_or_else(|| app::Error::not_found("step_run", &id))?;
    let chunk = app.pipelines().log(&ctx, &id, query.offset.unwrap_or(0)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::HeaderName::from_static("x-volano-next-offset"), chunk.next.to_string()),
    ];
    Ok((headers, chunk.bytes).into_response())
}

fn run_id(text: &str) -> Result<Id, Problem> {
    Ok(Id::parse(text).ok_or_else(|| app::Error::not_found("pipeline_run", text))?)
}
