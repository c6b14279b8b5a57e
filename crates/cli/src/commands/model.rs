//! `volano model`: registered models, their versions and aliases.

mod card;
mod change;
mod compare;
mod export;
mod files;
mod register;

pub(super) use compare::{sides, whole};
use serde_json::{Value, json};

use super::with_client;
use crate::args::{Globals, ModelCommand, ModelListArgs, PromoteArgs};
use crate::client::{Client, Method, ModelRef, Need, Which, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Table};
use crate::render;

/// Models that a filter is asked about at most.
const MODELS: usize = 1_000;

/// Does it.
pub async fn run(command: ModelCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        ModelCommand::Ls(args) => list(client, &args, out).await,
        ModelCommand::Show { reference } => show(client, &reference.parse()?, out).await,
        ModelCommand::Promote(args) => promote(client, &args, out).await,
        ModelCommand::Rollback { name, dry_run: true, .. } => would_roll_back(client, &name, out).await,
        ModelCommand::Rollback { name, reason, .. } => rollback(client, &name, reason, out).await,
        ModelCommand::History { reference } => history(client, &reference.parse()?, out).await,
        ModelCommand::Register(args) => register::run(client, globals, &args, out).await,
        ModelCommand::Compare { references, all } => compare::run(client, &references, all, out).await,
        ModelCommand::Tag(args) => change::tag(client, &args, out).await,
        ModelCommand::Note { reference, text } => {
            change::note(client, &reference.parse()?, text.as_deref(), out).await
        }
        ModelCommand::Rm { references, yes, dry_run } => {
            change::remove(client, &references, yes, dry_run, out).await
        }
        ModelCommand::Restore { references } => change::restore(client, &references, out).await,
        ModelCommand::Card { reference } => card::run(client, &reference.parse()?, out).await,
        ModelCommand::Export { reference, output } => {
            export::run(client, &reference.parse()?, &output, out).await
        }
    })
    .await
}

