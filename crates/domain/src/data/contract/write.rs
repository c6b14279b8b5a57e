//! A contract as YAML.

use std::fmt::Write as _;

use super::{Assertion, Bounds, ColumnRule, Contract, Distribution, Reference};
use crate::data::violation::Severity;

/// From here on numbers are written with an exponent, so that they are not read as whole ones that are too large.
const LARGE: f64 = 1e15;

impl Contract {
    /// The contract as YAML.
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        for (key, value) in [("description", &self.description), ("owner", &self.owner)] {
            if let Some(value) = value {
                let _written = writeln!(text, "{key}: {}", quoted(value));
            }
        }
        if !self.tags.is_empty() {
            let _written = writeln!(text, "tags: {}", listed(&self.tags));
        }
        if !self.columns.is_empty() {
            text.push_str("columns:\n");
        }
        for column in &self.columns {
            let _written = writeln!(text, "  {}", column.to_yaml());
        }
        let rows = [("min", self.min_rows), ("max", self.max_rows)];
        let rows: Vec<String> =
            rows.iter().filter_map(|(key, rows)| Some(format!("{key}: {}", (*rows)?))).collect();
        if !rows.is_empty() {
            let _written = writeln!(text, "rows: {{{}}}", rows.join(", "));
        }
        if !self.unique.is_empty() {
            let _written = writeln!(text, "unique: {}", listed(&self.unique));
        }
        if let Some(severity) = self.others {
            let word = if severity == Severity::Warn { "warn" } else { "block" };
            let _written = writeln!(text, "others: {word}");
        }
        if let Some(fresh) = &self.freshness {
            let column = quoted(&fresh.column);
            let warn = severity(fresh.severity);
            let _written =
                writeln!(text, "freshness: {{column: {column}, max_age: {}{warn}}}", fresh.max_age);
        }
        write_list(&mut text, "references", self.references.iter().map(Reference::to_yaml));
        write_list(&mut text, "assertions", self.assertions.iter().map(Assertion::to_yaml));
        text
    }
}

impl ColumnRule {
    /// `name: {type: text, …}`.
    pub(super) fn to_yaml(&self) -> String {
        format!("{}: {{{}}}", quoted(&self.name), self.settings().join(", "))
    }

    fn settings(&self) -> Vec<String> {
        let mut parts = Vec::new();
        parts.extend(self.kind.as_ref().map(|kind| format!("type: {kind}")));
        if self.max_null_share == 0.0 {
            parts.push("nullable: false".to_owned());
        } else if self.max_null_share < 1.0 {
            parts.push(format!("max_null_share: {}", self.max_null_share));
        }
        let limit = |limit: f64| if self.is_time() { self.limit(limit) } else { number(limit) };
        parts.extend(self.min.map(|min| format!("min: {}", limit(min))));
        parts.extend(self.max.map(|max| format!("max: {}", limit(max))));
        parts.extend(self.allowed.as_ref().map(|values| format!("allowed: {}", listed(values))));
        parts.extend(self.pattern.as_ref().map(|pattern| format!("pattern: {}", quoted(pattern))));
        parts.extend(self.length.map(|length| format!("length: {}", bounds(length))));
        parts.extend(self.mostly.map(|mostly| format!("mostly: {mostly}")));
        if !self.distribution.is_empty() {
            parts.push(format!("distribution: {}", distribution(&self.distribution)));
        }
        parts.extend(self.pii.then(|| "pii: true".to_owned()));
        if !self.tags.is_empty() {
            parts.push(format!("tags: {}", listed(&self.tags)));
        }
        parts.extend(self.description.as_ref().map(|text| format!("description: {}", quoted(text))));
        if self.severity == Severity::Warn {
            parts.push("severity: warn".to_owned());
        }
        parts
    }
}

impl Reference {
    fn to_yaml(&self) -> String {
        let (columns, there) = (listed(&self.columns), listed(&self.columns_there));
        let warn = severity(self.severity);
        format!("{{columns: {columns}, to: {}, columns_there: {there}{warn}}}", quoted(&self.to))
    }
}

impl Assertion {
    fn to_yaml(&self) -> String {
        let mostly = self.mostly.map_or_else(String::new, |mostly| format!(", mostly: {mostly}"));
        let sql = serde_json::Value::from(self.sql.as_str());
        format!("{{name: {}, sql: {sql}{mostly}{}}}", quoted(&self.name), severity(self.severity))
    }
}

fn write_list(text: &mut String, key: &str, items: impl Iterator<Item = String>) {
    let lines: String = items.map(|item| format!("  - {item}\n")).collect();
    if !lines.is_empty() {
        let _written = write!(text, "{key}:\n{lines}");
    }
}

fn distribution(rules: &Distribution) -> String {
    let mut parts = Vec::new();
    parts.extend(rules.mean.map(|mean| format!("mean: {}", bounds(mean))));
    let quantiles: Vec<String> =
        rules.quantiles.iter().map(|(share, limits)| format!("{share}: {}", bounds(*limits))).collect();
    if !quantiles.is_empty() {
        parts.push(format!("quantiles: {{{}}}", quantiles.join(", ")));
    }
    parts.extend(rules.distinct.map(|distinct| format!("distinct: {}", bounds(distinct))));
    format!("{{{}}}", parts.join(", "))
}

fn bounds(bounds: Bounds) -> String {
    let parts = [("min", bounds.min), ("max", bounds.max)];
    let parts = parts.iter().filter_map(|(key, limit)| Some(format!("{key}: {}", number((*limit)?))));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
}

fn number(value: f64) -> String {
    if value.abs() >= LARGE { format!("{value:e}") } else { value.to_string() }
}

fn severity(severity: Severity) -> &'static str {
    if severity == Severity::Warn { ", severity: warn" } else { "" }
}

fn listed(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
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
