//! Traces: what one request to an application did, as a tree of spans with what is known about the whole.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assessment::Assessment;
use super::experiment::ExperimentId;
use super::span::{INPUTS, OUTPUTS, Span};
use super::usage::{Cost, Usage};
use super::validation::{Refusal, check_key, check_length, cut};
use crate::Timestamp;

/// Most characters of a trace's id.
pub const MAX_ID_LEN: usize = 50;
/// Most characters of the id that a client's own system gives a request.
pub const MAX_CLIENT_REQUEST_ID_LEN: usize = 250;
/// Characters of a preview that are kept.
pub const MAX_PREVIEW_LEN: usize = 1_000;
/// Characters of a tag's key, and of metadata's keys and values, that are kept.
pub const MAX_KEY_LEN: usize = 250;
/// Characters of a tag's value that are kept, and most of a trace's name.
pub const MAX_TAG_LEN: usize = 4_096;
/// Most tags, and most entries of metadata, of a trace.
pub const MAX_ENTRIES: usize = 1_000;
/// Most spans of a trace.
pub const MAX_SPANS: usize = 50_000;
/// Most traces that one call fetches, or one page has.
pub const MAX_PAGE: i64 = 500;
/// Most traces that one call links to a run.
pub const MAX_LINKS: usize = 100;

/// The tag with the place of a trace's files.
pub const ARTIFACT_LOCATION: &str = "mlflow.artifactLocation";
/// The tag with a trace's name.
pub const NAME_TAG: &str = "mlflow.traceName";
/// The tag that says where the spans are; clients that see it send no file of spans.
pub const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
/// Its value when they are here.
pub const TRACKING_STORE: &str = "TRACKING_STORE";
/// The tags that clients may not change.
pub const FIXED_TAGS: [&str; 3] =
    [SPANS_LOCATION, "mlflow.trace.archiveLocation", "mlflow.trace.archivalFailure"];
/// The metadata that says that a client has told the whole: what it said is not worked out from spans any more.
pub const FINALIZED: &str = "mlflow.trace.infoFinalized";
/// The metadata with the conversation that a trace belongs to.
pub const SESSION: &str = "mlflow.trace.session";
/// The metadata with the tokens of all spans.
pub const TOKEN_USAGE: &str = "mlflow.trace.tokenUsage";
/// The metadata with the costs of all spans.
pub const COST: &str = "mlflow.trace.cost";
/// The metadata with the user of the application.
pub const USER: &str = "mlflow.trace.user";
/// The metadata with the run in which a trace was made.
pub const SOURCE_RUN: &str = "mlflow.sourceRun";
/// The metadata with the number of spans that a client sends.
pub const SIZE_STATS: &str = "mlflow.trace.sizeStats";
/// What precedes the key of a trace's tag among the attributes of its root.
const TAG_PREFIX: &str = "mlflow.traceTag.";

/// The id of a trace: chosen by the client, `tr-` and 32 hexadecimal digits from the present ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceId(String);

impl TraceId {
    /// Takes a text of at most 50 letters, digits and `-_.:`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let known = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if (1..=MAX_ID_LEN).contains(&text.len()) && text.chars().all(known) {
            return Ok(Self(text.to_owned()));
        }
        let reason = format!(
            "Invalid trace ID '{}'. A trace ID has 1 to {MAX_ID_LEN} letters, digits and -_.: signs.",
            cut(text.to_owned(), MAX_ID_LEN)
        );
        Err(Refusal::new("trace_id", reason))
    }

    /// The id of the trace that OpenTelemetry knows by these 16 bytes or fewer.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        (1..=16).contains(&bytes.len()).then(|| Self(format!("tr-{:0>32}", hex::encode(bytes))))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits after `tr-`.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("tr-").unwrap_or(&self.0)
    }
}

