//! Traces of the folder store: a folder each, with a file per tag, metadata and assessment.

use std::path::Path;

use app::tracking::import::foreign::{FoundTrace, Left, Read};
use domain::Timestamp;
use domain::tracking::import::trace::{AssessmentErrorRecord, AssessmentRecord, TraceRecord};
use domain::tracking::trace::{ARTIFACT_LOCATION, Entries, TraceId, TraceState};
use serde_json::Value;

use super::folder::{files, pairs, yaml};
use crate::json::{Fields, plain};

const INFO: &str = "trace_info.yaml";

/// Reads the trace in a folder; why not, when it is damaged.
pub fn read(folder: &Path) -> Read<FoundTrace> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let left = |why: String| Left { what: format!("trace {name}"), why };
    let info = yaml(&folder.join(INFO)).map_err(|failure| left(failure.message().to_owned()))?;
    let entries = |folder: &str, parent: &Path| -> Result<Entries, Left> {
        let pairs = pairs(&parent.join(folder)).map_err(|failure| left(failure.message().to_owned()))?;
        Ok(pairs.into_iter().collect())
    };
    let (tags, metadata) = (entries("tags", folder)?, entries("request_metadata", folder)?);
    // Versions before 3.0 had other words for all of it.
    let first = |names: [&str; 2]| names.into_iter().map(|name| &info[name]).find(|value| !value.is_null());
    let id = plain(first(["trace_id", "request_id"]).unwrap_or(&Value::Null));
    let id = TraceId::parse(&id).map_err(|refusal| left(refusal.reason))?;
    let experiment = &info["trace_location"]["mlflow_experiment"]["experiment_id"];
    let experiment = if experiment.is_null() { &info["experiment_id"] } else { experiment };
    let start = first(["request_time", "timestamp_ms"]).and_then(time);
    let state = plain(first(["state", "status"]).unwrap_or(&Value::Null));
    let optional = |key: &str| (!info[key].is_null()).then(|| plain(&info[key]));
    let (mut assessments, mut damaged) = (Vec::new(), Vec::new());
    for (file, path) in
        files(&folder.join("assessments")).map_err(|failure| left(failure.message().to_owned()))?
    {
        let read = yaml(&path).map_err(|failure| failure.message().to_owned());
        match read.and_then(|said| assessment(&said)) {
            Ok(assessment) => assessments.push(assessment),
            Err(why) => {
                let what = format!("assessment {} of trace {id}", file.trim_end_matches(".yaml"));
                damaged.push(Left { what, why });
            }
        }
    }
    assessments.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let files = tags.get(ARTIFACT_LOCATION).cloned().unwrap_or_default();
    let record = TraceRecord {
        id,
        experiment: plain(experiment).parse().unwrap_or(-1),
        start: start.ok_or_else(|| left("it says no start".to_owned()))?,
        duration_ms: first(["execution_duration_ms", "execution_time_ms"]).and_then(Value::as_i64),
        state: TraceState::parse(&state).unwrap_or_default(),
        client_request_id: optional("client_request_id"),
        request_preview: optional("request_preview"),
        response_preview: optional("response_preview"),
        tags,
        metadata,
        assessments,
        runs: Vec::new(),
        prompts: Vec::new(),
    };
    Ok(FoundTrace { record, files, left: damaged })
}

/// Milliseconds, or a time such as `2026-01-31T12:00:00.5Z`.
fn time(value: &Value) -> Option<Timestamp> {
    match value.as_i64() {
        Some(millis) => Some(Timestamp::from_millis(millis)),
        None => Timestamp::from_rfc3339(value.as_str()?),
    }
}

