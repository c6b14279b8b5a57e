//! A pipeline run while it runs: each unit as it starts and ends, and in the end how it went.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::Value;

use super::pipeline::unit_text;
use crate::client::{Client, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Place, Result};
use crate::json::Fields;
use crate::output::{Cell, Form, Output, Page, Progress, Table, duration_ms, short_id};
use crate::render;

/// How often the run is looked at.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(250);
/// The gate speaks within this time after the last step.
const JUDGED_WITHIN: std::time::Duration = std::time::Duration::from_secs(15);
/// An accepted model answers within this time: its worker has to start.
const TAKES_OVER_WITHIN: std::time::Duration = std::time::Duration::from_secs(120);
/// Lines of a failed step's log that are shown.
const LAST_LINES: usize = 15;

/// Follows a run to its end; leaves with 1 when a step failed, with 3 when a check or the gate said no.
pub async fn to_the_end(client: &Client, pipeline: &str, id: &str, out: &Output) -> Result<Exit> {
    let progress = Progress::waiting(out, pipeline);
    let document = tokio::select! {
        document = ended(client, id, &progress, out) => document?,
        _ = tokio::signal::ctrl_c() => {
            progress.finish();
            return Ok(left(client, id, out));
        }
    };
    progress.finish();
    out.show(&document, &[id.to_owned()], &page(&document, out));
    let accepted = gate_of(&document).is_some_and(|gate| gate.text("outcome") == "accepted");
    if accepted && client.is_in_process() {
        take_over(client, pipeline, out).await?;
    }
    if let Some(address) = client.page(&format!("/pipelines/{pipeline}")) {
        out.note(out.paint_stderr().dim(&address));
    }
    match document.text("state") {
        "succeeded" => refused_by_gate(&document),
        _ => Err(failed(client, &document).await),
    }
}

/// The server ends with this command: it stays until the accepted model answers, as far as the rollout allows.
async fn take_over(client: &Client, pipeline: &str, out: &Output) -> Result<()> {
    let project = client.get(&format!("/pipelines/{}", segment(pipeline))).await?;
    let name = project.text("deployment").to_owned();
    if name.is_empty() {
        return Ok(());
    }
    let progress = Progress::waiting(out, &name);
    let started = Instant::now();
    while started.elapsed() < TAKES_OVER_WITHIN {
        let known = client.get(&format!("/deployments/{}", segment(&name))).await.unwrap_or_default();
        let rollout = known["rollout"].text("state");
        if known.text("state") == "ready" && rollout != "loading" {
            progress.finish();
            let what = if rollout.is_empty() { "" } else { ", the new one at a first share of the requests" };
            out.done(format_args!(
                "{name} serves {}:{}{what}",
                known["live"].text("model"),
                known["live"].int("version").unwrap_or(0)
            ));
            out.next(format_args!("volano predict {name} rows.csv"));
            return Ok(());
        }
        progress.say(known.text("message"));
        tokio::time::sleep(LOOK_EVERY).await;
    }
    progress.finish();
    out.warn(format_args!("{name} does not answer yet; a server goes on with it: volano server"));
    Ok(())
}

