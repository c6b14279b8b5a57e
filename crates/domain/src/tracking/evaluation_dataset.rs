//! Evaluation data sets: records of inputs and of what is expected of their outputs, for judging models and agents.
//!
//! A record is named by its inputs: the same inputs again change what is said about them and add nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::param::Tag;
use super::run::USER_TAG;
use super::validation::{Refusal, check_length, join};
use crate::{Id, Timestamp};

/// Most characters of a data set's name.
pub const MAX_NAME_LEN: usize = 255;
/// Most characters of the key of a data set's tag.
pub const MAX_TAG_KEY_LEN: usize = 255;
/// Most characters of the value of a data set's tag.
pub const MAX_TAG_VALUE_LEN: usize = 5_000;
/// Most records that are taken or deleted at once.
pub const MAX_RECORDS: usize = 50_000;
/// Most tags that are set at once.
pub const MAX_TAGS: usize = 1_000;
/// Most experiments that are named at once.
pub const MAX_EXPERIMENTS: usize = 1_000;

/// The fields of a JSON object.
pub type Fields = Map<String, Value>;

/// An evaluation data set without its records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvaluationDataset {
    /// Its id; MLflow clients see it as `d-` and these digits.
    pub id: Id,
    /// What people call it; several may have the same name.
    pub name: String,
    /// Eight hexadecimal digits that change with the records.
    pub digest: String,
    /// The fields that its records have had; absent before the first ones came.
    pub schema: Option<Schema>,
    /// How many records it has.
    pub records: i64,
    /// Who made it, when said.
    pub created_by: Option<String>,
    /// Who changed its records last, when said.
    pub updated_by: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When its records or experiments changed last.
    pub updated: Timestamp,
    /// Labels.
    pub tags: Vec<Tag>,
}

impl EvaluationDataset {
    /// A data set without records; who made it is what the tag `mlflow.user` says.
    pub fn new(id: Id, name: String, tags: Vec<Tag>, now: Timestamp) -> Self {
        let user = tags.iter().find(|tag| tag.key == USER_TAG).map(|tag| tag.value.clone());
        Self {
            id,
            digest: digest(&name, now),
            name,
            schema: None,
            records: 0,
            created_by: user.clone(),
            updated_by: user,
            created: now,
            updated: now,
            tags,
        }
    }

    /// The id as MLflow clients write it.
    pub fn public_id(&self) -> String {
        public_id(&self.id)
    }
}

/// `d-` and the id's digits.
pub fn public_id(id: &Id) -> String {
    format!("d-{id}")
}

/// Takes `d-` and 32 digits.
pub fn parse_id(text: &str) -> Option<Id> {
    Id::parse(text.strip_prefix("d-")?)
}

/// `dr-` and the digits of a record's id.
pub fn public_record_id(id: &Id) -> String {
    format!("dr-{id}")
}

/// Takes `dr-` and 32 digits.
pub fn parse_record_id(text: &str) -> Option<Id> {
    Id::parse(text.strip_prefix("dr-")?)
}

/// The digest of a data set whose records changed at that time.
pub fn digest(name: &str, changed: Timestamp) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&changed.millis().to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.finalize().to_hex()[..8].to_owned()
}

/// Checks a data set's name.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    check_length(name, "name", MAX_NAME_LEN)
}

/// The tags of a data set out of a JSON object; what is null says nothing. Numbers and truth values become texts.
pub fn parse_tags(fields: Fields) -> Result<Vec<Tag>, Refusal> {
    check_count("tags", fields.len(), MAX_TAGS)?;
    let mut tags = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        let path = format!("tags.{key}");
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Array(_) | Value::Object(_) => {
                return Err(wrong(&path, "a text, a number or a truth value"));
            }
        };
        check_text(&key, "tags", MAX_TAG_KEY_LEN)?;
        check_text(&value, &path, MAX_TAG_VALUE_LEN)?;
        tags.push(Tag { key, value });
    }
    Ok(tags)
}

/// Refuses a list that is too long.
pub fn check_count(field: &str, count: usize, most: usize) -> Result<(), Refusal> {
    if count <= most {
        return Ok(());
    }
    Err(Refusal::new(field, format!("'{field}' holds {count} items; at most {most} are taken at once")))
}

