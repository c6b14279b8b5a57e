//! Performance records.

use std::collections::BTreeMap;

use app::App;
use axum::extract::State;
use domain::monitoring::performance::Performance;
use serde::Serialize;
use utoipa::ToSchema;

use super::{PAGE, PageQuery, id, name, word};
use crate::{Ctx, Json, Path, Problem, Query};

/// What the labelled predictions of a window were worth.
#[derive(Serialize, ToSchema)]
pub struct PerformanceBody {
    /// Its id.
    id: String,
    /// When it was computed, in epoch milliseconds.
    time_ms: i64,
    /// The deployment.
    deployment: String,
    /// The model.
    model: String,
    /// Its version.
    version: i64,
    /// First request's time, in epoch milliseconds.
    from_ms: i64,
    /// End of the window, exclusive.
    to_ms: i64,
    /// Requests in the window.
    rows: u64,
    /// How many of them have a label.
    labels: u64,
    /// Their share.
    completeness: f64,
    /// `binary`, `multiclass` or `regression`.
    problem: Option<String>,
    /// The metric that counts.
    metric: String,
    /// Metrics by name.
    values: BTreeMap<String, f64>,
    /// 95 % intervals of some of them: low and high end.
    intervals: BTreeMap<String, [f64; 2]>,
    /// The same version's metrics when it was released.
    at_release: BTreeMap<String, f64>,
    /// `not_enough_labels`, `measured`, `holds`, `doubtful` or `degraded`.
    verdict: String,
    /// The verdict in words.
    sentence: String,
}

impl From<Performance> for PerformanceBody {
    fn from(record: Performance) -> Self {
        Self {
            id: record.id.to_string(),
            time_ms: record.time_ms.millis(),
            deployment: record.deployment,
            model: record.model,
            version: record.version,
            from_ms: record.window.from_ms.millis(),
            to_ms: record.window.to_ms.millis(),
            rows: record.window.rows,
            labels: record.labels,
            completeness: record.completeness,
            problem: record.problem.as_ref().map(word),
            metric: record.metric,
            values: record.values,
            intervals: record.intervals.into_iter().map(|(name, (low, high))| (name, [low, high])).collect(),
            at_release: record.at_release,
            verdict: word(&record.verdict),
            sentence: record.sentence,
        }
    }
}

/// A page of performance records.
#[derive(Serialize, ToSchema)]
pub struct PerformancePage {
    /// Newest first.
    items: Vec<PerformanceBody>,
}

/// Lists a deployment's performance records, newest first.
#[utoipa::path(get, path = "/deployments/{name}/performance", tag = "monitoring",
    params(("name" = String, Path, description = "The deployment"), PageQuery),
    responses((status = 200, body = PerformancePage), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<PerformancePage>, Problem> {
    let before = page.before.as_deref().map(|before| id("before", before)).transpose()?;
    let limit = page.limit.unwrap_or(PAGE);
    let records = app.monitors().performances(&ctx, &name(&deployment)?, before.as_ref(), limit).await?;
    Ok(Json(PerformancePage { items: records.into_iter().map(Into::into).collect() }))
}

/// Takes in what labels have come and returns the newest record.
#[utoipa::path(post, path = "/deployments/{name}/performance", tag = "monitoring",
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = PerformanceBody), (status = "default", body = Problem)))]
pub async fn check(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
) -> Result<Json<PerformanceBody>, Problem> {
    Ok(Json(app.monitors().check_performance(&ctx, &name(&deployment)?).await?.into()))
}
