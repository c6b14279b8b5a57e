//! Figures over many traces, and how two filters of them go together.

use app::App;
use axum::extract::State;
use domain::Timestamp;
use domain::search::trace_metrics::{
    Aggregation, MAX_POINTS, MetricFilter, MetricPoint, MetricQuery, MetricView,
};
use serde_json::{Map, Value};

use super::experiment_ids;
use crate::caller::Caller;
use crate::failure::Answer;
use crate::params::{Params, absent};
use crate::wire::{self, Object};

pub(crate) async fn query(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let experiments = experiment_ids(&params)?;
    if experiments.is_empty() {
        return Err(absent("experiment_ids"));
    }
    let view = params.word("view_type", &MetricView::WORDS)?.and_then(MetricView::parse);
    let metric = params.required("metric_name")?.to_owned();
    let mut aggregations = Vec::new();
    for message in params.messages("aggregations")? {
        let word = message.word("aggregation_type", &Aggregation::WORDS)?;
        let word = word.ok_or_else(|| message.absent("aggregation_type"))?;
        aggregations.push(Aggregation::parse(word, message.number("percentile_value")?)?);
    }
    if aggregations.is_empty() {
        return Err(absent("aggregations"));
    }
    let filters = params.texts("filters")?;
    let question = MetricQuery {
        experiments,
        view: view.ok_or_else(|| absent("view_type"))?,
        metric,
        aggregations,
        dimensions: params.texts("dimensions")?,
        filters: filters.iter().map(|text| MetricFilter::parse(text)).collect::<Result<_, _>>()?,
        interval_s: params.whole("time_interval_seconds")?.filter(|seconds| *seconds != 0),
        start: params.whole("start_time_ms")?.map(Timestamp::from_millis),
        end: params.whole("end_time_ms")?.map(Timestamp::from_millis),
        most: params.whole("max_results")?.unwrap_or(MAX_POINTS),
    };
    let points = app.traces().metrics(&ctx, &question).await?;
    Ok(Object::new().list("data_points", &points, |point| body(&question.metric, point)))
}

pub(crate) async fn correlation(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let experiments = experiment_ids(&params)?;
    if experiments.is_empty() {
        return Err(absent("experiment_ids"));
    }
    let filters = [params.required("filter_string1")?, params.required("filter_string2")?];
    let base = params.text_or_empty("base_filter")?;
    let found = app.traces().correlation(&ctx, experiments, &base, filters).await?;
    // Absent where there is no figure.
    Ok(Object::new()
        .set("npmi", found.npmi().map(wire::number))
        .set("npmi_smoothed", found.npmi_smoothed().map(wire::number))
        .set("filter1_count", found.first)
        .set("filter2_count", found.second)
        .set("joint_count", found.both)
        .set("total_count", found.total))
}

fn body(metric: &str, point: &MetricPoint) -> Value {
    let mut dimensions = Map::new();
    if let Some(bucket) = point.bucket {
        let text = bucket.to_rfc3339().replace(".000Z", "+00:00");
        dimensions.insert("time_bucket".to_owned(), Value::from(text));
    }
    dimensions.extend(point.dimensions.iter().map(|(name, word)| (name.clone(), Value::from(word.as_str()))));
    let values = point.values.iter().map(|(label, value)| (label.clone(), wire::number(*value)));
    Object::new()
        .set("metric_name", metric)
        .set("dimensions", dimensions)
        .set("values", values.collect::<Map<_, _>>())
        .into()
}
