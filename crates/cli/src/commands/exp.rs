//! `volano exp`: experiments and their runs.

use std::collections::BTreeSet;

use domain::pipelines::project::vocabulary::higher_is_better;
use serde_json::{Value, json};

use super::with_client;
use crate::args::{CompareArgs, ExpCommand, ExpListArgs, Globals};
use crate::client::{Client, Need, segment};
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::{Fields, plain};
use crate::output::{Cell, Output, Page, Table, Tone, short_id};
use crate::render;
use crate::runs;

/// Runs in one request.
const PAGE: usize = 1_000;
/// Columns of a list of runs that show metrics, and that show parameters.
const FIGURES: usize = 4;
/// Characters of a parameter's value that a table shows.
const SHORT: usize = 24;

/// Does it.
pub async fn run(command: ExpCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        ExpCommand::Ls(args) if args.experiments => experiments(client, out).await,
        ExpCommand::Ls(args) => list(client, &args, out).await,
        ExpCommand::Show { run, metric } => show(client, globals, &run, metric.as_deref(), out).await,
        ExpCommand::Compare(args) => compare(client, globals, &args, out).await,
    })
    .await
}

async fn experiments(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/experiments").await?;
    let items = answer.list("items");
    let ids: Vec<String> = items.iter().map(|item| item.text("name").to_owned()).collect();
    let table = render::table(items, &["id", "name", "created_ms", "updated_ms"]);
    out.list(items, &ids, table, "no experiments yet: volano run -- python train.py");
    Ok(Exit::Done)
}

async fn list(client: &Client, args: &ExpListArgs, out: &Output) -> Result<Exit> {
    let mut found = Vec::new();
    let mut token = Value::Null;
    while found.len() < args.limit {
        let order = args.order_by.clone().unwrap_or_else(|| "attributes.start_time DESC".to_owned());
        let mut query = json!({
            "filter": args.filter.clone().unwrap_or_default(),
            "order_by": [order],
            "max_results": (args.limit - found.len()).min(PAGE),
        });
        if let Some(experiment) = &args.experiment {
            query["experiment"] = Value::from(experiment.clone());
        }
        if !token.is_null() {
            query["page_token"] = token;
        }
        let answer = client.post("/runs/search", query).await?;
        found.extend_from_slice(answer.list("items"));
        token = answer["next_page_token"].clone();
        if token.is_null() || answer.list("items").is_empty() {
            break;
        }
    }
    let ids: Vec<String> = found.iter().map(|run| runs::id(run).to_owned()).collect();
    out.list(&found, &ids, table_of(&found), "no runs: volano run -- python train.py");
    Ok(Exit::Done)
}

fn table_of(found: &[Value]) -> Table {
    let metrics = names(found, "metrics");
    let params = telling_params(found);
    let (metrics, params) = (first(&metrics), first(&params));
    let mut columns = vec!["run", "name", "status", "started", "took"];
    columns.extend(metrics.iter().chain(&params).copied());
    let mut table = Table::new(columns);
    for run in found {
        let mut row = vec![
            Cell::id(runs::id(run)),
            Cell::text(run.text("name")),
            render::state(run.text("status")),
            Cell::time(run.int("start_ms")),
            Cell::duration(took(run)),
        ];
        row.extend(metrics.iter().map(|name| Cell::number(metric(run, name))));
        row.extend(params.iter().map(|name| param(run, name).map_or_else(Cell::none, Cell::text)));
        table.push(row);
    }
    table
}

/// Parameters that tell runs apart and are short enough for a table: all short ones when there is one run.
fn telling_params(found: &[Value]) -> BTreeSet<String> {
    let mut names = names(found, "params");
    names.retain(|name| {
        let values: BTreeSet<String> = found.iter().filter_map(|run| param(run, name)).collect();
        values.iter().all(|value| value.len() <= SHORT) && (found.len() == 1 || values.len() > 1)
    });
    names
}

fn first(names: &BTreeSet<String>) -> Vec<&str> {
    names.iter().take(FIGURES).map(String::as_str).collect()
}

fn took(run: &Value) -> Option<i64> {
    Some(run.int("end_ms")? - run.int("start_ms")?)
}

/// Keys of what the runs logged under `kind`; figures of the machine are not what one compares.
fn names(found: &[Value], kind: &str) -> BTreeSet<String> {
    let keys = found.iter().flat_map(|run| run.pairs(kind)).map(|(key, _)| key.to_owned());
    keys.filter(|key| !key.starts_with("system/")).collect()
}

