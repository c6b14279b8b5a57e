//! Traces, as present clients tell and ask for them.

use app::App;
use app::tracking::SearchRequest;
use app::tracking::trace::Trace;
use axum::extract::{Path, State};
use domain::Timestamp;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::span::{Span, SpanStatus, encoded};
use domain::tracking::trace::{Doomed, MAX_KEY_LEN, MAX_TAG_LEN, TraceId, TraceInfo, TraceState};
use domain::tracking::validation::cut;
use serde_json::{Map, Value, json};

use super::{assessment, experiment_ids, parse_run_id};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};
use crate::wire::{self, Object};

/// Traces on a page when the caller does not say.
pub(super) const PAGE: i64 = 100;

/// A trace that a path or a query names: what is no id is not there.
pub(crate) fn named(text: &str) -> Answer<TraceId> {
    TraceId::parse(text).map_err(|_| Failure::from(app::Error::not_found("trace", text)))
}

/// Traces that a list names; what is no id is not there, and is passed over as that is.
fn named_ids(params: &Params) -> Answer<Vec<TraceId>> {
    let texts = params.texts("trace_ids")?;
    if texts.is_empty() {
        return Err(absent("trace_ids"));
    }
    Ok(texts.iter().filter_map(|text| TraceId::parse(text).ok()).collect())
}

/// A trace without its spans.
pub(super) fn body(info: &TraceInfo) -> Value {
    let tags = info.all_tags().into_iter().map(|(key, value)| (key, Value::from(cut(value, MAX_TAG_LEN))));
    let metadata =
        info.all_metadata().into_iter().map(|(key, value)| (key, Value::from(cut(value, MAX_KEY_LEN))));
    Object::new()
        .set("trace_id", info.id.as_str())
        .set("client_request_id", info.client_request_id.as_deref())
        .set(
            "trace_location",
            json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": info.experiment.to_string()}}),
        )
        .set("request_preview", info.request_preview.as_deref())
        .set("response_preview", info.response_preview.as_deref())
        .set("request_time", wire::timestamp(info.start))
        .set("execution_duration", info.duration_ms.map_or(Value::Null, wire::duration))
        .set("state", info.state.as_str())
        .set("trace_metadata", metadata.collect::<Map<_, _>>())
        .list("assessments", &info.assessments, assessment::body)
        .set("tags", tags.collect::<Map<_, _>>())
        .into()
}

fn whole(trace: &Trace) -> Value {
    Object::new().set("trace_info", body(&trace.info)).list("spans", &trace.spans, span).into()
}

fn alone(info: &TraceInfo) -> Object {
    Object::new().set("trace", json!({"trace_info": body(info)}))
}

/// A span as OpenTelemetry's message in JSON, with the bytes of ids in base64.
fn span(span: &Span) -> Value {
    let pairs = |attributes: &Map<String, Value>| {
        attributes
            .iter()
            .map(|(key, value)| json!({"key": key, "value": any_value(value)}))
            .collect::<Vec<_>>()
    };
    let attributes = span.attributes.iter().map(|(key, text)| {
        // What was kept is JSON; a text that is none can only be shown as it is.
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        json!({"key": key, "value": any_value(&value)})
    });
    let status = Object::new()
        .some("message", &span.message)
        .set("code", (span.status != SpanStatus::Unset).then(|| span.status.code()));
    Object::new()
        .set("trace_id", encoded(span.trace.hex()))
        .set("span_id", encoded(&span.id))
        .set("parent_span_id", span.parent.as_deref().map(encoded))
        .some("name", &span.name)
        .set("start_time_unix_nano", span.start_ns)
        .set("end_time_unix_nano", span.end_ns)
        .set("attributes", attributes.collect::<Vec<_>>())
        .list("events", &span.events, |event| {
            Object::new()
                .set("time_unix_nano", event.time_ns)
                .some("name", &event.name)
                .set("attributes", pairs(&event.attributes))
                .into()
        })
        .list("links", &span.links, |link| {
            Object::new()
                .set("trace_id", encoded(link.trace.strip_prefix("tr-").unwrap_or(&link.trace)))
                .set("span_id", encoded(&link.span))
                .set("attributes", pairs(&link.attributes))
                .into()
        })
        .even("status", status)
        .into()
}

