//! A pipeline run while it runs: each unit as it starts and ends, and in the end how it went.

use std::collections::HashMap;

use serde_json::Value;

use super::pipeline::unit_text;
use crate::client::{Client, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Form, Output, Page, Progress, Table, duration_ms, short_id};
use crate::render;

/// How often the run is looked at.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(250);
/// Lines of a failed step's log that are shown.
const LAST_LINES: usize = 15;

/// Follows a run to its end; leaves with 1 when a step failed, with 3 when a check or the gate said no.
pub async fn to_the_end(client: &Client, pipeline: &str, id: &str, out: &Output) -> Result<Exit> {
    let path = format!("/pipeline-runs/{}", segment(id));
    let progress = Progress::waiting(out, pipeline);
    let mut seen = HashMap::new();
    let document = loop {
        let document = client.get(&path).await?;
        tell(&document, &mut seen, &progress, out);
        let run = run_of(&document);
        if ["succeeded", "failed", "cancelled"].contains(&run.text("state")) {
            break document;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => progress.show(),
            _ = tokio::signal::ctrl_c() => {
                progress.finish();
                return Ok(left(client, id, out));
            }
        }
    };
    progress.finish();
    out.show(&document, &[id.to_owned()], &page(&document, out));
    if let Some(address) = client.page(&format!("/pipelines/{pipeline}")) {
        out.note(out.paint_stderr().dim(&address));
    }
    match run_of(&document).text("state") {
        "succeeded" => Ok(Exit::Done),
        _ => Err(failed(client, &document).await),
    }
}

fn left(client: &Client, id: &str, out: &Output) -> Exit {
    if client.is_in_process() {
        out.warn("interrupted: what was done stays done; volano pipeline run goes on from there");
    } else {
        out.warn(format_args!("the server goes on with it: volano pipeline status {}", short_id(id)));
    }
    Exit::Interrupted
}

/// The run itself inside an answer.
fn run_of(document: &Value) -> &Value {
    if document["run"].is_object() { &document["run"] } else { document }
}

/// The step runs inside an answer.
pub fn steps(document: &Value) -> &[Value] {
    ["steps", "step_runs", "units"]
        .iter()
        .find_map(|key| document[*key].as_array())
        .map_or(&[], Vec::as_slice)
}

/// Says once what starts and what ends.
fn tell(document: &Value, seen: &mut HashMap<String, String>, progress: &Progress, out: &Output) {
    let mut running = Vec::new();
    for step in steps(document) {
        let state = step.text("state").to_owned();
        let name = title(step);
        if ["running", "claimed"].contains(&state.as_str()) {
            running.push(name.clone());
        }
        if seen.insert(step.text("id").to_owned(), state.clone()).as_ref() == Some(&state)
            || out.form() == Form::Ids
        {
            continue;
        }
        let paint = out.paint_stderr();
        let took = took(step).map(duration_ms).unwrap_or_default();
        match state.as_str() {
            "succeeded" => progress.note(&format!("{} {name}   {took}", paint.good("✓"))),
            "failed" => progress.note(&format!(
                "{} {name}   {took}   {}",
                paint.bad("✗"),
                step["failure"].text("message")
            )),
            "restored" => progress.note(&paint.dim(&format!("↺ {name}   restored: {}", step.text("reason")))),
            "cancelled" => progress.note(&paint.dim(&format!("– {name}   cancelled"))),
            _ => {}
        }
    }
    progress.say(&running.join(", "));
}

fn title(step: &Value) -> String {
    let unit = unit_text(step);
    let name = step.text("step");
    if unit.is_empty() { name.to_owned() } else { format!("{name} {unit}") }
}

/// What started a run.
pub fn cause(run: &Value) -> String {
    let cause = &run["cause"];
    if let Some(text) = cause.as_str() {
        return text.to_owned();
    }
    let kind = ["kind", "type"].iter().find_map(|key| cause[*key].as_str()).unwrap_or_default();
    let by = ["trigger", "actor", "by"].iter().find_map(|key| cause[*key].as_str()).unwrap_or_default();
    format!("{kind} {by}").trim().to_owned()
}

/// How long a run or a step took, or has taken.
pub fn took(item: &Value) -> Option<i64> {
    let started = item.int("started_ms")?;
    let ended = item.int("finished_ms").unwrap_or_else(|| chrono::Utc::now().timestamp_millis());
    item.int("duration_ms").or(Some(ended - started))
}

