//! What learning anew would change in a contract, rule by rule.

use super::{ColumnRule, Contract, edit};

/// A rule that learning changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The column, unless it is about the table.
    pub column: Option<String>,
    /// The rule, as it is written: `min`, `allowed`, `rows`, …
    pub rule: &'static str,
    /// What becomes of it.
    pub changed: Changed,
    /// What it said.
    pub before: Option<String>,
    /// What it will say.
    pub after: Option<String>,
}

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is new.
    Added,
    /// It lets more pass.
    Loosened,
    /// It lets less pass.
    Tightened,
    /// It says something else.
    Replaced,
    /// It goes.
    Removed,
}

impl Changed {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Loosened => "loosened",
            Self::Tightened => "tightened",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
        }
    }
}

/// A contract learned anew beside the one that there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// What changes.
    pub changes: Vec<Change>,
    /// The rules there will be: those that learning knows nothing of stay.
    pub contract: Contract,
    /// The text with these rules; comments stay.
    pub text: String,
}

impl Contract {
    /// Puts what was learned into this contract, which `text` is.
    pub fn revise(&self, text: &str, learned: &Self) -> Revision {
        let mut changes = Vec::new();
        let mut columns: Vec<ColumnRule> = Vec::new();
        for rule in &self.columns {
            match learned.column(&rule.name) {
                Some(now) => columns.push(rule.revise(now, &mut changes)),
                None => changes.push(Change {
                    column: Some(rule.name.clone()),
                    rule: "column",
                    changed: Changed::Removed,
                    before: Some(rule.to_yaml()),
                    after: None,
                }),
            }
        }
        for rule in learned.columns.iter().filter(|rule| self.column(&rule.name).is_none()) {
            changes.push(added(Some(&rule.name), "column", rule.to_yaml()));
            columns.push(rule.clone());
        }
        let mut contract = Self { columns, ..self.clone() };
        if let (None, None, Some(rows)) = (self.min_rows, self.max_rows, learned.min_rows) {
            contract.min_rows = Some(rows);
            changes.push(added(None, "rows", format!("min: {rows}")));
        }
        if self.unique.is_empty() && !learned.unique.is_empty() {
            contract.unique.clone_from(&learned.unique);
            changes.push(added(None, "unique", learned.unique.join(", ")));
        }
        let text = if changes.is_empty() { text.to_owned() } else { edit::edit(text, self, &contract) };
        Revision { changes, contract, text }
    }
}

impl ColumnRule {
    fn revise(&self, learned: &Self, changes: &mut Vec<Change>) -> Self {
        let mut rule = self.clone();
        let mut change = |rule: &'static str, changed, before: Option<String>, after: Option<String>| {
            changes.push(Change { column: Some(self.name.clone()), rule, changed, before, after });
        };
        if learned.kind.is_some() && learned.kind != self.kind {
            let changed = match (self.kind.as_deref(), learned.kind.as_deref()) {
                (None, _) => Changed::Added,
                (Some("integer"), Some("number")) => Changed::Loosened,
                (Some("number"), Some("integer")) => Changed::Tightened,
                _ => Changed::Replaced,
            };
            change("type", changed, self.kind.clone(), learned.kind.clone());
            rule.kind.clone_from(&learned.kind);
        }
        if learned.max_null_share != self.max_null_share {
            let share = |share: f64| (share < 1.0).then(|| share.to_string());
            let changed = direction(self.max_null_share < 1.0, learned.max_null_share > self.max_null_share);
            let (before, after) = (share(self.max_null_share), share(learned.max_null_share));
            change("max_null_share", changed, before, after);
            rule.max_null_share = learned.max_null_share;
        }
        let limit = |value: Option<f64>| value.map(|value| self.limit(value));
        if let Some(min) = learned.min.filter(|min| self.min != Some(*min)) {
            let changed = direction(self.min.is_some(), self.min.is_some_and(|before| min < before));
            change("min", changed, limit(self.min), limit(learned.min));
            rule.min = learned.min;
        }
        if let Some(max) = learned.max.filter(|max| self.max != Some(*max)) {
            let changed = direction(self.max.is_some(), self.max.is_some_and(|before| max > before));
            change("max", changed, limit(self.max), limit(learned.max));
            rule.max = learned.max;
        }
        // Limits of one type mean nothing for another.
        if rule.kind != self.kind && !matches!(rule.kind.as_deref(), Some("integer" | "number")) {
            for (name, value) in [("min", rule.min.take()), ("max", rule.max.take())] {
                if value.is_some() {
                    change(name, Changed::Removed, limit(value), None);
                }
            }
        }
        if let Some(allowed) = learned.allowed.as_ref().filter(|_| !self.pii) {
            let before = self.allowed.as_deref().unwrap_or_default();
            let fresh = allowed.iter().any(|value| !before.contains(value));
            let gone = before.iter().any(|value| !allowed.contains(value));
            if fresh || gone {
                let changed = match (self.allowed.is_some(), fresh, gone) {
                    (true, true, true) => Changed::Replaced,
                    (known, fresh, _) => direction(known, fresh),
                };
                let before = self.allowed.as_ref().map(|values| values.join(", "));
                change("allowed", changed, before, Some(allowed.join(", ")));
                rule.allowed = Some(allowed.clone());
            }
        }
        if learned.pii && !self.pii {
            change("pii", Changed::Added, None, Some("true".to_owned()));
            rule.pii = true;
        }
        rule
    }
}

fn direction(known: bool, looser: bool) -> Changed {
    match (known, looser) {
        (false, _) => Changed::Added,
        (true, true) => Changed::Loosened,
        (true, false) => Changed::Tightened,
    }
}

fn added(column: Option<&str>, rule: &'static str, after: String) -> Change {
    Change {
        column: column.map(ToOwned::to_owned),
        rule,
        changed: Changed::Added,
        before: None,
        after: Some(after),
    }
}
