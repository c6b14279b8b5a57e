//! Assessments of traces.

use app::App;
use axum::extract::{Path, State};
use domain::Timestamp;
use domain::tracking::assessment::{Assessed, Assessment, AssessmentError, Change, SOURCES};
use domain::tracking::json_text::spaced;
use domain::tracking::trace::TraceId;
use serde_json::{Map, Value, json};

use super::trace::{named, timestamp};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};
use crate::wire::{self, Object};

pub(super) fn body(assessment: &Assessment) -> Value {
    let source = Object::new()
        .set("source_type", assessment.source_type.as_str())
        .set("source_id", assessment.source_id.as_deref());
    let (kind, assessed) = match &assessment.assessed {
        Assessed::Feedback { value, error } => {
            let mut feedback = Map::from_iter([("value".to_owned(), value.clone())]);
            if let Some(error) = error {
                let error = Object::new()
                    .set("error_code", error.code.as_str())
                    .set("error_message", error.message.as_deref())
                    .set("stack_trace", error.stack.as_deref());
                feedback.insert("error".to_owned(), error.into());
            }
            ("feedback", Value::Object(feedback))
        }
        Assessed::Expectation(value @ (Value::Array(_) | Value::Object(_))) => (
            "expectation",
            json!({"serialized_value": {"serialization_format": FORMAT, "value": spaced(value)}}),
        ),
        Assessed::Expectation(value) => ("expectation", json!({"value": value})),
        Assessed::Issue(name) => ("issue", json!({"issue_name": name})),
    };
    let metadata = assessment.metadata.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    Object::new()
        .set("assessment_id", assessment.id.as_str())
        .set("assessment_name", assessment.name.as_str())
        .set("trace_id", assessment.trace.as_str())
        .set("span_id", assessment.span.as_deref())
        .even("source", source)
        .set("create_time", wire::timestamp(assessment.created))
        .set("last_update_time", wire::timestamp(assessment.updated))
        .set(kind, assessed)
        .set("rationale", assessment.rationale.as_deref())
        .set("metadata", metadata.collect::<Map<_, _>>())
        .set("overrides", assessment.overrides.as_deref())
        .set("valid", assessment.valid)
        .into()
}

/// How values that are no single words or numbers are written.
const FORMAT: &str = "JSON_FORMAT";

/// Numbers of a message are floating-point; texts hold no NUL, which one of the databases cannot keep.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, |number| json!(number)),
        Value::String(text) => Value::from(text.replace('\0', "\u{fffd}")),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.replace('\0', "\u{fffd}"), plain(value)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

fn text(params: &Params, name: &str) -> Answer<Option<String>> {
    Ok(params.text(name)?.filter(|text| !text.is_empty()).map(ToOwned::to_owned))
}

fn feedback(params: &Params) -> Answer<Option<Assessed>> {
    let Some(message) = params.message("feedback")? else { return Ok(None) };
    let error = match message.message("error")? {
        None => None,
        Some(error) => Some(AssessmentError {
            code: error.text_or_empty("error_code")?,
            message: text(&error, "error_message")?,
            stack: text(&error, "stack_trace")?,
        }),
    };
    let value = message.value("value")?.map_or(Value::Null, plain);
    Ok(Some(Assessed::Feedback { value, error }))
}

fn expectation(params: &Params) -> Answer<Option<Assessed>> {
    let Some(message) = params.message("expectation")? else { return Ok(None) };
    if let Some(serialized) = message.message("serialized_value")? {
        let format = serialized.text_or_empty("serialization_format")?;
        if format != FORMAT {
            return Err(Failure::invalid(format!(
                "Unknown serialization format: {format}. Only JSON_FORMAT is supported."
            )));
        }
        let written = serialized.text_or_empty("value")?;
        let value: Value = serde_json::from_str(&written).map_err(|error| {
            Failure::invalid(format!("The serialized value of the expectation is not JSON: {error}"))
        })?;
        return Ok(Some(Assessed::Expectation(without_nul(value))));
    }
    Ok(Some(Assessed::Expectation(message.value("value")?.map_or(Value::Null, plain))))
}

