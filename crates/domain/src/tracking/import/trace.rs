//! Traces of another store: each with its assessments and links, its spans by themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{check_text, hash};
use crate::Timestamp;
use crate::tracking::assessment::{Assessed, Assessment, AssessmentError, MAX_NAME_LEN, SOURCES};
use crate::tracking::conventions::translate;
use crate::tracking::experiment::ExperimentId;
use crate::tracking::json_text::spaced;
use crate::tracking::span::{REQUEST_ID, Span, from_base64};
use crate::tracking::trace::{
    ARTIFACT_LOCATION, COST, Entries, MAX_CLIENT_REQUEST_ID_LEN, MAX_KEY_LEN, NAME_TAG, SESSION,
    SPANS_LOCATION, TOKEN_USAGE, TraceId, TraceInfo, TraceState, checked_name,
};
use crate::tracking::usage::{Cost, Usage};
use crate::tracking::validation::{Refusal, check_length};

/// A trace of another store, without its spans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceRecord {
    /// Its id.
    pub id: TraceId,
    /// The number of its experiment.
    pub experiment: i64,
    /// When it began.
    pub start: Timestamp,
    /// How long it took; absent while it runs.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub state: TraceState,
    /// The id that the client's own system gave the request.
    pub client_request_id: Option<String>,
    /// The start of what went in.
    pub request_preview: Option<String>,
    /// The start of what came out.
    pub response_preview: Option<String>,
    /// Its tags as clients see them: the name is one of them.
    #[serde(default)]
    pub tags: Entries,
    /// Its metadata as clients see it: session, tokens and costs are among it.
    #[serde(default)]
    pub metadata: Entries,
    /// What was said about it.
    #[serde(default)]
    pub assessments: Vec<AssessmentRecord>,
    /// Runs that it was linked to.
    #[serde(default)]
    pub runs: Vec<String>,
    /// Versions of prompts that it used: `name/version`.
    #[serde(default)]
    pub prompts: Vec<String>,
}

/// Something said about a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssessmentRecord {
    /// Its id.
    pub id: String,
    /// What is judged.
    pub name: String,
    /// `feedback`, `expectation` or `issue`.
    pub kind: String,
    /// What is said: any JSON.
    pub value: Value,
    /// Why there is no value.
    pub error: Option<AssessmentErrorRecord>,
    /// What kind of source judged.
    pub source_type: String,
    /// Which one.
    pub source_id: Option<String>,
    /// The span that it is about.
    pub span: Option<String>,
    /// When it was said.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Why.
    pub rationale: Option<String>,
    /// More about it.
    #[serde(default)]
    pub metadata: Entries,
    /// The assessment that it takes the place of.
    pub overrides: Option<String>,
    /// Whether no other one has taken its place.
    pub valid: bool,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssessmentErrorRecord {
    /// A word for it.
    pub code: String,
    /// A sentence about it.
    pub message: Option<String>,
    /// Where it happened.
    pub stack: Option<String>,
}

/// Spans of one trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSpansRecord {
    /// The trace.
    pub trace: TraceId,
    /// Its spans, or some of them, as [`Span::content`] writes them.
    pub spans: Vec<Value>,
}

