//! Contracts: what every file of a data set must look like, learned from profiles and kept as YAML.
//!
//! Rules on values hold for each file by itself, so that a small broken file is not hidden by the many good ones.

use std::fmt::Write as _;

use crate::data::profile::{ColumnProfile, TableProfile};
use crate::data::violation::{Severity, Violation};
use crate::suggest::nearest;
use crate::yaml::{Node, Place, Problem, Value};

/// Most different values that a learned list of allowed values has.
const MAX_ALLOWED: usize = 64;
/// Distinct values up to which a text column is learned as a category.
const MAX_CATEGORY: u64 = 50;
/// How far beyond what was seen a learned range reaches, as a share of its width.
const RANGE_MARGIN: f64 = 0.1;
/// Missing values that a learned rule allows beyond the double of what was seen.
const NULL_MARGIN: f64 = 0.02;
/// Keys of one column's rules.
const COLUMN_KEYS: [&str; 7] = ["type", "nullable", "max_null_share", "min", "max", "allowed", "severity"];
/// Kilometres in a mile.
const MILE: f64 = 1.609_344;

/// The expectations on a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    /// Rules by column, in the order of the file.
    pub columns: Vec<ColumnRule>,
    /// Rows that a file has at least.
    pub min_rows: Option<u64>,
    /// Columns whose values together occur once.
    pub unique: Vec<String>,
}

/// The rules of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnRule {
    /// The column.
    pub name: String,
    /// The word for its type.
    pub kind: Option<String>,
    /// The share of missing values that is borne, 0 to 1.
    pub max_null_share: f64,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// All values there may be.
    pub allowed: Option<Vec<String>>,
    /// What a violation does.
    pub severity: Severity,
    /// Where it stands in the file.
    pub place: Option<Place>,
}

impl Contract {
    /// Learns rules that the data behind `profile` keeps, with some room; `key` are columns that are unique together.
    pub fn infer(profile: &TableProfile, key: &[String]) -> Self {
        Self {
            columns: profile.columns.iter().map(ColumnRule::infer).collect(),
            min_rows: Some(1),
            unique: key.to_vec(),
        }
    }

    /// Number of single rules.
    pub fn rules(&self) -> usize {
        let of = |column: &ColumnRule| {
            2 + usize::from(column.min.is_some())
                + usize::from(column.max.is_some())
                + usize::from(column.allowed.is_some())
        };
        self.columns.iter().map(of).sum::<usize>()
            + usize::from(self.min_rows.is_some())
            + usize::from(!self.unique.is_empty())
    }

    /// The contract as YAML.
    pub fn to_yaml(&self) -> String {
        let mut text = String::from("columns:\n");
        for column in &self.columns {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "  {}: {{{}}}", quoted(&column.name), column.settings().join(", "));
        }
        if let Some(rows) = self.min_rows {
            let _written = writeln!(text, "rows: {{min: {rows}}}");
        }
        if !self.unique.is_empty() {
            let names: Vec<String> = self.unique.iter().map(|name| quoted(name)).collect();
            let _written = writeln!(text, "unique: [{}]", names.join(", "));
        }
        text
    }

    /// Reads a contract; unknown keys are problems with their place and the nearest known key.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let root = Node::parse(text, file).map_err(|problem| vec![problem])?;
        let mut reader = Reader { file, problems: Vec::new() };
        let contract = reader.contract(&root);
        if reader.problems.is_empty() { Ok(contract) } else { Err(reader.problems) }
    }

    /// What of one file breaks the rules; `before` is the newest good version, for telling what changed.
    pub fn check(
        &self,
        file: &str,
        profile: &TableProfile,
        before: Option<&TableProfile>,
        contract_path: &str,
    ) -> Vec<Violation> {
        let mut found = Vec::new();
        if let Some(min) = self.min_rows.filter(|min| profile.rows < *min) {
            let message = format!("{file} has {} rows, at least {min} are expected", profile.rows);
            found.push(Violation::new("rows", message));
        }
        for rule in &self.columns {
            let column = profile.columns.iter().find(|column| column.name == rule.name);
            let earlier =
                before.and_then(|before| before.columns.iter().find(|column| column.name == rule.name));
            let broken = match column {
                Some(column) => rule.check(file, column, profile.rows, earlier),
                None => vec![self.missing(rule, file, profile)],
            };
            found.extend(broken.into_iter().map(|violation| Violation {
                column: Some(rule.name.clone()),
                severity: rule.severity,
                place: rule.place.map(|place| format!("{contract_path}:{}:{}", place.line, place.column)),
                ..violation
            }));
        }
        found
    }

    fn missing(&self, rule: &ColumnRule, file: &str, profile: &TableProfile) -> Violation {
        let unknown = profile
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| !self.columns.iter().any(|rule| rule.name == *name));
        let unknown: Vec<&str> = unknown.collect();
        let near = unknown.iter().copied().find(|name| name.contains(&rule.name) || rule.name.contains(name));
        let renamed = near
            .or_else(|| nearest(&rule.name, unknown.iter().copied()))
            .map_or_else(String::new, |name| format!("; it has a new column {name:?}: was it renamed?"));
        Violation::new("missing_column", format!("{file} has no column {:?}{renamed}", rule.name))
    }
}

