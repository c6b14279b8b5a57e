//! `volano traces`: what requests to an application did, step by step.

use serde_json::{Value, json};

use super::with_client;
use crate::args::{Globals, TracesCommand, TracesListArgs};
use crate::client::{Client, Need, segment};
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Table, Tone, number, shortened};
use crate::render;

/// Traces in one request.
const PAGE: usize = 500;
/// Characters of what went in and out that a page shows.
const SHORT: usize = 200;
/// Tags that the server keeps for itself.
const OWN: &str = "mlflow.";

/// Does it.
pub async fn run(command: TracesCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        TracesCommand::Ls(args) => list(client, &args, out).await,
        TracesCommand::Show { trace, steps } => {
            let document = client.get(&path(&trace)).await?;
            out.show(&document, std::slice::from_ref(&trace), &page(&document, steps));
            Ok(Exit::Done)
        }
        TracesCommand::Rm { traces, dry_run } => remove(client, &traces, dry_run, out).await,
    })
    .await
}

fn path(trace: &str) -> String {
    format!("/traces/{}", segment(trace))
}

async fn list(client: &Client, args: &TracesListArgs, out: &Output) -> Result<Exit> {
    let mut found: Vec<Value> = Vec::new();
    let mut token = Value::Null;
    while found.len() < args.limit {
        let query = json!({
            "experiment": args.experiment,
            "filter": args.filter.clone().unwrap_or_default(),
            "order_by": args.order_by,
            "max_results": (args.limit - found.len()).min(PAGE),
            "page_token": token,
        });
        let answer = client.post("/traces/search", query).await?;
        found.extend_from_slice(answer.list("items"));
        token = answer["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    let ids: Vec<String> = found.iter().map(|trace| trace.text("id").to_owned()).collect();
    out.list(
        &found,
        &ids,
        table(&found),
        "no traces: point a client here (MLFLOW_TRACKING_URI) and decorate a function with @mlflow.trace",
    );
    Ok(Exit::Done)
}

fn table(found: &[Value]) -> Table {
    let mut table = Table::new(["id", "time", "name", "state", "took", "tokens", "request", "tags"]);
    for trace in found {
        table.push(vec![
            Cell::text(trace.text("id")),
            Cell::time(trace.int("start_ms")),
            Cell::text(trace.text("name")),
            render::state(trace.text("state")),
            Cell::duration(trace.int("duration_ms")),
            Cell::count(trace.int("total_tokens")),
            Cell::both(shortened(&one_line(trace.text("request")), 40), one_line(trace.text("request"))),
            Cell::text(tags(trace).join(" ")),
        ]);
    }
    table
}

/// The tags that people set.
fn tags(trace: &Value) -> Vec<String> {
    let own = |(key, value): (&str, &Value)| {
        (!key.starts_with(OWN)).then(|| format!("{key}={}", value.as_str().unwrap_or_default()))
    };
    trace.pairs("tags").into_iter().filter_map(own).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One trace as a page: the whole, its tree of steps, and what was said about it.
fn page(trace: &Value, steps: bool) -> Page {
    let fields = [
        ("id", Cell::text(trace.text("id"))),
        ("name", Cell::text(trace.text("name"))),
        ("experiment", Cell::text(trace.text("experiment"))),
        ("state", render::state(trace.text("state"))),
        ("time", Cell::time(trace.int("start_ms"))),
        ("took", Cell::duration(trace.int("duration_ms"))),
        ("session", Cell::text(trace.text("session"))),
        ("tokens", tokens(trace)),
        (
            "cost",
            trace["total_cost"]
                .as_f64()
                .map_or_else(Cell::none, |cost| Cell::text(format!("${}", number(cost)))),
        ),
        ("request", shown(trace.text("request"))),
        ("response", shown(trace.text("response"))),
        ("tags", Cell::text(tags(trace).join(" "))),
    ];
    let mut page = Page::new().fields(fields);
    let mut tree = Table::new(["step", "kind", "status", "begins", "took"]);
    for step in trace.list("spans") {
        tree.push(vec![
            Cell::both(drawn(step), step.text("name")),
            Cell::text(step.text("kind")),
            render::state(step.text("status")),
            Cell::text(format!("+{}", took(step["offset_ms"].as_f64().unwrap_or(0.0)))),
            step["duration_ms"].as_f64().map_or_else(Cell::none, |millis| Cell::figure(took(millis))),
        ]);
    }
    page = page.section("Steps", tree);
    if steps {
        for step in trace.list("spans") {
            let fields = [
                ("inputs", shown(step.text("inputs"))),
                ("outputs", shown(step.text("outputs"))),
                ("message", shown(step.text("message"))),
            ];
            page = page.heading(step.text("name")).fields(fields);
        }
    }
    let mut said = Table::new(["name", "kind", "value", "source", "by", "why"]);
    for assessment in trace.list("assessments") {
        let value = match assessment.text("error") {
            "" => shown(assessment.text("value")),
            error => Cell::text(error.to_owned()).tone(Tone::Bad),
        };
        let name = match assessment["valid"].as_bool() {
            Some(false) => format!("{} (overridden)", assessment.text("name")),
            _ => assessment.text("name").to_owned(),
        };
        said.push(vec![
            Cell::text(name),
            Cell::text(assessment.text("kind")),
            value,
            Cell::text(assessment.text("source")),
            Cell::text(assessment.text("by")),
            shown(assessment.text("rationale")),
        ]);
    }
    if said.is_empty() { page } else { page.section("Assessments", said) }
}

fn tokens(trace: &Value) -> Cell {
    match (trace.int("total_tokens"), trace.int("input_tokens"), trace.int("output_tokens")) {
        (Some(total), Some(input), Some(output)) => {
            Cell::both(format!("{total} ({input} in, {output} out)"), total.to_string())
        }
        (total, _, _) => Cell::count(total),
    }
}

fn shown(text: &str) -> Cell {
    Cell::both(shortened(&one_line(text), SHORT), text)
}

/// A step's name behind its place in the tree.
fn drawn(step: &Value) -> String {
    match step["depth"].as_u64() {
        None | Some(0) => step.text("name").to_owned(),
        Some(depth) => {
            let indent = usize::try_from(depth.min(40)).unwrap_or(40);
            format!("{}└ {}", "  ".repeat(indent - 1), step.text("name"))
        }
    }
}

/// A length of time as short as it reads well: steps last from microseconds to hours.
fn took(millis: f64) -> String {
    if millis < 1.0 {
        return format!("{:.0} µs", millis * 1000.0);
    }
    if millis < 1000.0 {
        return format!("{millis:.1} ms");
    }
    format!("{:.2} s", millis / 1000.0)
}

async fn remove(client: &Client, traces: &[String], dry_run: bool, out: &Output) -> Result<Exit> {
    for trace in traces {
        if dry_run {
            let found = client.get(&path(trace)).await?;
            out.line(format_args!("would delete {} {}", found.text("id"), found.text("name")));
        } else {
            client.delete(&path(trace)).await?;
            out.done(format_args!("{trace} is deleted"));
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Paint;

    #[test]
    fn a_trace_is_drawn_as_a_tree_with_durations() {
        let step = |name: &str, depth: u64, offset: f64, took: Option<f64>, status: &str| {
            json!({"name": name, "depth": depth, "kind": "TOOL", "status": status, "offset_ms": offset, "duration_ms": took,
                "inputs": "{\"q\": 1}", "outputs": null, "message": ""})
        };
        let trace = json!({
            "id": "tr-1", "name": "answer", "experiment": "3", "state": "error", "start_ms": 1_700_000_000_000_i64,
            "duration_ms": 1500, "total_tokens": 15, "input_tokens": 10, "output_tokens": 5, "total_cost": 0.002,
            "request": "why\nnot", "response": "because", "tags": {"team": "a", "mlflow.artifactLocation": "x"},
            "spans": [step("answer", 0, 0.0, Some(1500.0), "error"), step("look up", 1, 0.5, Some(0.25), "ok"),
                step("call", 2, 12.0, None, "unset")],
            "assessments": [{"name": "good", "kind": "feedback", "value": "true", "source": "human", "by": "ada", "valid": false,
                "rationale": "why not"}],
        });
        insta::assert_snapshot!(page(&trace, true).render(Paint::off(), 100));
    }
}
