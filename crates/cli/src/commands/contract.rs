//! `volano contract`: what data must look like.

use std::path::Path;

use domain::data::contract::Contract;
use serde_json::{Value, json};

use super::data::{with_nearest, with_violation};
use super::pipeline::problems_failure;
use super::with_client;
use crate::args::{ContractCommand, ContractHistoryArgs, ContractInferArgs, ContractTestArgs, Globals};
use crate::client::{Client, DataRef, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Form, Output, Page, Table, spin};
use crate::{place, render};

/// Does it.
pub async fn run(command: ContractCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| {
        let (name, done) = match command {
            ContractCommand::Infer(args) => (args.name.clone(), infer(client, &args, globals, out).await),
            ContractCommand::Show { name } => {
                let answer = client.get(&format!("/datasets/{}/contract", segment(&name))).await;
                let done = answer.map(|answer| {
                    show(&answer, &name, out);
                    Exit::Done
                });
                (name, done)
            }
            ContractCommand::History(args) => (args.name.clone(), history(client, &args, out).await),
            ContractCommand::Test(args) => {
                let reference: DataRef = args.reference.parse()?;
                (reference.name.clone(), test(client, &args, &reference, out).await)
            }
        };
        match done {
            Ok(exit) => Ok(exit),
            Err(failure) if failure.message().starts_with("there is no contract") => {
                Err(failure.help(format_args!("learn one: volano contract infer {name} --write")))
            }
            Err(failure) => Err(with_nearest(client, &name, failure).await),
        }
    })
    .await
}

fn show(answer: &Value, name: &str, out: &Output) {
    let text = answer.text("text").trim_end();
    match out.form() {
        Form::Json => out.json(answer),
        Form::Ids => out.line(name),
        // YAML is YAML, also in a pipe: its lines are not cells.
        _ => out.line(text),
    }
}

async fn infer(client: &Client, args: &ContractInferArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    let name = &args.name;
    let below = format!("contracts/{name}.yaml");
    let root = place::project_of(globals);
    let file = root.as_ref().map(|root| root.join(&below));
    let mut body = lesson(args)?;
    if let Some(known) = file.as_ref().filter(|file| file.exists()) {
        let text = read_contract(known, &below)?;
        body["contract"] = Value::from(text);
        body["path"] = Value::from(below.as_str());
    }
    let path = format!("/datasets/{}/contract/infer", segment(name));
    let answer = spin(out, "learning", client.post(&path, body)).await?;
    let revised = !answer["changes"].is_null();
    if revised {
        show_changes(&answer, name, out);
    }
    if !args.write {
        if !revised {
            show(&answer, name, out);
        }
        out.next("the same with --write");
        return Ok(Exit::Done);
    }
    let (Some(root), Some(file)) = (root, file) else {
        let failure = Failure::new(&codes::NO_PROJECT, "there is no volano.yaml here or above");
        return Err(failure.help("volano init"));
    };
    if revised && answer.list("changes").is_empty() {
        return Ok(Exit::Done);
    }
    let folder = root.join("contracts");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, "make", &error))?;
    app::home::replace(&file, answer.text("text").as_bytes())
        .map_err(|error| Failure::file(&file, "write", &error))?;
    let rules = answer.int("rules").unwrap_or(0);
    if revised {
        out.done(format_args!("{} with {rules} rules", file.display()));
    } else {
        let line = format!("{} {} with {rules} rules", out.paint().good("✓"), file.display());
        let page = Page::new().line(line, vec![file.display().to_string(), rules.to_string()]);
        out.show(&answer, &[file.display().to_string()], &page);
    }
    if !named_in_project(&root, &below) {
        out.note(format_args!(
            "to put it in force, name it in volano.yaml: data: {{{name}: {{…, contract: {below}}}}}"
        ));
    }
    out.next(format_args!("look it over, then volano contract test {name} --contract {}", file.display()));
    Ok(Exit::Done)
}

/// Which versions are learned from: `v1..v5`, or the newest so many.
fn lesson(args: &ContractInferArgs) -> Result<Value> {
    let Some(from) = &args.from else { return Ok(json!({"last": args.last})) };
    let number = |text: &str| text.trim().trim_start_matches('v').parse::<i64>().ok();
    let (first, last) = from.split_once("..").unwrap_or((from, from));
    match number(first).zip(number(last)) {
        Some((first, last)) => Ok(json!({"from": first, "to": last})),
        None => {
            let failure = Failure::new(&codes::VALUE, format!("{from:?} names no versions"));
            Err(failure.help("write --from v1..v5"))
        }
    }
}

/// The text of a contract that reads well.
fn read_contract(file: &Path, shown: &str) -> Result<String> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, "read", &error))?;
    match Contract::parse(&text, shown) {
        Ok(_) => Ok(text),
        Err(problems) => Err(problems_failure(&problems, Path::new(""))),
    }
}