async fn list(client: &Client, args: &ModelListArgs, out: &Output) -> Result<Exit> {
    let answer = client.get("/models").await?;
    let mut items = answer.list("items").to_vec();
    if let Some(filter) = &args.filter {
        let query = json!({"filter": filter, "max_results": MODELS});
        let found = client.mlflow(Method::GET, "registered-models/search", query).await?;
        let wanted: Vec<&str> =
            found.list("registered_models").iter().map(|found| found.text("name")).collect();
        items.retain(|item| wanted.contains(&item.text("name")));
    }
    items.truncate(args.limit);
    let mut table = Table::new(["model", "versions", "aliases", "updated"]);
    for item in &items {
        let versions = item.int("last_version");
        table.push(vec![
            Cell::text(item.text("name")),
            Cell::count(versions),
            Cell::text(
                aliases(item)
                    .iter()
                    .map(|(alias, version)| format!("@{alias}={version}"))
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            Cell::time(item.int("updated_ms")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("name").to_owned()).collect();
    out.list(&items, &ids, table, "no models: volano model register @last --name NAME");
    Ok(Exit::Done)
}

/// Aliases with their versions.
fn aliases(model: &Value) -> Vec<(String, i64)> {
    let listed = model.list("aliases").iter();
    listed.filter_map(|entry| Some((entry.text("alias").to_owned(), entry.int("version")?))).collect()
}

/// One version, as the API writes it.
async fn version_of(client: &Client, reference: &ModelRef) -> Result<Value> {
    let version = number(client, reference).await?;
    client.get(&format!("/models/{}/versions/{version}", segment(&reference.name))).await
}

/// `NAME:3`, of a version as the API writes it.
pub(super) fn label(version: &Value) -> String {
    format!("{}:{}", version.text("name"), version.int("version").unwrap_or(0))
}

async fn model(client: &Client, name: &str) -> Result<Value> {
    match client.get(&format!("/models/{}", segment(name))).await {
        Err(failure) if failure.code() == &codes::NOT_FOUND => Err(with_nearest(client, name, failure).await),
        other => other,
    }
}

async fn with_nearest(client: &Client, name: &str, failure: Failure) -> Failure {
    let known = client.get("/models").await.unwrap_or_default();
    let names = known.list("items").iter().map(|item| item.text("name"));
    match domain::suggest::nearest(name, names) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help("the models there are: volano model ls"),
    }
}

/// The number that a reference means.
pub async fn number(client: &Client, reference: &ModelRef) -> Result<i64> {
    let found = model(client, &reference.name).await?;
    let known = aliases(&found);
    match &reference.which {
        Which::Version(version) => Ok(*version),
        Which::Any => found.int("last_version").ok_or_else(|| {
            Failure::new(&codes::NOT_FOUND, format!("{} has no versions yet", reference.name))
        }),
        Which::Alias(alias) => {
            let target = known.iter().find(|(name, _)| name == alias).map(|(_, version)| *version);
            target.ok_or_else(|| {
                let failure =
                    Failure::new(&codes::NOT_FOUND, format!("{} has no alias {alias:?}", reference.name));
                match domain::suggest::nearest(alias, known.iter().map(|(name, _)| name.as_str())) {
                    Some(near) => failure.help(format_args!("did you mean {}@{near}?", reference.name)),
                    None => failure.help(format_args!("volano model show {}", reference.name)),
                }
            })
        }
    }
}

async fn show(client: &Client, reference: &ModelRef, out: &Output) -> Result<Exit> {
    if reference.which == Which::Any {
        return show_model(client, &reference.name, out).await;
    }
    let version = number(client, reference).await?;
    let path = format!("/models/{}/versions/{version}", segment(&reference.name));
    let document = client.get(&path).await?;
    let name = format!("{}:{version}", reference.name);
    let about = [
        "aliases",
        "description",
        "run",
        "user",
        "source",
        "created_ms",
        "data_versions",
        "pipeline_run",
        "step_run",
        "environment",
        "code",
        "evaluation",
    ];
    let page = Page::new()
        .text(out.paint().bold(&name))
        .fields(render::fields(&document, &about))
        .section("Metrics", figures(&document, "metrics"))
        .section("Tags", figures(&document, "tags"));
    out.show(&document, &[name], &page);
    Ok(Exit::Done)
}

fn figures(document: &Value, kind: &str) -> Table {
    let mut table = Table::new(["name", "value"]);
    for (key, value) in document.pairs(kind) {
        table.push(vec![Cell::text(key), render::cell("value", value)]);
    }
    table
}

async fn show_model(client: &Client, name: &str, out: &Output) -> Result<Exit> {
    let document = model(client, name).await?;
    let known = aliases(&document);
    let versions = document.list("versions");
    let mut table = Table::new(["version", "aliases", "run", "created", "by"]);
    for version in versions {
        let number = version.int("version");
        let pointed =
            known.iter().filter(|(_, target)| Some(*target) == number).map(|(alias, _)| format!("@{alias}"));
        table.push(vec![
            Cell::text(format!("{name}:{}", number.unwrap_or(0))),
            Cell::text(pointed.collect::<Vec<_>>().join(" ")),
            Cell::id(version.text("run")),
            Cell::time(version.int("created_ms")),
            Cell::text(version.text("user")),
        ]);
    }
    let page = Page::new()
        .text(out.paint().bold(name))
        .fields(render::fields(&document, &["description", "created_ms", "updated_ms"]))
        .section("Versions", table);
    let ids: Vec<String> =
        versions.iter().filter_map(|version| Some(format!("{name}:{}", version.int("version")?))).collect();
    out.show(&document, &ids, &page);
    Ok(Exit::Done)
}

async fn promote(client: &Client, args: &PromoteArgs, out: &Output) -> Result<Exit> {
    let reference: ModelRef = args.reference.parse()?;
    let version = number(client, &reference).await?;
    let found = model(client, &reference.name).await?;
    let before =
        aliases(&found).into_iter().find(|(alias, _)| *alias == args.alias).map(|(_, version)| version);
    let name = &reference.name;
    if args.dry_run {
        let now = before.map_or_else(|| "nothing".to_owned(), |before| format!("{name}:{before}"));
        let line = format!("would move {name}@{} from {now} to {name}:{version}", args.alias);
        let document =
            json!({"model": name, "alias": args.alias, "from": before, "to": version, "dry_run": true});
        out.show(&document, &[], &Page::new().line(line.clone(), vec![line]));
        return Ok(Exit::Done);
    }
    let body = json!({"version": version, "alias": args.alias, "reason": args.reason});
    let answer = client.post(&format!("/models/{}/promote", segment(name)), body).await?;
    let undo = match before {
        Some(_) if args.alias == "champion" => format!("   undo: volano model rollback {name}"),
        Some(before) => format!("   undo: volano model promote {name}:{before} {}", args.alias),
        None => String::new(),
    };
    let line = format!("{} {name}:{version} is @{}{undo}", out.paint().good("✓"), args.alias);
    out.show(
        &answer,
        &[format!("{name}:{version}")],
        &Page::new().line(line, vec![name.clone(), version.to_string(), args.alias.clone()]),
    );
    Ok(Exit::Done)
}

fn champion_of(name: &str) -> ModelRef {
    ModelRef { name: name.to_owned(), which: Which::Alias("champion".to_owned()) }
}

async fn would_roll_back(client: &Client, name: &str, out: &Output) -> Result<Exit> {
    let before = number(client, &champion_of(name)).await?;
    let line = format!("would take @champion from {name}:{before} and give it back to the version before");
    let document = json!({"model": name, "alias": "champion", "from": before, "dry_run": true});
    out.show(&document, &[], &Page::new().line(line.clone(), vec![line]));
    Ok(Exit::Done)
}

async fn rollback(client: &Client, name: &str, reason: Option<String>, out: &Output) -> Result<Exit> {
    let champion = champion_of(name);
    let before = number(client, &champion).await?;
    let path = format!("/models/{}/rollback", segment(name));
    let answer = client.post(&path, json!({"reason": reason})).await?;
    let after = number(client, &champion).await?;
    let line = format!(
        "{} {name}:{after} is @champion again, instead of {name}:{before}   undo: volano model promote {name}:{before}",
        out.paint().good("✓")
    );
    out.show(
        &answer,
        &[format!("{name}:{after}")],
        &Page::new().line(line, vec![name.to_owned(), after.to_string(), before.to_string()]),
    );
    out.next("volano deploy ls");
    Ok(Exit::Done)
}

async fn history(client: &Client, reference: &ModelRef, out: &Output) -> Result<Exit> {
    let name = &reference.name;
    model(client, name).await?;
    let path = match &reference.which {
        Which::Any => format!("/models/{}/history", segment(name)),
        Which::Alias(alias) => format!("/models/{}/aliases/{}/history", segment(name), segment(alias)),
        Which::Version(_) => {
            let failure = Failure::new(&codes::REFERENCE, "a version has no history of its own");
            return Err(failure.help(format_args!("volano model history {name}, or {name}@champion")));
        }
    };
    let answer = client.get(&path).await?;
    let items = answer.list("items");
    let version =
        |number: Option<i64>| number.map_or_else(Cell::none, |number| Cell::text(format!("{name}:{number}")));
    let mut table = Table::new(["when", "alias", "change", "from", "to", "by", "reason"]);
    for item in items {
        table.push(vec![
            Cell::time(item.int("time_ms")),
            Cell::text(format!("@{}", item.text("alias"))),
            Cell::text(item.text("change").replace('_', " ")),
            version(item.int("previous")),
            version(item.int("version")),
            Cell::text(item.text("actor")),
            Cell::text(item.text("reason")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("alias").to_owned()).collect();
    out.list(items, &ids, table, "no alias has moved yet: volano model promote NAME:1");
    Ok(Exit::Done)
}