/// A run with its steps, its gate and its decisions.
pub fn page(document: &Value, out: &Output) -> Page {
    let run = run_of(document);
    let head = format!("pipeline run {}", short_id(run.text("id")));
    let mut table = Table::new(["step", "unit", "state", "took", "why", "id"]);
    for step in steps(document) {
        let unit = unit_text(step);
        let failure = step["failure"].text("message");
        table.push(vec![
            Cell::text(step.text("step")),
            if unit.is_empty() { Cell::none() } else { Cell::text(unit) },
            render::state(step.text("state")),
            Cell::duration(took(step)),
            Cell::text(if failure.is_empty() { step.text("reason") } else { failure }),
            Cell::id(step.text("id")),
        ]);
    }
    let mut page = Page::new()
        .text(out.paint().bold(&head))
        .fields(render::fields(run, &["number", "state", "message"]))
        .fields([("cause", Cell::text(cause(run))), ("took", Cell::duration(took(run)))])
        .fields(render::fields(run, &["id"]))
        .section("Steps", table);
    page = page.section("Data", data(run));
    let decisions = document.list("decisions");
    page = page.section("Decisions", render::table(decisions, &["kind", "subject", "outcome", "reason"]));
    let gate = [&document["gate"], &document["decision"]].into_iter().find(|gate| gate.is_object());
    if let Some(gate) = gate {
        page = page.heading("Gate").fields(render::fields(gate, &["outcome", "reason"]));
        page = page.table(conditions(gate));
    }
    page
}

fn data(run: &Value) -> Table {
    let mut table = Table::new(["data", "version", "rows"]);
    for (name, pinned) in run.pairs("data") {
        let number = pinned.int("number").map(|number| format!("v{number}")).unwrap_or_default();
        table.push(vec![
            Cell::text(name),
            Cell::text(format!("{}@{number}", pinned.text("dataset"))),
            Cell::count(pinned.int("rows")),
        ]);
    }
    table
}

fn conditions(gate: &Value) -> Table {
    let evidence = &gate["evidence"];
    let listed = ["conditions", "verdicts"]
        .iter()
        .find_map(|key| evidence[*key].as_array().or(gate[*key].as_array()))
        .map_or(&[] as &[Value], Vec::as_slice);
    render::table(
        listed,
        &["condition", "verdict", "passed", "value", "left", "right", "note", "sentence", "reason"],
    )
}

async fn failed(client: &Client, document: &Value) -> Failure {
    let run = run_of(document);
    let id = short_id(run.text("id"));
    let Some(step) = steps(document).iter().find(|step| step.text("state") == "failed") else {
        let message = if run.text("message").is_empty() { run.text("state") } else { run.text("message") };
        return Failure::new(&codes::STEP, format!("pipeline run {id}: {message}"))
            .help(format_args!("volano pipeline status {id}"));
    };
    let why = &step["failure"];
    let code = if why.text("cause") == "check" { &codes::CHECK } else { &codes::STEP };
    let code = if why.text("cause") == "setup" { &codes::ENVIRONMENT } else { code };
    let failure = Failure::new(code, format!("step {} failed: {}", title(step), why.text("message")));
    let log = client.open(&format!("/api/v1/step-runs/{}/log", segment(step.text("id")))).await;
    let text = match log {
        Ok(answer) => log_text(&answer.bytes().await.unwrap_or_default()),
        Err(_) => String::new(),
    };
    let lines: Vec<&str> = text.lines().collect();
    let tail = &lines[lines.len().saturating_sub(LAST_LINES)..];
    let failure = tail.iter().fold(failure, |failure, line| failure.detail(format_args!("│ {line}")));
    failure
        .help(format_args!("all it wrote   volano pipeline logs {} --run {id}", step.text("step")))
        .help("go on from there when it is mended: volano pipeline run")
}

/// A log answer is plain text, or a document that holds it.
fn log_text(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(document) if document["text"].is_string() => document.text("text").to_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Prints a step's log; with `follow` until the step ends.
pub async fn log(client: &Client, step_run: &str, follow: bool, out: &Output) -> Result<Exit> {
    let mut offset = 0_u64;
    loop {
        let answer =
            client.open(&format!("/api/v1/step-runs/{}/log?offset={offset}", segment(step_run))).await?;
        let bytes = answer.bytes().await?;
        let document = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        let (text, next, ended) = if document["text"].is_string() {
            let text = document.text("text").to_owned();
            let next = document["next_offset"].as_u64().unwrap_or(offset + text.len() as u64);
            (
                text,
                next,
                document["done"].as_bool().or(document["ended"].as_bool()).unwrap_or(text_is_last(&document)),
            )
        } else {
            (String::from_utf8_lossy(&bytes).into_owned(), offset + bytes.len() as u64, !follow)
        };
        out.write(&text);
        if (ended && text.is_empty()) || !follow && next == offset {
            return Ok(Exit::Done);
        }
        offset = next;
        if follow && text.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn text_is_last(document: &Value) -> bool {
    !["running", "claimed", "ready"].contains(&document.text("state"))
}