/// What learning changes in the contract that there is, rule by rule.
fn show_changes(answer: &Value, name: &str, out: &Output) {
    let mut table = Table::new(["rule", "change", "before", "after"]);
    for change in answer.list("changes") {
        let value = |key: &str| Some(change.text(key)).filter(|text| !text.is_empty());
        let cell = |key: &str| value(key).map_or_else(Cell::none, Cell::text);
        table.push(vec![
            Cell::text(rule_of(change)),
            Cell::text(change.text("change")),
            cell("before"),
            cell("after"),
        ]);
    }
    if out.form() == Form::Json {
        return out.json(answer);
    }
    let path = answer.text("path");
    let versions: Vec<&str> = answer.list("versions").iter().filter_map(Value::as_str).collect();
    let from = match versions.as_slice() {
        [first, .., last] => format!("{first} to {last}"),
        _ => versions.join(""),
    };
    let empty = format!("{path} says what {from} would teach");
    out.list(answer.list("changes"), &[name.to_owned()], table, &empty);
}

fn named_in_project(root: &Path, below: &str) -> bool {
    std::fs::read_to_string(root.join(place::PROJECT_FILE)).is_ok_and(|text| text.contains(below))
}

async fn test(client: &Client, args: &ContractTestArgs, reference: &DataRef, out: &Output) -> Result<Exit> {
    let mut body = json!({"last": args.last, "since": args.since});
    if let Some(file) = &args.contract {
        let shown = file.display().to_string();
        body["contract"] = Value::from(read_contract(file, &shown)?);
        body["path"] = Value::from(shown);
    }
    let path = format!("/datasets/{}/contract/test", segment(&reference.name));
    let answer = spin(out, "checking", client.post(&path, body)).await?;
    let one = args.reference.contains('@') && reference.version != "latest";
    let full = reference.to_string();
    let chosen: Vec<&Value> = answer
        .list("items")
        .iter()
        .filter(|trial| !one || trial.text("version").starts_with(&full))
        .collect();
    let Some(newest) = chosen.first() else {
        return Err(Failure::new(
            &codes::NOT_FOUND,
            format!("there is no version {full} to try the rules on"),
        )
        .help(format_args!("the versions there are: volano data ls {}", reference.name)));
    };
    if (args.last.is_some() || args.since.is_some()) && !one {
        show_fired(&answer, args, out);
        return verdict(newest);
    }
    let mut table = Table::new(["version", "verdict", "broken rules"]);
    for trial in &chosen {
        let verdict = if trial.flag("passes") { "passes" } else { "rejected" };
        let rules: Vec<String> = trial.list("violations").iter().map(rule_of).collect();
        table.push(vec![
            Cell::text(trial.text("version")),
            render::state(verdict),
            Cell::text(rules.join(", ")),
        ]);
    }
    let items: Vec<Value> = chosen.iter().map(|trial| (*trial).clone()).collect();
    let versions: Vec<String> = chosen.iter().map(|trial| trial.text("version").to_owned()).collect();
    out.list(&items, &versions, table, "");
    verdict(newest)
}

/// Rule by rule how often it would have fired.
fn show_fired(answer: &Value, args: &ContractTestArgs, out: &Output) {
    let mut table = Table::new(["rule", "fired", "first", "last", "example"]);
    for rule in answer.list("rules") {
        table.push(vec![
            Cell::text(rule_of(rule)),
            Cell::count(rule.int("versions")),
            Cell::text(rule.text("first")),
            Cell::text(rule.text("last")),
            Cell::text(rule.text("example")),
        ]);
    }
    let ids: Vec<String> = answer.list("rules").iter().map(rule_of).collect();
    out.list(answer.list("rules"), &ids, table, "no rule would have fired");
    let trials = answer.list("items");
    let broken = trials.iter().filter(|trial| !trial.list("violations").is_empty()).count();
    let times = if broken == 1 { "once".to_owned() } else { format!("{broken} times") };
    let span = args.since.as_ref().map_or_else(String::new, |since| format!(" in {since}"));
    out.note(format_args!("would have fired {times}{span} on {} versions", trials.len()));
}

/// Fails when a trial says that its version would be rejected.
fn verdict(newest: &Value) -> Result<Exit> {
    if newest.flag("passes") {
        return Ok(Exit::Done);
    }
    let violations = newest.list("violations");
    let rules =
        if violations.len() == 1 { "1 rule".to_owned() } else { format!("{} rules", violations.len()) };
    let failure = Failure::new(&codes::CONTRACT, format!("{} breaks {rules}", newest.text("version")));
    Err(violations
        .iter()
        .fold(failure, with_violation)
        .help("mend the data, or the rule if the world has changed"))
}

async fn history(client: &Client, args: &ContractHistoryArgs, out: &Output) -> Result<Exit> {
    let path = format!("/datasets/{}/contract/history?limit={}", segment(&args.name), args.limit);
    let answer = client.get(&path).await?;
    let checks = answer.list("items");
    let mut table = Table::new(["version", "when", "outcome", "contract", "broken rules"]);
    for check in checks {
        let mut rules: Vec<String> = check.list("violations").iter().map(rule_of).collect();
        rules.dedup();
        let contract = check.text("contract").get(..12).map_or_else(Cell::none, Cell::text);
        table.push(vec![
            Cell::text(check.text("version")),
            Cell::time(check.int("time_ms")),
            render::state(check.text("outcome")),
            contract,
            Cell::text(rules.join(", ")),
        ]);
    }
    let ids: Vec<String> = checks.iter().map(|check| check.text("version").to_owned()).collect();
    out.list(checks, &ids, table, "there is no version yet");
    Ok(Exit::Done)
}

fn rule_of(violation: &Value) -> String {
    let parts = [violation.text("column"), violation.text("rule")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}
