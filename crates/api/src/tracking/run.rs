//! Experiments and runs.

use std::collections::BTreeMap;

use app::tracking::SearchRequest;
use app::{App, Error};
use axum::extract::State;
use domain::Id;
use domain::tracking::run::Run;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Path, Problem, Query};

/// Runs on a page when the caller does not say.
const PAGE: i64 = 100;
/// Experiments on the one page that the list is.
const MAX_EXPERIMENTS: i64 = 10_000;
/// Runs that are compared at once.
const MAX_COMPARED: usize = 50;
/// Points of a curve when the caller does not say.
const POINTS: usize = 1000;

/// A run.
#[derive(Serialize, ToSchema)]
pub struct TrackedRunBody {
    /// Its id.
    id: String,
    /// Its name, not unique.
    name: String,
    /// The number of its experiment.
    experiment: String,
    /// `running`, `scheduled`, `finished`, `failed` or `killed`.
    status: String,
    /// Who ran it.
    user: String,
    /// When it started, in epoch milliseconds.
    start_ms: Option<i64>,
    /// When it ended.
    end_ms: Option<i64>,
    /// The newest value of each metric.
    metrics: BTreeMap<String, f64>,
    /// Parameters.
    params: BTreeMap<String, String>,
    /// Tags.
    tags: BTreeMap<String, String>,
}

impl From<Run> for TrackedRunBody {
    fn from(run: Run) -> Self {
        Self {
            id: run.info.id.to_string(),
            name: run.info.name,
            experiment: run.info.experiment.to_string(),
            status: serde_json::to_value(run.info.status)
                .ok()
                .and_then(|word| word.as_str().map(ToOwned::to_owned))
                .unwrap_or_default(),
            user: run.info.user,
            start_ms: (run.info.start.millis() > 0).then(|| run.info.start.millis()),
            end_ms: run.info.end.map(domain::Timestamp::millis),
            metrics: run.metrics.into_iter().map(|metric| (metric.key, metric.value)).collect(),
            params: run.params.into_iter().map(|param| (param.key, param.value)).collect(),
            tags: run.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        }
    }
}

/// An experiment.
#[derive(Serialize, ToSchema)]
pub struct ExperimentBody {
    /// Its number.
    id: String,
    /// Its name.
    name: String,
    /// When it was made, in epoch milliseconds.
    created_ms: i64,
    /// When it changed last.
    updated_ms: i64,
}

/// All experiments.
#[derive(Serialize, ToSchema)]
pub struct ExperimentList {
    /// Newest first.
    items: Vec<ExperimentBody>,
}

/// Lists experiments, newest first.
#[utoipa::path(get, path = "/experiments", tag = "tracking",
    responses((status = 200, body = ExperimentList), (status = "default", body = Problem)))]
pub async fn experiments(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<ExperimentList>, Problem> {
    let request = SearchRequest { max_results: MAX_EXPERIMENTS, ..SearchRequest::default() };
    let found = app.experiments().search(&ctx, &request).await?;
    let body = |experiment: domain::tracking::experiment::Experiment| ExperimentBody {
        id: experiment.id.to_string(),
        name: experiment.name,
        created_ms: experiment.created.millis(),
        updated_ms: experiment.updated.millis(),
    };
    Ok(Json(ExperimentList { items: found.items.into_iter().map(body).collect() }))
}

/// Which runs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSearchBody {
    /// Name or number of an experiment; all of them when absent.
    experiment: Option<String>,
    /// What must hold, in the MLflow filter language: `metrics.auc > 0.8 and params.lr = "0.1"`.
    #[serde(default)]
    filter: String,
    /// In which order: `metrics.auc DESC`.
    #[serde(default)]
    order_by: Vec<String>,
    /// At most this many (100).
    max_results: Option<i64>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

/// A page of runs.
#[derive(Serialize, ToSchema)]
pub struct TrackedRunPage {
    /// In the order that was asked for, newest first otherwise.
    items: Vec<TrackedRunBody>,
    /// Give it as `page_token` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Searches runs.
#[utoipa::path(post, path = "/runs/search", tag = "tracking", request_body = RunSearchBody,
    responses((status = 200, body = TrackedRunPage), (status = "default", body = Problem)))]
