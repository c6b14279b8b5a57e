//! `volano pipeline`: the steps of volano.yaml: checked, planned, run and followed.

use std::collections::BTreeMap;

use domain::pipelines::project::{Problem, Project};
use serde_json::{Value, json};

use super::follow;
use super::with_client;
use crate::args::{Globals, LogsArgs, Param, PipelineArgs, PipelineCommand, PipelineRunArgs};
use crate::client::{Client, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Place, Result};
use crate::json::{Fields, plain};
use crate::output::{Cell, Output, Page, Table, Tone, short_id, spin};
use crate::{place, render};

/// Shorter parts of an id are refused.
const SHORTEST_ID: usize = 4;

/// Does it.
pub async fn run(command: PipelineCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    let need = match &command {
        PipelineCommand::Run(args) if !args.dry_run => Need::Work,
        _ => Need::Records,
    };
    with_client(globals, need, async |client| match command {
        PipelineCommand::Check(args) => check(client, globals, &args, out).await,
        PipelineCommand::Plan(args) => plan(client, globals, &args, out).await,
        PipelineCommand::Run(args) if args.dry_run => plan(client, globals, &args, out).await,
        PipelineCommand::Run(args) => start(client, globals, &args, out).await,
        PipelineCommand::Why { step, pipeline } => why(client, globals, &pipeline, &step, out).await,
        PipelineCommand::Status { run, pipeline, limit } => {
            status(client, globals, &pipeline, run.as_deref(), limit, out).await
        }
        PipelineCommand::Logs(args) => logs(client, globals, &args, out).await,
    })
    .await
}

/// The pipeline that is meant: the flag, the project here, or the only one there is.
async fn name_of(client: &Client, globals: &Globals, args: &PipelineArgs) -> Result<String> {
    let known = client.get("/pipelines").await?;
    let names: Vec<&str> = known.list("items").iter().map(|pipeline| pipeline.text("name")).collect();
    // A file that was never right is not known to the server: say what is wrong with it.
    let here = if args.pipeline.is_none() { local_project(globals)? } else { None };
    let here = here.map(|project| project.name.to_string()).filter(|name| names.contains(&name.as_str()));
    match (args.pipeline.clone().or(here), names.as_slice()) {
        (Some(wanted), _) if names.contains(&wanted.as_str()) => Ok(wanted),
        (Some(wanted), _) => {
            let failure = Failure::new(&codes::NOT_FOUND, format!("there is no pipeline {wanted:?}"));
            Err(match domain::suggest::nearest(&wanted, names.iter().copied()) {
                Some(near) => failure.help(format_args!("did you mean {near}?")),
                None => failure.help(format_args!("there is: {}", names.join(", "))),
            })
        }
        (None, [only]) => Ok((*only).to_owned()),
        (None, []) => Err(no_project(client, globals)),
        (None, _) => Err(Failure::new(&codes::USAGE, "there are several pipelines")
            .help(format_args!("name one: --pipeline {}", names.join(" | ")))),
    }
}

/// The project file here; a wrong one is answered with every problem and its place.
fn local_project(globals: &Globals) -> Result<Option<Project>> {
    let Some(root) = place::project_of(globals) else { return Ok(None) };
    let file = root.join(place::PROJECT_FILE);
    let text = std::fs::read_to_string(&file).map_err(|error| Failure::file(&file, "read", &error))?;
    let exists = |path: &str| root.join(path).exists();
    let content = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let parsed = Project::parse_with_contracts(&text, place::PROJECT_FILE, &exists, &content);
    parsed.map(Some).map_err(|problems| problems_failure(&problems, &root))
}

fn no_project(client: &Client, globals: &Globals) -> Failure {
    match (place::project_of(globals), client.base().filter(|_| !client.is_in_process())) {
        (Some(root), Some(base)) => {
            let message = format!("the server at {base} does not work for {}", root.display());
            Failure::new(&codes::NO_PROJECT, message)
                .help(format_args!("start it there: volano server --project {}", root.display()))
        }
        _ => Failure::new(&codes::NO_PROJECT, "there is no volano.yaml here or above")
            .help("volano init writes one from your data")
            .help("or name its folder: --project DIR"),
    }
}

fn params(given: &[Param]) -> Value {
    let pairs = given.iter().map(|param| (param.key.clone(), crate::rows::value(&param.value)));
    Value::Object(pairs.collect())
}

async fn check(client: &Client, globals: &Globals, args: &PipelineArgs, out: &Output) -> Result<Exit> {
    let name = name_of(client, globals, args).await?;
    let answer = client.post(&format!("/pipelines/{}/check", segment(&name)), json!({})).await?;
    let problems: Vec<Problem> = serde_json::from_value(answer["problems"].clone()).unwrap_or_default();
    if !problems.is_empty() {
        return Err(problems_failure(&problems, &place::project_of(globals).unwrap_or_default()));
    }
    let line = format!("{} volano.yaml is right", out.paint().good("✓"));
    out.show(&answer, &[], &Page::new().line(line, vec![name, "right".to_owned()]));
    out.next("volano pipeline plan");
    Ok(Exit::Done)
}

