//! YAML 1.2 documents as trees whose every node knows its line and column.
//!
//! Files that people write (`volano.yaml`, contracts) are read into a [`Node`] first, so that a reader can
//! report every problem of a file at once, each with its place. Depth, size and aliases are bounded.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_saphyr::{Location, Spanned};

/// The largest document that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 64;

/// Something wrong in a file that a person wrote: where, what, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The file, as the person named it.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What would be right, when that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a place of a file.
    pub fn new(file: &str, place: Place, message: String, help: Option<String>) -> Self {
        Self { file: file.to_owned(), line: place.line, column: place.column, message, help }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// A place in a file, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column in characters.
    pub column: u64,
}

impl Place {
    /// The beginning of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place `characters` further on the same line.
    #[must_use]
    pub fn right_by(self, characters: usize) -> Self {
        Self { line: self.line, column: self.column + characters as u64 }
    }

    fn of(location: Location) -> Self {
        Self { line: location.line().max(1), column: location.column().max(1) }
    }
}

/// A value and where it starts.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it starts.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the file.
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key starts.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

impl Value {
    /// What this is, for messages: "a list".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Node {
    /// Reads one document.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        let problem = |place: Place, message: String, help: Option<&str>| {
            Problem::new(file, place, message, help.map(ToOwned::to_owned))
        };
        let start = Place::START;
        if text.len() > MAX_BYTES {
            let message = format!("the file has {} bytes, at most {MAX_BYTES} are read", text.len());
            return Err(problem(start, message, None));
        }
        if text.trim().is_empty() {
            return Err(problem(start, "the file is empty".to_owned(), None));
        }
        let options = serde_saphyr::options! {
            strict_booleans: true,
            with_snippet: false,
            legacy_octal_numbers: false,
            budget: serde_saphyr::budget! { max_depth: MAX_DEPTH * 2, max_documents: 1, max_nodes: 100_000 },
        };
        match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
            Ok(spanned) => Ok(spanned.into()),
            Err(error) => {
                let place = error.location().map_or(start, Place::of);
                let text = error.without_snippet().to_string();
                let (message, help) = explain(&text);
                Err(problem(place, message, help))
            }
        }
    }
}

/// The parser's words without its own place, with the way out for slips that are common.
fn explain(text: &str) -> (String, Option<&'static str>) {
    let first = text.lines().next().unwrap_or_default();
    let message = match first.find(" at line ") {
        Some(at) => first[..at].trim_end(),
        None => first,
    };
    if let Some(key) = message.strip_prefix("duplicate mapping key: ") {
        let key = key.split(", set ").next().unwrap_or(key);
        return (format!("the key `{key}` is there twice"), Some("write each key once"));
    }
    if let Some(number) = message.strip_prefix("non-finite float `").and_then(|rest| rest.split('`').next()) {
        return (format!("`{number}` is not a number that can be used here"), Some("leave it out"));
    }
    let help = message.starts_with("tabs ").then_some("indent with spaces");
    (message.to_owned(), help)
}

struct Raw(Value);

impl From<Spanned<Raw>> for Node {
    fn from(spanned: Spanned<Raw>) -> Self {
        Self { place: Place::of(spanned.referenced), value: spanned.value.0 }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw(Value::Int(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        i64::try_from(value)
            .map(|value| Raw(Value::Int(value)))
            .map_err(|_| E::custom(format!("{value} is too large a number")))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw(Value::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw(Value::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Raw>>()? {
            items.push(item.into());
        }
        Ok(Raw(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let value = map.next_value::<Spanned<Raw>>()?;
            entries.push(Entry { key: key.value, place: Place::of(key.referenced), value: value.into() });
        }
        Ok(Raw(Value::Map(entries)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_knows_its_place() {
        let node = Node::parse("a: 1\nb:\n  - {c: no, d: 1.5}\n  - ~\n", "x.yaml").unwrap();
        let Value::Map(entries) = node.value else { panic!("a map") };
        assert_eq!(entries[1].place, Place { line: 2, column: 1 });
        let Value::List(items) = &entries[1].value.value else { panic!("a list") };
        let Value::Map(inner) = &items[0].value else { panic!("a map") };
        assert_eq!(inner[0].value.place, Place { line: 3, column: 9 });
        assert!(matches!(&inner[0].value.value, Value::Text(text) if text == "no"));
        assert_eq!(inner[1].place, Place { line: 3, column: 13 });
        assert!(matches!(inner[1].value.value, Value::Float(_)));
        assert!(matches!(items[1].value, Value::Null));
    }

    #[test]
    fn broken_and_bottomless_documents_are_refused_with_a_place() {
        let unclosed = Node::parse("a: [1, 2\nb: 3\n", "x.yaml").unwrap_err();
        assert_eq!(unclosed.line, 2, "{unclosed}");
        let twice = Node::parse("a: 1\na: 2\n", "x.yaml").unwrap_err();
        assert_eq!((twice.line, twice.column), (2, 1), "{twice}");
        assert!(Node::parse(&"[".repeat(5000), "x.yaml").is_err());
        assert!(Node::parse("", "x.yaml").is_err());
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
        assert!(Node::parse(bomb, "x.yaml").is_err());
    }
}