impl TryFrom<String> for TraceId {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<TraceId> for String {
    fn from(id: TraceId) -> Self {
        id.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a trace ended.
///
/// ```text
/// in_progress ──► ok
///      └────────► error
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TraceState {
    /// The client did not say.
    #[default]
    #[serde(rename = "STATE_UNSPECIFIED")]
    Unspecified,
    /// Well.
    Ok,
    /// With an error.
    Error,
    /// It runs.
    InProgress,
}

impl TraceState {
    /// In the order of their numbers on the wire.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Ok, Self::Error, Self::InProgress];

    /// The word on the wire, in searches and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether it has not ended, as far as is known.
    fn is_open(self) -> bool {
        matches!(self, Self::Unspecified | Self::InProgress)
    }
}

/// Texts by key.
pub type Entries = BTreeMap<String, String>;

/// A trace without its spans.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceInfo {
    /// Its id.
    pub id: TraceId,
    /// The experiment it belongs to.
    pub experiment: ExperimentId,
    /// When it began.
    pub start: Timestamp,
    /// How long it took; absent while it runs.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub state: TraceState,
    /// Its name.
    pub name: Option<String>,
    /// The name of its first step.
    pub root: Option<String>,
    /// The id that the client's own system gave the request.
    pub client_request_id: Option<String>,
    /// The start of what went in.
    pub request_preview: Option<String>,
    /// The start of what came out.
    pub response_preview: Option<String>,
    /// The conversation it belongs to.
    pub session: Option<String>,
    /// Tokens of all spans.
    pub usage: Usage,
    /// Whether a client told these tokens: then they are not summed up any more.
    pub usage_told: bool,
    /// Costs of all spans.
    pub cost: Cost,
    /// Whether a client told these costs.
    pub cost_told: bool,
    /// Tags, which may change, but the name.
    pub tags: Entries,
    /// What does not change, but session, tokens and costs.
    pub metadata: Entries,
    /// What was said about it, oldest first.
    pub assessments: Vec<Assessment>,
}

impl TraceInfo {
    /// A trace of which nothing is known but where and when.
    pub fn new(id: TraceId, experiment: ExperimentId, start: Timestamp) -> Self {
        Self {
            id,
            experiment,
            start,
            duration_ms: None,
            state: TraceState::InProgress,
            name: None,
            root: None,
            client_request_id: None,
            request_preview: None,
            response_preview: None,
            session: None,
            usage: Usage::default(),
            usage_told: false,
            cost: Cost::default(),
            cost_told: false,
            tags: Entries::new(),
            metadata: Entries::new(),
            assessments: Vec::new(),
        }
    }

    /// Takes tags and metadata as clients give them: some are fields of their own here.
    pub fn tell(&mut self, mut tags: Entries, mut metadata: Entries) -> Result<(), Refusal> {
        for (what, entries) in [("tags", &tags), ("trace_metadata", &metadata)] {
            if entries.len() > MAX_ENTRIES {
                return Err(Refusal::new(what, format!("A trace has at most {MAX_ENTRIES} {what}.")));
            }
        }
        if let Some(name) = tags.remove(NAME_TAG) {
            self.name = Some(checked_name(name)?);
        }
        if let Some(session) = metadata.remove(SESSION) {
            check_length(&session, "Session ID", MAX_KEY_LEN)?;
            self.session = Some(session);
        }
        let json =
            |text: Option<String>| serde_json::from_str(&text.unwrap_or_default()).unwrap_or(Value::Null);
        let usage = Usage::read(&json(metadata.remove(TOKEN_USAGE)));
        let cost = Cost::read(&json(metadata.remove(COST)));
        self.usage_told |= !usage.is_empty();
        self.cost_told |= !cost.is_empty();
        self.usage = self.usage.or_newer(usage);
        self.cost = self.cost.or_newer(cost);
        self.tags
            .extend(tags.into_iter().map(|(key, value)| (cut(key, MAX_KEY_LEN), cut(value, MAX_TAG_LEN))));
        let short = metadata.into_iter().map(|(key, value)| (cut(key, MAX_KEY_LEN), cut(value, MAX_KEY_LEN)));
        self.metadata.extend(short);
        Ok(())
    }

    /// Checks and cuts what else a client says.
    pub fn check(&mut self) -> Result<(), Refusal> {
        if let Some(id) = &self.client_request_id {
            check_length(id, "client_request_id", MAX_CLIENT_REQUEST_ID_LEN)?;
        }
        for text in [&mut self.request_preview, &mut self.response_preview] {
            *text = text.take().map(|text| cut(text, MAX_PREVIEW_LEN));
        }
        Ok(())
    }