fn any_value(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(truth) => json!({"bool_value": truth}),
        Value::String(text) => json!({"string_value": text}),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => json!({"int_value": whole}),
            None if number.is_f64() => json!({"double_value": number}),
            None => json!({"string_value": number.to_string()}),
        },
        Value::Array(items) => {
            let values = Object::new().list("values", items, any_value);
            Object::new().even("array_value", values).into()
        }
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| json!({"key": key, "value": any_value(value)});
            let values = Object::new().list("values", fields, pair);
            Object::new().even("kvlist_value", values).into()
        }
    }
}

pub(super) fn timestamp(params: &Params, name: &str) -> Answer<Option<Timestamp>> {
    let Some(text) = params.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    Timestamp::from_rfc3339(text).map(Some).ok_or_else(|| {
        Failure::invalid(format!(
            "Invalid value \"{text}\" for parameter '{name}' supplied: it is not a time such as 2026-01-31T12:00:00Z"
        ))
    })
}

/// A state by name or by number; absent is unspecified.
pub(super) fn state(params: &Params, name: &str) -> Answer<TraceState> {
    let unspecified = params.value(name)?.is_some_and(|value| {
        matches!(value.as_str(), Some("STATE_UNSPECIFIED" | "TRACE_STATUS_UNSPECIFIED"))
            || value.as_u64() == Some(0)
    });
    if unspecified {
        return Ok(TraceState::Unspecified);
    }
    let word = params.word(name, &["OK", "ERROR", "IN_PROGRESS"])?;
    Ok(word.and_then(TraceState::parse).unwrap_or_default())
}

pub(crate) async fn start(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let trace = params.message("trace")?.ok_or_else(|| absent("trace"))?;
    let told = trace.message("trace_info")?.ok_or_else(|| trace.absent("trace_info"))?;
    let location = told.message("trace_location")?.ok_or_else(|| told.absent("trace_location"))?;
    let home = location.message("mlflow_experiment")?;
    let home = home.ok_or_else(|| location.absent("mlflow_experiment"))?;
    let experiment = ExperimentId::parse(home.required("experiment_id")?)?;
    let id = TraceId::parse(told.required("trace_id")?)?;
    let begun = timestamp(&told, "request_time")?.unwrap_or(Timestamp::from_millis(0));
    let mut info = TraceInfo::new(id, experiment, begun);
    info.duration_ms = match told.text("execution_duration")? {
        None => None,
        Some(text) => Some(wire::read_duration(text).ok_or_else(|| {
            Failure::invalid(format!(
                "Invalid value \"{text}\" for parameter 'execution_duration' supplied: it is not a duration such as 1.5s"
            ))
        })?),
    };
    info.state = state(&told, "state")?;
    info.client_request_id = told.text("client_request_id")?.map(ToOwned::to_owned);
    info.request_preview = told.text("request_preview")?.map(ToOwned::to_owned);
    info.response_preview = told.text("response_preview")?.map(ToOwned::to_owned);
    for message in told.messages("assessments")? {
        info.assessments.push(assessment::read(&message, &info.id, ctx.now())?);
    }
    let (tags, metadata) = (told.entries("tags")?, told.entries("trace_metadata")?);
    Ok(alone(&app.traces().start(&ctx, info, tags, metadata).await?))
}

pub(crate) async fn info(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(trace_id): Path<String>,
) -> Answer<Object> {
    Ok(alone(&app.traces().info(&ctx, &named(&trace_id)?).await?))
}