pub async fn search(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<RunSearchBody>,
) -> Result<Json<TrackedRunPage>, Problem> {
    let all = SearchRequest { max_results: MAX_EXPERIMENTS, ..SearchRequest::default() };
    let known = app.experiments().search(&ctx, &all).await?.items;
    let wanted = |experiment: &domain::tracking::experiment::Experiment| match &body.experiment {
        None => true,
        Some(text) => experiment.name == *text || experiment.id.to_string() == *text,
    };
    let experiments: Vec<_> = known.iter().filter(|found| wanted(found)).map(|found| found.id).collect();
    if let Some(text) = body.experiment.as_ref().filter(|_| experiments.is_empty()) {
        return Err(Error::not_found("experiment", text).into());
    }
    let request = SearchRequest {
        experiments,
        filter: body.filter,
        order_by: body.order_by,
        max_results: body.max_results.unwrap_or(PAGE),
        page_token: body.page_token,
        ..SearchRequest::default()
    };
    let page = app.runs().search(&ctx, &request).await?;
    let items = page.items.into_iter().map(Into::into).collect();
    Ok(Json(TrackedRunPage { items, next_page_token: page.next_page_token }))
}

pub(super) fn id(text: &str) -> Result<Id, Error> {
    Id::parse(text).ok_or_else(|| Error::not_found("run", text))
}

/// Shows a run.
#[utoipa::path(get, path = "/runs/{id}", tag = "tracking", params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = TrackedRunBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<TrackedRunBody>, Problem> {
    Ok(Json(app.runs().get(&ctx, &id(&text)?).await?.into()))
}

/// Which curve.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MetricQuery {
    /// The metric.
    key: String,
    /// At most this many points (1,000); minima and maxima are kept.
    points: Option<usize>,
}

/// A point of a curve.
#[derive(Serialize, ToSchema)]
pub struct PointBody {
    /// The step.
    step: i64,
    /// When, in epoch milliseconds.
    time_ms: i64,
    /// The value; absent when it is not a number.
    value: Option<f64>,
}

/// A curve.
#[derive(Serialize, ToSchema)]
pub struct CurveBody {
    /// By step.
    items: Vec<PointBody>,
}

/// Shows a metric's history, reduced so that no peak is lost.
#[utoipa::path(get, path = "/runs/{id}/metrics", tag = "tracking",
    params(("id" = String, Path, description = "The run"), MetricQuery),
    responses((status = 200, body = CurveBody), (status = "default", body = Problem)))]
pub async fn metrics(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Query(query): Query<MetricQuery>,
) -> Result<Json<CurveBody>, Problem> {
    let most = query.points.unwrap_or(POINTS).clamp(2, 100_000);
    let points = app.runs().metric_curve(&ctx, &id(&text)?, &query.key, most).await?;
    let point = |metric: domain::tracking::metric::Metric| PointBody {
        step: metric.step,
        time_ms: metric.timestamp_ms,
        value: metric.value.is_finite().then_some(metric.value),
    };
    Ok(Json(CurveBody { items: points.into_iter().map(point).collect() }))
}

/// Which runs to compare.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareBody {
    /// Their ids, at most 50.
    runs: Vec<String>,
}

/// Runs side by side.
#[derive(Serialize, ToSchema)]
pub struct ComparisonOfRuns {
    /// In the order that was asked for.
    runs: Vec<TrackedRunBody>,
    /// Parameters that are not the same in all of them.
    differing_params: Vec<String>,
    /// Metrics that are not the same in all of them.
    differing_metrics: Vec<String>,
}

/// Compares runs: all that they logged, and which of it differs.
#[utoipa::path(post, path = "/runs/compare", tag = "tracking", request_body = CompareBody,
    responses((status = 200, body = ComparisonOfRuns), (status = "default", body = Problem)))]
pub async fn compare(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<CompareBody>,
) -> Result<Json<ComparisonOfRuns>, Problem> {
    if body.runs.len() < 2 || body.runs.len() > MAX_COMPARED {
        let reason =
            format!("between 2 and {MAX_COMPARED} runs can be compared, these are {}", body.runs.len());
        return Err(Error::invalid("runs", reason).into());
    }
    let mut runs = Vec::with_capacity(body.runs.len());
    for text in &body.runs {
        runs.push(TrackedRunBody::from(app.runs().get(&ctx, &id(text)?).await?));
    }
    let differing_params = differing(runs.iter().map(|run| &run.params));
    let differing_metrics = differing(runs.iter().map(|run| &run.metrics));
    Ok(Json(ComparisonOfRuns { runs, differing_params, differing_metrics }))
}

/// Keys whose values are not equal in all maps.
fn differing<'a, V: PartialEq + 'a>(
    maps: impl Iterator<Item = &'a BTreeMap<String, V>> + Clone,
) -> Vec<String> {
    let keys: std::collections::BTreeSet<&String> = maps.clone().flat_map(BTreeMap::keys).collect();
    let differs = |key: &&&String| {
        let mut values = maps.clone().map(|map| map.get(key.as_str()));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    keys.iter().filter(differs).map(|key| (*key).clone()).collect()
}
