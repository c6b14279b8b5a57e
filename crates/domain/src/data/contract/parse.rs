//! From the text of a contract to its rules, or to everything that is wrong with it.

use super::{ColumnRule, Contract};
use crate::data::violation::Severity;
use crate::suggest::nearest;
use crate::yaml::{Entry, Node, Place, Problem, Value};

const TOP_KEYS: [&str; 4] = ["columns", "rows", "unique", "others"];
const COLUMN_KEYS: [&str; 7] = ["type", "nullable", "max_null_share", "min", "max", "allowed", "severity"];
/// The words for types that profiles use.
const TYPES: [&str; 9] =
    ["integer", "number", "text", "boolean", "date", "timestamp", "time", "bytes", "list"];
/// What other programs call them.
const OTHER_WORDS: [(&str, &[&str]); 5] = [
    ("integer", &["int", "int32", "int64", "bigint", "long"]),
    ("number", &["float", "double", "float64", "real", "decimal", "numeric"]),
    ("text", &["string", "str", "varchar", "category", "object"]),
    ("boolean", &["bool"]),
    ("timestamp", &["datetime", "timestamptz"]),
];

pub(super) fn parse(text: &str, file: &str) -> Result<Contract, Vec<Problem>> {
    let root = Node::parse(text, file).map_err(|problem| vec![problem])?;
    let mut reader = Reader { file, problems: Vec::new() };
    let contract = reader.contract(&root);
    if reader.problems.is_empty() && contract.rules() == 0 {
        let help = "list what must hold: `columns: {age: {type: integer, min: 0}}`";
        reader.problem(root.place, "the contract has no rules", Some(help));
    }
    if reader.problems.is_empty() { Ok(contract) } else { Err(reader.problems) }
}

