//! Runs by the names that people give them: an id, a unique end or start of it, `@last`, `@best`.

use domain::pipelines::project::vocabulary::higher_is_better;
use serde_json::{Value, json};

use crate::args::Globals;
use crate::client::{Client, segment};
use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::place;

/// Runs that a part of an id is looked for among.
const SEARCHED: usize = 1_000;
/// Shorter parts of an id are refused.
const SHORTEST: usize = 4;

/// The run that `name` means.
pub async fn find(client: &Client, globals: &Globals, name: &str, metric: Option<&str>) -> Result<Value> {
    let name = name.strip_prefix("run:").unwrap_or(name);
    match name {
        "@last" => {
            first(client, json!({"order_by": ["attributes.start_time DESC"], "max_results": 1}), name).await
        }
        "@best" => best(client, globals, metric).await,
        _ if domain::Id::parse(name).is_some() => client.get(&format!("/runs/{}", segment(name))).await,
        _ => by_part(client, name).await,
    }
}

async fn first(client: &Client, query: Value, name: &str) -> Result<Value> {
    let found = client.post("/runs/search", query).await?;
    match found.list("items").first() {
        Some(run) => client.get(&format!("/runs/{}", segment(id(run)))).await,
        None => Err(Failure::new(&codes::NOT_FOUND, format!("there is no run for {name} yet"))
            .help("volano run -- python train.py")),
    }
}

/// The id of a run.
pub fn id(run: &Value) -> &str {
    run.text("id")
}

async fn best(client: &Client, globals: &Globals, metric: Option<&str>) -> Result<Value> {
    let objective = objective(globals);
    let metric = metric.map(ToOwned::to_owned).or(objective).ok_or_else(|| {
        Failure::new(&codes::USAGE, "@best needs to know by what")
            .help("--metric NAME, or objective.metric in volano.yaml")
    })?;
    let order = if higher_is_better(&metric) { "DESC" } else { "ASC" };
    let name = format!("metrics.\"{metric}\"");
    // Runs that lack the metric must not win: only those that have it are ordered.
    let filter = format!("{name} > -1e308");
    let query = json!({"filter": filter, "order_by": [format!("{name} {order}")], "max_results": 1});
    first(client, query, &format!("@best by {metric}")).await
}

/// `objective.metric` of the project here.
fn objective(globals: &Globals) -> Option<String> {
    let file = place::project_of(globals)?.join(place::PROJECT_FILE);
    let text = std::fs::read_to_string(file).ok()?;
    let project: Value = serde_saphyr::from_str(&text).ok()?;
    project["objective"]["metric"].as_str().map(ToOwned::to_owned)
}

async fn by_part(client: &Client, part: &str) -> Result<Value> {
    let query = json!({"order_by": ["attributes.start_time DESC"], "max_results": SEARCHED});
    let found = client.post("/runs/search", query).await?;
    let runs = found.list("items");
    let lower = part.to_lowercase();
    let matches: Vec<&Value> = runs
        .iter()
        .filter(|run| {
            let by_id = part.len() >= SHORTEST && (id(run).ends_with(&lower) || id(run).starts_with(&lower));
            by_id || run.text("name") == part
        })
        .collect();
    match matches.as_slice() {
        [run] => client.get(&format!("/runs/{}", segment(id(run)))).await,
        [] => Err(unknown(part, runs)),
        several => {
            let failure = Failure::new(&codes::REFERENCE, format!("{part} means {} runs", several.len()));
            Err(several.iter().take(5).fold(failure, |failure, run| {
                failure.detail(format_args!("{}  {}", id(run), run.text("name")))
            }))
        }
    }
}

fn unknown(part: &str, runs: &[Value]) -> Failure {
    let failure = Failure::new(&codes::NOT_FOUND, format!("there is no run {part:?}"));
    let names = runs.iter().map(|run| run.text("name")).chain(["@last", "@best"]);
    match domain::suggest::nearest(part, names) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help("the runs there are: volano exp ls"),
    }
}
