//! The key of a step's unit: BLAKE3 over a canonical, stored list of named fields.
//!
//! Two units with the same key make the same outputs, so a committed result is taken instead of running again.
//! Fields hold content, not names or times; formatting and comments of SQL, YAML and Python are not in them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Changes when the meaning of a field does: old results are then not taken for new ones.
const FORMAT: &str = "volano step key 1";

/// A unit's key: 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(String);

impl StepKey {
    /// Takes 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The named fields behind a key, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyFields(BTreeMap<String, String>);

impl KeyFields {
    /// Sets a field: `command`, `sql`, `param.lr`, `input.features`, `code.src/train.py`, `env`, `platform`,
    /// `output.model`, `partition`, `item.seed`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All fields in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The key: BLAKE3 over format, count and every name and value, each preceded by its length in bytes
    /// (8, little-endian), so that no two lists read alike.
    pub fn key(&self) -> StepKey {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(FORMAT);
        add(&self.0.len().to_string());
        for (name, value) in &self.0 {
            add(name);
            add(value);
        }
        StepKey(hasher.finalize().to_hex().to_string())
    }

    /// What differs from `before`, by name.
    pub fn changes_since(&self, before: &Self) -> Vec<FieldChange> {
        let names: std::collections::BTreeSet<_> = self.0.keys().chain(before.0.keys()).collect();
        names
            .into_iter()
            .filter(|name| self.0.get(*name) != before.0.get(*name))
            .map(|name| FieldChange {
                field: name.clone(),
                before: before.0.get(name).cloned(),
                after: self.0.get(name).cloned(),
            })
            .collect()
    }
}

/// One field that differs between two keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// The old value; absent when the field is new.
    pub before: Option<String>,
    /// The new value; absent when the field is gone.
    pub after: Option<String>,
}

impl FieldChange {
    /// The change in words: "code src/train.py changed".
    pub fn sentence(&self) -> String {
        let what = match self.field.split_once('.') {
            Some((kind, name)) if matches!(kind, "input" | "code" | "param" | "item" | "output") => {
                format!("{kind} {name}")
            }
            _ => self.field.clone(),
        };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if before.len() <= 40 && after.len() <= 40 => {
                format!("{what} changed from {before} to {after}")
            }
            (Some(_), Some(_)) => format!("{what} changed"),
            (None, _) => format!("{what} is new"),
            (_, None) => format!("{what} is gone"),
        }
    }
}

/// SQL without comments and with single blanks; text in quotes stays as it is.
pub fn normalize_sql(sql: &str) -> String {
    let chars: Vec<char> = sql.chars().collect();
    let mut out = String::with_capacity(sql.len());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        match chars[at] {
            quote @ ('\'' | '"') => {
                let end = rest[1..].iter().position(|c| *c == quote).map_or(rest.len(), |n| n + 2);
                out.extend(&rest[..end]);
                at += end;
            }
            '-' if rest.get(1) == Some(&'-') => {
                at += rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
                blank(&mut out);
            }
            '/' if rest.get(1) == Some(&'*') => {
                let end = rest.windows(2).skip(2).position(|pair| pair == ['*', '/']);
                at += end.map_or(rest.len(), |n| n + 4);
                blank(&mut out);
            }
            c if c.is_whitespace() => {
                blank(&mut out);
                at += 1;
            }
            c => {
                out.push(c);
                at += 1;
            }
        }
    }
    out.trim_end_matches([' ', ';']).trim_start().to_owned()
}

fn blank(out: &mut String) {
    if !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Python without comments, trailing blanks and empty lines; strings and indentation stay as they are.
pub fn normalize_python(source: &str) -> String {
    let chars: Vec<char> = source.replace("\r\n", "\n").chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '#' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            quote @ ('\'' | '"') => {
                let end = end_of_string(&chars, at, quote);
                out.extend(&chars[at..end]);
                at = end;
            }
            '\n' => {
                end_line(&mut out);
                at += 1;
            }
            c => {
                out.push(c);
                at += 1;
            }
        }
    }
    end_line(&mut out);
    out
}

fn end_line(out: &mut String) {
    out.truncate(out.trim_end_matches([' ', '\t', '\n']).len());
    if !out.is_empty() {
        out.push('\n');
    }
}

fn end_of_string(chars: &[char], start: usize, quote: char) -> usize {
    let long = chars.get(start + 1) == Some(&quote) && chars.get(start + 2) == Some(&quote);
    let width = if long { 3 } else { 1 };
    let mut at = start + width;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '\n' if !long => return at,
            c if c == quote && (!long || chars[at..].starts_with(&[quote; 3])) => return at + width,
            _ => at += 1,
        }
    }
    chars.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_of_names_and_values_and_nothing_can_pass_for_another() {
        let mut a = KeyFields::default();
        a.set("command", "x");
        a.set("param.lr", "0.1");
        let mut same = KeyFields::default();
        same.set("param.lr", "0.1");
        same.set("command", "x");
        assert_eq!(a.key(), same.key());
        let mut shifted = KeyFields::default();
        shifted.set("command", "xparam.lr");
        shifted.set("", "0.1");
        assert_ne!(a.key(), shifted.key());
        // Stored keys must stay readable for ever: this one may change with FORMAT only.
        assert_eq!(
            KeyFields::default().key().as_str(),
            blake3::hash(b"\x11\0\0\0\0\0\0\0volano step key 1\x01\0\0\0\0\0\0\x000").to_hex().as_str()
        );
    }

    #[test]
    fn what_changed_is_named() {
        let mut before = KeyFields::default();
        before.set("param.lr", "0.1");
        before.set("code.src/a.py", "1");
        let mut after = before.clone();
        after.set("param.lr", "0.2");
        after.set("env", "e");
        let sentences: Vec<_> = after.changes_since(&before).iter().map(FieldChange::sentence).collect();
        assert_eq!(sentences, ["env is new", "param lr changed from 0.1 to 0.2"]);
    }

    #[test]
    fn formatting_and_comments_of_sql_do_not_count() {
        let plain = normalize_sql("SELECT a, 'x -- y' FROM t");
        let dressed = normalize_sql("-- why\nSELECT a,\n   'x -- y' /* really\n */ FROM t ;\n");
        assert_eq!(plain, dressed);
        assert_ne!(plain, normalize_sql("SELECT a, 'x --  y' FROM t"));
    }

    #[test]
    fn formatting_and_comments_of_python_do_not_count_but_strings_do() {
        let plain = normalize_python("import os\nx = '#1'\nif x:\n    y = \"\"\"a\n\n# b\"\"\"\n");
        let dressed = normalize_python(
            "# why\nimport os  # sys\n\n\nx = '#1'\nif x:\n    # so\n    y = \"\"\"a\n\n# b\"\"\"\n\n",
        );
        assert_eq!(plain, dressed);
        assert!(plain.contains("# b"));
        assert_ne!(plain, normalize_python("import os\nx = '#2'\n"));
    }
}
