//! The text of a contract with other rules of columns, the rest of it as it was.
//!
//! The lines of a column whose rules change are written anew; comments among them come to stand above. A file in a form
//! that cannot be changed line by line is written anew as a whole, with its comments at the top.

use std::ops::Range;

use super::Contract;
use crate::yaml::{Entry, Node, Value};

/// The text of `after`, made of the text of `before`.
pub(super) fn edit(text: &str, before: &Contract, after: &Contract) -> String {
    by_lines(text, before, after).filter(|edited| says(edited, after)).unwrap_or_else(|| {
        let kept: String = text.lines().filter_map(comment).map(|comment| format!("{comment}\n")).collect();
        format!("{kept}{}", after.to_yaml())
    })
}

/// Whether a text reads as these rules, wherever they stand.
fn says(text: &str, wanted: &Contract) -> bool {
    Contract::parse(text, "").is_ok_and(|read| read.to_yaml() == wanted.to_yaml())
}

fn by_lines(text: &str, before: &Contract, after: &Contract) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let root = Node::parse(text, "").ok()?;
    let Value::Map(top) = &root.value else { return None };
    let mut edits: Vec<(Range<usize>, Vec<String>)> = Vec::new();
    let fresh = |indent: &str| {
        let rules = after.columns.iter().filter(|rule| before.column(&rule.name).is_none());
        rules.map(|rule| format!("{indent}{}", rule.to_yaml())).collect::<Vec<String>>()
    };
    let mut end = Vec::new();
    match top.iter().position(|entry| entry.key == "columns") {
        Some(at) => {
            let Value::Map(columns) = &top[at].value.value else { return None };
            let after_all = top.get(at + 1).map_or(lines.len(), line_of);
            for (n, column) in columns.iter().enumerate() {
                let next = columns.get(n + 1).map_or(after_all, line_of);
                let range = own_lines(&lines, line_of(column)..next)?;
                let indent = indent_of(lines.get(range.start)?, column)?;
                let rule = after.column(&column.key);
                let was = before.column(&column.key)?;
                let mut written = Vec::new();
                if rule.is_none_or(|rule| rule.to_yaml() != was.to_yaml()) {
                    let own = lines.get(range.clone())?;
                    let comments = own.iter().filter_map(|line| comment(line));
                    written.extend(comments.map(|comment| format!("{indent}{comment}")));
                    written.extend(rule.map(|rule| format!("{indent}{}", rule.to_yaml())));
                    edits.push((range.clone(), written));
                }
                if n + 1 == columns.len() {
                    edits.push((range.end..range.end, fresh(&indent)));
                }
            }
        }
        None if !after.columns.is_empty() => {
            end.push("columns:".to_owned());
            end.extend(fresh("  "));
        }
        None => {}
    }
    if !top.iter().any(|entry| entry.key == "rows") {
        end.extend(after.min_rows.map(|rows| format!("rows: {{min: {rows}}}")));
    }
    if !top.iter().any(|entry| entry.key == "unique") && !after.unique.is_empty() {
        let only = Contract { unique: after.unique.clone(), ..Contract::default() };
        end.push(only.to_yaml().trim_end().to_owned());
    }
    edits.push((lines.len()..lines.len(), end));
    let mut out: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for (range, written) in edits.into_iter().rev() {
        out.splice(range, written);
    }
    Some(out.join("\n") + "\n")
}

/// The line, from 0, on which an entry begins.
fn line_of(entry: &Entry) -> usize {
    usize::try_from(entry.place.line.saturating_sub(1)).unwrap_or(usize::MAX)
}

/// Without the comments and empty lines at the end, which belong to what follows; none when two share a line.
fn own_lines(lines: &[&str], range: Range<usize>) -> Option<Range<usize>> {
    let own = lines.get(range.clone())?;
    let foreign = |line: &&&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let trailing = own.iter().rev().take_while(foreign).count();
    (own.len() > trailing).then(|| range.start..range.end - trailing)
}

/// The blanks before an entry that begins its line.
fn indent_of(line: &str, entry: &Entry) -> Option<String> {
    let width = usize::try_from(entry.place.column.saturating_sub(1)).ok()?;
    let indent: String = line.chars().take(width).collect();
    indent.chars().all(|c| c == ' ').then_some(indent)
}

/// The comment of a line; a sign within quotes begins none.
fn comment(line: &str) -> Option<&str> {
    let (mut quote, mut before) = (None, ' ');
    for (at, c) in line.char_indices() {
        match quote {
            None if c == '#' && before == ' ' => return line.get(at..).map(str::trim_end),
            None if matches!(c, '"' | '\'') && !before.is_alphanumeric() => quote = Some(c),
            Some(open) if c == open && before != '\\' => quote = None,
            _ => {}
        }
        before = c;
    }
    None
}
