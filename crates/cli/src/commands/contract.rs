//! `volano contract`: what data must look like.

use domain::data::contract::Contract;
use serde_json::{Value, json};

use super::data::{with_nearest, with_violation};
use super::pipeline::problems_failure;
use super::with_client;
use crate::args::{ContractCommand, ContractInferArgs, ContractTestArgs, Globals};
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
    let path = format!("/datasets/{}/contract/infer", segment(name));
    let answer = spin(out, "learning", client.post(&path, json!({}))).await?;
    if !args.write {
        show(&answer, name, out);
        out.next("the same with --write");
        return Ok(Exit::Done);
    }
    let root = place::project_of(globals).ok_or_else(|| {
        Failure::new(&codes::NO_PROJECT, "there is no volano.yaml here or above").help("volano init")
    })?;
    let below = format!("contracts/{name}.yaml");
    let file = root.join(&below);
    let folder = root.join("contracts");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, "make", &error))?;
    app::home::replace(&file, answer.text("text").as_bytes())
        .map_err(|error| Failure::file(&file, "write", &error))?;
    let rules = answer.int("rules").unwrap_or(0);
    let line = format!("{} {} with {rules} rules", out.paint().good("✓"), file.display());
    let page = Page::new().line(line, vec![file.display().to_string(), rules.to_string()]);
    out.show(&answer, &[file.display().to_string()], &page);
    if !named_in_project(&root, &below) {
        out.note(format_args!(
            "to put it in force, name it in volano.yaml: data: {{{name}: {{…, contract: {below}}}}}"
        ));
    }
    out.next(format_args!("look it over, then volano contract test {name} --contract {}", file.display()));
    Ok(Exit::Done)
}

fn named_in_project(root: &std::path::Path, below: &str) -> bool {
    std::fs::read_to_string(root.join(place::PROJECT_FILE)).is_ok_and(|text| text.contains(below))
}

async fn test(client: &Client, args: &ContractTestArgs, reference: &DataRef, out: &Output) -> Result<Exit> {
    let mut body = json!({});
    if let Some(file) = &args.contract {
        let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, "read", &error))?;
        let shown = file.display().to_string();
        if let Err(problems) = Contract::parse(&text, &shown) {
            return Err(problems_failure(&problems, std::path::Path::new("")));
        }
        body["contract"] = Value::from(text);
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

fn rule_of(violation: &Value) -> String {
    let parts = [violation.text("column"), violation.text("rule")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}
