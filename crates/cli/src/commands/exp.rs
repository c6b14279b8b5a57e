//! `volano exp`: experiments and their runs.

mod change;
mod column;
mod export;
mod relocate;
mod target;

use std::collections::BTreeSet;

pub(super) use change::tagged;
use column::{Attribute, Column};
use domain::pipelines::project::vocabulary::higher_is_better;
use serde_json::{Value, json};

use super::side::Sides;
use super::with_client;
use crate::args::{BestArgs, CompareArgs, ExpCommand, ExpListArgs, Globals};
use crate::client::{Client, Method, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};
use crate::output::{Cell, Output, Page, Table, Tone, short_id};
use crate::render;
use crate::runs::{self, Search, metric};

/// Columns of a list of runs that show metrics, and that show parameters.
const FIGURES: usize = 4;
/// Characters of a parameter's value that a table shows.
const SHORT: usize = 24;
/// Experiments that are listed at most.
const EXPERIMENTS: usize = 10_000;

/// Does it.
pub async fn run(command: ExpCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        ExpCommand::Ls(args) if args.experiments => experiments(client, &args, out).await,
        ExpCommand::Ls(args) => list(client, &args, out).await,
        ExpCommand::Show { run, metric } => show(client, globals, &run, metric.as_deref(), out).await,
        ExpCommand::Compare(args) => compare(client, globals, &args, out).await,
        ExpCommand::Best(args) => best(client, globals, &args, out).await,
        ExpCommand::Create { name, tags } => change::create(client, &name, &tags, out).await,
        ExpCommand::Rename { reference, name } => {
            change::rename(client, globals, &reference, &name, out).await
        }
        ExpCommand::Note(args) => change::note(client, globals, &args, out).await,
        ExpCommand::Tag(args) => change::tag(client, globals, &args, out).await,
        ExpCommand::Rm { references, dry_run } => {
            change::remove(client, globals, &references, dry_run, out).await
        }
        ExpCommand::Restore { references } => change::restore(client, &references, out).await,
        ExpCommand::Mv { runs, to } => relocate::move_runs(client, globals, &runs, &to, out).await,
        ExpCommand::Cp { runs, experiment: None, to } => {
            relocate::copy_runs(client, globals, &runs, &to, out).await
        }
        ExpCommand::Cp { experiment: Some(from), to, .. } => {
            relocate::copy_experiment(client, &from, &to, out).await
        }
        ExpCommand::Export(args) => export::run(client, &args, out).await,
    })
    .await
}

async fn experiments(client: &Client, args: &ExpListArgs, out: &Output) -> Result<Exit> {
    let query = json!({
        "max_results": EXPERIMENTS.min(args.limit.max(1)),
        "view_type": if args.deleted { "DELETED_ONLY" } else { "ACTIVE_ONLY" },
        "filter": args.filter.clone().unwrap_or_default(),
        "order_by": args.order_by,
    });
    let answer = client.mlflow(Method::POST, "experiments/search", query).await?;
    let read = |found: &Value| {
        let tags = found.list("tags").iter().map(|tag| (tag.text("key").to_owned(), tag["value"].clone()));
        json!({
            "id": found["experiment_id"],
            "name": found["name"],
            "created_ms": found["creation_time"],
            "updated_ms": found["last_update_time"],
            "tags": tags.collect::<serde_json::Map<_, _>>(),
        })
    };
    let items: Vec<Value> = answer.list("experiments").iter().map(read).collect();
    let ids: Vec<String> = items.iter().map(|item| item.text("name").to_owned()).collect();
    let table = render::table(&items, &["id", "name", "created_ms", "updated_ms"]);
    out.list(&items, &ids, table, "no experiments: volano run -- python train.py");
    Ok(Exit::Done)
}

async fn list(client: &Client, args: &ExpListArgs, out: &Output) -> Result<Exit> {
    let search = Search {
        experiment: args.experiment.clone(),
        filter: args.filter.clone().unwrap_or_default(),
        order_by: args.order_by.clone(),
        limit: args.limit,
        deleted: args.deleted,
    };
    let found = runs::search(client, &search).await?;
    let ids: Vec<String> = found.iter().map(|run| runs::id(run).to_owned()).collect();
    let empty = if args.deleted { "no deleted runs" } else { "no runs: volano run -- python train.py" };
    if args.columns.is_empty() {
        out.list(&found, &ids, column::table(&telling_columns(&found), &found), empty);
    } else {
        let columns = column::parse(&args.columns, &found)?;
        let objects = column::objects(&columns, &args.columns, &found);
        out.list(&objects, &ids, column::table(&columns, &found), empty);
    }
    Ok(Exit::Done)
}

/// The columns of a list for which none were asked: what the runs are, their first metrics, what tells them apart.
fn telling_columns(found: &[Value]) -> Vec<Column> {
    use Attribute::{Id, Name, Started, Status, Took};
    let mut columns: Vec<Column> =
        [Id, Name, Status, Started, Took].into_iter().map(Column::attribute).collect();
    let (metrics, params) = (names(found, "metrics"), telling_params(found));
    columns.extend(first(&metrics).into_iter().map(Column::metric));
    columns.extend(first(&params).into_iter().map(Column::param));
    columns
}

async fn best(client: &Client, globals: &Globals, args: &BestArgs, out: &Output) -> Result<Exit> {
    let name = runs::best_metric(globals, args.metric.as_deref())?;
    let highest = args.highest || (!args.lowest && higher_is_better(&name));
    let order = if highest { "DESC" } else { "ASC" };
    let search = Search {
        experiment: args.experiment.clone(),
        filter: args.filter.clone().unwrap_or_default(),
        order_by: vec![format!("metrics.\"{name}\" {order}")],
        limit: 1,
        deleted: false,
    };
    let found = runs::search(client, &search).await?;
    // Runs that lack the metric, or have no number there, come last in either order.
    match found.first().filter(|run| metric(run, &name).is_some_and(|value| !value.is_nan())) {
        Some(run) => show(client, globals, runs::id(run), None, out).await,
        None => Err(Failure::new(&codes::NOT_FOUND, format!("no run has the metric {name:?}"))
            .help("what the runs have: volano exp ls")),
    }
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

/// Keys of what the runs logged under `kind`; figures of the machine are not what one compares.
fn names(found: &[Value], kind: &str) -> BTreeSet<String> {
    let keys = found.iter().flat_map(|run| run.pairs(kind)).map(|(key, _)| key.to_owned());
    keys.filter(|key| !key.starts_with("system/")).collect()
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
    let sides = sides(&found, args.all);
    out.show(&document, &ids, &sides.page("the runs do not differ"));
    Ok(Exit::Done)
}

/// Runs side by side: state, parameters, metrics with the best one marked, time.
pub(super) fn sides(found: &[Value], all: bool) -> Sides {
    let title = |run: &Value| format!("{} {}", run.text("name"), short_id(runs::id(run)));
    let mut sides = Sides::new(found.iter().map(title), all);
    sides.push("status", found.iter().map(|run| render::state(run.text("status"))).collect());
    for name in names(found, "params") {
        let value = |run: &Value| param(run, &name).map_or_else(Cell::none, Cell::text);
        sides.push(&name, found.iter().map(value).collect());
    }
    for name in names(found, "metrics") {
        sides.push(&name, best_marked(found, &name));
    }
    sides.push("time", found.iter().map(|run| Cell::duration(runs::took(run))).collect());
    sides
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