/// A text that both engines keep, and that is not too long.
fn check_text(text: &str, path: &str, limit: usize) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(Refusal::new(path, format!("'{path}' must not contain a NUL character")));
    }
    check_length(text, path, limit)
}

fn wrong(path: &str, expected: &str) -> Refusal {
    Refusal::new(path, format!("Invalid value for parameter '{path}' supplied: it must be {expected}"))
}

/// The fields that records have had, and what they held first: `string`, `integer`, `object`, ….
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    inputs: Fields,
    /// An object of fields, or the kind of outputs that are no objects.
    outputs: Value,
    expectations: Fields,
    version: String,
}

impl Default for Schema {
    fn default() -> Self {
        let empty = Fields::new();
        Self {
            inputs: empty.clone(),
            outputs: Value::Object(empty.clone()),
            expectations: empty,
            version: "1.0".to_owned(),
        }
    }
}

impl Schema {
    /// Adds the fields of a record that were not known.
    pub fn learn(&mut self, record: &NewRecord) {
        add(&mut self.inputs, &record.inputs);
        match (&record.outputs, &mut self.outputs) {
            (Some(Value::Object(fields)), Value::Object(known)) => add(known, fields),
            (Some(Value::Null | Value::Object(_)) | None, _) => {}
            (Some(other), outputs) => {
                if outputs.as_object().is_some_and(Map::is_empty) {
                    *outputs = Value::from(kind(other));
                }
            }
        }
        if let Some(expectations) = &record.expectations {
            add(&mut self.expectations, expectations);
        }
    }
}

fn add(known: &mut Fields, fields: &Fields) {
    for (name, value) in fields {
        if !known.contains_key(name) {
            known.insert(name.clone(), Value::from(kind(value)));
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SourceType {
    /// Nobody said.
    Unspecified,
    /// A trace.
    Trace,
    /// A person.
    Human,
    /// A document.
    Document,
    /// Code.
    Code,
}

/// Where a record comes from, with particulars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The kind.
    pub source_type: SourceType,
    /// Such as `trace_id`.
    pub source_data: Fields,
}

impl Source {
    fn parse(value: Value, path: &str) -> Result<Self, Refusal> {
        let Value::Object(mut fields) = value else {
            return Err(wrong(path, "an object with source_type and source_data"));
        };
        let unknown =
            || wrong(&join(path, "source_type"), "one of UNSPECIFIED, TRACE, HUMAN, DOCUMENT, CODE");
        let word =
            fields.get("source_type").and_then(Value::as_str).ok_or_else(unknown)?.to_ascii_uppercase();
        let source_type = serde_json::from_value(Value::String(word)).map_err(|_| unknown())?;
        let source_data =
            fields_of(fields.remove("source_data"), &join(path, "source_data"))?.unwrap_or_default();
        Ok(Self { source_type, source_data })
    }

    /// The id of the thing that it comes from, if the particulars have one.
    pub fn id(&self) -> Option<&str> {
        let name = if self.source_type == SourceType::Trace { "trace_id" } else { "source_id" };
        self.source_data.get(name).and_then(Value::as_str)
    }
}

/// A record as a caller gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    /// What goes in: this names the record.
    pub inputs: Fields,
    /// What came out; `None` when nothing is said about it, null when there is none.
    pub outputs: Option<Value>,
    /// What is expected.
    pub expectations: Option<Fields>,
    /// Labels.
    pub tags: Option<Fields>,
    /// Where it comes from.
    pub source: Option<Source>,
}

impl NewRecord {
    /// Takes a JSON object; `path` is where it stands in the request.
    pub fn parse(value: Value, path: &str) -> Result<Self, Refusal> {
        let Value::Object(mut fields) = value else {
            return Err(wrong(path, "an object with inputs"));
        };
        let inputs = match fields.remove("inputs") {
            Some(Value::Object(inputs)) => inputs,
            None => Fields::new(),
            Some(_) => return Err(wrong(&join(path, "inputs"), "an object")),
        };
        let outputs = fields.remove("outputs");
        let source = match fields.remove("source") {
            None | Some(Value::Null) => None,
            Some(Value::Object(source)) if source.is_empty() => None,
            Some(source) => Some(Source::parse(source, &join(path, "source"))?),
        };
        let record = Self {
            inputs,
            outputs,
            expectations: fields_of(fields.remove("expectations"), &join(path, "expectations"))?,
            tags: fields_of(fields.remove("tags"), &join(path, "tags"))?,
            source,
        };
        if let Some(user) = record.user() {
            check_text(user, &format!("{path}.tags.{USER_TAG}"), MAX_NAME_LEN)?;
        }
        Ok(record)
    }

    /// What names the record: equal for inputs with the same fields in any order.
    pub fn identity(&self) -> String {
        let canonical = canonical(&Value::Object(self.inputs.clone())).to_string();
        blake3::hash(canonical.as_bytes()).to_hex().to_string()
    }

    /// Who gives it, if a tag says so.
    pub fn user(&self) -> Option<&str> {
        self.tags.as_ref()?.get(USER_TAG).and_then(Value::as_str)
    }
}

fn fields_of(value: Option<Value>, path: &str) -> Result<Option<Fields>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(fields)) => Ok(Some(fields)),
        Some(_) => Err(wrong(path, "an object")),
    }
}