/// The newest value of a metric.
fn metric(run: &Value, key: &str) -> Option<f64> {
    run["metrics"].float(key)
}

fn param(run: &Value, key: &str) -> Option<String> {
    run["params"].get(key).map(plain)
}

async fn show(
    client: &Client,
    globals: &Globals,
    name: &str,
    by: Option<&str>,
    out: &Output,
) -> Result<Exit> {
    let run = runs::find(client, globals, name, by).await?;
    let id = runs::id(&run).to_owned();
    let about = ["status", "experiment", "user", "start_ms", "end_ms"];
    let mut metrics = Table::new(["metric", "value"]);
    for (key, value) in run.pairs("metrics") {
        metrics.push(vec![Cell::text(key), Cell::number(value.as_f64())]);
    }
    let mut params = Table::new(["param", "value"]);
    for (key, value) in run.pairs("params") {
        params.push(vec![Cell::text(key), Cell::text(plain(value))]);
    }
    let tags = tags(&run);
    let head = format!("{} {}", out.paint().bold(run.text("name")), out.paint().dim(short_id(&id)));
    let mut page =
        Page::new().text(head).fields([("id", Cell::text(&id))]).fields(render::fields(&run, &about));
    page = page.section("Metrics", metrics).section("Params", params).section("Tags", tags);
    let files = client.get(&format!("/runs/{}/artifacts", segment(&id))).await?;
    page = page.section("Files", render::table(files.list("items"), &["path", "size"]));
    if let Some(address) = client.page(&format!("/runs/{id}")) {
        page = page.text(format!("\n{address}"));
    }
    out.show(&run, &[id], &page);
    out.next("volano exp compare @last @best");
    Ok(Exit::Done)
}

fn tags(run: &Value) -> Table {
    let mut table = Table::new(["tag", "value"]);
    // The client's own long record of models is no reading for people.
    for (key, value) in run.pairs("tags").into_iter().filter(|(key, _)| !key.starts_with("mlflow.log-model"))
    {
        table.push(vec![Cell::text(key), Cell::text(plain(value))]);
    }
    table
}

async fn compare(client: &Client, globals: &Globals, args: &CompareArgs, out: &Output) -> Result<Exit> {
    let mut found = Vec::with_capacity(args.runs.len());
    for name in &args.runs {
        found.push(runs::find(client, globals, name, args.metric.as_deref()).await?);
    }
    let ids: Vec<String> = found.iter().map(|run| runs::id(run).to_owned()).collect();
    let document = client.post("/runs/compare", json!({"runs": ids})).await?;
    let mut columns = vec![String::new()];
    columns.extend(found.iter().map(|run| format!("{} {}", run.text("name"), short_id(runs::id(run)))));
    let mut table = Table::new(columns);
    let mut push = |name: &str, cells: Vec<Cell>| {
        let differs = cells.windows(2).any(|pair| pair[0] != pair[1]);
        if args.all || differs {
            table.push([vec![Cell::text(name)], cells].concat());
        }
    };
    push("status", found.iter().map(|run| render::state(run.text("status"))).collect());
    for name in names(&found, "params") {
        push(&name, found.iter().map(|run| param(run, &name).map_or_else(Cell::none, Cell::text)).collect());
    }
    for name in names(&found, "metrics") {
        push(&name, best_marked(&found, &name));
    }
    push("time", found.iter().map(|run| Cell::duration(took(run))).collect());
    let page =
        if table.is_empty() { Page::new().text("the runs do not differ") } else { Page::new().table(table) };
    out.show(&document, &ids, &page);
    Ok(Exit::Done)
}

/// The values of a metric, with the best one marked when they differ.
fn best_marked(found: &[Value], name: &str) -> Vec<Cell> {
    let values: Vec<Option<f64>> = found.iter().map(|run| metric(run, name)).collect();
    let known = values.iter().flatten().copied().filter(|value| value.is_finite());
    let better = |a: f64, b: f64| if higher_is_better(name) { a.max(b) } else { a.min(b) };
    let best = known.reduce(better);
    let all_same = values.windows(2).all(|pair| pair[0] == pair[1]);
    let cell = |value: &Option<f64>| match value {
        Some(value) if !all_same && Some(*value) == best => {
            let text = format!("{} ↑ best", crate::output::number(*value));
            Cell::both(text, value.to_string()).tone(Tone::Good)
        }
        value => Cell::number(*value),
    };
    values.iter().map(cell).collect()
}
