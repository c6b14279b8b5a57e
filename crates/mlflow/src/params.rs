//! The parameters of a call: a JSON body, or the query of a GET.
//!
//! Names are snake_case or camelCase, never both; unknown ones are ignored; whole numbers may be texts; what has the wrong type
//! is refused.

use std::collections::BTreeMap;

use app::App;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, header};
use serde_json::{Map, Value};

use crate::body;
use crate::failure::{Answer, Failure};

pub(crate) const SEE: &str = "See the API docs for more information about request parameters.";

/// The parameters of one call, or the fields of one message in it.
#[derive(Debug, Default)]
pub(crate) struct Params {
    fields: Map<String, Value>,
    /// Where the message stands in the request, `metrics[3]`; empty for the call itself.
    place: String,
    /// From a query, in which a list of one looks like a text.
    query: bool,
}

impl FromRequest<App> for Params {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Answer<Self> {
        let (parts, body) = request.into_parts();
        if parts.method == Method::GET {
            return Ok(Self::from_query(parts.uri.query().unwrap_or_default()));
        }
        if matches!(parts.method, Method::POST | Method::PUT) {
            check_content_type(&parts.headers)?;
        }
        let found = match body::read(&parts.headers, body).await? {
            Some(value) => Self::from_value(value)?,
            None => Self::default(),
        };
        if found.fields.is_empty() {
            return Ok(Self::from_query(parts.uri.query().unwrap_or_default()));
        }
        Ok(found)
    }
}

