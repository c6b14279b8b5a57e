//! `volano diff`: any two things of one kind, and what differs between them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::side::Sides;
use super::{data, exp, model, with_client};
use crate::args::{DiffAnyArgs, DiffArgs, Globals};
use crate::client::{Client, DataRef, ModelRef, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};
use crate::output::{Cell, Output, short_id};
use crate::render;
use crate::runs;

/// A commit id is at least this long when it is written after `@`.
const SHORTEST_COMMIT: usize = 7;

/// What a reference is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Run,
    Model,
    Data,
    Pipeline,
}

impl Kind {
    fn noun(self) -> &'static str {
        match self {
            Self::Run => "a run",
            Self::Model => "a model version",
            Self::Data => "a data version",
            Self::Pipeline => "a pipeline run",
        }
    }

    /// The kind that the form of a reference tells, and the reference without its prefix.
    fn written(text: &str) -> (Option<Self>, &str) {
        for (prefix, kind) in [
            ("run:", Self::Run),
            ("model:", Self::Model),
            ("data:", Self::Data),
            ("pipeline:", Self::Pipeline),
        ] {
            // `model:3` is version 3 of a model of that name.
            let rest = text.strip_prefix(prefix).filter(|rest| prefix != "model:" || !is_number(rest));
            if let Some(rest) = rest {
                return (Some(kind), rest);
            }
        }
        if text == "@last" || text == "@best" || domain::Id::parse(text).is_some() {
            return (Some(Self::Run), text);
        }
        let kind = match (text.split_once('@'), text.contains(':')) {
            (Some((_, version)), _) if is_data_version(version) => Some(Self::Data),
            (Some(_), _) | (None, true) => Some(Self::Model),
            (None, false) => None,
        };
        (kind, text)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_data_version(version: &str) -> bool {
    let hex = version.len() >= SHORTEST_COMMIT && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    version == "latest" || is_number(version.strip_prefix('v').unwrap_or(version)) || hex
}

/// Shows what differs.
pub async fn run(args: DiffAnyArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| {
        let ((kind_a, a), (kind_b, b)) = (Kind::written(&args.a), Kind::written(&args.b));
        let kind = match (kind_a, kind_b) {
            (Some(one), Some(other)) if one != other => return Err(of_two_kinds(&args, one, other)),
            (Some(kind), _) | (None, Some(kind)) => kind,
            (None, None) => asked(client, a).await?,
        };
        match kind {
            Kind::Run => of_runs(client, globals, &args, a, b, out).await,
            Kind::Model => of_models(client, &args, a, b, out).await,
            Kind::Data => {
                let from: DataRef = a.parse()?;
                let args = DiffArgs {
                    from: a.to_owned(),
                    to: b.to_owned(),
                    column: None,
                    exit_code: args.exit_code,
                };
                data::diff(client, &args, &from, out).await
            }
            Kind::Pipeline => of_pipelines(client, &args, a, b, out).await,
        }
    })
    .await
}

fn of_two_kinds(args: &DiffAnyArgs, one: Kind, other: Kind) -> Failure {
    let message = format!("{} is {}, {} is {}", args.a, one.noun(), args.b, other.noun());
    Failure::new(&codes::REFERENCE, message)
        .help("compare two of a kind; volano help refs says how they are written")
}

