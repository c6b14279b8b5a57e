//! Links of the documentation: every relative link of a Markdown file names a file, and a heading where it says so.

use std::fs;
use std::path::Path;

use crate::run::{Result, output, program, root};

/// Checks all Markdown files that git knows.
pub fn check() -> Result {
    let listed =
        output(program("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"]))?;
    let mut problems = Vec::new();
    for name in listed.lines() {
        let path = root().join(name);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for target in links(&text) {
            if let Some(reason) = broken(&path, &target) {
                problems.push(format!("{name}: {target}: {reason}"));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n       ")) }
}

/// Targets of `[text](target)` outside code blocks.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            found.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
    }
    found
}

fn broken(from: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { from.to_owned() } else { from.parent()?.join(file) };
    if !path.exists() {
        return Some("no such file".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let text = fs::read_to_string(&path).ok()?;
    let known = text.lines().filter(|line| line.starts_with('#')).map(slug).any(|heading| heading == anchor);
    (!known).then(|| "no such heading".to_owned())
}

/// The anchor of a heading: lower case, spaces to dashes, other signs dropped.
fn slug(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_code_are_text_and_anchors_follow_headings() {
        let text = "see [a](b.md) and [c](d.md#e)\n```\n[no](link)\n```\n";
        assert_eq!(links(text), ["b.md", "d.md#e"]);
        assert_eq!(slug("## How a `step` runs, exactly"), "how-a-step-runs-exactly");
    }
}
