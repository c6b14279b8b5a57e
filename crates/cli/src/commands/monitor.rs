//! `volano monitor`: what is watched on an endpoint, and what it found.

use serde_json::{Value, json};

use super::deploy::with_nearest;
use super::with_client;
use crate::args::{FindingArgs, Globals, MonitorCommand};
use crate::client::{Client, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Table, percent, spin};
use crate::render;

/// Does it.
pub async fn run(command: MonitorCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        MonitorCommand::Status { name: None } => all(client, out).await,
        MonitorCommand::Status { name: Some(name) } => one(client, &name, out).await,
        MonitorCommand::Drift(args) => drift(client, &args, out).await,
        MonitorCommand::Performance(args) => performance(client, &args, out).await,
    })
    .await
}

async fn all(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/monitors").await?;
    let items = answer.list("items");
    let columns = ["deployment", "state", "version", "checked_ms", "drift_report", "performance"];
    let ids: Vec<String> = items.iter().map(|item| item.text("deployment").to_owned()).collect();
    let empty = "nothing is watched yet: volano deploy REF --to ENDPOINT";
    out.list(items, &ids, render::table(items, &columns), empty);
    Ok(Exit::Done)
}

async fn one(client: &Client, name: &str, out: &Output) -> Result<Exit> {
    let document = asked(client, name, client.get(&path(name, "monitor")).await).await?;
    let mut page = Page::new()
        .text(out.paint().bold(name))
        .fields(render::fields(&document, &["state", "version", "checked_ms"]));
    if document["drift"].is_object() {
        page = page.heading("Drift").fields(render::fields(&document["drift"], &DRIFT));
    }
    if document["measured"].is_object() {
        page = page.heading("Performance").fields(render::fields(&document["measured"], &PERFORMANCE));
    }
    page = page
        .section(
            "Alerts",
            render::table(document.list("alerts"), &["opened_ms", "kind", "state", "sentence"]),
        )
        .section(
            "Windows",
            render::table(document.list("windows"), &["from_ms", "to_ms", "rows", "version"]),
        );
    out.show(&document, &[name.to_owned()], &page);
    out.next(format_args!("volano monitor drift {name}"));
    Ok(Exit::Done)
}

/// Fields of a drift report that stand above its columns.
const DRIFT: [&str; 10] = [
    "verdict",
    "sentence",
    "moved_share",
    "model",
    "version",
    "from_ms",
    "to_ms",
    "rows",
    "reference",
    "reference_rows",
];
/// Fields of a performance record that stand above its figures.
const PERFORMANCE: [&str; 10] = [
    "verdict",
    "sentence",
    "metric",
    "model",
    "version",
    "from_ms",
    "to_ms",
    "rows",
    "labels",
    "completeness",
];

fn path(name: &str, what: &str) -> String {
    format!("/deployments/{}/{what}", segment(name))
}

/// The answer; an endpoint that is not there is named with the nearest.
async fn asked(client: &Client, name: &str, answer: Result<Value>) -> Result<Value> {
    match answer {
        Err(failure) if failure.code() == &codes::NOT_FOUND => Err(with_nearest(client, name, failure).await),
        other => other,
    }
}

async fn history(
    client: &Client,
    args: &FindingArgs,
    limit: usize,
    what: &str,
    out: &Output,
) -> Result<Exit> {
    let query = [("limit", Some(limit.to_string()))];
    let answer = asked(client, &args.name, client.query(&path(&args.name, what), &query).await).await?;
    let items = answer.list("items");
    let columns = ["time_ms", "verdict", "model", "version", "rows", "labels", "moved_share", "sentence"];
    let ids: Vec<String> = items.iter().map(|item| item.text("id").to_owned()).collect();
    out.list(items, &ids, render::table(items, &columns), "nothing was found out yet");
    Ok(Exit::Done)
}

async fn drift(client: &Client, args: &FindingArgs, out: &Output) -> Result<Exit> {
    if let Some(limit) = args.history {
        return history(client, args, limit, "drift", out).await;
    }
    let name = &args.name;
    let report = spin(out, "comparing", client.post(&path(name, "drift"), json!({}))).await;
    let report = asked(client, name, report).await?;
    let columns = report.list("columns");
    let prediction = report["prediction"].is_object().then_some(&report["prediction"]);
    let mut table = Table::new(["column", "verdict", "moved", "psi", "what"]);
    for column in columns.iter().chain(prediction) {
        table.push(vec![
            Cell::text(column.text("column")),
            render::state(column.text("verdict")),
            Cell::percent(column.float("moved_share")),
            Cell::number(column.float("psi")),
            Cell::text(column.text("sentence")),
        ]);
    }
    let page = Page::new().fields(render::fields(&report, &DRIFT)).section("Columns", table);
    let moved: Vec<String> = columns
        .iter()
        .filter(|column| column.text("verdict") == "alarm")
        .map(|column| column.text("column").to_owned())
        .collect();
    out.show(&report, &moved, &page);
    if report.text("verdict") != "alarm" {
        return Ok(Exit::Done);
    }
    let share = report.float("moved_share").map(percent).unwrap_or_default();
    let message =
        format!("recent requests to {name} differ from the training data: {share} of the rows moved");
    Err(Failure::new(&codes::DRIFT, message)
        .help("retrain   volano pipeline run")
        .help("look       volano monitor drift NAME --json"))
}

async fn performance(client: &Client, args: &FindingArgs, out: &Output) -> Result<Exit> {
    if let Some(limit) = args.history {
        return history(client, args, limit, "performance", out).await;
    }
    let name = &args.name;
    let report = spin(out, "measuring", client.post(&path(name, "performance"), json!({}))).await;
    let report = asked(client, name, report).await?;
    let mut metrics = Table::new(["metric", "value", "low", "high", "at release"]);
    for (key, value) in report.pairs("values") {
        let interval = &report["intervals"][key];
        metrics.push(vec![
            Cell::text(key),
            Cell::number(value.as_f64()),
            Cell::number(interval[0].as_f64()),
            Cell::number(interval[1].as_f64()),
            Cell::number(report["at_release"][key].as_f64()),
        ]);
    }
    let page = Page::new().fields(render::fields(&report, &PERFORMANCE)).section("Metrics", metrics);
    out.show(&report, &[], &page);
    if report.text("verdict") != "degraded" {
        return Ok(Exit::Done);
    }
    Err(Failure::new(&codes::PERFORMANCE, format!("{name} got worse: {}", report.text("sentence")))
        .help("retrain   volano pipeline run")
        .help(format_args!("go back    volano deploy undo {name}")))
}
