//! Runs that go to another experiment, and copies of them.

use serde_json::{Value, json};

use crate::args::Globals;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::Fields;
use crate::output::{Output, Page, short_id};
use crate::runs;

async fn found(client: &Client, globals: &Globals, texts: &[String]) -> Result<Vec<Value>> {
    let mut found = Vec::with_capacity(texts.len());
    for text in texts {
        found.push(runs::find(client, globals, text, None).await?);
    }
    Ok(found)
}

fn ids(found: &[Value]) -> Vec<String> {
    found.iter().map(|run| runs::id(run).to_owned()).collect()
}

/// Moves runs, all or none.
pub async fn move_runs(
    client: &Client,
    globals: &Globals,
    texts: &[String],
    to: &str,
    out: &Output,
) -> Result<Exit> {
    let found = found(client, globals, texts).await?;
    let ids = ids(&found);
    let answer = client.post("/runs/move", json!({"runs": ids, "to": to})).await?;
    let mut page = Page::new();
    for run in &found {
        let (name, id) = (run.text("name"), runs::id(run));
        let undo = format!("   undo: volano exp mv {id} --to {}", run.text("experiment"));
        let line = format!("{} run {name} {} is in {to} now{undo}", out.paint().good("✓"), short_id(id));
        page = page.line(line, vec![id.to_owned(), answer.text("experiment").to_owned()]);
    }
    out.show(&answer, &ids, &page);
    Ok(Exit::Done)
}

/// Copies runs, all or none.
pub async fn copy_runs(
    client: &Client,
    globals: &Globals,
    texts: &[String],
    to: &str,
    out: &Output,
) -> Result<Exit> {
    let found = found(client, globals, texts).await?;
    let answer = client.post("/runs/copy", json!({"runs": ids(&found), "to": to})).await?;
    let (mut page, mut copies) = (Page::new(), Vec::new());
    for copied in answer.list("copies") {
        let (source, copy) = (copied.text("source"), copied.text("run"));
        let name = found.iter().find(|run| runs::id(run) == source).map_or("", |run| run.text("name"));
        let line = format!(
            "{} run {name} {} is copied to {to} as {}",
            out.paint().good("✓"),
            short_id(source),
            short_id(copy)
        );
        page = page.line(line, vec![source.to_owned(), copy.to_owned()]);
        copies.push(copy.to_owned());
    }
    out.show(&answer, &copies, &page);
    Ok(Exit::Done)
}

/// Copies all runs of an experiment.
pub async fn copy_experiment(client: &Client, from: &str, to: &str, out: &Output) -> Result<Exit> {
    let answer = client.post("/experiments/copy", json!({"experiment": from, "to": to})).await?;
    let (copied, skipped) = (answer.int("copied").unwrap_or(0), answer.int("skipped").unwrap_or(0));
    let before = if skipped > 0 { format!(", {skipped} had a copy there already") } else { String::new() };
    let line = format!("{} {copied} runs of {from} are copied to {to}{before}", out.paint().good("✓"));
    let raw = vec![answer.text("experiment").to_owned(), copied.to_string(), skipped.to_string()];
    out.show(&answer, &[answer.text("experiment").to_owned()], &Page::new().line(line, raw));
    out.next(format_args!("volano exp ls {to}"));
    Ok(Exit::Done)
}