impl ColumnRule {
    fn infer(column: &ColumnProfile) -> Self {
        let rows = column.count + column.nulls;
        let share = ratio(column.nulls, rows);
        let number = column.number.as_ref().filter(|_| matches!(column.kind.as_str(), "integer" | "number"));
        let margin = number.map_or(0.0, |number| (number.max - number.min) * RANGE_MARGIN);
        // What was never negative stays so.
        let floor = |number: f64| if number >= 0.0 { (number - margin).max(0.0) } else { number - margin };
        let allowed = (column.kind == "text" && column.distinct <= MAX_CATEGORY)
            .then(|| column.top.iter().map(|top| top.value.clone()).collect::<Vec<_>>())
            .filter(|values| values.len() as u64 == column.distinct && values.len() <= MAX_ALLOWED)
            .map(|mut values| {
                values.sort();
                values
            });
        Self {
            name: column.name.clone(),
            kind: Some(column.kind.clone()),
            max_null_share: if column.nulls == 0 { 0.0 } else { (2.0 * share + NULL_MARGIN).min(1.0) },
            min: number.map(|number| rounded(floor(number.min), f64::floor)),
            max: number.map(|number| rounded(number.max + margin, f64::ceil)),
            allowed,
            severity: Severity::Block,
            place: None,
        }
    }

    fn settings(&self) -> Vec<String> {
        let mut parts = Vec::new();
        parts.extend(self.kind.as_ref().map(|kind| format!("type: {kind}")));
        if self.max_null_share == 0.0 {
            parts.push("nullable: false".to_owned());
        } else {
            parts.push(format!("max_null_share: {:.4}", self.max_null_share));
        }
        parts.extend(self.min.map(|min| format!("min: {min}")));
        parts.extend(self.max.map(|max| format!("max: {max}")));
        parts.extend(self.allowed.as_ref().map(|values| {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("allowed: [{}]", values.join(", "))
        }));
        if self.severity == Severity::Warn {
            parts.push("severity: warn".to_owned());
        }
        parts
    }

    fn check(
        &self,
        file: &str,
        column: &ColumnProfile,
        rows: u64,
        before: Option<&ColumnProfile>,
    ) -> Vec<Violation> {
        let name = &self.name;
        let mut found = Vec::new();
        if let Some(kind) = self.kind.as_ref().filter(|kind| !same_kind(kind, &column.kind)) {
            let message = format!("{file}: {name} is {}, {kind} is expected", column.kind);
            found.push(Violation::new("type", message));
            return found;
        }
        let share = ratio(column.nulls, rows);
        if share > self.max_null_share {
            let message = format!(
                "{file}: {name} is missing in {} of {rows} rows ({:.1} %), at most {:.1} % are borne",
                column.nulls,
                share * 100.0,
                self.max_null_share * 100.0
            );
            let change = before.map(|before| {
                format!("before {:.1} %", ratio(before.nulls, before.count + before.nulls) * 100.0)
            });
            found.push(Violation {
                count: Some(column.nulls),
                share: Some(share),
                change,
                ..Violation::new("nullable", message)
            });
        }
        found.extend(self.out_of_range(file, column, before));
        found.extend(self.not_allowed(file, column));
        found
    }