/// The same value with the fields of every object in one order.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            Value::Object(names.into_iter().map(|name| (name.clone(), canonical(&fields[name]))).collect())
        }
        other => other.clone(),
    }
}

/// A record as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its id; MLflow clients see it as `dr-` and these digits.
    pub id: Id,
    /// What goes in.
    pub inputs: Fields,
    /// What came out, if anything.
    pub outputs: Option<Value>,
    /// What is expected, if anything.
    pub expectations: Option<Fields>,
    /// Labels.
    pub tags: Fields,
    /// Where it comes from, when said.
    pub source: Option<Source>,
    /// When it came.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Who gave it, when said.
    pub created_by: Option<String>,
    /// Who changed it last, when said.
    pub updated_by: Option<String>,
}

impl Record {
    /// A record that was not there; outputs that nobody speaks of are an empty object.
    pub fn new(id: Id, given: NewRecord, now: Timestamp) -> Self {
        let user = given.user().map(ToOwned::to_owned);
        let outputs = given.outputs.unwrap_or_else(|| Value::Object(Fields::new()));
        Self {
            id,
            inputs: given.inputs,
            outputs: Some(outputs).filter(|outputs| !outputs.is_null()),
            expectations: given.expectations,
            tags: given.tags.unwrap_or_default(),
            source: given.source,
            created: now,
            updated: now,
            created_by: user.clone(),
            updated_by: user,
        }
    }

    /// Takes over what is said anew: outputs as a whole, expectations and tags field by field. The source stays.
    pub fn merge(&mut self, given: NewRecord, now: Timestamp) {
        if let Some(user) = given.user() {
            self.updated_by = Some(user.to_owned());
        }
        if let Some(outputs) = given.outputs {
            self.outputs = Some(outputs).filter(|outputs| !outputs.is_null());
        }
        if let Some(expectations) = given.expectations.filter(|fields| !fields.is_empty()) {
            self.expectations.get_or_insert_default().extend(expectations);
        }
        self.tags.extend(given.tags.unwrap_or_default());
        self.updated = now;
    }
}

