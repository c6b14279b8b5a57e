//! Traces as clients before 3.0 tell and ask for them: begun, then ended.

use app::App;
use axum::extract::{Path, State};
use domain::Timestamp;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::trace::{Entries, MAX_KEY_LEN, MAX_TAG_LEN, TraceId, TraceInfo, TraceState};
use domain::tracking::validation::cut;
use serde_json::{Value, json};

use super::experiment_ids;
use super::trace::{named, request, state};
use crate::caller::Caller;
use crate::failure::Answer;
use crate::params::{Params, absent};
use crate::wire::Object;

fn body(info: &TraceInfo) -> Value {
    let pairs = |entries: Entries, limit: usize| {
        let pair = |(key, value)| json!({"key": key, "value": cut(value, limit)});
        entries.into_iter().map(pair).collect::<Vec<_>>()
    };
    let status = match info.state {
        TraceState::Unspecified => "TRACE_STATUS_UNSPECIFIED",
        state => state.as_str(),
    };
    Object::new()
        .set("request_id", info.id.as_str())
        .set("experiment_id", info.experiment.to_string())
        .set("timestamp_ms", info.start.millis())
        .set("execution_time_ms", info.duration_ms.unwrap_or(0))
        .set("status", status)
        .set("request_metadata", pairs(info.all_metadata(), MAX_KEY_LEN))
        .set("tags", pairs(info.all_tags(), MAX_TAG_LEN))
        .into()
}

fn entries(params: &Params, name: &str) -> Answer<Entries> {
    let messages = params.messages(name)?;
    messages.iter().map(|pair| Ok((pair.required("key")?.to_owned(), pair.text_or_empty("value")?))).collect()
}

pub(crate) async fn start(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let experiment = ExperimentId::parse(params.required("experiment_id")?)?;
    let begun = Timestamp::from_millis(params.whole("timestamp_ms")?.unwrap_or(0));
    let id = TraceId::parse(ctx.new_id().as_str())?;
    let mut info = TraceInfo::new(id, experiment, begun);
    info.state = TraceState::InProgress;
    let (tags, metadata) = (entries(&params, "tags")?, entries(&params, "request_metadata")?);
    Ok(Object::new().set("trace_info", body(&app.traces().begin(&ctx, info, tags, metadata).await?)))
}

pub(crate) async fn end(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(trace_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let told = (entries(&params, "tags")?, entries(&params, "request_metadata")?);
    let end_ms = params.whole("timestamp_ms")?.unwrap_or(0);
    let state = state(&params, "status")?;
    let ended = app.traces().end(&ctx, &named(&trace_id)?, end_ms, state, told).await?;
    Ok(Object::new().set("trace_info", body(&ended)))
}

pub(crate) async fn info(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(trace_id): Path<String>,
) -> Answer<Object> {
    Ok(Object::new().set("trace_info", body(&app.traces().info(&ctx, &named(&trace_id)?).await?)))
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let experiments = experiment_ids(&params)?;
    if experiments.is_empty() {
        return Err(absent("experiment_ids"));
    }
    let page = app.traces().search(&ctx, &request(&params, experiments)?).await?;
    Ok(Object::new().list("traces", &page.items, body).set("next_page_token", page.next_page_token))
}
