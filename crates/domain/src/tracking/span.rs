//! Spans: the steps of a trace, as OpenTelemetry's SDKs send them and MLflow's clients read them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::json_text::spaced;
use super::trace::{TraceId, TraceState};
use super::usage::{Cost, Usage};

/// The id of a trace, as an attribute of its spans.
pub const REQUEST_ID: &str = "mlflow.traceRequestId";
/// What a step was given.
pub const INPUTS: &str = "mlflow.spanInputs";
/// What it gave.
pub const OUTPUTS: &str = "mlflow.spanOutputs";
/// What kind of step it is.
pub const TYPE: &str = "mlflow.spanType";
/// Tokens of the call of a language model.
pub const USAGE: &str = "mlflow.chat.tokenUsage";
/// Its cost.
pub const COST: &str = "mlflow.llm.cost";
/// The model that was called.
pub const MODEL: &str = "mlflow.llm.model";
/// Who provides it.
pub const PROVIDER: &str = "mlflow.llm.provider";
/// Most characters of a model's name and a provider's that are kept beside a span.
const MAX_MODEL_LEN: usize = 500;

/// How a step ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanStatus {
    /// It did not say.
    #[default]
    Unset,
    /// Well.
    Ok,
    /// With an error.
    Error,
}

impl SpanStatus {
    const ALL: [Self; 3] = [Self::Unset, Self::Ok, Self::Error];

    /// The word in searches.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }

    /// The word in a span.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unset => "STATUS_CODE_UNSET",
            Self::Ok => "STATUS_CODE_OK",
            Self::Error => "STATUS_CODE_ERROR",
        }
    }

    fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.code() == code).unwrap_or_default()
    }

    /// What the status of a root says of its trace.
    pub fn of_trace(self) -> TraceState {
        match self {
            Self::Error => TraceState::Error,
            Self::Unset | Self::Ok => TraceState::Ok,
        }
    }
}

/// Attributes in their order, each value as JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// The JSON text of an attribute.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, text)| text.as_str())
    }

    /// An attribute.
    pub fn get(&self, key: &str) -> Option<Value> {
        serde_json::from_str(self.text(key)?).ok()
    }

    /// Sets an attribute; a text that is itself JSON of a text, list or object counts as what it says, because some
    /// libraries encode twice.
    pub fn set(&mut self, key: &str, value: &Value) {
        let once = value.as_str().filter(|text| {
            matches!(serde_json::from_str(text), Ok(Value::String(_) | Value::Array(_) | Value::Object(_)))
        });
        let text = once.map_or_else(|| spaced(value), ToOwned::to_owned);
        self.set_text(key, text);
    }

    /// Sets an attribute to a JSON text.
    pub fn set_text(&mut self, key: &str, text: String) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = text,
            None => self.0.push((key.to_owned(), text)),
        }
    }

    /// Whether there is such an attribute.
    pub fn has(&self, key: &str) -> bool {
        self.text(key).is_some()
    }

    /// Keys and JSON texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }
}

/// Something that happened during a step.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanEvent {
    /// What.
    pub name: String,
    /// When, in nanoseconds since the epoch.
    pub time_ns: i64,
    /// More about it.
    pub attributes: Map<String, Value>,
}

/// A step of the same or another trace that has to do with this one.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanLink {
    /// The trace.
    pub trace: String,
    /// The span: 16 hexadecimal digits.
    pub span: String,
    /// More about it.
    pub attributes: Map<String, Value>,
}

/// A step of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its trace.
    pub trace: TraceId,
    /// Its id: 16 hexadecimal digits, unique within the trace.
    pub id: String,
    /// The step that it is part of; the root has none.
    pub parent: Option<String>,
    /// What it is called.
    pub name: String,
    /// When it began, in nanoseconds since the epoch.
    pub start_ns: i64,
    /// When it ended; absent while it runs.
    pub end_ns: Option<i64>,
    /// How it ended.
    pub status: SpanStatus,
    /// More about that.
    pub message: String,
    /// What is known about it.
    pub attributes: Attributes,
    /// What happened during it.
    pub events: Vec<SpanEvent>,
    /// What else it has to do with.
    pub links: Vec<SpanLink>,
}

impl Span {
    /// What kind of step it is, in a word such as `LLM`.
    pub fn kind(&self) -> Option<String> {
        self.word(TYPE)
    }

    /// The model that it called.
    pub fn model(&self) -> Option<String> {
        self.word(MODEL).map(|name| super::validation::cut(name, MAX_MODEL_LEN))
    }

    /// Who provides that model.
    pub fn provider(&self) -> Option<String> {
        self.word(PROVIDER).map(|name| super::validation::cut(name, MAX_MODEL_LEN))
    }

    /// The tokens that it says it took.
    pub fn usage(&self) -> Option<Usage> {
        self.attributes.get(USAGE).filter(Value::is_object).map(|value| Usage::read(&value))
    }

    /// The costs that it says it had.
    pub fn cost(&self) -> Option<Cost> {
        self.attributes.get(COST).filter(Value::is_object).map(|value| Cost::read(&value))
    }