    fn out_of_range(
        &self,
        file: &str,
        column: &ColumnProfile,
        before: Option<&ColumnProfile>,
    ) -> Option<Violation> {
        let number = column.number.as_ref()?;
        let below = self.min.is_some_and(|min| number.min < min);
        let above = self.max.is_some_and(|max| number.max > max);
        if !below && !above {
            return None;
        }
        let limit = |limit: Option<f64>| limit.map_or_else(|| "…".to_owned(), |limit| limit.to_string());
        let message = format!(
            "{file}: {} goes from {} to {}, {} to {} is expected",
            self.name,
            number.min,
            number.max,
            limit(self.min),
            limit(self.max)
        );
        let change = before.and_then(|before| {
            let (was, is) = (before.number.as_ref()?.median()?, number.median()?);
            Some(format!("median {was} before, {is} now{}", unit_change(is / was)))
        });
        Some(Violation { change, ..Violation::new("range", message) })
    }

    fn not_allowed(&self, file: &str, column: &ColumnProfile) -> Option<Violation> {
        let allowed = self.allowed.as_ref()?;
        let strange: Vec<_> = column.top.iter().filter(|top| !allowed.contains(&top.value)).collect();
        if strange.is_empty() {
            return None;
        }
        let shown: Vec<String> = strange.iter().take(5).map(|top| format!("{:?}", top.value)).collect();
        let count = strange.iter().map(|top| top.count).sum();
        let message = format!("{file}: {} has values that are not allowed: {}", self.name, shown.join(", "));
        Some(Violation { count: Some(count), ..Violation::new("allowed", message) })
    }
}

/// Counts as shares; rows are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A whole number where the range is wide, else four digits.
fn rounded(value: f64, whole: fn(f64) -> f64) -> f64 {
    if value.abs() >= 10.0 { whole(value) } else { whole(value * 1e4) / 1e4 }
}

/// Whole numbers with gaps come as floating-point numbers from some programs.
fn same_kind(expected: &str, found: &str) -> bool {
    expected == found || (expected == "number" && found == "integer")
}

/// What a factor between two medians looks like.
fn unit_change(factor: f64) -> String {
    let near = |unit: f64| (factor / unit - 1.0).abs() < 0.05;
    let guess = match () {
        () if near(MILE) => ": miles to kilometres?",
        () if near(1.0 / MILE) => ": kilometres to miles?",
        () if near(1000.0) || near(1.0 / 1000.0) => ": a thousandfold unit?",
        () if near(60.0) || near(1.0 / 60.0) => ": minutes and hours or seconds?",
        () if near(100.0) || near(0.01) => ": a hundredfold unit?",
        () => "",
    };
    format!(" (× {factor:.3}{guess})")
}

fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