    /// The tags with those that are fields of their own.
    pub fn all_tags(&self) -> Entries {
        let mut tags = self.tags.clone();
        tags.extend(self.name.clone().map(|name| (NAME_TAG.to_owned(), name)));
        tags
    }

    /// The metadata with that which are fields of their own.
    pub fn all_metadata(&self) -> Entries {
        let own =
            [(SESSION, self.session.clone()), (TOKEN_USAGE, self.usage.text()), (COST, self.cost.text())];
        let mut metadata = self.metadata.clone();
        metadata.extend(own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        metadata
    }

    /// Whether a client has told the whole.
    pub fn is_finalized(&self) -> bool {
        self.metadata.contains_key(FINALIZED)
    }

    /// Whether the spans are kept here.
    pub fn has_spans(&self) -> bool {
        self.tags.get(SPANS_LOCATION).is_some_and(|place| place == TRACKING_STORE)
    }

    /// How many spans the client says it sends.
    pub fn announced_spans(&self) -> usize {
        let stats = self.metadata.get(SIZE_STATS).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let count = stats.and_then(|stats| stats["num_spans"].as_u64()).unwrap_or(0);
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// This trace, which spans may have begun, as a client now tells the whole of it: what it says counts.
    #[must_use]
    pub fn retold(self, told: Self) -> Self {
        let mut tags = self.tags;
        tags.extend(told.tags);
        let mut metadata = self.metadata;
        metadata.extend(told.metadata);
        Self {
            name: told.name.or(self.name),
            root: told.root.or(self.root),
            request_preview: told.request_preview.or(self.request_preview),
            response_preview: told.response_preview.or(self.response_preview),
            session: told.session.or(self.session),
            usage: self.usage.or_newer(told.usage),
            usage_told: self.usage_told || told.usage_told,
            cost: self.cost.or_newer(told.cost),
            cost_told: self.cost_told || told.cost_told,
            tags,
            metadata,
            ..told
        }
    }

    /// Takes in what a batch of its spans says; `usage` and `cost` are the sums over all its spans.
    pub fn absorb(&mut self, gist: &Gist, usage: Option<Usage>, cost: Option<Cost>) {
        if !self.is_finalized() {
            let end = self.duration_ms.map(|took| self.start.millis().saturating_add(took)).max(gist.end_ms);
            self.start = Timestamp::from_millis(self.start.millis().min(gist.start_ms));
            self.duration_ms = end.map(|end| end.saturating_sub(self.start.millis()));
        }
        if let Some(state) = gist.state.filter(|_| self.state.is_open()) {
            self.state = state;
        }
        if !self.usage_told {
            self.usage = self.usage.or_newer(usage.unwrap_or_default());
        }
        if !self.cost_told {
            self.cost = self.cost.or_newer(cost.unwrap_or_default());
        }
        let unless_known = |known: &mut Option<String>, said: &Option<String>| {
            if known.is_none() {
                known.clone_from(said);
            }
        };
        unless_known(&mut self.request_preview, &gist.request_preview);
        unless_known(&mut self.response_preview, &gist.response_preview);
        unless_known(&mut self.session, &gist.session);
        if gist.root.is_some() {
            self.root.clone_from(&gist.root);
        }
        if gist.name.is_some() {
            self.name.clone_from(&gist.name);
        }
        if let Some(user) = &gist.user {
            self.metadata.entry(USER.to_owned()).or_insert_with(|| user.clone());
        }
        self.tags.extend(gist.tags.clone());
        self.tags.insert(SPANS_LOCATION.to_owned(), TRACKING_STORE.to_owned());
    }
}

/// What spans that came together say about their trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gist {
    /// When the first began.
    pub start_ms: i64,
    /// When the last ended.
    pub end_ms: Option<i64>,
    /// How the root ended, when it is among them.
    pub state: Option<TraceState>,
    root: Option<String>,
    name: Option<String>,
    request_preview: Option<String>,
    response_preview: Option<String>,
    session: Option<String>,
    user: Option<String>,
    tags: Entries,
}

impl Gist {
    /// Reads it off spans of one trace and off what sent them (`resource`).
    pub fn of(spans: &[Span], resource: &Entries) -> Self {
        const MILLI: i64 = 1_000_000;
        let first = |keys: &[&str], limit: usize| {
            let mut words = spans.iter().flat_map(|span| keys.iter().filter_map(|key| span.word(key)));
            words.find(|word| !word.is_empty()).map(|word| cut(word, limit))
        };
        let mut gist = Self {
            start_ms: spans.iter().map(|span| span.start_ns.div_euclid(MILLI)).min().unwrap_or(0),
            end_ms: spans.iter().filter_map(|span| Some(span.end_ns?.div_euclid(MILLI))).max(),
            session: first(&["session.id", "gen_ai.conversation.id"], MAX_KEY_LEN),
            user: first(&["user.id"], MAX_KEY_LEN),
            ..Self::default()
        };
        for (key, value) in resource {
            let own = key.starts_with("telemetry.sdk.") || key.starts_with("mlflow.");
            if !own && check_key(key, "key", MAX_KEY_LEN).is_ok() {
                gist.tags.insert(key.clone(), cut(value.clone(), MAX_TAG_LEN));
            }
        }
        if let Some(root) = spans.iter().find(|span| span.parent.is_none()) {
            gist.read_root(root);
        }
        gist
    }