struct Reader<'a> {
    file: &'a str,
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

    fn contract(&mut self, root: &Node) -> Contract {
        let mut contract = Contract::default();
        let Value::Map(entries) = &root.value else {
            let message = format!("a contract is a map with `columns:`, not {}", root.value.kind());
            self.problem(root.place, message, Some("write `columns: {age: {type: integer}}`"));
            return contract;
        };
        for entry in entries {
            match (entry.key.as_str(), &entry.value.value) {
                ("columns", Value::Map(columns)) => {
                    contract.columns = columns.iter().map(|column| self.column(column)).collect();
                }
                ("rows", Value::Map(rows)) => {
                    contract.places.rows = Some(entry.place);
                    contract.min_rows = self.rows(rows);
                }
                ("unique", Value::List(names)) => {
                    contract.places.unique = Some(entry.place);
                    contract.unique = self.unique(entry, names);
                }
                ("others", _) => {
                    contract.places.others = Some(entry.place);
                    contract.others = self.severity("others", &entry.value);
                }
                ("columns", other) => {
                    let message = format!("`columns` is a map, not {}", other.kind());
                    self.problem(entry.value.place, message, Some("write `columns: {age: {type: integer}}`"));
                }
                ("rows", other) => {
                    let message = format!("`rows` is a map, not {}", other.kind());
                    self.problem(entry.value.place, message, Some("write `rows: {min: 1}`"));
                }
                ("unique", other) => {
                    let message = format!("`unique` is a list of columns, not {}", other.kind());
                    self.problem(entry.value.place, message, Some("write `unique: [id]`"));
                }
                (other, _) => self.unknown(other, entry.place, &TOP_KEYS),
            }
        }
        contract
    }

    fn rows(&mut self, rows: &[Entry]) -> Option<u64> {
        let mut least = None;
        for row in rows {
            match (row.key.as_str(), &row.value.value) {
                ("min", Value::Int(min)) if *min >= 0 => least = u64::try_from(*min).ok(),
                ("min", _) => self.problem(row.value.place, "`min` is a whole number from 0", None),
                (other, _) => self.unknown(other, row.place, &["min"]),
            }
        }
        least
    }

    fn unique(&mut self, entry: &Entry, nodes: &[Node]) -> Vec<String> {
        let names = self.texts(nodes, "unique");
        if nodes.is_empty() {
            let help = "name the columns that together tell rows apart, or leave `unique` out";
            self.problem(entry.value.place, "`unique` names no column", Some(help));
        }
        for (n, name) in names.iter().enumerate() {
            if names[..n].contains(name) {
                self.problem(nodes[n].place, format!("`unique` names {name} twice"), Some("name it once"));
            }
        }
        names
    }

    fn column(&mut self, column: &Entry) -> ColumnRule {
        let name = &column.key;
        let mut rule = ColumnRule {
            name: name.clone(),
            kind: None,
            max_null_share: 1.0,
            min: None,
            max: None,
            allowed: None,
            severity: Severity::Block,
            place: Some(column.place),
        };
        let Value::Map(settings) = &column.value.value else {
            let message = format!("the rules of {name} are a map, not {}", column.value.value.kind());
            let help = format!("write `{name}: {{type: integer}}`");
            self.problem(column.value.place, message, Some(&help));
            return rule;
        };
        for setting in settings {
            self.setting(&mut rule, setting);
        }
        self.fit_together(&rule, settings);
        rule
    }

    fn setting(&mut self, rule: &mut ColumnRule, setting: &Entry) {
        let at = setting.value.place;
        match (setting.key.as_str(), &setting.value.value) {
            ("type", Value::Text(kind)) if TYPES.contains(&kind.as_str()) => rule.kind = Some(kind.clone()),
            ("type", value) => self.not_a_type(at, value),
            ("nullable", Value::Bool(nullable)) => rule.max_null_share = if *nullable { 1.0 } else { 0.0 },
            ("nullable", value) => {
                let message = format!("`nullable` is true or false, not {}", value.kind());
                let help = "for a share: `max_null_share: 0.05`";
                self.problem(at, message, Some(help));
            }
            ("max_null_share", value) => match number(value).filter(|share| (0.0..=1.0).contains(share)) {
                Some(share) => rule.max_null_share = share,
                None => {
                    let help = "for five in a hundred: `max_null_share: 0.05`";
                    self.problem(at, "`max_null_share` is a number from 0 to 1", Some(help));
                }
            },
            ("min", value) if number(value).is_some() => rule.min = number(value),
            ("max", value) if number(value).is_some() => rule.max = number(value),
            (limit @ ("min" | "max"), value) => {
                let message = format!("`{limit}` cannot be {}", value.kind());
                self.problem(at, message, Some(&format!("a number, like `{limit}: 0`")));
            }
            ("allowed", Value::List(values)) if values.is_empty() => {
                let help = "list the values that may occur, or leave `allowed` out";
                self.problem(at, "`allowed` is empty, so no value would be", Some(help));
            }
            ("allowed", Value::List(values)) => rule.allowed = Some(self.texts(values, "allowed")),
            ("allowed", value) => {
                let message = format!("`allowed` is a list of values, not {}", value.kind());
                self.problem(at, message, Some("write `allowed: [basic, pro]`"));
            }
            ("severity", _) => {
                rule.severity = self.severity("severity", &setting.value).unwrap_or_default();
            }
            (other, _) => self.unknown(other, setting.place, &COLUMN_KEYS),
        }
    }

    fn not_a_type(&mut self, at: Place, value: &Value) {
        let Value::Text(word) = value else {
            let message = format!("`type` is one of {}, not {}", TYPES.join(", "), value.kind());
            return self.problem(at, message, None);
        };
        let lower = word.to_lowercase();
        let other = OTHER_WORDS.iter().find(|(_, words)| words.contains(&lower.as_str()));
        let near = other.map(|(ours, _)| *ours).or_else(|| nearest(&lower, TYPES));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no type `{word}`; there are {}", TYPES.join(", "));
        self.problem(at, message, help.as_deref());
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

    /// Rules that exclude one another, or that no value of the type could keep.
    fn fit_together(&mut self, rule: &ColumnRule, settings: &[Entry]) {
        let place = |key: &str| settings.iter().find(|setting| setting.key == key).map(|found| found.place);
        if let (Some(min), Some(max), Some(at)) = (rule.min, rule.max, place("min"))
            && min > max
        {
            let message = format!("`min` {min} is above `max` {max}, so no number would fit");
            self.problem(at, message, Some("exchange the two"));
        }
        if let (Some(_), Some(at)) = (place("nullable"), place("max_null_share")) {
            let help = "`nullable: false` is `max_null_share: 0`: keep one of the two";
            self.problem(at, "`nullable` and `max_null_share` say the same thing twice", Some(help));
        }
        let Some(kind) = rule.kind.as_deref() else { return };
        if !matches!(kind, "integer" | "number" | "boolean")
            && let Some(at) = place("min").or(place("max"))
        {
            let message = format!("`min` and `max` are for numbers, and {} is {kind}", rule.name);
            self.problem(at, message, None);
        }
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
}

#[expect(clippy::cast_precision_loss, reason = "limits of a contract are far below 2^53")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}
