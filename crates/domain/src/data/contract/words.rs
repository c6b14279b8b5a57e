//! The rules of a contract in words, one by one.

use super::{Bounds, ColumnRule, Contract};
use crate::data::violation::Severity;

/// A rule in words.
#[derive(Clone, Debug, PartialEq)]
pub struct InWords {
    /// The column, unless it is about the table.
    pub column: Option<String>,
    /// The rule, as [`crate::data::Violation::rule`] has it.
    pub rule: &'static str,
    /// What it says.
    pub says: String,
    /// What a violation does.
    pub severity: Severity,
}

impl Contract {
    /// Every rule in words, those of the table first.
    pub fn in_words(&self) -> Vec<InWords> {
        let mut all = Vec::new();
        let mut table =
            |rule, severity, says: String| all.push(InWords { column: None, rule, says, severity });
        let block = Severity::Block;
        if let Some(rows) = self.min_rows {
            table("rows", block, format!("each file has at least {rows} rows"));
        }
        if let Some(rows) = self.max_rows {
            table("rows", block, format!("each file has at most {rows} rows"));
        }
        if !self.unique.is_empty() {
            table("unique", block, format!("{} together occur once", self.unique.join(", ")));
        }
        if let Some(severity) = self.others {
            table("extra_column", severity, "there are no other columns".to_owned());
        }
        if let Some(fresh) = &self.freshness {
            let says = format!("the newest {} is at most {} old on arrival", fresh.column, fresh.max_age);
            table("freshness", fresh.severity, says);
        }
        for reference in &self.references {
            let (here, there) = (reference.columns.join(", "), reference.columns_there.join(", "));
            let says = format!("each {here} is one of {there} in {}", reference.to);
            table("references", reference.severity, says);
        }
        for assertion in &self.assertions {
            let few = assertion.mostly.map_or_else(
                || "no row".to_owned(),
                |mostly| format!("at most {} of the rows", percent(1.0 - mostly)),
            );
            let says = format!("{}: {few} is found by {}", assertion.name, one_line(&assertion.sql));
            table("assertion", assertion.severity, says);
        }
        all.extend(self.columns.iter().flat_map(ColumnRule::in_words));
        all
    }
}

impl ColumnRule {
    fn in_words(&self) -> Vec<InWords> {
        let mut all = Vec::new();
        let severity = self.severity;
        let mut say =
            |rule, says: String| all.push(InWords { column: Some(self.name.clone()), rule, says, severity });
        let kind = self.kind.as_ref().map_or_else(String::new, |kind| format!(" and is {kind}"));
        say("type", format!("is there{kind}"));
        if self.max_null_share == 0.0 {
            say("nullable", "is never missing".to_owned());
        } else if self.max_null_share < 1.0 {
            say("nullable", format!("is missing in at most {} of the rows", percent(self.max_null_share)));
        }
        let mostly = self.mostly.filter(|mostly| *mostly < 1.0);
        let mostly =
            mostly.map_or_else(String::new, |mostly| format!(", in {} of the values", percent(mostly)));
        let limits = match (self.min, self.max) {
            (None, None) => None,
            (Some(min), None) => Some(format!("is at least {}", self.limit(min))),
            (None, Some(max)) => Some(format!("is at most {}", self.limit(max))),
            (Some(min), Some(max)) => Some(format!("is {} to {}", self.limit(min), self.limit(max))),
        };
        if let Some(limits) = limits {
            say("range", format!("{limits}{mostly}"));
        }
        if let Some(allowed) = &self.allowed {
            say("allowed", format!("is one of {}{mostly}", allowed.join(", ")));
        }
        if let Some(pattern) = &self.pattern {
            say("pattern", format!("is like {pattern}{mostly}"));
        }
        if let Some(length) = self.length {
            say("length", format!("has {} characters{mostly}", length.words()));
        }
        let figures = &self.distribution;
        let between = |what: &str, bounds: Bounds| format!("has a {what} of {}", bounds.words());
        if let Some(mean) = figures.mean {
            say("mean", between("mean", mean));
        }
        for (share, bounds) in &figures.quantiles {
            say("quantile", between(&format!("{share} quantile"), *bounds));
        }
        if let Some(distinct) = figures.distinct {
            say("distinct", format!("has {} different values", distinct.words()));
        }
        if self.pii {
            say("pii", "holds personal data: values are never quoted".to_owned());
        }
        all
    }
}

fn percent(share: f64) -> String {
    // Two digits are enough for people: 0.1 + 0.2 is not their matter.
    format!("{} %", (share * 1e4).round() / 100.0)
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