struct Reader<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, place: Place, message: impl Into<String>, help: Option<String>) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: place.line,
            column: place.column,
            message: message.into(),
            help,
        });
    }

    fn unknown(&mut self, key: &str, place: Place, known: &[&str]) {
        let help = nearest(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        self.problem(place, format!("unknown key `{key}`; known are {}", known.join(", ")), help);
    }

    fn contract(&mut self, root: &Node) -> Contract {
        let mut contract = Contract::default();
        let Value::Map(entries) = &root.value else {
            self.problem(root.place, "a contract is a map with `columns:`", None);
            return contract;
        };
        for entry in entries {
            match (entry.key.as_str(), &entry.value.value) {
                ("columns", Value::Map(columns)) => {
                    for column in columns {
                        contract.columns.push(self.column(&column.key, column.place, &column.value));
                    }
                }
                ("rows", Value::Map(rows)) => {
                    for row in rows {
                        match (row.key.as_str(), &row.value.value) {
                            ("min", Value::Int(min)) if *min >= 0 => {
                                contract.min_rows = u64::try_from(*min).ok()
                            }
                            ("min", _) => self.problem(row.value.place, "`min` is a whole number", None),
                            (other, _) => self.unknown(other, row.place, &["min"]),
                        }
                    }
                }
                ("unique", Value::List(names)) => contract.unique = self.texts(names, "unique"),
                ("columns" | "rows", other) => {
                    let message = format!("`{}` is a map, not {}", entry.key, other.kind());
                    self.problem(entry.value.place, message, None);
                }
                ("unique", other) => {
                    let message = format!("`unique` is a list of columns, not {}", other.kind());
                    self.problem(entry.value.place, message, None);
                }
                (other, _) => self.unknown(other, entry.place, &["columns", "rows", "unique"]),
            }
        }
        contract
    }

    fn column(&mut self, name: &str, place: Place, node: &Node) -> ColumnRule {
        let mut rule = ColumnRule {
            name: name.to_owned(),
            kind: None,
            max_null_share: 1.0,
            min: None,
            max: None,
            allowed: None,
            severity: Severity::Block,
            place: Some(place),
        };
        let Value::Map(settings) = &node.value else {
            self.problem(
                node.place,
                format!("the rules of {name} are a map, not {}", node.value.kind()),
                None,
            );
            return rule;
        };
        for setting in settings {
            let at = setting.value.place;
            match (setting.key.as_str(), &setting.value.value) {
                ("type", Value::Text(kind)) => rule.kind = Some(kind.clone()),
                ("nullable", Value::Bool(nullable)) => {
                    rule.max_null_share = if *nullable { 1.0 } else { 0.0 }
                }
                ("max_null_share", value) => {
                    match number(value).filter(|share| (0.0..=1.0).contains(share)) {
                        Some(share) => rule.max_null_share = share,
                        None => self.problem(at, "`max_null_share` is a number from 0 to 1", None),
                    }
                }
                ("min", value) if number(value).is_some() => rule.min = number(value),
                ("max", value) if number(value).is_some() => rule.max = number(value),
                ("allowed", Value::List(values)) => rule.allowed = Some(self.texts(values, "allowed")),
                ("severity", Value::Text(word)) if word == "warn" => rule.severity = Severity::Warn,
                ("severity", Value::Text(word)) if word == "block" => rule.severity = Severity::Block,
                (known, value) if COLUMN_KEYS.contains(&known) => {
                    self.problem(at, format!("`{known}` cannot be {}", value.kind()), None);
                }
                (other, _) => self.unknown(other, setting.place, &COLUMN_KEYS),
            }
        }
        rule
    }

    fn texts(&mut self, nodes: &[Node], what: &str) -> Vec<String> {
        let mut texts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match &node.value {
                Value::Text(text) => texts.push(text.clone()),
                Value::Int(number) => texts.push(number.to_string()),
                Value::Bool(word) => texts.push(word.to_string()),
                other => {
                    self.problem(node.place, format!("`{what}` lists texts, not {}", other.kind()), None)
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "columns:\n  origin: {type: text, nullable: false, allowed: [EWR, JFK, LGA]}\n  \
                        distance: {type: integer, min: 17, max: 5482}\nrows: {min: 1}\nunique: [origin, distance]\n";

    #[test]
    fn a_contract_reads_back_as_it_was_written() {
        let read = Contract::parse(TEXT, "contracts/flights.yaml").unwrap();
        assert_eq!(read.rules(), 9);
        let again = Contract::parse(&read.to_yaml(), "again").unwrap();
        assert_eq!(again.to_yaml(), read.to_yaml());
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_the_nearest_key() {
        let text = "columns:\n  distance: {typ: integer, min: far}\nunqiue: [a]\n";
        let problems = Contract::parse(text, "c.yaml").unwrap_err();
        let told: Vec<_> = problems.iter().map(|p| (p.line, p.column, p.help.clone())).collect();
        assert_eq!(
            told,
            [
                (2, 14, Some("did you mean `type`?".to_owned())),
                (2, 33, None),
                (3, 1, Some("did you mean `unique`?".to_owned())),
            ]
        );
    }

    #[test]
    fn a_factor_between_medians_is_read_as_a_change_of_unit() {
        assert_eq!(unit_change(1.609), " (× 1.609: miles to kilometres?)");
        assert_eq!(unit_change(1.2), " (× 1.200)");
    }
}
