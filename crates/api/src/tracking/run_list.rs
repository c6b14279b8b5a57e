//! Lists of runs: searches with the columns that are asked for, counts, groups, keys, and many curves at once.

use std::collections::BTreeMap;

use app::tracking::SearchRequest;
use app::tracking::metric::Outline;
use app::tracking::run_list::{MAX_GROUPS, columns};
use app::{App, Error};
use axum::extract::State;
use domain::search::page::{Place, token};
use domain::search::{Object, fault};
use domain::tracking::saved_view::GroupBy;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::run::{PointBody, TrackedRunBody, id, meant, steps};
use crate::problem::Span;
use crate::{Ctx, Json, Problem, Query};

/// Runs on a page when the caller does not say.
const PAGE: i64 = 100;
/// Points of each of many curves when the caller does not say.
const POINTS: usize = 500;

/// Which runs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSearchBody {
    /// Name or number of an experiment; all of them when absent.
    experiment: Option<String>,
    /// What must hold, in the filter language: `metrics.auc > 0.8 and (params.lr = "0.1" or not tags.team = "a")`.
    #[serde(default)]
    filter: String,
    /// In which order: `metrics.auc DESC`.
    #[serde(default)]
    order_by: Vec<String>,
    /// At most this many (100).
    max_results: Option<i64>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
    /// Runs to leave out at the start, instead of a token.
    offset: Option<i64>,
    /// What of the runs is wanted, as `metrics.auc`, `params.lr`, `tags.team`; all of it when absent.
    columns: Option<Vec<String>>,
    /// Whether to tell how many runs each one has started.
    #[serde(default)]
    children: bool,
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

/// The problem, with the place in the filter where there is one.
fn placed(error: Error, filter: &str) -> Problem {
    let of_filter = matches!(&error, Error::Invalid { field, .. } if field == "filter");
    let mut problem = Problem::from(error);
    if of_filter {
        problem.span = fault(Object::Runs, filter).map(|at| Span { start: at.start, end: at.end });
    }
    problem
}

/// Searches runs.
#[utoipa::path(post, path = "/runs/search", tag = "tracking", request_body = RunSearchBody,
    responses((status = 200, body = TrackedRunPage), (status = "default", body = Problem)))]
pub async fn search(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<RunSearchBody>,
) -> Result<Json<TrackedRunPage>, Problem> {
    let experiments = meant(&app, &ctx, body.experiment.as_deref()).await?;
    let page_token = match (body.offset, body.page_token) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("offset", "give an offset or a page_token, not both").into());
        }
        (Some(offset), None) if offset < 0 => {
            return Err(Error::invalid("offset", format!("{offset} is less than 0")).into());
        }
        (Some(offset), None) => Some(token(Place { offset, newest: None })),
        (None, page_token) => page_token,
    };
    let wanted = body.columns.as_deref().map(columns).transpose()?;
    let request = SearchRequest {
        experiments,
        filter: body.filter,
        order_by: body.order_by,
        max_results: body.max_results.unwrap_or(PAGE),
        page_token,
        ..SearchRequest::default()
    };
    let list = app.runs().list(&ctx, &request, wanted.as_ref(), body.children).await;
    let list = list.map_err(|error| placed(error, &request.filter))?;
    let item = |run: domain::tracking::run::Run| {
        let children = body.children.then(|| list.children.get(&run.info.id).copied().unwrap_or_default());
        let mut body = TrackedRunBody::from(run);
        body.children = children;
        body
    };
    let items = list.page.items.into_iter().map(item).collect();
    Ok(Json(TrackedRunPage { items, next_page_token: list.page.next_page_token }))
}

/// Which runs to count.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunCountBody {
    /// Name or number of an experiment; all of them when absent.
    experiment: Option<String>,
    /// What must hold, in the filter language.
    #[serde(default)]
    filter: String,
}

/// How many runs match.
#[derive(Serialize, ToSchema)]
pub struct RunCount {
    /// All of them.
    total: i64,
    /// By how they stand: `running`, `finished`, `failed`, …
    statuses: BTreeMap<String, i64>,
}

/// Counts the runs that match, by how they stand.
#[utoipa::path(post, path = "/runs/count", tag = "tracking", request_body = RunCountBody,
    responses((status = 200, body = RunCount), (status = "default", body = Problem)))]
pub async fn count(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<RunCountBody>,
) -> Result<Json<RunCount>, Problem> {
    let experiments = meant(&app, &ctx, body.experiment.as_deref()).await?;
    let request =
        SearchRequest { experiments, filter: body.filter, max_results: PAGE, ..SearchRequest::default() };
    let counted = app.runs().count(&ctx, &request).await;
    let statuses: BTreeMap<String, i64> =
        counted.map_err(|error| placed(error, &request.filter))?.into_iter().collect();
    Ok(Json(RunCount { total: statuses.values().sum(), statuses }))
}

/// Which runs to gather, and by what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunGroupsBody {
    /// Name or number of an experiment; all of them when absent.
    experiment: Option<String>,
    /// What must hold, in the filter language.
    #[serde(default)]
    filter: String,
    /// What they share: `params.KEY`, `tags.KEY`, `status`, `user` or `experiment`.
    by: String,
    /// Metrics whose mean and ends are wanted.
    #[serde(default)]
    metrics: Vec<String>,
    /// Groups at the most (1,000).
    max_results: Option<i64>,
}

/// A metric in several runs.
#[derive(Serialize, ToSchema)]
pub struct SpreadBody {
    /// How many of them have it as a finite number.
    runs: i64,
    /// The mean of the newest values.
    mean: f64,
    /// The least.
    min: f64,
    /// The greatest.
    max: f64,
}