/// All problems of files that a person wrote, each with its place.
pub fn problems_failure(problems: &[Problem], root: &std::path::Path) -> Failure {
    let many =
        if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
    let mut files: Vec<&str> = problems.iter().map(|problem| problem.file.as_str()).collect();
    files.dedup();
    let has = if files.len() == 1 { "has" } else { "have" };
    let failure = Failure::new(&codes::PROJECT, format!("{} {has} {many}", files.join(", ")));
    problems.iter().fold(failure, |failure, problem| {
        let number = |value: u64| usize::try_from(value).unwrap_or(1);
        let label = match &problem.help {
            Some(help) => format!("{}; {help}", problem.message),
            None => problem.message.clone(),
        };
        failure.at(Place::read(root, &problem.file, number(problem.line), number(problem.column), label))
    })
}

async fn plan(client: &Client, globals: &Globals, args: &PipelineRunArgs, out: &Output) -> Result<Exit> {
    let name = name_of(client, globals, &args.pipeline).await?;
    let path = format!("/pipelines/{}/plan", segment(&name));
    let answer = spin(out, "planning", client.post(&path, json!({"params": params(&args.params)}))).await?;
    let units = answer.list("units");
    let mut table = Table::new(["step", "unit", "action", "why", "expected"]);
    for unit in units {
        table.push(vec![
            Cell::text(unit.text("step")),
            unit_cell(unit),
            action(unit.text("action")),
            Cell::text(unit.text("reason")),
            Cell::duration(unit.int("expected_ms")),
        ]);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for unit in units {
        *counts.entry(unit.text("action")).or_default() += 1;
    }
    let summary: Vec<String> = counts.iter().map(|(action, count)| format!("{count} {action}")).collect();
    let page = Page::new().table(table).text(format!("\n{}", summary.join(" · ")));
    let ids: Vec<String> = units
        .iter()
        .filter(|unit| unit.text("action") == "run")
        .map(|unit| unit.text("step").to_owned())
        .collect();
    out.show(&answer, &ids, &page);
    out.next("volano pipeline run");
    Ok(Exit::Done)
}

/// The partition and the item of a unit.
pub fn unit_cell(unit: &Value) -> Cell {
    let text = unit_text(unit);
    if text.is_empty() { Cell::none() } else { Cell::text(text) }
}

/// The partition and the item of a unit as text; nothing for a step of one unit.
pub fn unit_text(unit: &Value) -> String {
    let mut parts = vec![unit.text("partition").to_owned()];
    parts.extend(unit.pairs("item").into_iter().map(|(key, value)| format!("{key}={}", plain(value))));
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn action(word: &str) -> Cell {
    match word {
        "run" => Cell::both("● run", word),
        "restore" => Cell::both("↺ restore", word).tone(Tone::Good),
        "skip" => Cell::both("– skip", word).tone(Tone::Dim),
        "wait" => Cell::both("◌ wait", word).tone(Tone::Dim),
        other => Cell::text(other),
    }
}

async fn start(client: &Client, globals: &Globals, args: &PipelineRunArgs, out: &Output) -> Result<Exit> {
    let name = name_of(client, globals, &args.pipeline).await?;
    if args.no_wait && client.is_in_process() {
        return Err(Failure::new(&codes::USAGE, "--no-wait needs a server that stays").help("volano server"));
    }
    let path = format!("/pipelines/{}/runs", segment(&name));
    let started =
        spin(out, "reading the sources", client.post(&path, json!({"params": params(&args.params)}))).await?;
    let id = started.text("id").to_owned();
    warn_of_refused(client, &started, out).await;
    if args.no_wait {
        let link = client.page(&format!("/pipelines/{name}")).unwrap_or_default();
        let line = format!("{} pipeline run {} started   {link}", out.paint().good("✓"), short_id(&id));
        out.show(&started, std::slice::from_ref(&id), &Page::new().line(line, vec![id.clone()]));
        out.next(format_args!("volano pipeline status {}", short_id(&id)));
        return Ok(Exit::Done);
    }
    follow::to_the_end(client, &name, &id, out).await
}

/// Files that were refused after the newest version are not what the run works on: that must not go unsaid.
async fn warn_of_refused(client: &Client, run: &Value, out: &Output) {
    for (_, pinned) in run.pairs("data") {
        let name = pinned.text("dataset");
        let known = client.get(&format!("/datasets/{}", segment(name))).await.unwrap_or_default();
        let refused = known["rejected"].text("reference");
        if !refused.is_empty() {
            let used = format!("{name}@v{}", pinned.int("number").unwrap_or(0));
            out.warn(format_args!(
                "files of {name} were refused, the run works on {used}: volano data show {refused}"
            ));
        }
    }
}

/// Adds the step that was meant to a failure that says that there is none of that name.
fn with_nearest_step(globals: &Globals, step: &str, failure: Failure) -> Failure {
    if failure.code() != &codes::NOT_FOUND {
        return failure;
    }
    let Ok(Some(project)) = local_project(globals) else { return failure };
    let names: Vec<&str> = project.steps.iter().map(|step| step.name.as_str()).collect();
    match domain::suggest::nearest(step, names.iter().copied()) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help(format_args!("there are: {}", names.join(", "))),
    }
}

async fn why(
    client: &Client,
    globals: &Globals,
    args: &PipelineArgs,
    step: &str,
    out: &Output,
) -> Result<Exit> {
    let name = name_of(client, globals, args).await?;
    let path = format!("/pipelines/{}/why/{}", segment(&name), segment(step));
    let answer = client.get(&path).await.map_err(|failure| with_nearest_step(globals, step, failure))?;
    let mut page = Page::new().text(out.paint().bold(step));
    for unit in answer.list("units") {
        let text = unit_text(unit);
        let title = if text.is_empty() { String::new() } else { format!("{text}: ") };
        let raw = vec![text, unit.text("action").to_owned(), unit.text("reason").to_owned()];
        page = page.line(format!("{title}{}: {}", unit.text("action"), unit.text("reason")), raw);
        page = page.table(render::table(unit.list("changes"), &["field", "before", "after", "sentence"]));
    }
    out.show(&answer, &[step.to_owned()], &page);
    Ok(Exit::Done)
}

async fn status(
    client: &Client,
    globals: &Globals,
    args: &PipelineArgs,
    run: Option<&str>,
    limit: usize,
    out: &Output,
) -> Result<Exit> {
    if let Some(run) = run {
        let id = full_id(client, globals, args, run).await?;
        let document = client.get(&format!("/pipeline-runs/{}", segment(&id))).await?;
        out.show(&document, &[id], &follow::page(&document, out));
        return Ok(Exit::Done);
    }
    let name = name_of(client, globals, args).await?;
    let answer = client.get(&format!("/pipelines/{}/runs?limit={limit}", segment(&name))).await?;
    let items = answer.list("items");
    let mut table = Table::new(["run", "number", "state", "cause", "started", "took", "what"]);
    for item in items {
        table.push(vec![
            Cell::id(item.text("id")),
            Cell::count(item.int("number")),
            render::state(item.text("state")),
            Cell::text(follow::cause(item)),
            Cell::time(item.int("started_ms").or_else(|| item.int("created_ms"))),
            Cell::duration(follow::took(item)),
            Cell::text(item.text("message")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("id").to_owned()).collect();
    out.list(items, &ids, table, "no runs yet: volano pipeline run");
    Ok(Exit::Done)
}

/// The id of a pipeline run by a unique end of it, its number, or `@last`.
async fn full_id(client: &Client, globals: &Globals, args: &PipelineArgs, part: &str) -> Result<String> {
    if domain::Id::parse(part).is_some() {
        return Ok(part.to_owned());
    }
    let name = name_of(client, globals, args).await?;
    let answer = client.get(&format!("/pipelines/{}/runs?limit=500", segment(&name))).await?;
    let items = answer.list("items");
    let matching = items.iter().filter(|item| {
        let number =
            item.int("number").is_some_and(|number| number.to_string() == part.trim_start_matches('#'));
        number || (part.len() >= SHORTEST_ID && item.text("id").ends_with(part))
    });
    let found = if part == "@last" { items.first() } else { matching.into_iter().next() };
    found.map(|item| item.text("id").to_owned()).ok_or_else(|| {
        Failure::new(&codes::NOT_FOUND, format!("there is no pipeline run {part:?}"))
            .help("volano pipeline status")
    })
}

async fn logs(client: &Client, globals: &Globals, args: &LogsArgs, out: &Output) -> Result<Exit> {
    let id = full_id(client, globals, &args.pipeline, args.run.as_deref().unwrap_or("@last")).await?;
    let document = client.get(&format!("/pipeline-runs/{}", segment(&id))).await?;
    let steps = follow::steps(&document);
    let by_id = args.step.len() >= SHORTEST_ID;
    let chosen = steps
        .iter()
        .filter(|step| step.text("step") == args.step || (by_id && step.text("id").ends_with(&args.step)));
    let last = chosen.max_by_key(|step| (step.int("started_ms"), step.int("attempt")));
    match last {
        Some(step) => follow::log(client, step.text("id"), args.follow.then_some(id.as_str()), out).await,
        // A step of another run, by its whole id.
        None if domain::Id::parse(&args.step).is_some() => follow::log(client, &args.step, None, out).await,
        None => {
            let failure = Failure::new(
                &codes::NOT_FOUND,
                format!("there is no step {:?} in run {}", args.step, short_id(&id)),
            );
            Err(match domain::suggest::nearest(&args.step, steps.iter().map(|step| step.text("step"))) {
                Some(near) => failure.help(format_args!("did you mean {near}?")),
                None => failure.help(format_args!("volano pipeline status {}", short_id(&id))),
            })
        }
    }
}
