//! What changes models and versions: tags, descriptions, deletion.

use serde_json::{Value, json};

use crate::args::TagArgs;
use crate::client::{Client, Method, ModelRef, Which};
use crate::codes;
use crate::commands::exp::tagged;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Form, Output, Page};

/// A model, or one of its versions.
struct Target {
    name: String,
    version: Option<i64>,
}

impl Target {
    async fn find(client: &Client, reference: &ModelRef) -> Result<Self> {
        let version = match reference.which {
            Which::Any => {
                super::model(client, &reference.name).await?;
                None
            }
            _ => {
                let number = super::number(client, reference).await?;
                // That a number is written does not make it exist.
                super::version_of(client, reference).await?;
                Some(number)
            }
        };
        Ok(Self { name: reference.name.clone(), version })
    }

    fn label(&self) -> String {
        self.version.map_or_else(|| self.name.clone(), |version| format!("{}:{version}", self.name))
    }

    /// Calls MLflow's API for the model or the version, whichever it is.
    async fn call(&self, client: &Client, method: Method, verb: &str, fields: Value) -> Result<Value> {
        let mut body = fields;
        body["name"] = Value::from(self.name.as_str());
        let noun = match self.version {
            Some(version) => {
                body["version"] = Value::from(version.to_string());
                "model-versions"
            }
            None => "registered-models",
        };
        client.mlflow(method, &format!("{noun}/{verb}"), body).await
    }
}

/// Sets and removes tags.
pub async fn tag(client: &Client, args: &TagArgs, out: &Output) -> Result<Exit> {
    let target = Target::find(client, &args.reference.parse()?).await?;
    for tag in &args.tags {
        target.call(client, Method::POST, "set-tag", json!({"key": tag.key, "value": tag.value})).await?;
    }
    for key in &args.remove {
        target.call(client, Method::DELETE, "delete-tag", json!({"key": key})).await?;
    }
    tell(&target, &tagged(args), out);
    Ok(Exit::Done)
}

/// Shows or writes the description.
pub async fn note(client: &Client, reference: &ModelRef, text: Option<&str>, out: &Output) -> Result<Exit> {
    let target = Target::find(client, reference).await?;
    if let Some(text) = text {
        target.call(client, Method::PATCH, "update", json!({"description": text})).await?;
        tell(
            &target,
            if text.is_empty() { "has no description any more" } else { "has the description" },
            out,
        );
        return Ok(Exit::Done);
    }
    let found = match target.version {
        Some(_) => super::version_of(client, reference).await?,
        None => super::model(client, &target.name).await?,
    };
    let note = found.text("description").to_owned();
    if note.is_empty() {
        out.note(format_args!("{0} has no description: volano model note {0} TEXT", target.label()));
    }
    let page =
        if note.is_empty() { Page::new() } else { Page::new().line(note.trim_end(), vec![note.clone()]) };
    out.show(&json!({"id": target.label(), "description": note}), &[], &page);
    Ok(Exit::Done)
}

/// Deletes models and versions; nothing is, when one of the references means nothing.
pub async fn remove(
    client: &Client,
    references: &[String],
    yes: bool,
    dry_run: bool,
    out: &Output,
) -> Result<Exit> {
    let mut targets = Vec::with_capacity(references.len());
    for reference in references {
        targets.push(Target::find(client, &reference.parse()?).await?);
    }
    if !yes && !dry_run {
        let labels: Vec<String> = targets.iter().map(Target::label).collect();
        return Err(Failure::new(
            &codes::USAGE,
            format!("{} would be deleted for all who use it", labels.join(", ")),
        )
        .help("do it            volano model rm --yes …")
        .help("take it back     volano model restore NAME:3")
        .help("who uses it      volano model show NAME"));
    }
    for target in &targets {
        if dry_run {
            tell(target, "would be deleted", out);
            continue;
        }
        target.call(client, Method::DELETE, "delete", json!({})).await?;
        tell(target, "is deleted", out);
    }
    out.next(format_args!("volano model restore {}", targets.last().map(Target::label).unwrap_or_default()));
    Ok(Exit::Done)
}

/// Brings deleted models and versions back.
pub async fn restore(client: &Client, references: &[String], out: &Output) -> Result<Exit> {
    let mut targets = Vec::with_capacity(references.len());
    for text in references {
        let reference: ModelRef = text.parse()?;
        let version = match reference.which {
            Which::Any => None,
            Which::Version(version) => Some(version),
            Which::Alias(_) => {
                return Err(Failure::new(
                    &codes::REFERENCE,
                    format!("{text:?}: a deleted version has no alias"),
                )
                .help("write NAME for a model, NAME:3 for a version")
                .help("what is deleted   volano trash ls"));
            }
        };
        targets.push(Target { name: reference.name, version });
    }
    for target in &targets {
        let reference = format!("model:{}", target.label());
        client.post("/trash/restore", json!({"refs": [reference]})).await?;
        tell(target, "is back", out);
    }
    Ok(Exit::Done)
}

/// One line of what was done to what; JSON is one object a line, since a command may do it to several.
fn tell(target: &Target, what: &str, out: &Output) {
    let noun = if target.version.is_some() { "model_version" } else { "model" };
    let document = json!({"noun": noun, "id": target.label(), "done": what});
    if out.form() == Form::Json {
        return out.line(document);
    }
    let mark = if what.starts_with("would") { "●".to_owned() } else { out.paint().good("✓") };
    let raw = vec![noun.to_owned(), target.label(), what.to_owned()];
    let line = format!("{mark} {} {what}", target.label());
    out.show(&document, &[target.label()], &Page::new().line(line, raw));
}