/// As [`plain`], but whole numbers stay whole.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::from(text.replace('\0', "\u{fffd}")),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => {
            let fields =
                fields.into_iter().map(|(key, value)| (key.replace('\0', "\u{fffd}"), without_nul(value)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// What a client says about a trace.
pub(super) fn read(params: &Params, trace: &TraceId, now: Timestamp) -> Answer<Assessment> {
    let issue = match params.message("issue")? {
        None => None,
        Some(issue) => Some(Assessed::Issue(issue.required("issue_name")?.to_owned())),
    };
    let told: Vec<Assessed> =
        [feedback(params)?, expectation(params)?, issue].into_iter().flatten().collect();
    let assessed = match <[Assessed; 1]>::try_from(told) {
        Ok([one]) => one,
        Err(none) if none.is_empty() => return Err(Failure::invalid("Unknown assessment type: None")),
        Err(_) => {
            return Err(Failure::invalid(
                "Exactly one of `expectation`, `feedback`, or `issue` should be specified.",
            ));
        }
    };
    let source = params.message("source")?.unwrap_or_default();
    let unspecified =
        source.value("source_type")?.is_some_and(|word| word == SOURCES[0] || word.as_u64() == Some(0));
    let source_type = if unspecified { None } else { source.word("source_type", &SOURCES[1..])? };
    // Only feedback can take another one's place.
    let overrides = match assessed {
        Assessed::Feedback { .. } => text(params, "overrides")?,
        _ => None,
    };
    Ok(Assessment {
        id: text(params, "assessment_id")?.unwrap_or_default(),
        trace: trace.clone(),
        name: params.text_or_empty("assessment_name")?,
        source_type: source_type.unwrap_or(SOURCES[0]).to_owned(),
        source_id: text(&source, "source_id")?,
        span: text(params, "span_id")?,
        created: timestamp(params, "create_time")?.filter(|time| time.millis() != 0).unwrap_or(now),
        updated: timestamp(params, "last_update_time")?.filter(|time| time.millis() != 0).unwrap_or(now),
        rationale: match assessed {
            Assessed::Expectation(_) => None,
            _ => text(params, "rationale")?,
        },
        assessed,
        metadata: params.entries("metadata")?,
        overrides,
        valid: true,
    })
}

fn answer(assessment: &Assessment) -> Object {
    Object::new().set("assessment", body(assessment))
}

pub(crate) async fn create(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(trace_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let told = params.message("assessment")?.ok_or_else(|| absent("assessment"))?;
    let new = read(&told, &named(&trace_id)?, ctx.now())?;
    Ok(answer(&app.traces().assess(&ctx, new).await?))
}

pub(crate) async fn get(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((trace_id, id)): Path<(String, String)>,
) -> Answer<Object> {
    Ok(answer(&app.traces().assessment(&ctx, &named(&trace_id)?, &id).await?))
}

pub(crate) async fn update(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((trace_id, id)): Path<(String, String)>,
    params: Params,
) -> Answer<Object> {
    let told = params.message("assessment")?.ok_or_else(|| absent("assessment"))?;
    let mut change = Change::default();
    for path in mask(&params)? {
        match path.as_str() {
            "assessment_name" | "assessmentName" => {
                change.name = Some(told.text_or_empty("assessment_name")?);
            }
            "expectation" => change.expectation = expectation(&told)?,
            "feedback" => change.feedback = feedback(&told)?,
            "rationale" => change.rationale = Some(told.text_or_empty("rationale")?),
            "metadata" => change.metadata = told.entries("metadata")?,
            _ => {}
        }
    }
    Ok(answer(&app.traces().reassess(&ctx, &named(&trace_id)?, &id, change).await?))
}

/// The fields that are to change: names with commas between them, or a list.
fn mask(params: &Params) -> Answer<Vec<String>> {
    let given = params.value("update_mask")?.ok_or_else(|| absent("update_mask"))?;
    let listed = given.get("paths").and_then(Value::as_array);
    match (given, listed) {
        (Value::String(text), _) => Ok(text.split(',').map(|path| path.trim().to_owned()).collect()),
        (_, Some(paths)) => Ok(paths.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()),
        _ => Err(Failure::invalid("Invalid value for parameter 'update_mask' supplied: it names no fields")),
    }
}

pub(crate) async fn delete(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((trace_id, id)): Path<(String, String)>,
) -> Answer<Object> {
    if let Ok(trace) = TraceId::parse(&trace_id) {
        app.traces().unassess(&ctx, &trace, &id).await?;
    }
    Ok(Object::new())
}
