//! Runs that are being made: start, log, end.

use std::collections::BTreeMap;

use app::tracking::run::NewRun;
use app::{App, Context, Error};
use axum::extract::State;
use domain::Timestamp;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::metric::Metric;
use domain::tracking::param::{Param, Tag};
use domain::tracking::run::{Batch, RunStatus};
use serde::Deserialize;
use utoipa::ToSchema;

use super::run::{TrackedRunBody, id};
use crate::{Ctx, Json, Path, Problem};

fn tags(map: BTreeMap<String, String>) -> Vec<Tag> {
    map.into_iter().map(|(key, value)| Tag::new(key, value)).collect()
}

/// A run to be started.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRunBody {
    /// Name or number of its experiment; a name that is new makes one. The default experiment when absent.
    experiment: Option<String>,
    /// Its name; invented when absent.
    name: Option<String>,
    /// When it started, in epoch milliseconds; now when absent.
    start_ms: Option<i64>,
    /// Its first tags.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

async fn experiment(app: &App, ctx: &Context, text: Option<&str>) -> Result<ExperimentId, Error> {
    match text {
        None => Ok(ExperimentId::DEFAULT),
        Some(text) => match ExperimentId::parse(text) {
            Ok(number) => Ok(app.experiments().get(ctx, number).await?.id),
            Err(_) => app.experiments().ensure(ctx, text).await,
        },
    }
}

/// Starts a run.
#[utoipa::path(post, path = "/runs", tag = "tracking", request_body = NewRunBody,
    responses((status = 200, body = TrackedRunBody), (status = "default", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<NewRunBody>,
) -> Result<Json<TrackedRunBody>, Problem> {
    let new = NewRun {
        experiment: experiment(&app, &ctx, body.experiment.as_deref()).await?,
        name: body.name,
        user: None,
        start: body.start_ms.map(Timestamp::from_millis),
        tags: tags(body.tags),
    };
    Ok(Json(app.runs().create(&ctx, new).await?.into()))
}

/// A point of a metric.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPointBody {
    /// The metric.
    key: String,
    /// Its value.
    value: f64,
    /// The step of the training, 0 when absent.
    #[serde(default)]
    step: i64,
    /// When, in epoch milliseconds; now when absent.
    time_ms: Option<i64>,
}

/// What a run logs with one call: stored whole or not at all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunBatchBody {
    /// Points of metrics.
    #[serde(default)]
    metrics: Vec<NewPointBody>,
    /// Parameters; another value than the one that is there is refused.
    #[serde(default)]
    params: BTreeMap<String, String>,
    /// Tags; they replace those that are there.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// Logs metrics, parameters and tags, whole or not at all; a repeated call changes nothing.
#[utoipa::path(post, path = "/runs/{id}/batch", tag = "tracking", request_body = RunBatchBody,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = TrackedRunBody), (status = "default", body = Problem)))]
pub async fn batch(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<RunBatchBody>,
) -> Result<Json<TrackedRunBody>, Problem> {
    let id = id(&text)?;
    let now = ctx.now().millis();
    let point = |point: NewPointBody| Metric {
        key: point.key,
        value: point.value,
        timestamp_ms: point.time_ms.unwrap_or(now),
        step: point.step,
    };
    let batch = Batch {
        metrics: body.metrics.into_iter().map(point).collect(),
        params: body.params.into_iter().map(|(key, value)| Param { key, value }).collect(),
        tags: tags(body.tags),
        ..Batch::default()
    };
    app.runs().log_batch(&ctx, &id, batch).await?;
    Ok(Json(app.runs().get(&ctx, &id).await?.into()))
}

/// How a run ended.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Its code ended well.
    Finished,
    /// Its code ended badly.
    Failed,
    /// It was stopped.
    Killed,
}

/// The end of a run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishBody {
    /// How it ended; `finished` when absent.
    status: Option<RunEnd>,
    /// When, in epoch milliseconds; now when absent.
    end_ms: Option<i64>,
}

/// Ends a run.
#[utoipa::path(post, path = "/runs/{id}/finish", tag = "tracking", request_body = FinishBody,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = TrackedRunBody), (status = "default", body = Problem)))]
pub async fn finish(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<FinishBody>,
) -> Result<Json<TrackedRunBody>, Problem> {
    let id = id(&text)?;
    let status = match body.status {
        None | Some(RunEnd::Finished) => RunStatus::Finished,
        Some(RunEnd::Failed) => RunStatus::Failed,
        Some(RunEnd::Killed) => RunStatus::Killed,
    };
    let end = body.end_ms.map_or_else(|| ctx.now(), Timestamp::from_millis);
    app.runs().finish(&ctx, &id, status, end).await?;
    Ok(Json(app.runs().get(&ctx, &id).await?.into()))
}