impl Params {
    pub(crate) fn from_query(query: &str) -> Self {
        let mut fields: Map<String, Value> = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = Value::String(decode(value));
            match fields.get_mut(&decode(name)) {
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
                None => {
                    fields.insert(decode(name), value);
                }
            }
        }
        Self { fields, query: true, ..Self::default() }
    }

    fn from_value(value: Value) -> Answer<Self> {
        let no_object = || Failure::bad_request("Malformed request: the body must be a JSON object.");
        match value {
            Value::Object(fields) => Ok(Self { fields, ..Self::default() }),
            // Old clients send JSON in a JSON text.
            Value::String(inner) => match body::parse(inner.as_bytes())? {
                Value::Object(fields) => Ok(Self { fields, ..Self::default() }),
                _ => Err(no_object()),
            },
            _ => Err(no_object()),
        }
    }

    fn get(&self, name: &str) -> Answer<Option<&Value>> {
        let snake = self.fields.get(name);
        let camel = name.contains('_').then(|| self.fields.get(&camel(name))).flatten();
        match (snake, camel) {
            (Some(_), Some(_)) => {
                let other = self::camel(name);
                Err(Failure::invalid(format!(
                    "Request specifies both '{name}' and '{other}'; provide only one of them."
                )))
            }
            (found, None) | (None, found) => Ok(found.filter(|value| !value.is_null())),
        }
    }

    /// Whether the field is there at all, and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        matches!(self.get(name), Ok(Some(_)))
    }

    /// The field as a refusal names it.
    fn path(&self, name: &str) -> String {
        domain::tracking::validation::join(&self.place, name)
    }

    fn wrong(&self, name: &str, value: &Value) -> Failure {
        wrong(&self.path(name), value)
    }

    /// The refusal of a call that lacks a field.
    pub(crate) fn absent(&self, name: &str) -> Failure {
        absent(&self.path(name))
    }

    pub(crate) fn text(&self, name: &str) -> Answer<Option<&str>> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// A text that must be there and not be empty.
    pub(crate) fn required(&self, name: &str) -> Answer<&str> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.absent(name)),
        }
    }

    /// A text, empty when it is absent.
    pub(crate) fn text_or_empty(&self, name: &str) -> Answer<String> {
        Ok(self.text(name)?.unwrap_or_default().to_owned())
    }

    pub(crate) fn whole(&self, name: &str) -> Answer<Option<i64>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let number = match value {
            Value::Number(number) => number.as_i64().or_else(|| {
                let float = number.as_f64()?;
                #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within 2^53")]
                let whole = float as i64;
                (float.fract() == 0.0 && float.abs() < 9e15).then_some(whole)
            }),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(name, value))
    }

    /// A number; an empty text counts as none.
    pub(crate) fn number(&self, name: &str) -> Answer<Option<f64>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match text.as_str() {
                "" => return Ok(None),
                "NaN" | "nan" => Some(f64::NAN),
                "Infinity" | "inf" => Some(f64::INFINITY),
                "-Infinity" | "-inf" => Some(f64::NEG_INFINITY),
                text => text.parse().ok().filter(|number: &f64| number.is_finite()),
            },
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(name, value))
    }

    pub(crate) fn truth(&self, name: &str) -> Answer<Option<bool>> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// Texts: a list, or one of them alone in a query.
    pub(crate) fn texts(&self, name: &str) -> Answer<Vec<String>> {
        match self.get(name)? {
            None => Ok(Vec::new()),
            Some(Value::String(one)) if self.query && !one.contains('\0') => Ok(vec![one.clone()]),
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| {
                    let text = value.as_str().filter(|text| !text.contains('\0'));
                    text.map(ToOwned::to_owned).ok_or_else(|| self.wrong(name, value))
                })
                .collect(),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    pub(crate) fn messages(&self, name: &str) -> Answer<Vec<Self>> {
        match self.get(name)? {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => Self::messages_of(&self.path(name), values.clone()),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// As [`Self::messages`], taken out: of points there are many.
    pub(crate) fn take_messages(&mut self, name: &str) -> Answer<Vec<Self>> {
        if let Some(other) = self.get(name)?.filter(|value| !value.is_array()) {
            return Err(self.wrong(name, other));
        }
        let Some(Value::Array(values)) = self.take(name) else { return Ok(Vec::new()) };
        Self::messages_of(&self.path(name), values)
    }

    fn messages_of(path: &str, values: Vec<Value>) -> Answer<Vec<Self>> {
        let message = |(index, value)| Self::message_of(format!("{path}[{index}]"), value);
        values.into_iter().enumerate().map(message).collect()
    }

    /// The value under either spelling of a name, which [`Self::get`] has found to be one.
    fn take(&mut self, name: &str) -> Option<Value> {
        let key = if self.fields.contains_key(name) { name.to_owned() } else { camel(name) };
        self.fields.get_mut(&key).map(Value::take)
    }

    pub(crate) fn message(&self, name: &str) -> Answer<Option<Self>> {
        self.get(name)?.map(|value| Self::message_of(self.path(name), value.clone())).transpose()
    }

    fn message_of(place: String, value: Value) -> Answer<Self> {
        match value {
            Value::Object(fields) => Ok(Self { fields, place, query: false }),
            other => Err(wrong(&place, &other)),
        }
    }

    /// The field as it is written.
    pub(crate) fn value(&self, name: &str) -> Answer<Option<&Value>> {
        self.get(name)
    }

    /// Texts by key: an object.
    pub(crate) fn entries(&self, name: &str) -> Answer<BTreeMap<String, String>> {
        let Some(value) = self.get(name)? else { return Ok(BTreeMap::new()) };
        let fields = value.as_object().ok_or_else(|| self.wrong(name, value))?;
        let entry = |(key, value): (&String, &Value)| match value {
            Value::String(text) if !text.contains('\0') && !key.contains('\0') => {
                Ok((key.clone(), text.clone()))
            }
            other => Err(wrong(&format!("{}.{key}", self.path(name)), other)),
        };
        fields.iter().map(entry).collect()
    }

    /// A word of an enum, by name in any case or by number; `words` stand at their numbers from 1 on.
    pub(crate) fn word(&self, name: &str, words: &[&'static str]) -> Answer<Option<&'static str>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let found = match value {
            Value::String(text) => words
                .iter()
                .enumerate()
                .find(|(index, word)| word.eq_ignore_ascii_case(text) || text == &(index + 1).to_string())
                .map(|(_, word)| *word),
            Value::Number(number) => number
                .as_u64()
                .and_then(|number| usize::try_from(number).ok()?.checked_sub(1))
                .and_then(|index| words.get(index).copied()),
            _ => None,
        };
        found.map(Some).ok_or_else(|| self.wrong(name, value))
    }
}

/// What is missing.
pub(crate) fn absent(name: &str) -> Failure {
    Failure::invalid(format!("Missing value for required parameter '{name}'. {SEE}"))
}

fn wrong(name: &str, value: &Value) -> Failure {
    let mut shown = value.to_string();
    if shown.chars().count() > 200 {
        shown = shown.chars().take(200).collect::<String>() + "...";
    }
    let kind = match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    Failure::invalid(format!(
        "Invalid value {shown} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'. {SEE}"
    ))
}

/// JSON only, as MLflow has it: a page of another site can send plain text without asking first, JSON it cannot.
fn check_content_type(headers: &HeaderMap) -> Answer<()> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Err(Failure::invalid("Bad Request. Content-Type header is missing."));
    };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    if kind.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Failure::invalid("Bad Request. Content-Type must be one of ['application/json']."))
}

