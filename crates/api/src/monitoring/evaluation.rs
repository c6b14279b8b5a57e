//! Evaluations: challenger and champion on the same rows.

use std::collections::BTreeMap;

use app::App;
use axum::extract::State;
use domain::registry::evaluation::{Comparison, Evaluation, Scored, SliceResult};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{PAGE, id, word};
use crate::{Ctx, Json, Path, Problem, Query};

/// One comparison of models on labelled rows.
#[derive(Serialize, ToSchema)]
pub struct EvaluationBody {
    /// Its id.
    id: String,
    /// When, in epoch milliseconds.
    time_ms: i64,
    /// The project it was made for.
    project: Option<String>,
    /// The step run that asked for it.
    step_run: Option<String>,
    /// The rows, by content or name.
    data: String,
    /// How many.
    rows: u64,
    /// The label's column.
    label: String,
    /// `binary`, `multiclass` or `regression`.
    problem: String,
    /// The metric that counts.
    metric: String,
    /// The new model.
    challenger: ScoredBody,
    /// The one in service.
    champion: Option<ScoredBody>,
    /// The difference on the same rows.
    comparison: Option<ComparisonBody>,
    /// The same per slice.
    slices: Vec<SliceBody>,
    /// What came out, in words.
    sentence: String,
}

/// What one model is worth.
#[derive(Serialize, ToSchema)]
pub struct ScoredBody {
    /// Which model.
    model: String,
    /// Its version when it is registered.
    version: Option<i64>,
    /// Metrics by name.
    values: BTreeMap<String, f64>,
    /// 95 % intervals of some of them: low and high end.
    intervals: BTreeMap<String, [f64; 2]>,
    /// Half of the one-row requests took at most this, in milliseconds.
    latency_p50_ms: Option<f64>,
    /// 99 of 100 one-row requests took at most this, in milliseconds.
    latency_p99_ms: Option<f64>,
    /// Whether it loads and answers as it will be served.
    starts_in_server: bool,
    /// Whether rows answered one by one equal those answered together.
    no_skew: Option<bool>,
    /// Why it did not start, or where it differs.
    problem: Option<String>,
    /// The calibration curve: predicted, observed, rows.
    calibration: Vec<[f64; 3]>,
}

/// The difference of challenger and champion.
#[derive(Serialize, ToSchema)]
pub struct ComparisonBody {
    /// Challenger minus champion.
    difference: f64,
    /// 95 % interval: low and high end.
    interval: Option<[f64; 2]>,
    /// Two-sided p of "no difference".
    p_value: Option<f64>,
    /// How it was found.
    method: String,
    /// McNemar's p, for classifiers.
    mcnemar_p: Option<f64>,
}

/// One value of a slice column.
#[derive(Serialize, ToSchema)]
pub struct SliceBody {
    /// The column.
    column: String,
    /// The value.
    value: String,
    /// Rows.
    rows: u64,
    /// The challenger's metrics.
    challenger: BTreeMap<String, f64>,
    /// The champion's.
    champion: Option<BTreeMap<String, f64>>,
}

impl From<Evaluation> for EvaluationBody {
    fn from(evaluation: Evaluation) -> Self {
        Self {
            id: evaluation.id.to_string(),
            time_ms: evaluation.time_ms.millis(),
            project: evaluation.project,
            step_run: evaluation.step_run.map(|id| id.to_string()),
            data: evaluation.data,
            rows: evaluation.rows,
            label: evaluation.label,
            problem: word(&evaluation.problem),
            metric: evaluation.metric,
            challenger: evaluation.challenger.into(),
            champion: evaluation.champion.map(Into::into),
            comparison: evaluation.comparison.map(Into::into),
            slices: evaluation.slices.into_iter().map(Into::into).collect(),
            sentence: evaluation.sentence,
        }
    }
}

impl From<Scored> for ScoredBody {
    fn from(scored: Scored) -> Self {
        Self {
            model: scored.model,
            version: scored.version,
            values: scored.values,
            intervals: scored.intervals.into_iter().map(|(name, (low, high))| (name, [low, high])).collect(),
            latency_p50_ms: scored.latency.map(|latency| latency.p50_ms),
            latency_p99_ms: scored.latency.map(|latency| latency.p99_ms),
            starts_in_server: scored.starts_in_server,
            no_skew: scored.no_skew,
            problem: scored.problem,
            calibration: scored.calibration.into_iter().map(|(p, o, rows)| [p, o, rows]).collect(),
        }
    }
}

impl From<Comparison> for ComparisonBody {
    fn from(comparison: Comparison) -> Self {
        Self {
            difference: comparison.difference,
            interval: comparison.interval.map(|(low, high)| [low, high]),
            p_value: comparison.p_value,
            method: comparison.method,
            mcnemar_p: comparison.mcnemar_p,
        }
    }
}

impl From<SliceResult> for SliceBody {
    fn from(slice: SliceResult) -> Self {
        Self {
            column: slice.column,
            value: slice.value,
            rows: slice.rows,
            challenger: slice.challenger,
            champion: slice.champion,
        }
    }
}

/// Which evaluations to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EvaluationQuery {
    /// Only of this challenger.
    challenger: Option<String>,
    /// At most this many (50, up to 500).
    limit: Option<i64>,
}

/// Evaluations.
#[derive(Serialize, ToSchema)]
pub struct EvaluationList {
    /// Newest first.
    items: Vec<EvaluationBody>,
}

/// Lists evaluations, newest first.
#[utoipa::path(get, path = "/evaluations", tag = "registry", params(EvaluationQuery),
    responses((status = 200, body = EvaluationList), (status = "default", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Query(query): Query<EvaluationQuery>,
) -> Result<Json<EvaluationList>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    let found = app.evaluations().list(&ctx, query.challenger.as_deref(), limit).await?;
    Ok(Json(EvaluationList { items: found.into_iter().map(Into::into).collect() }))
}

/// One evaluation.
#[utoipa::path(get, path = "/evaluations/{id}", tag = "registry",
    params(("id" = String, Path, description = "The evaluation")),
    responses((status = 200, body = EvaluationBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(evaluation): Path<String>,
) -> Result<Json<EvaluationBody>, Problem> {
    Ok(Json(app.evaluations().get(&ctx, &id("id", &evaluation)?).await?.into()))
}
