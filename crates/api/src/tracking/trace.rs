//! Traces: what requests to an application did, step by step.

use std::collections::BTreeMap;

use app::tracking::SearchRequest;
use app::tracking::trace::Trace;
use app::{App, Error};
use axum::extract::State;
use domain::tracking::assessment::{Assessed, Assessment};
use domain::tracking::json_text::spaced;
use domain::tracking::span::{INPUTS, OUTPUTS, Span, SpanStatus};
use domain::tracking::trace::{Doomed, TraceId, TraceInfo, TraceState, as_tree};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::run::meant;
use crate::{Ctx, Json, Path, Problem};

/// Traces on a page when the caller does not say.
const PAGE: i64 = 100;

/// A trace without its steps.
#[derive(Serialize, ToSchema)]
pub struct TraceBody {
    /// Its id.
    id: String,
    /// Its name, or that of its first step.
    name: String,
    /// The number of its experiment.
    experiment: String,
    /// `ok`, `error`, `in_progress` or `unspecified`.
    state: String,
    /// When it began, in epoch milliseconds.
    start_ms: i64,
    /// How long it took; absent while it runs.
    duration_ms: Option<i64>,
    /// The conversation it belongs to.
    session: Option<String>,
    /// Tokens that went into language models.
    input_tokens: Option<i64>,
    /// Tokens that came out of them.
    output_tokens: Option<i64>,
    /// All tokens.
    total_tokens: Option<i64>,
    /// What they cost, in US dollars.
    total_cost: Option<f64>,
    /// The start of what went in.
    request: Option<String>,
    /// The start of what came out.
    response: Option<String>,
    /// Tags.
    tags: BTreeMap<String, String>,
    /// What its client said about it and does not change.
    metadata: BTreeMap<String, String>,
    /// What was said about it.
    assessments: Vec<AssessmentBody>,
}

/// Something said about a trace.
#[derive(Serialize, ToSchema)]
pub struct AssessmentBody {
    /// Its id.
    id: String,
    /// What is judged.
    name: String,
    /// `feedback`, `expectation` or `issue`.
    kind: String,
    /// The verdict: a text, or other JSON as text.
    value: String,
    /// Why there is none.
    error: Option<String>,
    /// `human`, `llm_judge`, `code` or `source_type_unspecified`.
    source: String,
    /// Who or what said it.
    by: Option<String>,
    /// Why.
    rationale: Option<String>,
    /// The step that it is about.
    span: Option<String>,
    /// When it was said, in epoch milliseconds.
    created_ms: i64,
    /// Whether no other one has taken its place.
    valid: bool,
}

/// A step of a trace.
#[derive(Serialize, ToSchema)]
pub struct TraceSpanBody {
    /// Its id.
    id: String,
    /// The step that it is part of.
    parent: Option<String>,
    /// How far below the first step it is.
    depth: usize,
    /// What it is called.
    name: String,
    /// What kind of step it is: `LLM`, `TOOL`, …
    kind: Option<String>,
    /// `ok`, `error` or `unset`.
    status: String,
    /// More about that.
    message: String,
    /// When it began, in milliseconds after the trace's first step.
    offset_ms: f64,
    /// How long it took; absent while it runs.
    duration_ms: Option<f64>,
    /// What went in, as JSON text.
    inputs: Option<String>,
    /// What came out, as JSON text.
    outputs: Option<String>,
    /// The rest of what is known, each as JSON text.
    attributes: BTreeMap<String, String>,
    /// What happened during it.
    events: Vec<TraceEventBody>,
}

/// Something that happened during a step.
#[derive(Serialize, ToSchema)]
pub struct TraceEventBody {
    /// What.
    name: String,
    /// When, in milliseconds after the trace's first step.
    offset_ms: f64,
    /// More about it, each as JSON text.
    attributes: BTreeMap<String, String>,
}

/// A trace with its steps.
#[derive(Serialize, ToSchema)]
pub struct TraceDetail {
    /// The whole.
    #[serde(flatten)]
    trace: TraceBody,
    /// Its steps as a tree is drawn: parents before children, brothers by their start.
    spans: Vec<TraceSpanBody>,
}