fn camel(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match (letter, upper) {
            ('_', _) => upper = true,
            (letter, true) => {
                text.push(letter.to_ascii_uppercase());
                upper = false;
            }
            (letter, false) => text.push(letter),
        }
    }
    text
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(json: &str) -> Params {
        Params::from_value(body::parse(json.as_bytes()).unwrap()).unwrap()
    }

    fn message(answer: Answer<impl std::fmt::Debug>) -> String {
        format!("{:?}", answer.unwrap_err())
    }

    #[test]
    fn both_spellings_are_read_but_not_at_once() {
        assert_eq!(params(r#"{"run_id":"a"}"#).required("run_id").unwrap(), "a");
        assert_eq!(params(r#"{"runId":"a"}"#).required("run_id").unwrap(), "a");
        assert!(params(r#"{"runId":"a","run_id":"a"}"#).required("run_id").is_err());
        assert_eq!(params(r#""{\"run_id\":\"a\"}""#).required("run_id").unwrap(), "a");
    }

    #[test]
    fn numbers_come_as_numbers_or_texts_and_nothing_else() {
        let given = params(r#"{"a":5,"b":"6","c":1.5,"d":"NaN","e":"-Infinity","f":true,"g":2.0}"#);
        assert_eq!(given.whole("a").unwrap(), Some(5));
        assert_eq!(given.whole("b").unwrap(), Some(6));
        assert_eq!(given.whole("g").unwrap(), Some(2));
        assert!(message(given.whole("c")).contains("Value was of type 'float'"));
        assert!(given.number("d").unwrap().unwrap().is_nan());
        assert_eq!(given.number("e").unwrap(), Some(f64::NEG_INFINITY));
        assert!(given.number("f").is_err());
        assert!(message(given.text("a")).contains("Invalid value 5 for parameter 'a' supplied"));
    }

    #[test]
    fn an_empty_text_counts_as_missing_when_it_is_required() {
        let said = message(params(r#"{"name":""}"#).required("name").map(str::to_owned));
        assert!(said.contains("Missing value for required parameter 'name'. See the API docs"));
    }

    #[test]
    fn words_come_by_name_or_number() {
        let words = ["ACTIVE_ONLY", "DELETED_ONLY", "ALL"];
        assert_eq!(params(r#"{"v":"all"}"#).word("v", &words).unwrap(), Some("ALL"));
        assert_eq!(params(r#"{"v":2}"#).word("v", &words).unwrap(), Some("DELETED_ONLY"));
        assert!(params(r#"{"v":"BOGUS"}"#).word("v", &words).is_err());
    }

    #[test]
    fn a_query_repeats_a_name_for_a_list() {
        let given = Params::from_query("order_by=a+DESC&order_by=b%3D&max_results=5&flag=TRUE");
        assert_eq!(given.texts("order_by").unwrap(), ["a DESC", "b="]);
        assert_eq!(given.whole("max_results").unwrap(), Some(5));
        assert_eq!(given.truth("flag").unwrap(), Some(true));
    }
}
