//! What changes experiments and runs: make, rename, note, tag, delete, restore.

use std::path::Path;

use serde_json::{Value, json};

use super::target::Target;
use crate::args::{Globals, NoteArgs, Param, TagArgs};
use crate::client::{Client, Method};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Page};

/// The tag that holds the note, as MLflow's page has it.
pub const NOTE: &str = "mlflow.note.content";

/// Makes an experiment.
pub async fn create(client: &Client, name: &str, tags: &[Param], out: &Output) -> Result<Exit> {
    let tags: Vec<Value> = tags.iter().map(|tag| json!({"key": tag.key, "value": tag.value})).collect();
    let body = json!({"name": name, "tags": tags});
    let answer = client.mlflow(Method::POST, "experiments/create", body).await?;
    let id = answer.text("experiment_id").to_owned();
    let line = format!("{} experiment {name} is number {id}", out.paint().good("✓"));
    out.show(&answer, std::slice::from_ref(&id), &Page::new().line(line, vec![id.clone(), name.to_owned()]));
    out.next(format_args!("volano run --experiment {name} -- python train.py"));
    Ok(Exit::Done)
}

/// Gives an experiment or a run another name.
pub async fn rename(
    client: &Client,
    globals: &Globals,
    reference: &str,
    name: &str,
    out: &Output,
) -> Result<Exit> {
    let target = Target::find(client, globals, reference).await?;
    let (call, body) = match &target {
        Target::Experiment(_) => {
            ("experiments/update", json!({"experiment_id": target.id(), "new_name": name}))
        }
        Target::Run(_) => ("runs/update", json!({"run_id": target.id(), "run_name": name})),
    };
    client.mlflow(Method::POST, call, body).await?;
    tell(
        &target,
        &format!("is called {name}"),
        Some(&format!("volano exp rename {} {:?}", target.reference(), target.name())),
        out,
    );
    Ok(Exit::Done)
}

/// Shows or writes the note.
pub async fn note(client: &Client, globals: &Globals, args: &NoteArgs, out: &Output) -> Result<Exit> {
    let text = match (&args.text, &args.file) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(file)) => Some(read(file)?),
        (None, None) => None,
    };
    let target = Target::find(client, globals, &args.reference).await?;
    let Some(text) = text else {
        let note = target.tag(NOTE).unwrap_or_default();
        let document = json!({"noun": target.noun(), "id": target.id(), "name": target.name(), "note": note});
        if note.is_empty() {
            out.note(format_args!(
                "{} has no note: volano exp note {} TEXT",
                target.label(),
                target.reference()
            ));
        }
        let page =
            if note.is_empty() { Page::new() } else { Page::new().line(note.trim_end(), vec![note.clone()]) };
        out.show(&document, &[], &page);
        return Ok(Exit::Done);
    };
    if text.is_empty() && target.tag(NOTE).is_some() {
        remove_tag(client, &target, NOTE).await?;
    } else if !text.is_empty() {
        set_tag(client, &target, NOTE, &text).await?;
    }
    tell(&target, if text.is_empty() { "has no note any more" } else { "has the note" }, None, out);
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<String> {
    let read = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| Failure::file(file, "read", &error))
}

/// Sets and removes tags.
pub async fn tag(client: &Client, globals: &Globals, args: &TagArgs, out: &Output) -> Result<Exit> {
    let target = Target::find(client, globals, &args.reference).await?;
    for tag in &args.tags {
        set_tag(client, &target, &tag.key, &tag.value).await?;
    }
    for key in &args.remove {
        remove_tag(client, &target, key).await?;
    }
    tell(&target, &tagged(args), None, out);
    Ok(Exit::Done)
}

/// What was done to the tags, in words.
pub fn tagged(args: &TagArgs) -> String {
    let set = args.tags.iter().map(|tag| format!("{}={}", tag.key, tag.value));
    let removed = args.remove.iter().map(|key| format!("no {key}"));
    format!("has {}", set.chain(removed).collect::<Vec<_>>().join(", "))
}

async fn set_tag(client: &Client, target: &Target, key: &str, value: &str) -> Result<()> {
    let (call, body) = match target {
        Target::Experiment(_) => (
            "experiments/set-experiment-tag",
            json!({"experiment_id": target.id(), "key": key, "value": value}),
        ),
        Target::Run(_) => ("runs/set-tag", json!({"run_id": target.id(), "key": key, "value": value})),
    };
    client.mlflow(Method::POST, call, body).await.map(drop)
}

async fn remove_tag(client: &Client, target: &Target, key: &str) -> Result<()> {
    let (call, body) = match target {
        Target::Experiment(_) => {
            ("experiments/delete-experiment-tag", json!({"experiment_id": target.id(), "key": key}))
        }
        Target::Run(_) => ("runs/delete-tag", json!({"run_id": target.id(), "key": key})),
    };
    client.mlflow(Method::POST, call, body).await.map(drop)
}

/// Deletes experiments and runs; nothing is, when one of the references means nothing.
pub async fn remove(
    client: &Client,
    globals: &Globals,
    references: &[String],
    dry_run: bool,
    out: &Output,
) -> Result<Exit> {
    let mut targets = Vec::with_capacity(references.len());
    for reference in references {
        targets.push(Target::find(client, globals, reference).await?);
    }
    for target in &targets {
        if dry_run {
            tell(target, "would be deleted", None, out);
            continue;
        }
        change_life(client, target, "delete").await?;
        tell(target, "is deleted", Some(&format!("volano exp restore {}", target.reference())), out);
    }
    Ok(Exit::Done)
}

/// Brings deleted experiments and runs back.
pub async fn restore(client: &Client, references: &[String], out: &Output) -> Result<Exit> {
    let mut targets = Vec::with_capacity(references.len());
    for reference in references {
        targets.push(Target::find_deleted(client, reference).await?);
    }
    for target in &targets {
        change_life(client, target, "restore").await?;
        tell(target, "is back", None, out);
    }
    Ok(Exit::Done)
}

async fn change_life(client: &Client, target: &Target, verb: &str) -> Result<()> {
    let (call, body) = match target {
        Target::Experiment(_) => (format!("experiments/{verb}"), json!({"experiment_id": target.id()})),
        Target::Run(_) => (format!("runs/{verb}"), json!({"run_id": target.id()})),
    };
    client.mlflow(Method::POST, &call, body).await.map(drop)
}

/// One line of what was done to what; JSON is one object a line, since a command may do it to several.
fn tell(target: &Target, what: &str, undo: Option<&str>, out: &Output) {
    let mark = if what.starts_with("would") { "●".to_owned() } else { out.paint().good("✓") };
    let undo = undo.map(|undo| format!("   undo: {undo}")).unwrap_or_default();
    let line = format!("{mark} {} {what}{undo}", target.label());
    let document = json!({"noun": target.noun(), "id": target.id(), "name": target.name(), "done": what});
    let raw = vec![target.noun().to_owned(), target.id().to_owned(), what.to_owned()];
    if out.form() == crate::output::Form::Json {
        out.line(document);
    } else {
        out.show(&document, &[target.id().to_owned()], &Page::new().line(line, raw));
    }
}
