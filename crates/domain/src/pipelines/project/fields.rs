//! Reading typed values out of YAML nodes, noting every problem with its place instead of stopping at the first.

use super::vocabulary::Scope;
use crate::pipelines::expr::{self, Condition};
use crate::suggest::nearest;
use crate::yaml::{Entry, Node, Place, Problem, Value};
use crate::{Name, name::MAX_NAME_LEN};

/// The most problems that one file reports.
const MAX_PROBLEMS: usize = 100;

/// Collects the problems of one file.
pub(super) struct Reader<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
    exists: Option<&'a dyn Fn(&str) -> bool>,
    problems: Vec<Problem>,
}

/// The entries of a map whose keys have been checked.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    /// Where the map starts.
    pub place: Place,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// The value of `key`; a bare `key:` counts as absent.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        (!matches!(entry.value.value, Value::Null)).then_some(&entry.value)
    }

    /// Where `key` itself stands.
    pub fn place_of(&self, key: &str) -> Place {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map_or(self.place, |entry| entry.place)
    }

    /// All entries in the order of the file.
    pub fn entries(&self) -> &'n [Entry] {
        self.entries
    }
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str, file: &'a str, exists: Option<&'a dyn Fn(&str) -> bool>) -> Self {
        Self { file, lines: text.lines().collect(), exists, problems: Vec::new() }
    }

    /// The problems in the order of the file.
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| (p.line, p.column));
        self.problems.dedup();
        self.problems
    }

    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub fn problem(&mut self, place: Place, message: impl Into<String>) {
        self.note(place, message.into(), None);
    }

    pub fn problem_with_help(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.note(place, message.into(), Some(help.into()));
    }

    fn note(&mut self, place: Place, message: String, help: Option<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem::new(self.file, place, message, help));
        }
    }

    /// A word that is not one of the known ones.
    pub fn unknown(&mut self, place: Place, message: impl Into<String>, word: &str, known: &[&str]) {
        let help = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there are none".to_owned(),
            None => format!("there are: {}", known.join(", ")),
        };
        self.problem_with_help(place, message, help);
    }

    /// A map with keys out of `known`; `what` is its path in the file, for messages.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.map(node, what)?;
        for entry in fields.entries {
            if !known.contains(&entry.key.as_str()) {
                let message = if what.is_empty() {
                    format!("there is no key `{}`", entry.key)
                } else {
                    format!("{what} has no key `{}`", entry.key)
                };
                self.unknown(entry.place, message, &entry.key, known);
            }
        }
        Some(fields)
    }

    /// A map with free keys.
    pub fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        match &node.value {
            Value::Map(entries) => Some(Fields { place: node.place, entries }),
            other => {
                let what = if what.is_empty() { "the file" } else { what };
                self.problem(
                    node.place,
                    format!("{what} must be a map of keys and values, this is {}", other.kind()),
                );
                None
            }
        }
    }

    /// A list; a single value is not taken for one.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            other => {
                let message = format!("{what} must be a list, this is {}", other.kind());
                self.problem_with_help(node.place, message, "write it in [ ]");
                &[]
            }
        }
    }

    pub fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.value {
            Value::Text(text) if text.trim().is_empty() => {
                self.problem(node.place, format!("{what} must not be empty"));
                None
            }
            Value::Text(text) => Some(text.clone()),
            other => {
                let message = format!("{what} must be text, this is {}", other.kind());
                self.problem_with_help(node.place, message, "put it in quotes");
                None
            }
        }
    }

    pub fn texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        let items = self.list(node, what);
        items.iter().filter_map(|item| self.text(item, what)).collect()
    }

    pub fn name(&mut self, node: &Node, what: &str) -> Option<Name> {
        let text = self.text(node, what)?;
        self.name_of(&text, node.place, what)
    }

    /// `text` as a name.
    pub fn name_of(&mut self, text: &str, place: Place, what: &str) -> Option<Name> {
        match Name::parse(text) {
            Ok(name) => Some(name),
            Err(error) => {
                let help = format!("at most {MAX_NAME_LEN} letters, digits, `_`, `-`, `.`");
                self.problem_with_help(place, format!("{what}: {error}"), help);
                None
            }
        }
    }

    pub fn number(&mut self, node: &Node, what: &str) -> Option<f64> {
        match &node.value {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) if value.is_finite() => Some(*value),
            other => {
                self.problem(node.place, format!("{what} must be a number, this is {}", other.kind()));
                None
            }
        }
    }

    pub fn count(&mut self, node: &Node, what: &str, min: u32) -> Option<u32> {
        match &node.value {
            Value::Int(value) if u32::try_from(*value).is_ok_and(|value| value >= min) => {
                u32::try_from(*value).ok()
            }
            Value::Int(value) => {
                self.problem(node.place, format!("{what} must be {min} or more, this is {value}"));
                None
            }
            other => {
                let message = format!("{what} must be a whole number, this is {}", other.kind());
                self.problem(node.place, message);
                None
            }
        }
    }

    /// A duration such as `30m`, in milliseconds.
    pub fn duration(&mut self, node: &Node, what: &str) -> Option<i64> {
        let parsed = match &node.value {
            Value::Text(text) => expr::duration_ms(text),
            _ => None,
        };
        if parsed.is_none() {
            let message = format!("{what} is not a duration: {}", shown(node));
            self.problem_with_help(
                node.place,
                message,
                "write a number and ms, s, m, h, d or w, as in `30m`",
            );
        }
        parsed
    }

    /// A size such as `2GiB`, in bytes.
    pub fn bytes(&mut self, node: &Node, what: &str) -> Option<i64> {
        let parsed = match &node.value {
            Value::Text(text) => expr::bytes(text).filter(|bytes| *bytes > 0),
            _ => None,
        };
        if parsed.is_none() {
            let message = format!("{what} is not a size: {}", shown(node));
            self.problem_with_help(
                node.place,
                message,
                "write a number and KB, MB, GB, KiB, MiB or GiB, as in `2GiB`",
            );
        }
        parsed
    }

    /// A share such as `25%`, as 0..1.
    pub fn percent(&mut self, node: &Node, what: &str) -> Option<f64> {
        let parsed = match &node.value {
            Value::Text(text) => {
                text.trim().strip_suffix('%').and_then(|text| text.trim().parse::<f64>().ok())
            }
            _ => None,
        };
        match parsed {
            Some(percent) if percent > 0.0 && percent <= 100.0 => Some(percent / 100.0),
            _ => {
                let message = format!("{what} is not a percentage: {}", shown(node));
                self.problem_with_help(
                    node.place,
                    message,
                    "write a number above 0 and up to 100 with %, as in `25%`",
                );
                None
            }
        }
    }

    /// One of some words.
    pub fn word<T: Copy>(&mut self, node: &Node, what: &str, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = known.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
            self.unknown(node.place, format!("{what} cannot be `{text}`"), &text, &words);
        }
        found.map(|(_, value)| *value)
    }

    /// A path from the project's root, of a file that must exist.
    pub fn file(&mut self, node: &Node, what: &str) -> Option<String> {
        let path = self.path(node, what)?;
        if let Some(exists) = self.exists
            && !exists(&path)
        {
            let message = format!("{what}: there is no file {path}");
            self.problem_with_help(node.place, message, "paths start at the folder of volano.yaml");
        }
        Some(path)
    }

    /// A path from the project's root that leads nowhere else.
    pub fn path(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        let path = text.strip_prefix("./").unwrap_or(&text);
        let outside = path.starts_with('/')
            || path.contains(['\\', '\0'])
            || path.split('/').any(|part| matches!(part, "" | "." | ".."));
        if outside {
            let message = format!("{what}: {text:?} is not a path below the project's folder");
            self.problem_with_help(
                node.place,
                message,
                "write it from the folder of volano.yaml, without `..`",
            );
            return None;
        }
        Some(path.to_owned())
    }

    /// A condition whose names belong to `scope`.
    pub fn condition(&mut self, node: &Node, what: &str, scope: Scope) -> Option<Condition> {
        let text = match &node.value {
            Value::Bool(value) => value.to_string(),
            _ => self.text(node, what)?,
        };
        let start = self.start_of_text(node.place);
        match Condition::parse(&text) {
            Ok(condition) => {
                for slip in super::vocabulary::slips(&condition, scope) {
                    let place = start.right_by(slip.at);
                    self.note(place, format!("{what}: {}", slip.message), slip.help);
                }
                Some(condition)
            }
            Err(error) => {
                self.note(start.right_by(error.at), format!("{what}: {}", error.message), error.help);
                None
            }
        }
    }

    pub fn conditions(&mut self, node: &Node, what: &str, scope: Scope) -> Vec<Condition> {
        match &node.value {
            Value::List(items) => items.iter().filter_map(|item| self.condition(item, what, scope)).collect(),
            _ => self.condition(node, what, scope).into_iter().collect(),
        }
    }

    /// Behind the quote, when the text is quoted.
    pub fn start_of_text(&self, place: Place) -> Place {
        let line = usize::try_from(place.line).unwrap_or(usize::MAX).saturating_sub(1);
        let column = usize::try_from(place.column).unwrap_or(usize::MAX).saturating_sub(1);
        let first = self.lines.get(line).and_then(|line| line.chars().nth(column));
        place.right_by(usize::from(matches!(first, Some('"' | '\''))))
    }
}

/// A scalar as it reads in a message.
pub(super) fn shown(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => format!("{text:?}"),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        other => other.kind().to_owned(),
    }
}

/// A scalar as a JSON value.
pub(super) fn scalar(node: &Node) -> Option<serde_json::Value> {
    match &node.value {
        Value::Text(text) => Some(text.clone().into()),
        Value::Int(value) => Some((*value).into()),
        Value::Float(value) => serde_json::Number::from_f64(*value).map(Into::into),
        Value::Bool(value) => Some((*value).into()),
        _ => None,
    }
}
