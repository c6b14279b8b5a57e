//! `volano model card`: a version as one page of Markdown.

use std::fmt::Write;

use serde_json::Value;

use super::compare::{columns, flavors, whole};
use crate::client::{Client, ModelRef};
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::{Fields, plain};
use crate::output::{Form, Output, number};

/// Where a version comes from: the field, and what stands before its value.
const PROVENANCE: [(&str, &str); 8] = [
    ("data_versions", "Data"),
    ("run", "Run"),
    ("pipeline_run", "Pipeline run"),
    ("step_run", "Step run"),
    ("code", "Code"),
    ("environment", "Environment"),
    ("evaluation", "Evaluation"),
    ("source", "Source"),
];
/// Tags of a run that say where its code is.
const CODE: [(&str, &str); 3] = [
    ("mlflow.source.git.commit", "Git commit"),
    ("mlflow.source.git.branch", "Git branch"),
    ("mlflow.source.name", "Program"),
];

/// Prints it.
pub async fn run(client: &Client, reference: &ModelRef, out: &Output) -> Result<Exit> {
    let found = whole(client, reference).await?;
    match out.form() {
        Form::Json => out.json(&found),
        Form::Ids => out.line(super::label(&found["version"])),
        Form::Table | Form::Lines => out.write(&markdown(&found)),
    }
    Ok(Exit::Done)
}

/// The card of a version with its run and what its files say.
pub fn markdown(found: &Value) -> String {
    let (version, run, model) = (&found["version"], &found["run"], &found["model"]);
    let mut text = format!("# {}\n\n", line(&super::label(version)));
    let description = version.text("description");
    if !description.is_empty() {
        text.push_str(&format!("{}\n\n", description.trim()));
    }
    let mut about = Vec::new();
    let aliases: Vec<String> =
        version.list("aliases").iter().map(|alias| format!("@{}", plain(alias))).collect();
    about.push(("Aliases", aliases.join(", ")));
    about.push(("Registered", crate::output::time_iso(version.int("created_ms").unwrap_or(0))));
    about.push(("By", version.text("user").to_owned()));
    about.push(("Loads as", flavors(model).join(", ")));
    table(&mut text, "", ["", ""], about.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let signature = [("Inputs", "inputs"), ("Outputs", "outputs")];
    let signature = signature.map(|(name, part)| (name.to_owned(), columns(model, part)));
    table(&mut text, "## What it takes and gives", ["", ""], signature.into_iter());
    table(&mut text, "## What the gate measured", ["Metric", "Value"], figures(version).into_iter());
    table(&mut text, "## What its run logged", ["Metric", "Value"], figures(run).into_iter());
    let params = run.pairs("params").into_iter().map(|(key, value)| (key.to_owned(), plain(value)));
    table(&mut text, "## Parameters", ["Parameter", "Value"], params);
    let known = PROVENANCE.iter().map(|(field, name)| ((*name).to_owned(), value_of(&version[*field])));
    let code = CODE.iter().map(|(tag, name)| ((*name).to_owned(), run["tags"].text(tag).to_owned()));
    table(&mut text, "## Where it comes from", ["", ""], known.chain(code));
    let tags = version.pairs("tags").into_iter().map(|(key, value)| (key.to_owned(), plain(value)));
    table(&mut text, "## Tags", ["Tag", "Value"], tags);
    text
}

fn value_of(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => plain(other),
    }
}

fn figures(owner: &Value) -> Vec<(String, String)> {
    let pairs = owner.pairs("metrics").into_iter().filter(|(key, _)| !key.starts_with("system/"));
    pairs.map(|(key, value)| (key.to_owned(), value.as_f64().map_or_else(|| plain(value), number))).collect()
}

/// A table of names with values; those without a value are left out, and without any the heading as well.
fn table(text: &mut String, heading: &str, columns: [&str; 2], rows: impl Iterator<Item = (String, String)>) {
    let rows: Vec<(String, String)> = rows.filter(|(_, value)| !value.is_empty()).collect();
    if rows.is_empty() {
        return;
    }
    if !heading.is_empty() {
        text.push_str(&format!("{heading}\n\n"));
    }
    let mut push = |one: &str, other: &str| {
        writeln!(text, "| {one} | {other} |").expect("a string takes all that is written");
    };
    push(columns[0], columns[1]);
    push("---", "---");
    for (name, value) in rows {
        push(&line(&name), &line(&value));
    }
    text.push('\n');
}

/// A text inside a cell: one line, with what Markdown would read as a form taken literally.
fn line(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut escaped = String::with_capacity(flat.len());
    for character in flat.chars() {
        if matches!(character, '|' | '\\' | '`' | '*' | '<' | '>' | '[' | ']') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_card_tells_what_it_is_how_good_and_where_it_comes_from() {
        let version = json!({
            "name": "churn", "version": 3, "description": "Who leaves.\n\nBy contract.", "aliases": ["champion"],
            "created_ms": 1_700_000_000_000_i64, "user": "ada", "source": "models:/m-1", "run": "r1",
            "data_versions": ["churn@v2"], "code": null, "tags": {"team": "a|b"}, "metrics": {"auc": 0.91},
        });
        let run = json!({
            "metrics": {"val/loss": 0.123_456, "system/seconds": 3}, "params": {"depth": "8"},
            "tags": {"mlflow.source.git.commit": "abc"},
        });
        let inputs = r#"[{"name": "tenure", "type": "long", "required": true}]"#;
        let model =
            json!({"flavors": {"python_function": {}, "sklearn": {}}, "signature": {"inputs": inputs}});
        insta::assert_snapshot!(markdown(&json!({"version": version, "run": run, "model": model})));
    }

    #[test]
    fn names_cannot_break_out_of_their_cell() {
        assert_eq!(line("a | b\n<script>"), "a \\| b \\<script\\>");
    }
}