    /// An attribute that is a text.
    pub fn word(&self, key: &str) -> Option<String> {
        match self.attributes.get(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The span as a JSON text, in the form in which MLflow's clients keep spans in files.
    pub fn content(&self) -> String {
        let attributes: Map<String, Value> =
            self.attributes.iter().map(|(key, text)| (key.to_owned(), Value::from(text))).collect();
        let events: Vec<Value> = self
            .events
            .iter()
            .map(|event| json!({"name": event.name, "time_unix_nano": event.time_ns, "attributes": event.attributes}))
            .collect();
        let links: Vec<Value> = self
            .links
            .iter()
            .map(|link| {
                let attributes = (!link.attributes.is_empty()).then_some(&link.attributes);
                json!({"trace_id": link.trace, "span_id": link.span, "attributes": attributes})
            })
            .collect();
        spaced(&json!({
            "trace_id": encoded(self.trace.hex()),
            "span_id": encoded(&self.id),
            "parent_span_id": self.parent.as_deref().map(encoded),
            "name": self.name,
            "start_time_unix_nano": self.start_ns,
            "end_time_unix_nano": self.end_ns,
            "events": events,
            "status": {"code": self.status.code(), "message": self.message},
            "attributes": attributes,
            "links": links,
        }))
    }

    /// Reads what [`Span::content`] wrote.
    pub fn from_content(trace: TraceId, text: &str) -> Option<Self> {
        Self::from_value(trace, &serde_json::from_str(text).ok()?)
    }

    /// Reads what [`Span::content`] wrote, parsed.
    pub fn from_value(trace: TraceId, value: &Value) -> Option<Self> {
        let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut attributes = Attributes::default();
        for (key, text) in map(&value["attributes"]) {
            attributes.0.push((key, word(&text)));
        }
        let event = |event: &Value| SpanEvent {
            name: word(&event["name"]),
            time_ns: event["time_unix_nano"].as_i64().unwrap_or(0),
            attributes: map(&event["attributes"]),
        };
        let link = |link: &Value| SpanLink {
            trace: word(&link["trace_id"]),
            span: word(&link["span_id"]),
            attributes: map(&link["attributes"]),
        };
        Some(Self {
            trace,
            id: from_base64(value["span_id"].as_str()?)?,
            parent: value["parent_span_id"].as_str().and_then(from_base64),
            name: word(&value["name"]),
            start_ns: value["start_time_unix_nano"].as_i64()?,
            end_ns: value["end_time_unix_nano"].as_i64(),
            status: SpanStatus::from_code(value["status"]["code"].as_str()?),
            message: word(&value["status"]["message"]),
            attributes,
            events: list("events").iter().map(event).collect(),
            links: list("links").iter().map(link).collect(),
        })
    }
}

/// Bytes as base64.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Hexadecimal digits as the base64 of their bytes.
pub fn encoded(digits: &str) -> String {
    STANDARD.encode(hex::decode(digits).unwrap_or_default())
}

/// The hexadecimal digits of bytes in base64.
pub fn from_base64(text: &str) -> Option<String> {
    STANDARD.decode(text).ok().map(hex::encode)
}

/// A span for tests: a root that took a second.
#[cfg(test)]
pub(super) fn example(id: u64, parent: Option<u64>) -> Span {
    Span {
        trace: TraceId::parse(&format!("tr-{}", "ab".repeat(16))).expect("a trace's id"),
        id: format!("{id:016x}"),
        parent: parent.map(|parent| format!("{parent:016x}")),
        name: format!("step {id}"),
        start_ns: 1_700_000_000_000_000_001,
        end_ns: Some(1_700_000_001_000_000_000),
        status: SpanStatus::Ok,
        message: String::new(),
        attributes: Attributes::default(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_it_was_written() {
        let mut span = example(1, Some(2));
        span.attributes.set(INPUTS, &json!({"q": [1, 2.5, "ü"]}));
        span.attributes.set(TYPE, &json!("LLM"));
        let attributes = json!({"n": 1}).as_object().cloned().unwrap_or_default();
        span.events.push(SpanEvent { name: "exception".to_owned(), time_ns: 5, attributes });
        span.links.push(SpanLink { trace: "tr-1".to_owned(), span: "2".to_owned(), attributes: Map::new() });
        let text = span.content();
        assert!(text.starts_with(
            r#"{"trace_id": "q6urq6urq6urq6urq6urqw==", "span_id": "AAAAAAAAAAE=", "parent_span_id": "#
        ));
        assert!(
            text.contains(r#""mlflow.spanInputs": "{\"q\": [1, 2.5, \"ü\"]}", "mlflow.spanType": "\"LLM\"""#),
            "{text}"
        );
        assert_eq!(Span::from_content(span.trace.clone(), &text), Some(span));
    }

    #[test]
    fn json_in_a_text_is_taken_for_what_it_says_unless_it_is_a_number() {
        let mut attributes = Attributes::default();
        for (given, kept) in [
            (json!("{\"a\":1}"), "{\"a\":1}"),
            (json!("\"x\""), "\"x\""),
            (json!("12"), "\"12\""),
            (json!("true"), "\"true\""),
            (json!("plain"), "\"plain\""),
            (json!(12), "12"),
        ] {
            attributes.set("k", &given);
            assert_eq!(attributes.text("k"), Some(kept), "{given}");
        }
        assert_eq!(attributes.iter().count(), 1);
    }
}