impl TraceRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        self.info()?;
        for text in [&self.client_request_id, &self.request_preview, &self.response_preview] {
            check_text("trace", text.as_deref().unwrap_or_default())?;
        }
        for (key, value) in self.tags.iter().chain(&self.metadata) {
            check_length(key, "key", MAX_KEY_LEN)?;
            check_text("key", key)?;
            check_text(key, value)?;
        }
        self.runs.iter().chain(&self.prompts).try_for_each(|link| check_text("links", link))?;
        self.assessments.iter().try_for_each(AssessmentRecord::check)
    }

    /// The trace with what is a field of its own here. Nothing is cut: what is too long to be found again is refused.
    pub fn info(&self) -> Result<TraceInfo, Refusal> {
        let experiment = ExperimentId::from_number(self.experiment);
        let mut info = TraceInfo::new(self.id.clone(), experiment, self.start);
        info.duration_ms = self.duration_ms;
        info.state = self.state;
        info.client_request_id.clone_from(&self.client_request_id);
        check_length(
            self.client_request_id.as_deref().unwrap_or_default(),
            "client_request_id",
            MAX_CLIENT_REQUEST_ID_LEN,
        )?;
        info.request_preview.clone_from(&self.request_preview);
        info.response_preview.clone_from(&self.response_preview);
        info.tags.clone_from(&self.tags);
        info.name = info.tags.remove(NAME_TAG).map(checked_name).transpose()?;
        info.metadata.clone_from(&self.metadata);
        info.session = info.metadata.remove(SESSION);
        check_length(info.session.as_deref().unwrap_or_default(), "Session ID", MAX_KEY_LEN)?;
        let json = |text: Option<&String>| text.and_then(|text| serde_json::from_str(text).ok());
        info.usage = Usage::read(&json(info.metadata.get(TOKEN_USAGE)).unwrap_or(Value::Null));
        info.cost = Cost::read(&json(info.metadata.get(COST)).unwrap_or(Value::Null));
        info.usage_told = !info.usage.is_empty();
        info.cost_told = !info.cost.is_empty();
        // What cannot be read as figures stays the text that it is.
        for (key, is_told) in [(TOKEN_USAGE, info.usage_told), (COST, info.cost_told)] {
            if is_told {
                info.metadata.remove(key);
            }
        }
        info.assessments = self
            .assessments
            .iter()
            .map(|assessment| assessment.assessment(&self.id))
            .collect::<Result<_, _>>()?;
        Ok(info)
    }

    /// A trace of ours as a record.
    pub fn of(info: TraceInfo, runs: Vec<String>, prompts: Vec<String>) -> Self {
        Self {
            experiment: info.experiment.number(),
            start: info.start,
            duration_ms: info.duration_ms,
            state: info.state,
            tags: info.all_tags(),
            metadata: info.all_metadata(),
            client_request_id: info.client_request_id,
            request_preview: info.request_preview,
            response_preview: info.response_preview,
            assessments: info.assessments.into_iter().map(AssessmentRecord::of).collect(),
            runs,
            prompts,
            id: info.id,
        }
    }

    /// The hash of all that it says, whatever order its parts came in, but where its files and spans are.
    pub fn digest(self) -> String {
        let (mut runs, mut prompts) = (self.runs.clone(), self.prompts.clone());
        for links in [&mut runs, &mut prompts] {
            links.sort_unstable();
            links.dedup();
        }
        // Once through the form in which it is kept, so that both sides write figures alike.
        let mut plain = match self.info() {
            Ok(info) => Self::of(info, runs, prompts),
            Err(_) => self,
        };
        for place in [ARTIFACT_LOCATION, SPANS_LOCATION] {
            plain.tags.remove(place);
        }
        plain.assessments.sort_by(|a, b| a.id.cmp(&b.id));
        hash(&plain)
    }
}

