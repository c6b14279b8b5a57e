//! Spans as OpenTelemetry's SDKs and MLflow's clients send them: OTLP over HTTP, as protobuf or JSON.
//!
//! A small body can stand for much: what it may inflate to, and how many messages it may hold, is bounded.

mod messages;

use std::io::Read;

use app::tracking::span::Sent;
use app::{App, Context};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Id;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::json_text::spaced;
use domain::tracking::span::{Attributes, REQUEST_ID, Span, SpanEvent, SpanLink, SpanStatus};
use domain::tracking::trace::{Entries, TraceId};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Told;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message;
use serde_json::{Map, Value, json};

use crate::body;
use crate::caller::Caller;
use crate::failure::Failure;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const EXPERIMENT: &str = "x-mlflow-experiment-id";
const RUN: &str = "x-mlflow-run-id";

/// A refusal in the form that these senders read, or one of ours.
enum Refused {
    Detail(StatusCode, Value),
    Failure(Failure),
}

impl Refused {
    fn bad(reason: impl Into<String>) -> Self {
        Self::Detail(StatusCode::BAD_REQUEST, Value::from(reason.into()))
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Detail(status, detail) => (status, axum::Json(json!({"detail": detail}))).into_response(),
            Self::Failure(failure) => failure.into_response(),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

pub(crate) async fn export(State(app): State<App>, Caller(ctx): Caller, request: Request) -> Response {
    match receive(&app, &ctx, request).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn receive(app: &App, ctx: &Context, request: Request) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let Some(experiment) = text(&headers, EXPERIMENT) else {
        let missing = json!([{"type": "missing", "loc": ["header", EXPERIMENT], "msg": "Field required", "input": null}]);
        return Err(Refused::Detail(StatusCode::UNPROCESSABLE_ENTITY, missing));
    };
    let experiment = ExperimentId::parse(experiment).map_err(Failure::from)?;
    let given = text(&headers, header::CONTENT_TYPE.as_str());
    let kind = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let as_json = kind.eq_ignore_ascii_case(JSON);
    if !as_json && !kind.eq_ignore_ascii_case(PROTOBUF) {
        return Err(Refused::bad(format!(
            "Invalid Content-Type: {}. Expected: {PROTOBUF} or {JSON}",
            given.unwrap_or("None")
        )));
    }
    let encoding = text(&headers, header::CONTENT_ENCODING.as_str()).map(str::to_ascii_lowercase);
    let (bytes, mut turn) = body::read_bytes(&headers, body).await?;
    if encoding.is_some() && turn.is_none() {
        turn = body::turn().await;
    }
    let sent = tokio::task::spawn_blocking(move || {
        let bytes = inflated(bytes.freeze(), encoding.as_deref())?;
        read(&bytes, as_json)
    });
    let sent = sent.await.map_err(|error| Failure::from(app::Error::internal(error)))??;
    let run = text(&headers, RUN).and_then(Id::parse);
    app.traces().log_spans(ctx, experiment, sent, run.as_ref()).await.map_err(Failure::from)?;
    drop(turn);
    Ok(accepted(as_json))
}

/// All spans are stored: an answer without a word, in the sender's form.
fn accepted(as_json: bool) -> Response {
    let (kind, bytes) = if as_json {
        (JSON, b"{}".to_vec())
    } else {
        (PROTOBUF, ExportTraceServiceResponse::default().encode_to_vec())
    };
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}

/// The body as it was before it was compressed.
fn inflated(bytes: Bytes, encoding: Option<&str>) -> Result<Bytes, Refused> {
    let failed = |encoding: &str| Refused::bad(format!("Failed to decompress {encoding} payload"));
    match encoding {
        None | Some("" | "identity") => Ok(bytes),
        Some("gzip") => bounded(MultiGzDecoder::new(&bytes[..]))?.ok_or_else(|| failed("gzip")),
        Some("deflate") => {
            // Some senders leave out the two bytes before the stream.
            let found = match bounded(ZlibDecoder::new(&bytes[..]))? {
                Some(found) => Some(found),
                None => bounded(DeflateDecoder::new(&bytes[..]))?,
            };
            found.ok_or_else(|| failed("deflate"))
        }
        Some(other) => Err(Refused::bad(format!("Unsupported Content-Encoding: {other}"))),
    }
}

/// Reads to the end, or to where it is too much; `None` when it is not what it should be.
fn bounded(reader: impl Read) -> Result<Option<Bytes>, Refused> {
    let mut bytes = Vec::new();
    let limit = body::MAX_BODY as u64 + 1;
    match reader.take(limit).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() > body::MAX_BODY => Err(body::too_large().into()),
        Ok(_) => Ok(Some(bytes.into())),
        Err(_) => Ok(None),
    }
}

/// Spans by their senders.
fn read(bytes: &[u8], as_json: bool) -> Result<Vec<Sent>, Refused> {
    let bad = || Refused::bad("Invalid OpenTelemetry format");
    let request: ExportTraceServiceRequest = if as_json {
        serde_json::from_value(body::parse(bytes).map_err(|_| bad())?).map_err(|_| bad())?
    } else {
        if !messages::are_few(bytes, body::MAX_VALUES) {
            return Err(body::too_large().into());
        }
        ExportTraceServiceRequest::decode(bytes).map_err(|_| bad())?
    };
    if request.resource_spans.is_empty() {
        return Err(Refused::bad("Invalid OpenTelemetry format - no spans found"));
    }
    let unreadable = || {
        let detail = Value::from("Cannot convert OpenTelemetry span to MLflow span");
        Refused::Detail(StatusCode::UNPROCESSABLE_ENTITY, detail)
    };
    let mut sent = Vec::with_capacity(request.resource_spans.len());
    for group in request.resource_spans {
        let resource =
            group.resource.map(|resource| resource_entries(resource.attributes)).unwrap_or_default();
        let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
        let spans = spans.map(|told| span(told).ok_or_else(unreadable)).collect::<Result<_, _>>()?;
        sent.push(Sent { resource, spans });
    }
    Ok(sent)
}

/// One of the databases keeps no NUL in texts.
fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn resource_entries(attributes: Vec<KeyValue>) -> Entries {
    let entry = |(key, value)| match value {
        Value::String(text) => (key, text),
        value => (key, spaced(&value)),
    };
    fields(attributes).into_iter().map(entry).collect()
}

fn fields(attributes: Vec<KeyValue>) -> Map<String, Value> {
    attributes.into_iter().map(|pair| (clean(pair.key), value(pair.value))).collect()
}

fn value(told: Option<AnyValue>) -> Value {
    match told.and_then(|told| told.value) {
        Some(Told::StringValue(text)) => Value::from(clean(text)),
        Some(Told::BoolValue(truth)) => Value::from(truth),
        Some(Told::IntValue(number)) => Value::from(number),
        Some(Told::DoubleValue(number)) if number.is_finite() => json!(number),
        Some(Told::DoubleValue(number)) if number.is_nan() => Value::from("NaN"),
        Some(Told::DoubleValue(number)) => Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" }),
        Some(Told::ArrayValue(list)) => list.values.into_iter().map(|item| value(Some(item))).collect(),
        Some(Told::KvlistValue(list)) => Value::Object(fields(list.values)),
        Some(Told::BytesValue(bytes)) => Value::from(domain::tracking::span::base64(&bytes)),
        // A reference into a table that traces do not have.
        Some(_) | None => Value::Null,
    }
}

fn nanos(told: u64) -> Option<i64> {
    i64::try_from(told).ok()
}

fn span_id(bytes: &[u8]) -> Option<String> {
    (1..=8).contains(&bytes.len()).then(|| format!("{:0>16}", hex(bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `None` when its ids or times are none.
fn span(told: proto::Span) -> Option<Span> {
    let trace = TraceId::of_bytes(&told.trace_id)?;
    let parent = if told.parent_span_id.is_empty() { None } else { Some(span_id(&told.parent_span_id)?) };
    let status = told.status.unwrap_or_default();
    let mut attributes = Attributes::default();
    for pair in told.attributes {
        attributes.set(&clean(pair.key), &value(pair.value));
    }
    attributes.set(REQUEST_ID, &Value::from(trace.as_str()));
    let event = |event: proto::span::Event| {
        let time_ns = nanos(event.time_unix_nano)?;
        Some(SpanEvent { name: clean(event.name), time_ns, attributes: fields(event.attributes) })
    };
    let link = |link: proto::span::Link| {
        let attributes = fields(link.attributes);
        Some(SpanLink {
            trace: TraceId::of_bytes(&link.trace_id)?.to_string(),
            span: span_id(&link.span_id)?,
            attributes,
        })
    };
    Some(Span {
        id: span_id(&told.span_id)?,
        parent,
        name: clean(told.name),
        start_ns: nanos(told.start_time_unix_nano)?,
        end_ns: if told.end_time_unix_nano == 0 { None } else { Some(nanos(told.end_time_unix_nano)?) },
        status: match status.code {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
        message: clean(status.message),
        attributes,
        events: told.events.into_iter().map(event).collect::<Option<_>>()?,
        links: told.links.into_iter().map(link).collect::<Option<_>>()?,
        trace,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn a_small_body_does_not_inflate_without_end() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![0; 1024 * 1024];
        for _ in 0..=body::MAX_BODY / zeros.len() {
            encoder.write_all(&zeros).unwrap();
        }
        let bomb = Bytes::from(encoder.finish().unwrap());
        assert!(bomb.len() < 1024 * 1024);
        let refused = inflated(bomb, Some("gzip")).unwrap_err().into_response();
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn both_forms_say_the_same() {
        let text = r#"{"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]},
            "scopeSpans": [{"spans": [{"traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "00000000000000aa",
            "parentSpanId": "", "name": "n", "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": 1700000000500000000,
            "attributes": [{"key": "a", "value": {"arrayValue": {"values": [{"intValue": "5"}, {"doubleValue": 0.5}, {"boolValue": true}]}}}],
            "status": {"code": 2, "message": "no"}}]}]}]}"#;
        let from_json = read(text.as_bytes(), true).unwrap_or_default();
        let message: ExportTraceServiceRequest = serde_json::from_str(text).unwrap();
        let from_proto = read(&message.encode_to_vec(), false).unwrap_or_default();
        assert_eq!(from_json[0].spans, from_proto[0].spans);
        assert_eq!(from_json[0].resource, from_proto[0].resource);
        let span = &from_json[0].spans[0];
        assert_eq!(span.trace.as_str(), "tr-0102030405060708090a0b0c0d0e0f10");
        assert_eq!((span.id.as_str(), span.parent.as_deref()), ("00000000000000aa", None));
        assert_eq!(span.attributes.text("a"), Some("[5, 0.5, true]"));
        assert_eq!((span.status, span.message.as_str()), (SpanStatus::Error, "no"));
        assert_eq!(span.start_ns, 1_700_000_000_000_000_001);
    }

    #[test]
    fn a_span_without_ids_is_refused() {
        let message =
            r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "", "spanId": "aa"}]}]}]}"#;
        let refused = read(message.as_bytes(), true).unwrap_err().into_response();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        for bad in ["", "{}", "[]", "{\"resourceSpans\": [{\"scopeSpans\": 1}]}"] {
            assert_eq!(
                read(bad.as_bytes(), true).unwrap_err().into_response().status(),
                StatusCode::BAD_REQUEST,
                "{bad}"
            );
        }
        assert_eq!(read(&[1, 2, 3], false).unwrap_err().into_response().status(), StatusCode::BAD_REQUEST);
    }
}
