//! `volano model compare`: versions side by side.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::files::Files;
use crate::client::{Client, ModelRef, segment};
use crate::codes;
use crate::commands::side::Sides;
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::{Fields, plain};
use crate::output::{Cell, Output};
use crate::render;

/// Fields of a version that are compared as they are.
const FIELDS: [&str; 11] = [
    "aliases",
    "description",
    "run",
    "user",
    "source",
    "created_ms",
    "data_versions",
    "pipeline_run",
    "environment",
    "code",
    "evaluation",
];
/// What a model says of itself.
const SIGNATURE: [&str; 2] = ["inputs", "outputs"];

/// Shows them.
pub async fn run(client: &Client, references: &[String], all: bool, out: &Output) -> Result<Exit> {
    let mut found = Vec::with_capacity(references.len());
    for reference in references {
        found.push(whole(client, &reference.parse()?).await?);
    }
    let labels: Vec<String> = found.iter().map(|found| super::label(&found["version"])).collect();
    let document = json!({"versions": found});
    out.show(&document, &labels, &sides(&found, all).page("the versions do not differ"));
    Ok(Exit::Done)
}

/// A version with its run and what its files say it is: `version`, `run`, `model`.
pub async fn whole(client: &Client, reference: &ModelRef) -> Result<Value> {
    let version = super::version_of(client, reference).await?;
    let run = match version["run"].as_str() {
        Some(id) => match client.get(&format!("/runs/{}", segment(id))).await {
            Ok(run) => run,
            // The run may be deleted, or have been on another server.
            Err(failure) if failure.code() == &codes::NOT_FOUND => Value::Null,
            Err(failure) => return Err(failure),
        },
        None => Value::Null,
    };
    let model = match Files::of(client, &version).await {
        Ok(files) => files.description(client).await.unwrap_or_default(),
        Err(_) => Value::Null,
    };
    Ok(json!({"version": version, "run": run, "model": model}))
}

/// Versions side by side: where they come from, what they take and give, what their runs and evaluations found.
pub fn sides(found: &[Value], all: bool) -> Sides {
    let mut sides = Sides::new(found.iter().map(|found| super::label(&found["version"])), all);
    for field in FIELDS {
        let cell = |found: &Value| render::cell(field, &found["version"][field]);
        sides.push(&render::label(field), found.iter().map(cell).collect());
    }
    let kinds = |found: &Value| Cell::text(flavors(&found["model"]).join(", "));
    sides.push("flavors", found.iter().map(kinds).collect());
    for part in SIGNATURE {
        sides.push(part, found.iter().map(|found| Cell::text(columns(&found["model"], part))).collect());
    }
    for (group, owner, kind) in [
        ("tag", "version", "tags"),
        ("gate", "version", "metrics"),
        ("param", "run", "params"),
        ("metric", "run", "metrics"),
    ] {
        let keys: BTreeSet<&str> =
            found.iter().flat_map(|found| found[owner].pairs(kind)).map(|(key, _)| key).collect();
        for key in keys {
            let cell = |found: &Value| match &found[owner][kind][key] {
                Value::Null => Cell::none(),
                Value::Number(number) => Cell::number(number.as_f64()),
                other => Cell::text(plain(other)),
            };
            sides.push(&format!("{group} {key}"), found.iter().map(cell).collect());
        }
    }
    sides
}

/// The ways in which a model loads.
pub fn flavors(model: &Value) -> Vec<String> {
    model.pairs("flavors").into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The columns that a model takes or gives, as `hour: double, distance: double`.
pub fn columns(model: &Value, part: &str) -> String {
    let text = model["signature"].text(part);
    let columns: Value = serde_json::from_str(text).unwrap_or_default();
    let column = |column: &Value| {
        let kind = match &column["type"] {
            Value::String(kind) if kind == "tensor" => {
                let spec = &column["tensor-spec"];
                format!("{} {}", plain(&spec["dtype"]), plain(&spec["shape"]))
            }
            kind => plain(kind),
        };
        match column.text("name") {
            "" => kind,
            name => format!("{name}: {kind}"),
        }
    };
    columns.as_array().into_iter().flatten().map(column).collect::<Vec<_>>().join(", ")
}