    fn read_root(&mut self, root: &Span) {
        self.state = Some(root.status.of_trace());
        self.root = Some(cut(root.name.clone(), MAX_TAG_LEN));
        self.request_preview = root.attributes.text(INPUTS).map(|text| preview(text, "user"));
        self.response_preview = root.attributes.text(OUTPUTS).map(|text| preview(text, "assistant"));
        for (key, text) in root.attributes.iter() {
            let Some(key) = key.strip_prefix(TAG_PREFIX) else { continue };
            let value = match serde_json::from_str(text) {
                Ok(Value::String(word)) => word,
                _ => text.to_owned(),
            };
            let value = cut(value, MAX_TAG_LEN);
            if key == NAME_TAG {
                self.name = Some(value);
            } else if check_key(key, "key", MAX_KEY_LEN).is_ok() && !FIXED_TAGS.contains(&key) {
                self.tags.insert(key.to_owned(), value);
            }
        }
    }
}

/// Which traces are to be deleted.
#[derive(Clone, Debug)]
pub struct Doomed {
    /// Only in this experiment.
    pub experiment: ExperimentId,
    /// These.
    pub ids: Vec<TraceId>,
    /// Or all that began at this time or before.
    pub until: Option<Timestamp>,
    /// The oldest of them, at most so many.
    pub most: Option<i64>,
}

impl Doomed {
    /// Checks that it is one or the other.
    pub fn check(&self) -> Result<(), Refusal> {
        let reason = match (self.until, self.ids.is_empty(), self.most) {
            (None, true, _) => "Either `max_timestamp_millis` or `trace_ids` must be specified.".to_owned(),
            (Some(_), false, _) => {
                "Only one of `max_timestamp_millis` and `trace_ids` can be specified.".to_owned()
            }
            (None, false, Some(_)) => {
                "`max_traces` can't be specified if `trace_ids` is specified.".to_owned()
            }
            (_, _, Some(most)) if most < 1 => {
                format!("`max_traces` must be a positive integer, received {most}.")
            }
            _ => return Ok(()),
        };
        Err(Refusal::new("traces", reason))
    }
}

/// Checks a trace's name.
pub fn checked_name(name: String) -> Result<String, Refusal> {
    check_length(&name, "Trace name", MAX_TAG_LEN)?;
    Ok(name)
}

/// Whether all spans that the client announced are there.
pub fn is_complete(info: &TraceInfo, spans: &[Span]) -> bool {
    !spans.is_empty() && spans.len() >= info.announced_spans()
}

/// Orders spans as a tree is drawn, parents before children, brothers by their start; each with its depth. A span
/// whose parent is not here counts as a root.
pub fn as_tree(spans: &[Span]) -> Vec<(usize, &Span)> {
    let known: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let mut by_start: Vec<&Span> = spans.iter().collect();
    by_start.sort_by_key(|span| (span.start_ns, &span.id));
    let mut children: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for span in by_start.into_iter().rev() {
        match span.parent.as_deref().filter(|parent| known.contains(parent) && *parent != span.id) {
            Some(parent) => children.entry(parent).or_default().push(span),
            None => waiting.push((0, span)),
        }
    }
    let mut tree = Vec::with_capacity(spans.len());
    while let Some((depth, span)) = waiting.pop() {
        tree.push((depth, span));
        let below = children.remove(span.id.as_str()).unwrap_or_default();
        waiting.extend(below.into_iter().map(|child| (depth + 1, child)));
    }
    // What is left are circles: they are shown, flat.
    tree.extend(children.into_values().flatten().map(|span| (0, span)));
    tree
}

/// The start of what went in or out: of a conversation the last message of the role, else the JSON text.
fn preview(text: &str, role: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let said = messages(&value).and_then(|messages| {
        let of_role = messages.iter().rev().find(|message| message["role"] == role);
        said_in(of_role.or(messages.last())?)
    });
    let whole = said.filter(|said| !said.is_empty()).unwrap_or_else(|| text.to_owned());
    if whole.chars().count() <= MAX_PREVIEW_LEN {
        return whole;
    }
    cut(whole, MAX_PREVIEW_LEN - 3) + "..."
}

/// The messages of a conversation in the forms in which language models are called.
fn messages(value: &Value) -> Option<Vec<&Value>> {
    let is_message = |item: &&Value| item.get("role").is_some() && item.get("content").is_some();
    let list = |key: &str| value.get(key)?.as_array().filter(|items| !items.is_empty());
    if let Some(items) = list("messages") {
        return Some(items.iter().filter(is_message).collect());
    }
    if let Some(message) = value.pointer("/choices/0/message").filter(is_message) {
        return Some(vec![message]);
    }
    if let Some(items) = list("input").or_else(|| list("output")) {
        return Some(items.iter().filter(is_message).collect());
    }
    messages(value.get("request")?)
}

fn said_in(message: &Value) -> Option<String> {
    let text = |part: &Value| match part {
        Value::String(text) => Some(text.clone()),
        part if part["type"] == "text" || part["type"] == "output_text" => {
            part["text"].as_str().map(ToOwned::to_owned)
        }
        _ => None,
    };
    match &message["content"] {
        Value::Array(parts) => parts.iter().find_map(text),
        content => text(content),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::span::{SpanStatus, example};
    use super::*;

    fn info() -> TraceInfo {
        TraceInfo::new(
            example(1, None).trace,
            ExperimentId::DEFAULT,
            Timestamp::from_millis(1_700_000_000_500),
        )
    }

    #[test]
    fn spans_widen_a_trace_and_the_root_ends_it() {
        let mut late = example(2, Some(1));
        late.end_ns = Some(1_700_000_003_000_000_000);
        let mut trace = info();
        trace.absorb(&Gist::of(&[late], &Entries::new()), None, None);
        assert_eq!((trace.state, trace.duration_ms), (TraceState::InProgress, Some(3_000)));
        let mut root = example(1, None);
        root.status = SpanStatus::Error;
        root.attributes.set(INPUTS, &json!({"messages": [{"role": "user", "content": "hello"}]}));
        root.attributes.set("mlflow.traceTag.team", &json!("a"));
        trace.absorb(&Gist::of(&[root], &Entries::new()), None, None);
        assert_eq!((trace.state, trace.duration_ms), (TraceState::Error, Some(3_000)));
        assert_eq!(trace.request_preview.as_deref(), Some("hello"));
        assert_eq!(trace.tags["team"], "a");
        assert!(trace.has_spans());
    }

    #[test]
    fn what_a_client_told_is_not_worked_out_again() {
        let usage = |input| Usage([Some(input), None, None, None, None, None]);
        let mut trace = info();
        let told = [(FINALIZED, "true"), (TOKEN_USAGE, "{\"input_tokens\": 7}")];
        let told = told.map(|(key, value)| (key.to_owned(), value.to_owned()));
        trace.tell(Entries::new(), Entries::from(told)).unwrap();
        trace.duration_ms = Some(5);
        trace.absorb(&Gist::of(&[example(1, None)], &Entries::new()), Some(usage(9)), None);
        assert_eq!((trace.usage, trace.duration_ms), (usage(7), Some(5)));
        assert_eq!(trace.start.millis(), 1_700_000_000_500);
    }

    #[test]
    fn the_order_in_which_spans_and_the_whole_come_does_not_matter() {
        let gist =
            Gist::of(&[example(1, None)], &Entries::from([("service.name".to_owned(), "shop".to_owned())]));
        let mut told = info();
        let name = Entries::from([(NAME_TAG.to_owned(), "ask".to_owned())]);
        told.tell(name, Entries::from([(FINALIZED.to_owned(), "true".to_owned())])).unwrap();
        told.state = TraceState::Ok;
        told.duration_ms = Some(2);
        let mut spans_last = told.clone();
        spans_last.absorb(&gist, None, None);
        let mut spans_first = info();
        spans_first.absorb(&gist, None, None);
        assert_eq!(spans_first.retold(told), spans_last);
    }

    #[test]
    fn some_tags_and_metadata_are_fields_and_come_back_as_they_were() {
        let mut trace = info();
        let tags =
            Entries::from([(NAME_TAG.to_owned(), "ask".to_owned()), ("k".to_owned(), "v".repeat(5_000))]);
        let tokens = r#"{"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}"#;
        let metadata = Entries::from([
            (SESSION.to_owned(), "s1".to_owned()),
            (TOKEN_USAGE.to_owned(), tokens.to_owned()),
            (COST.to_owned(), "nonsense".to_owned()),
        ]);
        trace.tell(tags, metadata).unwrap();
        assert_eq!(trace.name.as_deref(), Some("ask"));
        assert_eq!(trace.tags["k"].len(), MAX_TAG_LEN);
        assert_eq!(trace.all_metadata()[TOKEN_USAGE], tokens);
        assert_eq!(trace.all_metadata().len(), 2);
        assert!(
            trace.tell(Entries::from([(NAME_TAG.to_owned(), "n".repeat(5_000))]), Entries::new()).is_err()
        );
    }

    #[test]
    fn a_tree_has_children_below_parents_and_leaves_nothing_out() {
        let mut spans = vec![example(3, Some(1)), example(1, None), example(2, Some(1)), example(4, Some(3))];
        spans[2].start_ns += 5;
        spans.extend([example(8, Some(9)), example(9, Some(8)), example(7, Some(77))]);
        let drawn: Vec<(usize, &str)> =
            as_tree(&spans).iter().map(|(depth, span)| (*depth, &span.name[5..])).collect();
        assert_eq!(&drawn[..5], [(0, "1"), (1, "3"), (2, "4"), (1, "2"), (0, "7")]);
        assert_eq!(drawn.len(), spans.len());
    }

    #[test]
    fn a_preview_shows_what_was_said() {
        let parts = json!({"input": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]});
        assert_eq!(preview(&parts.to_string(), "user"), "hi");
        let choice = json!({"choices": [{"message": {"role": "assistant", "content": "yes"}}]});
        assert_eq!(preview(&choice.to_string(), "assistant"), "yes");
        assert_eq!(preview("{\"q\": 1}", "user"), "{\"q\": 1}");
        let long = preview(&"x".repeat(2_000), "user");
        assert_eq!(long.len(), MAX_PREVIEW_LEN);
        assert!(long.ends_with("..."));
    }

    #[test]
    fn an_id_is_a_plain_word() {
        assert!(TraceId::parse("tr-0123").is_ok());
        for bad in ["", "a/b", "a b", &"x".repeat(51)] {
            assert!(TraceId::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(TraceId::of_bytes(&[1, 2]).unwrap().as_str(), format!("tr-{}0102", "0".repeat(28)));
        assert_eq!(TraceId::of_bytes(&[0; 17]), None);
    }

    #[test]
    fn what_is_deleted_is_named_in_one_way() {
        let doomed = |ids: &[&str], until: Option<i64>, most| Doomed {
            experiment: ExperimentId::DEFAULT,
            ids: ids.iter().map(|id| TraceId::parse(id).unwrap()).collect(),
            until: until.map(Timestamp::from_millis),
            most,
        };
        assert!(doomed(&["a"], None, None).check().is_ok());
        assert!(doomed(&[], Some(1), Some(1)).check().is_ok());
        for bad in [
            doomed(&[], None, None),
            doomed(&["a"], Some(1), None),
            doomed(&["a"], None, Some(1)),
            doomed(&[], Some(1), Some(0)),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