impl AssessmentRecord {
    /// Refuses what cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        self.assessed()?;
        let optional = [&self.source_id, &self.span, &self.overrides];
        let short = [&self.id, &self.name].into_iter().chain(optional.into_iter().flatten());
        for text in short {
            check_length(text, "assessment", MAX_NAME_LEN)?;
            check_text("assessment", text)?;
        }
        if self.id.is_empty() || self.name.is_empty() {
            return Err(Refusal::new("assessment", "an assessment has an id and a name"));
        }
        if !SOURCES.contains(&self.source_type.as_str()) {
            return Err(Refusal::new("source_type", format!("{:?} is no kind of source", self.source_type)));
        }
        check_text("rationale", self.rationale.as_deref().unwrap_or_default())?;
        for (key, value) in &self.metadata {
            check_text("metadata", key)?;
            check_text("metadata", value)?;
        }
        if has_nul(&self.value) {
            return Err(Refusal::new("value", "its value holds a NUL character"));
        }
        match &self.error {
            Some(error) => [Some(&error.code), error.message.as_ref(), error.stack.as_ref()]
                .into_iter()
                .flatten()
                .try_for_each(|text| check_text("error", text)),
            None => Ok(()),
        }
    }

    fn assessed(&self) -> Result<Assessed, Refusal> {
        let value = self.value.clone();
        match self.kind.as_str() {
            "feedback" => {
                let error = self.error.clone().map(|error| AssessmentError {
                    code: error.code,
                    message: error.message,
                    stack: error.stack,
                });
                Ok(Assessed::Feedback { value, error })
            }
            "expectation" => Ok(Assessed::Expectation(value)),
            "issue" => Ok(Assessed::Issue(value["issue_name"].as_str().unwrap_or_default().to_owned())),
            other => Err(Refusal::new("kind", format!("{other:?} is no kind of assessment"))),
        }
    }

    fn assessment(&self, trace: &TraceId) -> Result<Assessment, Refusal> {
        Ok(Assessment {
            assessed: self.assessed()?,
            id: self.id.clone(),
            trace: trace.clone(),
            name: self.name.clone(),
            source_type: self.source_type.clone(),
            source_id: self.source_id.clone(),
            span: self.span.clone(),
            created: self.created,
            updated: self.updated,
            rationale: self.rationale.clone(),
            metadata: self.metadata.clone(),
            overrides: self.overrides.clone(),
            valid: self.valid,
        })
    }

    fn of(assessment: Assessment) -> Self {
        let (kind, value) = (assessment.assessed.kind().to_owned(), assessment.assessed.value());
        let error = match assessment.assessed {
            Assessed::Feedback { error: Some(error), .. } => {
                Some(AssessmentErrorRecord { code: error.code, message: error.message, stack: error.stack })
            }
            _ => None,
        };
        Self {
            id: assessment.id,
            name: assessment.name,
            kind,
            value,
            error,
            source_type: assessment.source_type,
            source_id: assessment.source_id,
            span: assessment.span,
            created: assessment.created,
            updated: assessment.updated,
            rationale: assessment.rationale,
            metadata: assessment.metadata,
            overrides: assessment.overrides,
            valid: assessment.valid,
        }
    }
}

/// Whether a NUL character, which one engine does not store, is anywhere in it.
pub fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// Reads a span in any of the forms in which MLflow's versions have kept it: the present one, that of 3.5.0 with ids in
/// hexadecimal digits, and that of 2.x with a `context`. Why not, when it is none of them.
pub fn read_span(trace: &TraceId, value: &Value) -> Result<Span, &'static str> {
    let fields = value.as_object().ok_or("it is no JSON object")?;
    if has_nul(value) {
        return Err("it holds a NUL character");
    }
    let mut present = Map::new();
    let is_old = fields.contains_key("context");
    let is_plain = is_old || value["trace_id"].as_str().is_none_or(|id| from_base64(id).is_none());
    let id = |id: &Value| {
        let text = id.as_str().filter(|text| !text.is_empty())?;
        if is_plain { from_digits(text) } else { from_base64(text) }
    };
    let (own, parent) = match is_old {
        true => (&value["context"]["span_id"], &value["parent_id"]),
        false => (&value["span_id"], &value["parent_span_id"]),
    };
    let own = id(own).ok_or("it has no id")?;
    let first = |names: [&str; 2]| names.into_iter().find_map(|name| fields.get(name)).cloned();
    let start = first(["start_time_unix_nano", "start_time"]).and_then(|time| whole(&time));
    let status = &value["status"];
    let code = status["code"].as_str().or(value["status_code"].as_str()).unwrap_or("UNSET");
    let message = status["message"].as_str().or(value["status_message"].as_str()).unwrap_or_default();
    present.insert("span_id".to_owned(), Value::from(crate::tracking::span::encoded(&own)));
    present.insert("name".to_owned(), value["name"].clone());
    present.insert("start_time_unix_nano".to_owned(), Value::from(start.ok_or("it says no start")?));
    let end = first(["end_time_unix_nano", "end_time"]).and_then(|time| whole(&time));
    // A span that runs ends at 0 in some versions.
    present.insert("end_time_unix_nano".to_owned(), Value::from(end.filter(|end| *end != 0)));
    let parent = id(parent).map(|id| crate::tracking::span::encoded(&id));
    present.insert("parent_span_id".to_owned(), Value::from(parent));
    let code = format!("STATUS_CODE_{}", code.trim_start_matches("STATUS_CODE_"));
    present.insert("status".to_owned(), serde_json::json!({"code": code, "message": message}));
    present.insert("attributes".to_owned(), Value::Object(attributes(&value["attributes"], trace)));
    present.insert("events".to_owned(), events(&value["events"]));
    present.insert("links".to_owned(), value["links"].clone());
    let mut span = Span::from_value(trace.clone(), &Value::Object(present)).ok_or("it is no span")?;
    translate(&mut span);
    Ok(span)
}

