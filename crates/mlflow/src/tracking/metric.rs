//! Histories of metrics.

use app::App;
use axum::Json;
use axum::extract::State;
use domain::Id;
use domain::tracking::metric::Metric;
use serde_json::{Value, json};

use super::run_text;
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, SEE};
use crate::wire::{self, Object};

/// Most runs of one bulk call.
const MAX_RUNS: usize = 100;
/// Most points of one bulk call.
const MAX_BULK_POINTS: i64 = 25_000;
/// Most points per run of an interval call.
const MAX_INTERVAL_POINTS: i64 = 2_500;

pub(super) fn body(metric: &Metric) -> Value {
    Object::new()
        .set("key", metric.key.as_str())
        .set("value", wire::number(metric.value))
        .set("timestamp", metric.timestamp_ms)
        .set("step", metric.step)
        .into()
}

fn body_of(metric: &Metric, run: &str) -> Value {
    let mut value = body(metric);
    value["run_id"] = Value::from(run);
    value
}

pub(crate) async fn history(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let text = run_text(&params)?;
    let key = params.required("metric_key")?;
    // What is no id is nobody's, and has no points.
    let Some(id) = Id::parse(text) else { return Ok(Object::new()) };
    let (most, token) = (params.whole("max_results")?, params.text("page_token")?);
    let page = app.runs().metric_history(&ctx, &id, key, most, token).await?;
    Ok(Object::new().list("metrics", &page.items, body).set("next_page_token", page.next_page_token))
}

pub(crate) async fn history_bulk(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Json<Value>> {
    let mut ids = params.texts("run_id")?;
    if ids.is_empty() {
        return Err(Failure::invalid("GetMetricHistoryBulk request must specify at least one run_id."));
    }
    if ids.len() > MAX_RUNS {
        let given = ids.len();
        return Err(Failure::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {MAX_RUNS} run_ids. Received {given} run_ids."
        )));
    }
    let missing = || Failure::invalid("GetMetricHistoryBulk request must specify a metric_key.");
    let key = params.text("metric_key")?.ok_or_else(missing)?;
    ids.sort_unstable();
    ids.dedup();
    let most = params.whole("max_results")?.unwrap_or(MAX_BULK_POINTS);
    let mut left = most.clamp(1, MAX_BULK_POINTS);
    let mut metrics = Vec::new();
    for id in &ids {
        if left == 0 {
            break;
        }
        let Some(run) = Id::parse(id) else { continue };
        let page = app.runs().metric_history(&ctx, &run, key, Some(left), None).await?;
        left -= i64::try_from(page.items.len()).unwrap_or(left);
        metrics.extend(page.items.iter().map(|metric| body_of(metric, id)));
    }
    Ok(Json(json!({"metrics": metrics})))
}

pub(crate) async fn history_interval(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let ids = params.texts("run_ids")?;
    if ids.is_empty() {
        return Err(params.absent("run_ids"));
    }
    if ids.len() > MAX_RUNS {
        let given = ids.len();
        return Err(Failure::invalid(format!(
            "GetMetricHistoryBulkInterval request must specify at most {MAX_RUNS} run_ids. Received {given} run_ids. \
             {SEE}"
        )));
    }
    let key = params.required("metric_key")?;
    let most = params.whole("max_results")?.unwrap_or(MAX_INTERVAL_POINTS);
    if !(1..=MAX_INTERVAL_POINTS).contains(&most) {
        return Err(Failure::invalid(format!(
            "max_results must be between 1 and {MAX_INTERVAL_POINTS}. {SEE}"
        )));
    }
    let steps = match (params.whole("start_step")?, params.whole("end_step")?) {
        (None, None) => (i64::MIN, i64::MAX),
        (Some(start), Some(end)) if start <= end => (start, end),
        (Some(start), Some(end)) => {
            return Err(Failure::invalid(format!(
                "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
            )));
        }
        _ => {
            return Err(Failure::invalid(
                "If either start step or end step are specified, both must be specified.",
            ));
        }
    };
    let mut metrics = Vec::new();
    for id in &ids {
        let Some(run) = Id::parse(id) else { continue };
        let most = usize::try_from(most).unwrap_or(1);
        let points = app.runs().metric_interval(&ctx, &run, key, steps, most).await?;
        metrics.extend(points.iter().map(|metric| body_of(metric, id)));
    }
    Ok(Object::new().set("metrics", metrics))
}
