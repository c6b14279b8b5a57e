//! `volano model register`: the model of a run becomes a version of a registered model.

use serde_json::{Value, json};

use crate::args::{Globals, RegisterArgs};
use crate::client::{Client, Method};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Page};
use crate::runs;

/// The tag in which older clients keep the models that a run logged.
const HISTORY: &str = "mlflow.log-model.history";

/// A model that can be registered.
struct Candidate {
    name: String,
    source: String,
    model_id: Option<String>,
}

/// Registers it.
pub async fn run(client: &Client, globals: &Globals, args: &RegisterArgs, out: &Output) -> Result<Exit> {
    let (run, candidate) = find(client, globals, args).await?;
    if args.dry_run {
        let line = format!("would register {} as the next version of {}", candidate.source, args.name);
        let document = json!({"name": args.name, "source": candidate.source, "run": run, "dry_run": true});
        out.show(&document, &[], &Page::new().line(line.clone(), vec![line]));
        return Ok(Exit::Done);
    }
    match client.mlflow(Method::POST, "registered-models/create", json!({"name": args.name})).await {
        Err(failure) if failure.code() != &codes::EXISTS => return Err(failure),
        _ => {}
    }
    let tags: Vec<Value> = args.tags.iter().map(|tag| json!({"key": tag.key, "value": tag.value})).collect();
    let mut body = json!({"name": args.name, "source": candidate.source, "tags": tags});
    let optional = [("run_id", run), ("model_id", candidate.model_id), ("description", args.message.clone())];
    for (key, value) in optional {
        if let Some(value) = value {
            body[key] = Value::from(value);
        }
    }
    let answer = client.mlflow(Method::POST, "model-versions/create", body).await?;
    let version = crate::json::plain(&answer["model_version"]["version"]);
    let label = format!("{}:{version}", args.name);
    let line = format!("{} {label} is registered from {}", out.paint().good("✓"), candidate.source);
    out.show(
        &answer["model_version"],
        std::slice::from_ref(&label),
        &Page::new().line(line, vec![args.name.clone(), version, candidate.source]),
    );
    out.next(format_args!("volano model promote {label} champion"));
    Ok(Exit::Done)
}

async fn find(
    client: &Client,
    globals: &Globals,
    args: &RegisterArgs,
) -> Result<(Option<String>, Candidate)> {
    let source = &args.source;
    if source.contains(":/") {
        let run = source.strip_prefix("runs:/").and_then(|path| path.split('/').next());
        let model_id = source.strip_prefix("models:/").filter(|id| id.starts_with("m-"));
        let candidate = Candidate {
            name: String::new(),
            source: source.clone(),
            model_id: model_id.map(ToOwned::to_owned),
        };
        return Ok((run.map(ToOwned::to_owned), candidate));
    }
    let run = runs::find(client, globals, source, args.metric.as_deref()).await?;
    let id = runs::id(&run).to_owned();
    let candidates = candidates(client, &run).await?;
    let wanted: Vec<Candidate> = candidates
        .into_iter()
        .filter(|found| args.model.as_ref().is_none_or(|name| *name == found.name))
        .collect();
    let names = wanted.iter().map(|found| found.name.clone()).collect::<Vec<_>>().join(", ");
    let count = wanted.len();
    let label = format!("{} {}", run.text("name"), crate::output::short_id(&id));
    match (count, wanted.into_iter().next()) {
        (1, Some(candidate)) => Ok((Some(id), candidate)),
        (0, _) => Err(Failure::new(&codes::NOT_FOUND, format!("run {label} logged no such model"))
            .help("mlflow.sklearn.log_model(model, name=\"model\") in the script, or autologging")),
        _ => Err(Failure::new(&codes::REFERENCE, format!("run {label} logged {count} models: {names}"))
            .help("say which: --model NAME, or models:/m-… instead of the run")),
    }
}

/// The models that a run logged.
async fn candidates(client: &Client, run: &Value) -> Result<Vec<Candidate>> {
    let id = runs::id(run);
    let found = client.mlflow(Method::GET, "runs/get", json!({"run_id": id})).await?;
    let mut candidates = Vec::new();
    for output in found["run"]["outputs"].list("model_outputs") {
        let model_id = output.text("model_id");
        let model = client.mlflow(Method::GET, &format!("logged-models/{model_id}"), json!({})).await?;
        candidates.push(Candidate {
            name: model["model"]["info"].text("name").to_owned(),
            source: format!("models:/{model_id}"),
            model_id: Some(model_id.to_owned()),
        });
    }
    if !candidates.is_empty() {
        return Ok(candidates);
    }
    let history: Value = serde_json::from_str(run["tags"].text(HISTORY)).unwrap_or_default();
    let paths = history.as_array().into_iter().flatten().map(|entry| entry.text("artifact_path"));
    Ok(paths
        .map(|path| Candidate { name: path.to_owned(), source: format!("runs:/{id}/{path}"), model_id: None })
        .collect())
}