/// Runs that share a value.
#[derive(Serialize, ToSchema)]
pub struct RunGroupBody {
    /// The value; null for the runs that have none.
    value: Option<String>,
    /// How many runs.
    runs: i64,
    /// Figures of the metrics that were asked for.
    metrics: BTreeMap<String, SpreadBody>,
}

/// Groups of runs.
#[derive(Serialize, ToSchema)]
pub struct RunGroupList {
    /// Those of most runs first.
    items: Vec<RunGroupBody>,
    /// Whether there are more groups than were asked for.
    more: bool,
}

/// Gathers the runs that match by a value they share.
#[utoipa::path(post, path = "/runs/groups", tag = "tracking", request_body = RunGroupsBody,
    responses((status = 200, body = RunGroupList), (status = "default", body = Problem)))]
pub async fn groups(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<RunGroupsBody>,
) -> Result<Json<RunGroupList>, Problem> {
    let by = GroupBy::parse(&body.by).map_err(Error::from)?;
    let experiments = meant(&app, &ctx, body.experiment.as_deref()).await?;
    let max_results = body.max_results.unwrap_or(MAX_GROUPS);
    let request = SearchRequest { experiments, filter: body.filter, max_results, ..SearchRequest::default() };
    let found = app.runs().groups(&ctx, &request, &by, &body.metrics).await;
    let mut found = found.map_err(|error| placed(error, &request.filter))?;
    let most = usize::try_from(max_results).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let spread = |(key, spread): (String, app::tracking::run_list::Spread)| {
        (key, SpreadBody { runs: spread.runs, mean: spread.mean, min: spread.min, max: spread.max })
    };
    let items = found.into_iter().map(|group| RunGroupBody {
        value: group.value,
        runs: group.runs,
        metrics: group.metrics.into_iter().map(spread).collect(),
    });
    Ok(Json(RunGroupList { items: items.collect(), more }))
}

/// Whose keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RunKeysQuery {
    /// Name or number of an experiment; all of them when absent.
    experiment: Option<String>,
}

/// A key and how common it is.
#[derive(Serialize, ToSchema)]
pub struct RunKeyBody {
    /// The key.
    key: String,
    /// How many runs have it.
    runs: i64,
    /// Whether its values differ from run to run.
    varies: bool,
}

/// What runs have logged, by name.
#[derive(Serialize, ToSchema)]
pub struct RunKeyList {
    /// Metrics, those of most runs first.
    metrics: Vec<RunKeyBody>,
    /// Parameters.
    params: Vec<RunKeyBody>,
    /// Tags.
    tags: Vec<RunKeyBody>,
}

/// Lists the metrics, parameters and tags that runs have, and how many runs each.
#[utoipa::path(get, path = "/runs/keys", tag = "tracking", params(RunKeysQuery),
    responses((status = 200, body = RunKeyList), (status = "default", body = Problem)))]
pub async fn keys(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<RunKeysQuery>,
) -> Result<Json<RunKeyList>, Problem> {
    let experiments = meant(&app, &ctx, query.experiment.as_deref()).await?;
    let found = app.runs().keys(&ctx, &experiments).await?;
    let bodies = |counted: Vec<app::tracking::run_list::Counted>| {
        let body = |one: app::tracking::run_list::Counted| RunKeyBody {
            key: one.key,
            runs: one.runs,
            varies: one.varies,
        };
        counted.into_iter().map(body).collect()
    };
    Ok(Json(RunKeyList {
        metrics: bodies(found.metrics),
        params: bodies(found.params),
        tags: bodies(found.tags),
    }))
}

/// Which curves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CurvesBody {
    /// The runs.
    runs: Vec<String>,
    /// The metrics.
    keys: Vec<String>,
    /// At most this many points of each curve (500); minima and maxima are kept.
    points: Option<usize>,
    /// Only from this step on.
    from: Option<i64>,
    /// Only up to this step.
    to: Option<i64>,
}

/// A metric's history in one run.
#[derive(Serialize, ToSchema)]
pub struct RunCurveBody {
    /// The run.
    run: String,
    /// The metric.
    key: String,
    /// By step.
    points: Vec<PointBody>,
    /// Whether there are more points than these: a narrower part shows them.
    thinned: bool,
}

/// Histories of metrics in several runs.
#[derive(Serialize, ToSchema)]
pub struct RunCurveList {
    /// By run and metric, as they were asked for; those without points are left out, and so are runs that are gone.
    items: Vec<RunCurveBody>,
}

/// Shows several metrics of several runs, each reduced so that no peak is lost.
#[utoipa::path(post, path = "/runs/curves", tag = "tracking", request_body = CurvesBody,
    responses((status = 200, body = RunCurveList), (status = "default", body = Problem)))]
pub async fn curves(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<CurvesBody>,
) -> Result<Json<RunCurveList>, Problem> {
    let ids = body.runs.iter().map(|text| id(text)).collect::<Result<Vec<_>, _>>()?;
    let most = body.points.unwrap_or(POINTS).clamp(2, 4_000);
    let steps = steps(body.from, body.to)?;
    let found = app.runs().curves(&ctx, &ids, &body.keys, steps, most).await?;
    let curve = |(run, key, outline): (domain::Id, String, Outline)| RunCurveBody {
        run: run.to_string(),
        key,
        points: outline.points.into_iter().map(Into::into).collect(),
        thinned: outline.thinned,
    };
    Ok(Json(RunCurveList { items: found.into_iter().map(curve).collect() }))
}