/// Values are kept as JSON texts; which trace a span is of stands among them, for clients look there.
fn attributes(given: &Value, trace: &TraceId) -> Map<String, Value> {
    let mut attributes = Map::new();
    for (key, value) in given.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| spaced(value), ToOwned::to_owned);
        attributes.insert(key.clone(), Value::from(text));
    }
    if !attributes.contains_key(REQUEST_ID) {
        attributes.insert(REQUEST_ID.to_owned(), Value::from(spaced(&Value::from(trace.as_str()))));
    }
    attributes
}

fn events(given: &Value) -> Value {
    let event = |event: &Value| {
        let time = whole(&event["time_unix_nano"]).or_else(|| whole(&event["timestamp"])).unwrap_or(0);
        serde_json::json!({"name": event["name"], "time_unix_nano": time, "attributes": event["attributes"]})
    };
    Value::Array(given.as_array().map(|events| events.iter().map(event).collect()).unwrap_or_default())
}

/// `0x1f` or `1f` as 16 digits.
fn from_digits(text: &str) -> Option<String> {
    let digits = format!("{:0>16}", text.strip_prefix("0x").unwrap_or(text).to_ascii_lowercase());
    hex::decode(&digits).ok().map(|_| digits)
}

/// A whole number, also as a text.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "tr-64ae0b98fbd9b1945049af1ca301bce1";

    fn entries(pairs: &[(&str, &str)]) -> Entries {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn assessment(id: &str) -> AssessmentRecord {
        AssessmentRecord {
            id: id.to_owned(),
            name: "ok".to_owned(),
            kind: "feedback".to_owned(),
            value: json!({"a": [1, 2.0, null]}),
            error: Some(AssessmentErrorRecord { code: "E".to_owned(), message: None, stack: None }),
            source_type: "HUMAN".to_owned(),
            source_id: Some("ada".to_owned()),
            span: None,
            created: Timestamp::from_millis(3),
            updated: Timestamp::from_millis(4),
            rationale: None,
            metadata: entries(&[("a", "b")]),
            overrides: None,
            valid: false,
        }
    }

    fn record() -> TraceRecord {
        TraceRecord {
            id: TraceId::parse(ID).unwrap(),
            experiment: 3,
            start: Timestamp::from_millis(1),
            duration_ms: Some(2),
            state: TraceState::Error,
            client_request_id: None,
            request_preview: Some("x".repeat(2_000)),
            response_preview: None,
            tags: entries(&[(NAME_TAG, "ask"), ("k", &"v".repeat(5_000)), (SPANS_LOCATION, "ARTIFACT_REPO")]),
            metadata: entries(&[(SESSION, "s"), (TOKEN_USAGE, "{\"input_tokens\":3}"), (COST, "none")]),
            assessments: vec![assessment("a-2"), assessment("a-1")],
            runs: vec!["b".to_owned(), "a".to_owned(), "b".to_owned()],
            prompts: Vec::new(),
        }
    }

    #[test]
    fn a_trace_comes_back_as_it_was_and_nothing_of_it_is_cut() {
        let there = record();
        assert!(there.check().is_ok());
        let info = there.info().unwrap();
        assert_eq!((info.name.as_deref(), info.session.as_deref()), (Some("ask"), Some("s")));
        assert_eq!(info.usage.0[0], Some(3));
        let mut here = TraceRecord::of(info, vec!["a".to_owned(), "b".to_owned()], Vec::new());
        assert_eq!((here.tags["k"].len(), here.metadata[COST].as_str()), (5_000, "none"));
        here.tags.insert(ARTIFACT_LOCATION.to_owned(), "mlflow-artifacts:/3".to_owned());
        here.assessments.reverse();
        assert_eq!(here.clone().digest(), there.clone().digest());
        for other in [
            TraceRecord { assessments: vec![assessment("a-1")], ..there.clone() },
            TraceRecord { duration_ms: None, ..there.clone() },
            TraceRecord { runs: Vec::new(), ..there.clone() },
            TraceRecord { metadata: entries(&[(SESSION, "t")]), ..there.clone() },
        ] {
            assert_ne!(other.digest(), there.clone().digest());
        }
        let text = serde_json::to_string(&there).unwrap();
        assert_eq!(serde_json::from_str::<TraceRecord>(&text).unwrap(), there);
        assert!(serde_json::from_str::<TraceRecord>(&text.replace(ID, "a/b")).is_err());
    }

    #[test]
    fn what_no_database_holds_or_nobody_understands_is_refused() {
        let refused = |change: fn(&mut TraceRecord)| {
            let mut record = record();
            change(&mut record);
            record.check().is_err()
        };
        assert!(refused(|trace| trace.request_preview = Some("\0".to_owned())));
        assert!(refused(|trace| trace.runs.push("\0".to_owned())));
        assert!(refused(|trace| trace.metadata = entries(&[(SESSION, &"s".repeat(300))])));
        assert!(refused(|trace| trace.assessments[0].kind = "guess".to_owned()));
        assert!(refused(|trace| trace.assessments[0].value = json!(["\0"])));
        assert!(refused(|trace| trace.assessments[0].source_type = "ORACLE".to_owned()));
        assert!(refused(|trace| trace.assessments[0].name = String::new()));
    }

    #[test]
    fn a_span_is_read_in_every_form_that_mlflow_has_kept() {
        let trace = TraceId::parse(ID).unwrap();
        let attributes = json!({"mlflow.traceRequestId": format!("\"{ID}\""), "n": "1"});
        let present = json!({"trace_id": "ZK4LmPvZsZRQSa8cowG84Q==", "span_id": "w/QN876XUaw=",
            "parent_span_id": "defUxa8vtJU=", "name": "a", "start_time_unix_nano": 5, "end_time_unix_nano": 7,
            "events": [{"name": "e", "time_unix_nano": 6, "attributes": {"x": 1}}],
            "status": {"code": "STATUS_CODE_OK", "message": "m"}, "attributes": attributes, "links": []});
        let digits = json!({"trace_id": ID, "span_id": "c3f40df3be9751ac", "parent_span_id": "75e7d4c5af2fb495",
            "name": "a", "start_time_unix_nano": "5", "end_time_unix_nano": "7",
            "events": [{"name": "e", "time_unix_nano": 6, "attributes": {"x": 1}}],
            "status": {"code": "OK", "message": "m"}, "attributes": attributes, "links": null});
        let old = json!({"name": "a", "context": {"span_id": "0xc3f40df3be9751ac", "trace_id": "0x1"},
            "parent_id": "0x75e7d4c5af2fb495", "start_time": 5, "end_time": 7, "status_code": "OK",
            "status_message": "m", "attributes": attributes,
            "events": [{"name": "e", "timestamp": 6, "attributes": {"x": 1}}]});
        let span = read_span(&trace, &present).unwrap();
        assert_eq!(
            (span.id.as_str(), span.parent.as_deref()),
            ("c3f40df3be9751ac", Some("75e7d4c5af2fb495"))
        );
        assert_eq!(read_span(&trace, &digits).unwrap(), span);
        assert_eq!(read_span(&trace, &old).unwrap(), span);
        let kept = serde_json::from_str(&span.content()).unwrap();
        assert_eq!(Span::from_value(trace.clone(), &kept).unwrap().content(), span.content());
        assert_eq!(read_span(&trace, &kept).unwrap(), span);
    }

    #[test]
    fn a_root_has_no_parent_and_an_open_span_no_end() {
        let trace = TraceId::parse(ID).unwrap();
        let root = json!({"trace_id": "ZK4LmPvZsZRQSa8cowG84Q==", "span_id": "w/QN876XUaw=", "parent_span_id": "",
            "name": "a", "start_time_unix_nano": 5, "end_time_unix_nano": 0, "attributes": {"n": 1.5}});
        let span = read_span(&trace, &root).unwrap();
        assert_eq!((span.parent.as_deref(), span.end_ns), (None, None));
        assert_eq!(span.attributes.text("n"), Some("1.5"));
        assert_eq!(span.word(REQUEST_ID).as_deref(), Some(ID));
        for bad in [json!([]), json!({"name": "a"}), json!({"span_id": "w/QN876XUaw=", "trace_id": "ZK4="})] {
            assert!(read_span(&trace, &bad).is_err(), "{bad}");
        }
    }
}