impl From<TraceInfo> for TraceBody {
    fn from(info: TraceInfo) -> Self {
        let [input_tokens, output_tokens, total_tokens, ..] = info.usage.0;
        let state = match info.state {
            TraceState::Unspecified => "unspecified".to_owned(),
            state => state.as_str().to_ascii_lowercase(),
        };
        Self {
            id: info.id.to_string(),
            name: info.name.or(info.root).unwrap_or_default(),
            experiment: info.experiment.to_string(),
            state,
            start_ms: info.start.millis(),
            duration_ms: info.duration_ms,
            session: info.session,
            input_tokens,
            output_tokens,
            total_tokens,
            total_cost: info.cost.0[2],
            request: info.request_preview,
            response: info.response_preview,
            tags: info.tags,
            metadata: info.metadata,
            assessments: info.assessments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Assessment> for AssessmentBody {
    fn from(assessment: Assessment) -> Self {
        let error = match &assessment.assessed {
            Assessed::Feedback { error: Some(error), .. } => {
                Some(error.message.clone().unwrap_or_else(|| error.code.clone()))
            }
            _ => None,
        };
        let value = match &assessment.assessed {
            Assessed::Issue(name) => name.clone(),
            assessed => assessed.text(),
        };
        Self {
            kind: assessment.assessed.kind().to_owned(),
            value,
            error,
            id: assessment.id,
            name: assessment.name,
            source: assessment.source_type.to_ascii_lowercase(),
            by: assessment.source_id,
            rationale: assessment.rationale,
            span: assessment.span,
            created_ms: assessment.created.millis(),
            valid: assessment.valid,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a length of time that people read")]
fn millis(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}

fn span_body(depth: usize, span: &Span, begin_ns: i64) -> TraceSpanBody {
    let attributes = span.attributes.iter().filter(|(key, _)| ![INPUTS, OUTPUTS].contains(key));
    let events = span.events.iter().map(|event| TraceEventBody {
        name: event.name.clone(),
        offset_ms: millis(event.time_ns.saturating_sub(begin_ns)),
        attributes: event.attributes.iter().map(|(key, value)| (key.clone(), spaced(value))).collect(),
    });
    TraceSpanBody {
        id: span.id.clone(),
        parent: span.parent.clone(),
        depth,
        name: span.name.clone(),
        kind: span.kind(),
        status: match span.status {
            SpanStatus::Ok => "ok",
            SpanStatus::Error => "error",
            SpanStatus::Unset => "unset",
        }
        .to_owned(),
        message: span.message.clone(),
        offset_ms: millis(span.start_ns.saturating_sub(begin_ns)),
        duration_ms: span.end_ns.map(|end| millis(end.saturating_sub(span.start_ns))),
        inputs: span.attributes.text(INPUTS).map(ToOwned::to_owned),
        outputs: span.attributes.text(OUTPUTS).map(ToOwned::to_owned),
        attributes: attributes.map(|(key, text)| (key.to_owned(), text.to_owned())).collect(),
        events: events.collect(),
    }
}

impl From<Trace> for TraceDetail {
    fn from(trace: Trace) -> Self {
        let begin_ns = trace.spans.iter().map(|span| span.start_ns).min().unwrap_or(0);
        let tree = as_tree(&trace.spans).into_iter().map(|(depth, span)| span_body(depth, span, begin_ns));
        Self { spans: tree.collect(), trace: trace.info.into() }
    }
}

/// Which traces.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceSearchBody {
    /// Name or number of an experiment; all of them when absent.
    experiment: Option<String>,
    /// What must hold: `status = "ERROR" AND span.type = "LLM"`.
    #[serde(default)]
    filter: String,
    /// In which order: `execution_time DESC`.
    #[serde(default)]
    order_by: Vec<String>,
    /// At most this many (100, at most 500).
    max_results: Option<i64>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

/// A page of traces.
#[derive(Serialize, ToSchema)]
pub struct TracePage {
    /// In the order that was asked for, newest first otherwise.
    items: Vec<TraceBody>,
    /// Give it as `page_token` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Searches traces.
#[utoipa::path(post, path = "/traces/search", tag = "tracking", request_body = TraceSearchBody,
    responses((status = 200, body = TracePage), (status = "default", body = Problem)))]
pub async fn search(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<TraceSearchBody>,
) -> Result<Json<TracePage>, Problem> {
    let request = SearchRequest {
        experiments: meant(&app, &ctx, body.experiment.as_deref()).await?,
        filter: body.filter,
        order_by: body.order_by,
        max_results: body.max_results.unwrap_or(PAGE),
        page_token: body.page_token,
        ..SearchRequest::default()
    };
    let page = app.traces().search(&ctx, &request).await?;
    let items = page.items.into_iter().map(Into::into).collect();
    Ok(Json(TracePage { items, next_page_token: page.next_page_token }))
}

fn id(text: &str) -> Result<TraceId, Error> {
    TraceId::parse(text).map_err(|_| Error::not_found("trace", text))
}

/// Shows a trace with its steps.
#[utoipa::path(get, path = "/traces/{id}", tag = "tracking", params(("id" = String, Path, description = "The trace")),
    responses((status = 200, body = TraceDetail), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<TraceDetail>, Problem> {
    Ok(Json(app.traces().get(&ctx, &id(&text)?).await?.into()))
}

/// What was deleted.
#[derive(Serialize, ToSchema)]
pub struct DeletedTrace {
    /// The trace's id.
    id: String,
}

/// Deletes a trace for good.
#[utoipa::path(delete, path = "/traces/{id}", tag = "tracking", params(("id" = String, Path, description = "The trace")),
    responses((status = 200, body = DeletedTrace), (status = "default", body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<DeletedTrace>, Problem> {
    let id = id(&text)?;
    let experiment = app.traces().info(&ctx, &id).await?.experiment;
    let doomed = Doomed { experiment, ids: vec![id.clone()], until: None, most: None };
    if app.traces().delete(&ctx, doomed).await? == 0 {
        return Err(Error::not_found("trace", &id).into());
    }
    Ok(Json(DeletedTrace { id: id.to_string() }))
}
