//! The rules on a version as a whole, from text.

use super::super::{Assertion, Freshness, Reference};
use super::Reader;
use crate::Name;
use crate::data::DataRef;
use crate::data::violation::Severity;
use crate::serving::parse_duration_ms;
use crate::yaml::{Entry, Node, Place, Value};

const FRESHNESS_KEYS: [&str; 3] = ["column", "max_age", "severity"];
const REFERENCE_KEYS: [&str; 4] = ["columns", "to", "columns_there", "severity"];
const ASSERTION_KEYS: [&str; 4] = ["name", "sql", "severity", "mostly"];
/// Assertions and references of a contract at the most: each is a pass over the data.
const MAX_ASSERTIONS: usize = 50;

impl Reader<'_> {
    pub(super) fn freshness(&mut self, place: Place, parts: &[Entry]) -> Option<Freshness> {
        let (mut column, mut age, mut severity) = (None, None, Severity::Block);
        for part in parts {
            match (part.key.as_str(), &part.value.value) {
                ("column", Value::Text(name)) => column = Some(name.clone()),
                ("column", _) => {
                    self.wrong_form(&part.value, "column", "the name of a column", "column: time_hour")
                }
                ("max_age", Value::Text(text)) => match parse_duration_ms(text).ok().filter(|ms| *ms > 0) {
                    Some(ms) => age = Some((ms, text.clone())),
                    None => self.no_span(part.value.place),
                },
                ("max_age", _) => self.no_span(part.value.place),
                ("severity", _) => severity = self.severity("severity", &part.value).unwrap_or_default(),
                (other, _) => self.unknown(other, part.place, &FRESHNESS_KEYS),
            }
        }
        for key in ["column", "max_age"] {
            if !parts.iter().any(|part| part.key == key) {
                let help = "write `freshness: {column: time_hour, max_age: 2d}`";
                self.problem(place, format!("`freshness` has no `{key}`"), Some(help));
            }
        }
        let (max_age_ms, max_age) = age?;
        Some(Freshness { column: column?, max_age_ms, max_age, severity, place })
    }

    fn no_span(&mut self, place: Place) {
        self.problem(place, "`max_age` is a span of time", Some("write `30m`, `6h` or `2d`"));
    }

    pub(super) fn reference(&mut self, item: &Node) -> Option<Reference> {
        let example = "columns: [carrier], to: airlines, columns_there: [code]";
        let Value::Map(parts) = &item.value else {
            self.wrong_form(item, "references", "a list of maps", example);
            return None;
        };
        let (mut columns, mut to, mut there, mut severity) = (None, None, None, Severity::Block);
        for part in parts {
            let node = &part.value;
            match (part.key.as_str(), &node.value) {
                ("columns", Value::List(names)) => columns = Some(self.names(node, names, "columns")),
                ("columns_there", Value::List(names)) => {
                    there = Some(self.names(node, names, "columns_there"))
                }
                (key @ ("columns" | "columns_there"), _) => {
                    self.wrong_form(node, key, "a list of columns", &format!("{key}: [code]"));
                }
                ("to", Value::Text(text)) if Name::parse(text).is_ok() || DataRef::parse(text).is_ok() => {
                    to = Some(text.clone());
                }
                ("to", Value::Text(text)) => {
                    let message = format!("{text:?} names no data set");
                    self.problem(node.place, message, Some("write `to: airlines` or `to: airlines@v3`"));
                }
                ("to", _) => self.wrong_form(node, "to", "the name of a data set", "to: airlines"),
                ("severity", _) => severity = self.severity("severity", node).unwrap_or_default(),
                (other, _) => self.unknown(other, part.place, &REFERENCE_KEYS),
            }
        }
        for key in ["columns", "to"] {
            if !parts.iter().any(|part| part.key == key) {
                self.problem(item.place, format!("the reference has no `{key}`"), Some(example));
            }
        }
        let (columns, to) = (columns?, to?);
        let columns_there = there.unwrap_or_else(|| columns.clone());
        if columns.len() != columns_there.len() {
            let message = format!("{} columns here, {} there", columns.len(), columns_there.len());
            self.problem(item.place, message, Some("name as many there as here, in the same order"));
        }
        Some(Reference { columns, to, columns_there, severity, place: item.place })
    }

    pub(super) fn assertions(&mut self, items: &[Node]) -> Vec<Assertion> {
        if let Some(one) = items.get(MAX_ASSERTIONS) {
            let message = format!("there are more than {MAX_ASSERTIONS} assertions");
            self.problem(one.place, message, Some("join several with `union all`"));
        }
        let mut assertions: Vec<Assertion> = Vec::with_capacity(items.len());
        for item in items {
            let Some(assertion) = self.assertion(item) else { continue };
            if assertions.iter().any(|known| known.name == assertion.name) {
                let message = format!("there are two assertions {:?}", assertion.name);
                self.problem(item.place, message, Some("give each a name of its own"));
            }
            assertions.push(assertion);
        }
        assertions
    }

    fn assertion(&mut self, item: &Node) -> Option<Assertion> {
        let example = "name: in order, sql: \"select * from this where a > b\"";
        let Value::Map(parts) = &item.value else {
            self.wrong_form(item, "assertions", "a list of maps", example);
            return None;
        };
        let (mut name, mut sql, mut severity, mut mostly) = (None, None, Severity::Block, None);
        for part in parts {
            let node = &part.value;
            match (part.key.as_str(), &node.value) {
                ("name", _) => name = self.words("name", node),
                ("sql", Value::Text(text)) if !text.trim().is_empty() => {
                    sql = Some((text.clone(), self.lines(node, text)));
                }
                ("sql", _) => {
                    self.wrong_form(node, "sql", "a query", "sql: \"select * from this where a > b\"")
                }
                ("severity", _) => severity = self.severity("severity", node).unwrap_or_default(),
                ("mostly", _) => mostly = self.mostly(node),
                (other, _) => self.unknown(other, part.place, &ASSERTION_KEYS),
            }
        }
        for key in ["name", "sql"] {
            if !parts.iter().any(|part| part.key == key) {
                self.problem(item.place, format!("the assertion has no `{key}`"), Some(example));
            }
        }
        let (sql, lines) = sql?;
        Some(Assertion { name: name?, sql, mostly, severity, place: item.place, lines })
    }
}
