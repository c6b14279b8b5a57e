//! The rules of one column, from text.

use super::super::{Bounds, ColumnRule, Distribution, pattern};
use super::{Reader, number};
use crate::suggest::nearest;
use crate::yaml::{Entry, Node, Place, Value};

const COLUMN_KEYS: [&str; 14] = [
    "type",
    "nullable",
    "max_null_share",
    "min",
    "max",
    "allowed",
    "pattern",
    "length",
    "mostly",
    "distribution",
    "severity",
    "description",
    "pii",
    "tags",
];
/// The words for types that profiles use.
pub(in super::super) const TYPES: [&str; 9] =
    ["integer", "number", "text", "boolean", "date", "timestamp", "time", "bytes", "list"];
/// What other programs call them.
const OTHER_WORDS: [(&str, &[&str]); 5] = [
    ("integer", &["int", "int32", "int64", "bigint", "long"]),
    ("number", &["float", "double", "float64", "real", "decimal", "numeric"]),
    ("text", &["string", "str", "varchar", "category", "object"]),
    ("boolean", &["bool"]),
    ("timestamp", &["datetime", "timestamptz"]),
];
/// The shares whose quantiles profiles hold.
const SHARES: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

impl Reader<'_> {
    pub(super) fn column(&mut self, column: &Entry) -> ColumnRule {
        let name = &column.key;
        let mut rule = ColumnRule { place: Some(column.place), ..ColumnRule::new(name) };
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
        let node = &setting.value;
        match (setting.key.as_str(), &node.value) {
            ("type", Value::Text(kind)) if TYPES.contains(&kind.as_str()) => rule.kind = Some(kind.clone()),
            ("type", value) => self.not_a_type(node.place, value),
            ("nullable" | "max_null_share", _) => self.missing(rule, setting),
            ("min", _) => rule.min = self.limit("min", node),
            ("max", _) => rule.max = self.limit("max", node),
            ("allowed", _) => rule.allowed = self.allowed(node),
            ("pattern", _) => rule.pattern = self.pattern(node),
            ("length", _) => rule.length = self.bounds("length", node, true),
            ("mostly", _) => rule.mostly = self.mostly(node),
            ("distribution", _) => rule.distribution = self.distribution(node),
            ("severity", _) => {
                rule.severity = self.severity("severity", node).unwrap_or_default();
            }
            ("description", _) => rule.description = self.words("description", node),
            ("pii", Value::Bool(pii)) => rule.pii = *pii,
            ("pii", value) => {
                let message = format!("`pii` is true or false, not {}", value.kind());
                self.problem(node.place, message, Some("`pii: true` keeps values out of messages"));
            }
            ("tags", _) => rule.tags = self.tags(node),
            (other, _) => self.unknown(other, setting.place, &COLUMN_KEYS),
        }
    }

    fn missing(&mut self, rule: &mut ColumnRule, setting: &Entry) {
        let at = setting.value.place;
        match (setting.key.as_str(), &setting.value.value) {
            ("nullable", Value::Bool(nullable)) => rule.max_null_share = if *nullable { 1.0 } else { 0.0 },
            ("nullable", value) => {
                let message = format!("`nullable` is true or false, not {}", value.kind());
                let help = "for a share: `max_null_share: 0.05`";
                self.problem(at, message, Some(help));
            }
            (_, value) => match number(value).filter(|share| (0.0..=1.0).contains(share)) {
                Some(share) => rule.max_null_share = share,
                None => {
                    let help = "for five in a hundred: `max_null_share: 0.05`";
                    self.problem(at, "`max_null_share` is a number from 0 to 1", Some(help));
                }
            },
        }
    }

    /// A number, or a date or time as milliseconds.
    fn limit(&mut self, key: &str, node: &Node) -> Option<f64> {
        let value = match &node.value {
            Value::Text(text) => millis(text),
            value => number(value),
        };
        if value.is_none() {
            let message = format!("`{key}` cannot be {}", node.value.kind());
            let help = format!("a number, like `{key}: 0`, or a date, like `{key}: 2024-01-31`");
            self.problem(node.place, message, Some(&help));
        }
        value
    }

    fn allowed(&mut self, node: &Node) -> Option<Vec<String>> {
        match &node.value {
            Value::List(values) if values.is_empty() => {
                let help = "list the values that may occur, or leave `allowed` out";
                self.problem(node.place, "`allowed` is empty, so no value would be", Some(help));
                None
            }
            Value::List(values) => Some(self.texts(values, "allowed")),
            _ => {
                self.wrong_form(node, "allowed", "a list of values", "allowed: [basic, pro]");
                None
            }
        }
    }

    fn pattern(&mut self, node: &Node) -> Option<String> {
        let Value::Text(text) = &node.value else {
            self.wrong_form(node, "pattern", "a regular expression", "pattern: '[A-Z]{2}[0-9]+'");
            return None;
        };
        if let Err(fault) = pattern::compile(text) {
            let start = self.lines(node, text).first().copied();
            let place = start.zip(fault.offset).map_or(node.place, |(start, offset)| start.right_by(offset));
            self.problem(place, fault.message, fault.help);
            return None;
        }
        Some(text.clone())
    }

    fn distribution(&mut self, node: &Node) -> Distribution {
        let mut rules = Distribution::default();
        let Value::Map(parts) = &node.value else {
            self.wrong_form(node, "distribution", "a map", "distribution: {mean: {min: 1, max: 2}}");
            return rules;
        };
        for part in parts {
            match (part.key.as_str(), &part.value.value) {
                ("mean", _) => rules.mean = self.bounds("mean", &part.value, false),
                ("distinct", _) => rules.distinct = self.bounds("distinct", &part.value, true),
                ("quantiles", Value::Map(shares)) => rules.quantiles = self.quantiles(shares),
                ("quantiles", _) => {
                    self.wrong_form(&part.value, "quantiles", "a map", "quantiles: {0.5: {min: 1, max: 2}}");
                }
                (other, _) => self.unknown(other, part.place, &["mean", "quantiles", "distinct"]),
            }
        }
        rules
    }

    fn quantiles(&mut self, shares: &[Entry]) -> Vec<(f64, Bounds)> {
        let mut quantiles = Vec::with_capacity(shares.len());
        for entry in shares {
            let Some(share) = SHARES.into_iter().find(|share| entry.key.parse() == Ok(*share)) else {
                let known: Vec<String> = SHARES.iter().map(ToString::to_string).collect();
                let message =
                    format!("profiles hold no quantile {}; they hold {}", entry.key, known.join(", "));
                self.problem(entry.place, message, Some("`0.5` is the median"));
                continue;
            };
            quantiles.extend(self.bounds(&entry.key, &entry.value, false).map(|bounds| (share, bounds)));
        }
        quantiles
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

    /// Rules that exclude one another, or that no value of the type could keep.
    fn fit_together(&mut self, rule: &ColumnRule, settings: &[Entry]) {
        let setting = |key: &str| settings.iter().find(|setting| setting.key == key);
        let place = |key: &str| setting(key).map(|found| found.place);
        if let (Some(min), Some(max), Some(at)) = (rule.min, rule.max, place("min"))
            && min > max
        {
            let (min, max) = (rule.limit(min), rule.limit(max));
            let message = format!("`min` {min} is above `max` {max}, so no value would fit");
            self.problem(at, message, Some("exchange the two"));
        }
        if let (Some(_), Some(at)) = (place("nullable"), place("max_null_share")) {
            let help = "`nullable: false` is `max_null_share: 0`: keep one of the two";
            self.problem(at, "`nullable` and `max_null_share` say the same thing twice", Some(help));
        }
        for limit in ["min", "max"].into_iter().filter_map(setting) {
            let text = matches!(limit.value.value, Value::Text(_));
            let read = if limit.key == "min" { rule.min } else { rule.max };
            if read.is_none() {
                continue;
            }
            if text && !rule.is_time() {
                let message = format!("`{}` is a date, and {} is no date or timestamp", limit.key, rule.name);
                self.problem(limit.value.place, message, Some("say so: `type: date` or `type: timestamp`"));
            } else if !text && rule.is_time() {
                let message = format!("`{}` is a number, and {} is a point in time", limit.key, rule.name);
                self.problem(limit.value.place, message, Some("write a date: `min: 2024-01-31`"));
            }
        }
        let Some(kind) = rule.kind.as_deref() else { return };
        if !matches!(kind, "integer" | "number" | "boolean" | "date" | "timestamp")
            && let Some(at) = place("min").or(place("max"))
        {
            let message = format!("`min` and `max` are for numbers and dates, and {} is {kind}", rule.name);
            let help =
                (kind == "text").then_some("for the number of characters: `length: {min: 1, max: 10}`");
            self.problem(at, message, help);
        }
        if let (Some(at), false) = (place("length"), kind == "text") {
            self.problem(at, format!("`length` is for text, and {} is {kind}", rule.name), None);
        }
        if let (Some(at), false) = (place("pattern"), kind == "text") {
            self.problem(at, format!("`pattern` is for text, and {} is {kind}", rule.name), None);
        }
        let figures = rule.distribution.mean.is_some() || !rule.distribution.quantiles.is_empty();
        if let (Some(at), true, false) =
            (place("distribution"), figures, matches!(kind, "integer" | "number" | "boolean"))
        {
            let message = format!("a mean and quantiles are for numbers, and {} is {kind}", rule.name);
            self.problem(at, message, Some("`distribution: {distinct: {min: 2}}` is for every type"));
        }
    }
}

/// A date or a time in ISO 8601, without a zone in UTC, as milliseconds since the epoch.
fn millis(text: &str) -> Option<f64> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|date| date.and_time(NaiveTime::MIN));
    let plain = |form| NaiveDateTime::parse_from_str(text, form).ok();
    let local = || date().or_else(|| plain("%Y-%m-%dT%H:%M:%S%.f")).or_else(|| plain("%Y-%m-%d %H:%M:%S%.f"));
    let zoned = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
    let millis = zoned.or_else(|| local().map(|time| time.and_utc().timestamp_millis()))?;
    // Milliseconds of years that chrono knows are below 2^53.
    Some(millis as f64)
}