/// What a bare name is the name of: a data set, a model, else a run.
async fn asked(client: &Client, name: &str) -> Result<Kind> {
    for (path, kind) in [("datasets", Kind::Data), ("models", Kind::Model)] {
        match client.get(&format!("/{path}/{}", segment(name))).await {
            Ok(_) => return Ok(kind),
            Err(failure) if [&codes::NOT_FOUND, &codes::VALUE].contains(&failure.code()) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Kind::Run)
}

async fn of_runs(
    client: &Client,
    globals: &Globals,
    args: &DiffAnyArgs,
    a: &str,
    b: &str,
    out: &Output,
) -> Result<Exit> {
    let mut found = Vec::with_capacity(2);
    for name in [a, b] {
        match runs::find(client, globals, name, args.metric.as_deref()).await {
            Ok(run) => found.push(run),
            // An id says nothing about what it is the id of.
            Err(failure) if failure.code() == &codes::NOT_FOUND && found.is_empty() => {
                let is_pipeline = client.get(&format!("/pipeline-runs/{}", segment(a))).await.is_ok();
                return if is_pipeline { of_pipelines(client, args, a, b, out).await } else { Err(failure) };
            }
            Err(failure) => return Err(failure),
        }
    }
    let ids: Vec<String> = found.iter().map(|run| runs::id(run).to_owned()).collect();
    let document = client.post("/runs/compare", json!({"runs": ids})).await?;
    finish(args, exp::sides(&found, args.all), "runs", (&document, &ids), out)
}

async fn of_models(client: &Client, args: &DiffAnyArgs, a: &str, b: &str, out: &Output) -> Result<Exit> {
    let first: ModelRef = a.parse()?;
    // `churn:1 2` is what people write for the same model.
    let second: ModelRef = if is_number(b) { format!("{}:{b}", first.name).parse()? } else { b.parse()? };
    let found = [model::whole(client, &first).await?, model::whole(client, &second).await?];
    let labels: Vec<String> = found.iter().map(|found| model::label(&found["version"])).collect();
    let document = json!({"versions": found});
    finish(args, model::sides(&found, args.all), "versions", (&document, &labels), out)
}

async fn of_pipelines(client: &Client, args: &DiffAnyArgs, a: &str, b: &str, out: &Output) -> Result<Exit> {
    let mut found = Vec::with_capacity(2);
    for id in [a, b] {
        found.push(client.get(&format!("/pipeline-runs/{}", segment(id))).await?);
    }
    let document = json!({"runs": found});
    let ids = [a.to_owned(), b.to_owned()];
    finish(args, pipeline_sides(&found, args.all), "pipeline runs", (&document, &ids), out)
}

/// Pipeline runs side by side: cause, parameters, data, code, and each step.
fn pipeline_sides(found: &[Value], all: bool) -> Sides {
    let title = |run: &Value| {
        format!(
            "{} #{} {}",
            run["run"].text("project"),
            run["run"]["number"],
            short_id(run["run"].text("id"))
        )
    };
    let mut sides = Sides::new(found.iter().map(title), all);
    for field in ["state", "cause", "code_tree", "message"] {
        let cell = |run: &Value| render::cell(field, &run["run"][field]);
        sides.push(&render::label(field), found.iter().map(cell).collect());
    }
    for (kind, word) in [("params", "param"), ("data", "data")] {
        let keys: BTreeSet<&str> =
            found.iter().flat_map(|run| run["run"].pairs(kind)).map(|(key, _)| key).collect();
        for key in keys {
            let cell = |run: &Value| match &run["run"][kind][key] {
                Value::Null => Cell::none(),
                value => Cell::text(plain(value)),
            };
            sides.push(&format!("{word} {key}"), found.iter().map(cell).collect());
        }
    }
    let steps: BTreeSet<&str> =
        found.iter().flat_map(|run| run.list("steps")).map(|step| step.text("step")).collect();
    for step in steps {
        let of =
            |run: &Value| run.list("steps").iter().rev().find(|found| found.text("step") == step).cloned();
        let states = |run: &Value| of(run).map_or_else(Cell::none, |step| render::state(step.text("state")));
        let keys = |run: &Value| of(run).map_or_else(Cell::none, |step| Cell::id(step.text("key")));
        sides.push(&format!("step {step}"), found.iter().map(states).collect());
        sides.push(&format!("step {step} key"), found.iter().map(keys).collect());
    }
    sides
}

fn finish(
    args: &DiffAnyArgs,
    sides: Sides,
    nouns: &str,
    (document, ids): (&Value, &[String]),
    out: &Output,
) -> Result<Exit> {
    let differ = sides.differ();
    out.show(document, ids, &sides.page(&format!("the {nouns} do not differ")));
    if args.exit_code && differ {
        return Err(Failure::silent(codes::DIFFERENT.exit));
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_reference_tells_its_kind() {
        let kind = |text| Kind::written(text).0;
        for text in ["@last", "@best", "run:brisk-otter", "01a216fb71bd70008ac91de89791c5a7"] {
            assert_eq!(kind(text), Some(Kind::Run), "{text}");
        }
        for text in ["churn:3", "churn@champion", "model:churn", "model:3"] {
            assert_eq!(kind(text), Some(Kind::Model), "{text}");
        }
        for text in ["churn@v3", "churn@3", "churn@latest", "churn@3fa9c1d2", "data:churn"] {
            assert_eq!(kind(text), Some(Kind::Data), "{text}");
        }
        assert_eq!(kind("pipeline:01a216fb71bd70008ac91de89791c5a7"), Some(Kind::Pipeline));
        assert_eq!(kind("churn"), None);
    }
}