/// How many records were new, and how many were there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upserted {
    /// New ones.
    pub inserted: i64,
    /// Those that were there.
    pub updated: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: Value) -> NewRecord {
        NewRecord::parse(value, "records[0]").unwrap()
    }

    fn refused(value: Value) -> String {
        NewRecord::parse(value, "records[3]").unwrap_err().field
    }

    #[test]
    fn inputs_name_a_record_whatever_the_order_of_their_fields() {
        let one = given(json!({"inputs": {"a": {"x": 1, "y": [1, {"p": 1, "q": 2}]}, "b": "t"}}));
        let same =
            given(json!({"inputs": {"b": "t", "a": {"y": [1, {"q": 2, "p": 1}], "x": 1}}, "outputs": 5}));
        assert_eq!(one.identity(), same.identity());
        for other in [json!({"b": "t"}), json!({"a": {"x": 1.0, "y": [1, {"p": 1, "q": 2}]}, "b": "t"})] {
            assert_ne!(one.identity(), given(json!({"inputs": other})).identity());
        }
    }

    #[test]
    fn what_is_said_anew_is_merged() {
        let now = Timestamp::from_millis(1);
        let first = given(
            json!({"inputs": {"q": 1}, "expectations": {"a": 1, "b": 2}, "tags": {"mlflow.user": "ann"},
            "source": {"source_type": "trace", "source_data": {"trace_id": "tr-1"}}}),
        );
        let mut record = Record::new(Id::new(now, [1; 10]), first, now);
        assert_eq!(record.outputs, Some(json!({})));
        assert_eq!(record.source.as_ref().unwrap().id(), Some("tr-1"));
        let later = Timestamp::from_millis(2);
        record.merge(given(json!({"inputs": {"q": 1}, "expectations": {"b": 3}, "outputs": null})), later);
        assert_eq!(record.expectations, given(json!({"expectations": {"a": 1, "b": 3}})).expectations);
        assert_eq!((record.outputs.clone(), record.updated_by.as_deref()), (None, Some("ann")));
        assert_eq!((record.created, record.updated), (now, later));
        record.merge(given(json!({"inputs": {"q": 1}, "tags": {"mlflow.user": "bob"}, "source": {"source_type": "CODE"}})), later);
        assert_eq!((record.created_by.as_deref(), record.updated_by.as_deref()), (Some("ann"), Some("bob")));
        assert_eq!(record.source.unwrap().source_type, SourceType::Trace);
    }

    #[test]
    fn the_schema_keeps_what_a_field_held_first() {
        let mut schema = Schema::default();
        schema.learn(&given(json!({"inputs": {"a": 1, "b": null}, "outputs": {"o": [1]}})));
        schema.learn(&given(
            json!({"inputs": {"a": "x", "c": 1.0}, "outputs": "text", "expectations": {"e": true}}),
        ));
        let expected = json!({"inputs": {"a": "integer", "b": "null", "c": "float"}, "outputs": {"o": "array"},
            "expectations": {"e": "boolean"}, "version": "1.0"});
        assert_eq!(serde_json::to_value(&schema).unwrap(), expected);
        let mut texts = Schema::default();
        texts.learn(&given(json!({"outputs": "text"})));
        texts.learn(&given(json!({"outputs": {"o": 1}})));
        assert_eq!(serde_json::to_value(&texts).unwrap()["outputs"], "string");
    }

    #[test]
    fn a_record_of_the_wrong_shape_says_where() {
        for (value, field) in [
            (json!(5), "records[3]"),
            (json!({"inputs": null}), "records[3].inputs"),
            (json!({"inputs": [1]}), "records[3].inputs"),
            (json!({"expectations": "x"}), "records[3].expectations"),
            (json!({"tags": []}), "records[3].tags"),
            (json!({"source": "x"}), "records[3].source"),
            (json!({"source": {"source_type": "ROBOT"}}), "records[3].source.source_type"),
            (json!({"source": {"source_type": "CODE", "source_data": 1}}), "records[3].source.source_data"),
            (json!({"tags": {"mlflow.user": "a\u{0}"}}), "records[3].tags.mlflow.user"),
        ] {
            assert_eq!(refused(value.clone()), field, "{value}");
        }
    }

    #[test]
    fn tags_are_texts() {
        let Value::Object(fields) = json!({"a": "x", "b": 1.5, "c": true, "d": null}) else { unreachable!() };
        let tags = parse_tags(fields).unwrap();
        assert_eq!(tags, [Tag::new("a", "x"), Tag::new("b", "1.5"), Tag::new("c", "True")]);
        for (key, value) in [
            ("k", json!({})),
            ("k", json!([])),
            ("k\u{0}", json!("v")),
            ("k", json!("\u{0}")),
            ("k", json!("v".repeat(5001))),
        ] {
            let fields = Fields::from_iter([(key.to_owned(), value)]);
            assert!(parse_tags(fields).unwrap_err().field.starts_with("tags"), "{key:?}");
        }
    }
}
