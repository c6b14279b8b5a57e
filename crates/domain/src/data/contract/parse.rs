//! From the text of a contract to its rules, or to everything that is wrong with it.

mod column;
mod whole;

pub(super) use column::TYPES;

use super::{Bounds, Contract};
use crate::data::violation::Severity;
use crate::suggest::nearest;
use crate::yaml::{Entry, Node, Place, Problem, Value};

const TOP_KEYS: [&str; 10] = [
    "columns",
    "rows",
    "unique",
    "others",
    "freshness",
    "references",
    "assertions",
    "description",
    "owner",
    "tags",
];
/// Characters of a description, an owner or a tag at the most.
const MAX_WORDS: usize = 1000;

pub(super) fn parse(text: &str, file: &str) -> Result<Contract, Vec<Problem>> {
    let root = Node::parse(text, file).map_err(|problem| vec![problem])?;
    let mut reader = Reader { file, text, problems: Vec::new() };
    let contract = reader.contract(&root);
    if reader.problems.is_empty() && contract.rules() == 0 {
        let help = "list what must hold: `columns: {age: {type: integer, min: 0}}`";
        reader.problem(root.place, "the contract has no rules", Some(help));
    }
    if reader.problems.is_empty() { Ok(contract) } else { Err(reader.problems) }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, place: Place, message: impl Into<String>, help: Option<&str>) {
        self.problems.push(Problem::new(self.file, place, message.into(), help.map(ToOwned::to_owned)));
    }

    fn unknown(&mut self, key: &str, place: Place, known: &[&str]) {
        let help = nearest(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let message = format!("unknown key `{key}`; known are {}", known.join(", "));
        self.problem(place, message, help.as_deref());
    }

    /// That a value is of the wrong form, with one that is right.
    fn wrong_form(&mut self, node: &Node, key: &str, form: &str, example: &str) {
        let message = format!("`{key}` is {form}, not {}", node.value.kind());
        self.problem(node.place, message, Some(&format!("write `{example}`")));
    }

    fn contract(&mut self, root: &Node) -> Contract {
        let mut contract = Contract::default();
        let Value::Map(entries) = &root.value else {
            let message = format!("a contract is a map with `columns:`, not {}", root.value.kind());
            self.problem(root.place, message, Some("write `columns: {age: {type: integer}}`"));
            return contract;
        };
        for entry in entries {
            self.entry(&mut contract, entry);
        }
        contract
    }

    fn entry(&mut self, contract: &mut Contract, entry: &Entry) {
        let node = &entry.value;
        match (entry.key.as_str(), &node.value) {
            ("columns", Value::Map(columns)) => {
                contract.columns = columns.iter().map(|column| self.column(column)).collect();
            }
            ("rows", Value::Map(rows)) => {
                contract.places.rows = Some(entry.place);
                (contract.min_rows, contract.max_rows) = self.rows(rows);
            }
            ("unique", Value::List(names)) => {
                contract.places.unique = Some(entry.place);
                contract.unique = self.names(node, names, "unique");
            }
            ("others", _) => {
                contract.places.others = Some(entry.place);
                contract.others = self.severity("others", node);
            }
            ("freshness", Value::Map(parts)) => contract.freshness = self.freshness(entry.place, parts),
            ("references", Value::List(items)) => {
                contract.references = items.iter().filter_map(|item| self.reference(item)).collect();
            }
            ("assertions", Value::List(items)) => contract.assertions = self.assertions(items),
            ("description", _) => contract.description = self.words("description", node),
            ("owner", _) => contract.owner = self.words("owner", node),
            ("tags", _) => contract.tags = self.tags(node),
            ("columns", _) => self.wrong_form(node, "columns", "a map", "columns: {age: {type: integer}}"),
            ("rows", _) => self.wrong_form(node, "rows", "a map", "rows: {min: 1}"),
            ("unique", _) => self.wrong_form(node, "unique", "a list of columns", "unique: [id]"),
            ("freshness", _) => {
                self.wrong_form(node, "freshness", "a map", "freshness: {column: time_hour, max_age: 2d}");
            }
            ("references", _) => {
                let example = "references: [{columns: [carrier], to: airlines, columns_there: [code]}]";
                self.wrong_form(node, "references", "a list", example);
            }
            ("assertions", _) => {
                let example = "assertions: [{name: in order, sql: \"select * from this where a > b\"}]";
                self.wrong_form(node, "assertions", "a list", example);
            }
            (other, _) => self.unknown(other, entry.place, &TOP_KEYS),
        }
    }

    fn rows(&mut self, rows: &[Entry]) -> (Option<u64>, Option<u64>) {
        let (mut least, mut most) = (None, None);
        for row in rows {
            match (row.key.as_str(), &row.value.value) {
                ("min", Value::Int(min)) if *min >= 0 => least = u64::try_from(*min).ok(),
                ("max", Value::Int(max)) if *max >= 0 => most = u64::try_from(*max).ok(),
                (key @ ("min" | "max"), _) => {
                    self.problem(row.value.place, format!("`{key}` is a whole number from 0"), None);
                }
                (other, _) => self.unknown(other, row.place, &["min", "max"]),
            }
        }
        if let (Some(min), Some(max), Some(first)) = (least, most, rows.first())
            && min > max
        {
            let message = format!("`min` {min} is above `max` {max}, so no file would fit");
            self.problem(first.place, message, Some("exchange the two"));
        }
        (least, most)
    }

    /// `{min: …, max: …}`, one of them at least.
    fn bounds(&mut self, key: &str, node: &Node, whole: bool) -> Option<Bounds> {
        let example = format!("{key}: {{min: 1, max: 10}}");
        let Value::Map(parts) = &node.value else {
            self.wrong_form(node, key, "a map", &example);
            return None;
        };
        let mut bounds = Bounds::default();
        for part in parts {
            let value = number(&part.value.value);
            let value = value.filter(|value| !whole || (*value >= 0.0 && value.fract() == 0.0));
            match (part.key.as_str(), value) {
                ("min", Some(_)) => bounds.min = value,
                ("max", Some(_)) => bounds.max = value,
                (limit @ ("min" | "max"), None) => {
                    let form = if whole { "a whole number from 0" } else { "a number" };
                    self.problem(part.value.place, format!("`{limit}` of `{key}` is {form}"), None);
                }
                (other, _) => self.unknown(other, part.place, &["min", "max"]),
            }
        }
        if parts.is_empty() {
            self.problem(node.place, format!("`{key}` says nothing"), Some(&format!("write `{example}`")));
        }
        if let (Some(min), Some(max)) = (bounds.min, bounds.max)
            && min > max
        {
            let message = format!("`min` {min} of `{key}` is above `max` {max}, so nothing would fit");
            self.problem(node.place, message, Some("exchange the two"));
        }
        Some(bounds)
    }

    /// A list of different names of columns, one at least.
    fn names(&mut self, node: &Node, nodes: &[Node], what: &str) -> Vec<String> {
        let names = self.texts(nodes, what);
        if nodes.is_empty() && what == "unique" {
            let help = "name the columns that together tell rows apart, or leave `unique` out";
            self.problem(node.place, "`unique` names no column", Some(help));
        } else if nodes.is_empty() {
            self.problem(node.place, format!("`{what}` names no column"), Some("name one at least"));
        }
        for (n, name) in names.iter().enumerate() {
            if names[..n].contains(name) {
                let place = nodes.get(n).map_or(node.place, |node| node.place);
                self.problem(place, format!("`{what}` names {name} twice"), Some("name it once"));
            }
        }
        names
    }

    fn severity(&mut self, key: &str, node: &Node) -> Option<Severity> {
        match &node.value {
            Value::Text(word) if word == "warn" => Some(Severity::Warn),
            Value::Text(word) if word == "block" => Some(Severity::Block),
            Value::Text(word) => {
                self.problem(node.place, format!("`{key}` is `block` or `warn`, not `{word}`"), None);
                None
            }
            value => {
                self.problem(node.place, format!("`{key}` is `block` or `warn`, not {}", value.kind()), None);
                None
            }
        }
    }

    /// A share of what must keep a rule: above 0, at most 1.
    fn mostly(&mut self, node: &Node) -> Option<f64> {
        let share = number(&node.value).filter(|share| *share > 0.0 && *share <= 1.0);
        if share.is_none() {
            let help = "for ninety-nine in a hundred: `mostly: 0.99`";
            self.problem(node.place, "`mostly` is a number above 0 and at most 1", Some(help));
        }
        share
    }

    /// Text for people.
    fn words(&mut self, key: &str, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) if text.chars().count() <= MAX_WORDS => Some(text.clone()),
            Value::Text(_) => {
                self.problem(node.place, format!("`{key}` has more than {MAX_WORDS} characters"), None);
                None
            }
            _ => {
                self.wrong_form(node, key, "text", &format!("{key}: …"));
                None
            }
        }
    }

    fn tags(&mut self, node: &Node) -> Vec<String> {
        let Value::List(nodes) = &node.value else {
            self.wrong_form(node, "tags", "a list", "tags: [finance]");
            return Vec::new();
        };
        nodes.iter().filter_map(|tag| self.words("tags", tag)).collect()
    }

    fn texts(&mut self, nodes: &[Node], what: &str) -> Vec<String> {
        let mut texts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match &node.value {
                Value::Text(text) => texts.push(text.clone()),
                Value::Int(number) => texts.push(number.to_string()),
                Value::Float(number) => texts.push(number.to_string()),
                Value::Bool(word) => texts.push(word.to_string()),
                other => {
                    let message = format!("`{what}` lists texts, not {}", other.kind());
                    self.problem(node.place, message, None);
                }
            }
        }
        texts
    }

    /// Where the lines of a text begin in the file: also behind a quote and in a block; none when escapes or folded lines
    /// make places uncertain.
    fn lines(&self, node: &Node, value: &str) -> Vec<Place> {
        let lines: Vec<&str> = self.text.lines().collect();
        let rest = |place: Place| -> Option<String> {
            let line = lines.get(usize::try_from(place.line.checked_sub(1)?).ok()?)?;
            Some(line.chars().skip(usize::try_from(place.column.checked_sub(1)?).ok()?).collect())
        };
        let blanks = |text: &str| text.chars().take_while(|c| *c == ' ').count();
        let mut start = node.place;
        let here = rest(start).unwrap_or_default();
        if here.starts_with('|') {
            start = Place { line: start.line + 1, column: 1 };
            while rest(start).is_some_and(|line| line.trim().is_empty()) && !value.starts_with('\n') {
                start.line += 1;
            }
        }
        let here = rest(start).unwrap_or_default();
        let quote = usize::from(here.starts_with(['"', '\'']));
        start = start.right_by(if quote == 0 { blanks(&here) } else { quote });
        let places: Vec<Place> =
            value.lines().zip(0..).map(|(_, n)| Place { line: start.line + n, ..start }).collect();
        let shown = |(line, place): (&str, &Place)| rest(*place).unwrap_or_default().starts_with(line);
        if value.lines().zip(&places).all(shown) { places } else { Vec::new() }
    }
}

#[expect(clippy::cast_precision_loss, reason = "limits of a contract are far below 2^53")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}