pub(crate) async fn get(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let text = params.required("trace_id")?;
    let id = named(text)?;
    let found = if params.truth("allow_partial")?.unwrap_or(false) {
        app.traces().get(&ctx, &id).await
    } else {
        app.traces().get_whole(&ctx, &id).await
    };
    let found = found.map_err(|error| match error {
        app::Error::NotFound { noun: "trace", id } => app::Error::not_found("trace with its spans", id),
        other => other,
    });
    Ok(Object::new().set("trace", whole(&found?)))
}

/// The experiments that a fetch is bound to, if the caller says so.
fn bound(params: &Params) -> Answer<Option<Vec<ExperimentId>>> {
    params.has("experiment_ids").then(|| experiment_ids(params)).transpose()
}

pub(crate) async fn batch(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let (ids, experiments) = (named_ids(&params)?, bound(&params)?);
    let found = app.traces().batch(&ctx, &ids, experiments.as_deref()).await?;
    Ok(Object::new().list("traces", &found, whole))
}

pub(crate) async fn batch_infos(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let (ids, experiments) = (named_ids(&params)?, bound(&params)?);
    let found = app.traces().infos(&ctx, &ids, experiments.as_deref()).await?;
    Ok(Object::new().list("trace_infos", &found, body))
}

pub(super) fn request(params: &Params, experiments: Vec<ExperimentId>) -> Answer<SearchRequest> {
    Ok(SearchRequest {
        experiments,
        filter: params.text_or_empty("filter")?,
        order_by: params.texts("order_by")?,
        max_results: params.whole("max_results")?.unwrap_or(PAGE),
        page_token: params.text("page_token")?.map(ToOwned::to_owned),
        ..SearchRequest::default()
    })
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let locations = params.messages("locations")?;
    if locations.is_empty() {
        return Err(absent("locations"));
    }
    let mut experiments = Vec::new();
    for location in locations {
        if let Some(home) = location.message("mlflow_experiment")? {
            experiments.push(ExperimentId::parse(&home.text_or_empty("experiment_id")?)?);
        }
    }
    let page = app.traces().search(&ctx, &request(&params, experiments)?).await?;
    Ok(Object::new().list("traces", &page.items, body).set("next_page_token", page.next_page_token))
}

pub(crate) async fn delete(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let doomed = Doomed {
        experiment: super::experiment_id(&params)?,
        // What is no id is not there.
        ids: params.texts("request_ids")?.iter().filter_map(|text| TraceId::parse(text).ok()).collect(),
        until: params.whole("max_timestamp_millis")?.map(Timestamp::from_millis),
        most: params.whole("max_traces")?,
    };
    if doomed.ids.is_empty() && doomed.until.is_none() && !params.texts("request_ids")?.is_empty() {
        return Ok(Object::new().set("traces_deleted", 0));
    }
    let deleted = app.traces().delete(&ctx, doomed).await?;
    Ok(Object::new().set("traces_deleted", deleted))
}

pub(crate) async fn set_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(trace_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let value = params.text_or_empty("value")?;
    app.traces().set_tag(&ctx, &named(&trace_id)?, params.required("key")?, &value).await?;
    Ok(Object::new())
}

pub(crate) async fn delete_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(trace_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    app.traces().delete_tag(&ctx, &named(&trace_id)?, params.required("key")?).await?;
    Ok(Object::new())
}

pub(crate) async fn link_to_run(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let ids = named_ids(&params)?;
    app.traces().link_run(&ctx, &parse_run_id(params.required("run_id")?)?, ids).await?;
    Ok(Object::new())
}

pub(crate) async fn link_prompts(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let id = named(params.required("trace_id")?)?;
    let messages = params.messages("prompt_versions")?;
    if messages.is_empty() {
        return Err(absent("prompt_versions"));
    }
    let mut prompts = Vec::with_capacity(messages.len());
    for message in &messages {
        let version = message.whole("version")?.ok_or_else(|| message.absent("version"))?;
        prompts.push((message.required("name")?.to_owned(), version));
    }
    app.traces().link_prompts(&ctx, &id, prompts).await?;
    Ok(Object::new())
}
