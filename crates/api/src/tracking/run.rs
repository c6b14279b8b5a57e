//! Experiments and runs.

use std::collections::BTreeMap;

use app::tracking::SearchRequest;
use app::tracking::experiment::Activity;
use app::tracking::metric::ALL_STEPS;
use app::{App, Context, Error};
use axum::extract::State;
use domain::Id;
use domain::tracking::experiment::{Experiment, ExperimentId};
use domain::tracking::metric::Metric;
use domain::tracking::run::{Run, RunStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Ctx, Json, Path, Problem, Query};

/// Experiments on the one page that the list is.
const MAX_EXPERIMENTS: i64 = 10_000;
/// The tag in which clients keep what an experiment is about.
pub(super) const NOTE_TAG: &str = "mlflow.note.content";
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
    /// How many runs it has started, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) children: Option<i64>,
}

impl From<Run> for TrackedRunBody {
    fn from(run: Run) -> Self {
        Self {
            id: run.info.id.to_string(),
            name: run.info.name,
            experiment: run.info.experiment.to_string(),
            status: status_word(run.info.status),
            user: run.info.user,
            start_ms: (run.info.start.millis() > 0).then(|| run.info.start.millis()),
            end_ms: run.info.end.map(domain::Timestamp::millis),
            metrics: run.metrics.into_iter().map(|metric| (metric.key, metric.value)).collect(),
            params: run.params.into_iter().map(|param| (param.key, param.value)).collect(),
            tags: run.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            children: None,
        }
    }
}

/// `running`, `finished`, ….
pub(super) fn status_word(status: RunStatus) -> String {
    status.as_upper().to_ascii_lowercase()
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
    /// What it is about, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What goes on in it, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<ActivityBody>,
}

/// What goes on in an experiment.
#[derive(Serialize, ToSchema)]
pub struct ActivityBody {
    /// Runs that are not deleted.
    runs: i64,
    /// Those that go on.
    running: i64,
    /// Those that ended badly.
    failed: i64,
    /// When the newest one started, in epoch milliseconds.
    newest_ms: Option<i64>,
}

impl From<Activity> for ActivityBody {
    fn from(activity: Activity) -> Self {
        Self {
            runs: activity.runs,
            running: activity.running,
            failed: activity.failed,
            newest_ms: activity.newest.map(domain::Timestamp::millis).filter(|millis| *millis > 0),
        }
    }
}

impl From<Experiment> for ExperimentBody {
    fn from(experiment: Experiment) -> Self {
        Self {
            id: experiment.id.to_string(),
            name: experiment.name,
            created_ms: experiment.created.millis(),
            updated_ms: experiment.updated.millis(),
            note: experiment.tags.into_iter().find(|tag| tag.key == NOTE_TAG).map(|tag| tag.value),
            activity: None,
        }
    }
}

/// All experiments.
#[derive(Serialize, ToSchema)]
pub struct ExperimentList {
    /// Newest first.
    items: Vec<ExperimentBody>,
}

/// What of experiments is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExperimentsQuery {
    /// Whether to tell what goes on in them.
    #[serde(default)]
    activity: bool,
}

/// Lists experiments, newest first.
#[utoipa::path(get, path = "/experiments", tag = "tracking", params(ExperimentsQuery),
    responses((status = 200, body = ExperimentList), (status = "default", body = Problem)))]
pub async fn experiments(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<ExperimentsQuery>,
) -> Result<Json<ExperimentList>, Problem> {
    let request = SearchRequest { max_results: MAX_EXPERIMENTS, ..SearchRequest::default() };
    let found = app.experiments().search(&ctx, &request).await?.items;
    let activity = match query.activity {
        true => Some(app.experiments().activity(&ctx).await?),
        false => None,
    };
    let body = |experiment: Experiment| {
        let of = activity.as_ref().map(|all| all.get(&experiment.id).copied().unwrap_or_default().into());
        ExperimentBody { activity: of, ..experiment.into() }
    };
    Ok(Json(ExperimentList { items: found.into_iter().map(body).collect() }))
}

/// The experiments in use that a name or number means; all of them when it is absent.
pub(super) async fn meant(app: &App, ctx: &Context, text: Option<&str>) -> Result<Vec<ExperimentId>, Error> {
    if let Some(text) = text {
        return Ok(vec![app.experiments().meant(ctx, text).await?]);
    }
    let all = SearchRequest { max_results: MAX_EXPERIMENTS, ..SearchRequest::default() };
    Ok(app.experiments().search(ctx, &all).await?.items.iter().map(|found| found.id).collect())
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
    /// Only from this step on.
    from: Option<i64>,
    /// Only up to this step.
    to: Option<i64>,
}

/// The steps of a part of a curve, both included; all of them where an end is open.
pub(super) fn steps(from: Option<i64>, to: Option<i64>) -> Result<(i64, i64), Error> {
    let steps = (from.unwrap_or(ALL_STEPS.0), to.unwrap_or(ALL_STEPS.1));
    if steps.0 > steps.1 {
        let reason =
            format!("from step {} to step {} there is nothing: `to` must not be less", steps.0, steps.1);
        return Err(Error::invalid("to", reason));
    }
    Ok(steps)
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

impl From<Metric> for PointBody {
    fn from(metric: Metric) -> Self {
        Self {
            step: metric.step,
            time_ms: metric.timestamp_ms,
            value: metric.value.is_finite().then_some(metric.value),
        }
    }
}

/// A curve.
#[derive(Serialize, ToSchema)]
pub struct CurveBody {
    /// By step.
    items: Vec<PointBody>,
    /// Whether there are more points than these: a narrower part shows them.
    thinned: bool,
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
    let steps = steps(query.from, query.to)?;
    let outline = app.runs().metric_curve(&ctx, &id(&text)?, &query.key, steps, most).await?;
    let items = outline.points.into_iter().map(Into::into).collect();
    Ok(Json(CurveBody { items, thinned: outline.thinned }))
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