/// The run when nothing more will happen to it: its steps have ended, and its model, when it made one, was judged.
async fn ended(client: &Client, id: &str, progress: &Progress, out: &Output) -> Result<Value> {
    let path = format!("/pipeline-runs/{}", segment(id));
    let mut seen = HashMap::new();
    let mut steps_ended = None;
    loop {
        let document = client.get(&path).await?;
        tell(&document, &mut seen, progress, out);
        let over = ["succeeded", "failed", "cancelled"].contains(&document.text("state"));
        if over {
            let since = steps_ended.get_or_insert_with(Instant::now);
            if !is_judged_yet(&document) && since.elapsed() < JUDGED_WITHIN {
                progress.say("gate");
            } else {
                return Ok(document);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
        progress.show();
    }
}

/// Whether the gate has spoken, or has nothing to speak about: it does a moment after the last step.
fn is_judged_yet(document: &Value) -> bool {
    let evaluates = |step: &&Value| step.text("kind") == "evaluate";
    let names: Vec<&str> =
        document.list("graph").iter().filter(evaluates).map(|step| step.text("name")).collect();
    let evaluated = steps(document)
        .iter()
        .any(|step| names.contains(&step.text("step")) && step.text("state") == "succeeded");
    document.text("state") != "succeeded" || !evaluated || gate_of(document).is_some()
}

/// A run whose steps all succeeded may still have made a model that the gate refused.
fn refused_by_gate(document: &Value) -> Result<Exit> {
    match gate_of(document).filter(|gate| gate.text("outcome") == "rejected") {
        None => Ok(Exit::Done),
        Some(gate) => Err(Failure::new(&codes::GATE, format!("the gate said no: {}", gate.text("reason")))
            .help("the champion goes on serving")
            .help(format_args!(
                "every condition   volano pipeline status {}",
                short_id(document.text("id"))
            ))),
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

/// The step runs inside an answer.
pub fn steps(document: &Value) -> &[Value] {
    document.list("steps")
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
                step["failure"].text("message").lines().next().unwrap_or_default().trim_end_matches(':')
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
    let by = if cause.text("trigger").is_empty() { cause.text("actor") } else { cause.text("trigger") };
    format!("{} {by}", cause.text("kind")).trim().to_owned()
}

/// How long a run or a step took, or has taken.
pub fn took(item: &Value) -> Option<i64> {
    let started = item.int("started_ms")?;
    let ended = item.int("finished_ms").unwrap_or_else(|| chrono::Utc::now().timestamp_millis());
    item.int("duration_ms").or(Some(ended - started))
}

/// A run with its steps, its gate and its decisions.
pub fn page(document: &Value, out: &Output) -> Page {
    let run = document;
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
    if let Some(gate) = gate_of(document) {
        let conditions = gate["evidence"].list("conditions");
        page = page.section("Gate", render::table(conditions, &["condition", "outcome", "sentence"]));
    }
    page
}

/// What the gate decided about the run's model.
fn gate_of(document: &Value) -> Option<&Value> {
    document.list("decisions").iter().find(|decision| decision.text("kind") == "gate")
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

async fn failed(client: &Client, document: &Value) -> Failure {
    let run = document;
    let id = short_id(run.text("id"));
    let Some(step) = steps(document).iter().find(|step| step.text("state") == "failed") else {
        let message = if run.text("message").is_empty() { run.text("state") } else { run.text("message") };
        return Failure::new(&codes::STEP, format!("pipeline run {id}: {message}"))
            .help(format_args!("volano pipeline status {id}"));
    };
    let why = &step["failure"];
    let (head, rest) = why.text("message").split_once('\n').unwrap_or((why.text("message"), ""));
    let head = head.trim_end_matches(':');
    let failure =
        Failure::new(code_of(why.text("cause"), head), format!("step {} failed: {head}", title(step)));
    let failure = match at_place(head) {
        Some(place) => failure.at(place),
        None => failure,
    };
    let text = tail(client, step.text("id")).await;
    // The runner repeats its verdict at the end of the log.
    let text = text.split(&format!("[volano] {head}")).next().unwrap_or_default();
    let text = if text.trim().is_empty() { rest } else { text };
    let lines: Vec<&str> = text.lines().collect();
    let tail = &lines[lines.len().saturating_sub(LAST_LINES)..];
    let failure = tail.iter().fold(failure, |failure, line| failure.detail(format_args!("│ {line}")));
    let failure = match why.text("cause") {
        "timeout" => {
            failure.help(format_args!("more time      steps.{}.timeout in volano.yaml", step.text("step")))
        }
        _ => failure,
    };
    failure
        .help(format_args!("all it wrote   volano pipeline logs {} --run {id}", step.text("step")))
        .help("go on from there when it is mended: volano pipeline run")
}

/// What kind of failure a step's is.
fn code_of(cause: &str, head: &str) -> &'static codes::Code {
    match cause {
        "check" => &codes::CHECK,
        "setup" if head.starts_with("cannot start \"python") => &codes::PYTHON,
        "setup" if head.starts_with("steps.") && head.contains(".env: ") => &codes::ENVIRONMENT,
        _ => &codes::STEP,
    }
}

/// The line of a query that a message begins with: `sql/a.sql:2:3: there is no column…`.
fn at_place(head: &str) -> Option<Place> {
    let (place, label) = head.split_once(": ")?;
    Place::parse(&crate::place::project_root_here()?, place, label)
}

/// The end of what a step wrote; nothing when it cannot be had.
async fn tail(client: &Client, step_run: &str) -> String {
    let mut text = String::new();
    let mut offset = 0;
    while let Ok(part) = part(client, step_run, offset).await {
        if part.next == offset {
            break;
        }
        offset = part.next;
        text = String::from_utf8_lossy(&part.bytes).into_owned();
    }
    text
}

/// A part of a log.
struct Part {
    bytes: Vec<u8>,
    next: u64,
}

async fn part(client: &Client, step_run: &str, offset: u64) -> Result<Part> {
    let path = format!("/api/v1/step-runs/{}/log?offset={offset}", segment(step_run));
    let answer = client.open(&path).await?;
    let next = answer.headers.get("x-volano-next-offset").and_then(|value| value.to_str().ok()?.parse().ok());
    let bytes = answer.bytes().await?;
    let read = u64::try_from(bytes.len()).unwrap_or(0);
    Ok(Part { bytes, next: next.unwrap_or(offset + read) })
}

/// Prints a step's log; with `until_end_of`, a pipeline run, goes on until the step has ended.
pub async fn log(client: &Client, step_run: &str, until_end_of: Option<&str>, out: &Output) -> Result<Exit> {
    let mut offset = 0;
    loop {
        // Asked before the log: what is written after its end would be missed otherwise.
        let ended = match until_end_of {
            None => true,
            Some(run) => {
                let document = client.get(&format!("/pipeline-runs/{}", segment(run))).await?;
                let step = steps(&document).iter().find(|step| step.text("id") == step_run);
                !step.is_some_and(|step| ["ready", "claimed", "running"].contains(&step.text("state")))
            }
        };
        loop {
            let part = part(client, step_run, offset).await?;
            out.write_bytes(&part.bytes);
            if part.next == offset {
                break;
            }
            offset = part.next;
        }
        if ended {
            return Ok(Exit::Done);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