fn assessment(said: &Value) -> Result<AssessmentRecord, String> {
    let optional = |value: &Value| (!value.is_null()).then(|| plain(value));
    let (kind, value) = if let Some(feedback) = said.get("feedback") {
        ("feedback", feedback["value"].clone())
    } else if let Some(expectation) = said.get("expectation") {
        // What is no plain value is kept as a text of JSON.
        let serialized = &expectation["serialized_value"]["value"];
        let value = match serialized.as_str() {
            Some(text) => {
                serde_json::from_str(text).map_err(|error| format!("its value is no JSON: {error}"))?
            }
            None => expectation["value"].clone(),
        };
        ("expectation", value)
    } else if let Some(issue) = said.get("issue") {
        ("issue", issue.clone())
    } else {
        return Err("it is neither feedback, nor an expectation, nor an issue".to_owned());
    };
    let error = &said["feedback"]["error"];
    let created = time(&said["create_time"]).ok_or("it does not say when it was made")?;
    let metadata = said.pairs("metadata").into_iter();
    let record = AssessmentRecord {
        id: plain(&said["assessment_id"]),
        name: plain(&said["assessment_name"]),
        kind: kind.to_owned(),
        value,
        error: error.is_object().then(|| AssessmentErrorRecord {
            code: plain(&error["error_code"]),
            message: optional(&error["error_message"]),
            stack: optional(&error["stack_trace"]),
        }),
        source_type: plain(&said["source"]["source_type"]),
        source_id: optional(&said["source"]["source_id"]),
        span: optional(&said["span_id"]),
        created,
        updated: time(&said["last_update_time"]).unwrap_or(created),
        rationale: optional(&said["rationale"]),
        metadata: metadata.map(|(key, value)| (key.to_owned(), plain(value))).collect(),
        overrides: optional(&said["overrides"]),
        valid: said["valid"].as_bool().unwrap_or(true),
    };
    record.check().map_err(|refusal| refusal.reason)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trace(folder: &Path, info: &str) {
        for name in ["tags", "request_metadata", "assessments"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        std::fs::write(folder.join(INFO), info).unwrap();
        std::fs::write(folder.join("tags/mlflow.traceName"), "ask").unwrap();
    }

    #[test]
    fn a_trace_of_either_schema_is_read() {
        let home = tempfile::tempdir().unwrap();
        trace(
            home.path(),
            "trace_id: tr-1\nstate: ERROR\nrequest_time: '2026-12-01T04:22:20.709Z'\nexecution_duration_ms: 57\n\
             request_preview: '{\"x\": 1}'\ntrace_location:\n  mlflow_experiment:\n    experiment_id: '7'\n",
        );
        let found = read(home.path()).unwrap().record;
        assert_eq!((found.experiment, found.duration_ms, found.state), (7, Some(57), TraceState::Error));
        assert_eq!(found.start, Timestamp::from_rfc3339("2026-12-01T04:22:20.709Z").unwrap());
        assert_eq!(found.request_preview.as_deref(), Some("{\"x\": 1}"));
        trace(
            home.path(),
            "request_id: 0a\nexperiment_id: '7'\ntimestamp_ms: 12\nexecution_time_ms: 3\nstatus: OK\n",
        );
        let found = read(home.path()).unwrap().record;
        assert_eq!((found.id.as_str(), found.experiment, found.start.millis()), ("0a", 7, 12));
        assert_eq!((found.duration_ms, found.state), (Some(3), TraceState::Ok));
    }

    #[test]
    fn a_damaged_assessment_is_named_and_the_trace_comes() {
        let home = tempfile::tempdir().unwrap();
        trace(home.path(), "trace_id: tr-1\nexperiment_id: 0\ntimestamp_ms: 12\n");
        std::fs::write(home.path().join("assessments/a-1.yaml"), "assessment_id: a-1\n").unwrap();
        let found = read(home.path()).unwrap();
        assert_eq!(found.record.tags["mlflow.traceName"], "ask");
        assert_eq!((found.record.assessments.len(), found.left.len()), (0, 1));
        assert_eq!(found.left[0].what, "assessment a-1 of trace tr-1");
        std::fs::write(home.path().join(INFO), "trace_id: [").unwrap();
        assert!(read(home.path()).is_err());
    }

    #[test]
    fn an_expectation_that_is_no_plain_value_is_read_from_its_text() {
        let said = json!({"assessment_id": "a-1", "assessment_name": "right", "create_time": "2026-12-01T04:22:20Z",
            "source": {"source_type": "HUMAN"}, "valid": false,
            "expectation": {"serialized_value": {"value": "{\"a\": [1, 2.0]}"}}});
        let read = assessment(&said).unwrap();
        assert_eq!(
            (read.kind.as_str(), read.value, read.valid),
            ("expectation", json!({"a": [1, 2.0]}), false)
        );
    }
}
