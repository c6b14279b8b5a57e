//! Runs by the names that people give them: an id, a unique end or start of it, `@last`, `@best`.

use domain::pipelines::project::vocabulary::higher_is_better;
use serde_json::{Value, json};

use crate::args::Globals;
use crate::client::{Client, Method, segment};
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

/// Which runs are wanted.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Name or number of an experiment; all of them when absent.
    pub experiment: Option<String>,
    /// What must hold, in the filter language.
    pub filter: String,
    /// In which order; newest first when empty.
    pub order_by: Vec<String>,
    /// At most this many.
    pub limit: usize,
    /// The deleted ones instead of those that are there.
    pub deleted: bool,
}

/// Runs in one request.
const PAGE: usize = 1_000;
/// Experiments in one request.
const EXPERIMENTS: usize = 10_000;

/// The runs that are wanted, with figures that are no numbers as the texts `NaN` and `Infinity`.
pub async fn search(client: &Client, search: &Search) -> Result<Vec<Value>> {
    let experiments = match &search.experiment {
        Some(name) => vec![experiment_number(client, name).await?],
        None => every_experiment(client).await?,
    };
    let newest = || vec!["attributes.start_time DESC".to_owned()];
    let order = if search.order_by.is_empty() { newest() } else { search.order_by.clone() };
    let mut found = Vec::new();
    let mut token = Value::Null;
    while found.len() < search.limit && !experiments.is_empty() {
        let mut query = json!({
            "experiment_ids": experiments,
            "filter": search.filter,
            "order_by": order,
            "max_results": (search.limit - found.len()).min(PAGE),
            "run_view_type": if search.deleted { "DELETED_ONLY" } else { "ACTIVE_ONLY" },
        });
        if !token.is_null() {
            query["page_token"] = token;
        }
        let answer = client.mlflow(Method::POST, "runs/search", query).await?;
        let runs = answer.list("runs");
        found.extend(runs.iter().map(of_mlflow));
        token = answer["next_page_token"].clone();
        if token.is_null() || token == "" || runs.is_empty() {
            break;
        }
    }
    Ok(found)
}

async fn every_experiment(client: &Client) -> Result<Vec<String>> {
    let query = json!({"max_results": EXPERIMENTS, "view_type": "ALL"});
    let found = client.mlflow(Method::POST, "experiments/search", query).await?;
    Ok(found.list("experiments").iter().map(|found| found.text("experiment_id").to_owned()).collect())
}

/// The experiment of this name or number, deleted or not.
pub async fn experiment(client: &Client, name: &str) -> Result<Option<Value>> {
    let by_name = json!({"experiment_name": name});
    match client.mlflow(Method::GET, "experiments/get-by-name", by_name).await {
        Ok(found) => return Ok(Some(found["experiment"].clone())),
        Err(failure) if failure.code() == &codes::NOT_FOUND => {}
        Err(failure) => return Err(failure),
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match client.mlflow(Method::GET, "experiments/get", json!({"experiment_id": name})).await {
        Ok(found) => Ok(Some(found["experiment"].clone())),
        Err(failure) if failure.code() == &codes::NOT_FOUND => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn experiment_number(client: &Client, name: &str) -> Result<String> {
    match experiment(client, name).await? {
        Some(found) => Ok(found.text("experiment_id").to_owned()),
        None => {
            let known = client.get("/experiments").await?;
            let names = known.list("items").iter().map(|found| found.text("name"));
            let failure = Failure::new(&codes::NOT_FOUND, format!("there is no experiment {name:?}"));
            Err(match domain::suggest::nearest(name, names) {
                Some(near) => failure.help(format_args!("did you mean {near}?")),
                None => failure.help("the experiments there are: volano exp ls --experiments"),
            })
        }
    }
}

/// A run as MLflow's API writes it, in the form of ours.
fn of_mlflow(run: &Value) -> Value {
    let (info, data) = (&run["info"], &run["data"]);
    let pairs = |kind: &str| {
        let pairs =
            data.list(kind).iter().map(|entry| (entry.text("key").to_owned(), entry["value"].clone()));
        Value::Object(pairs.collect())
    };
    json!({
        "id": info["run_id"],
        "name": info["run_name"],
        "experiment": info["experiment_id"],
        "status": info.text("status").to_lowercase(),
        "user": info["user_id"],
        "start_ms": info["start_time"],
        "end_ms": info["end_time"],
        "artifact_uri": info["artifact_uri"],
        "metrics": pairs("metrics"),
        "params": pairs("params"),
        "tags": pairs("tags"),
    })
}

/// The newest value of a metric.
pub fn metric(run: &Value, key: &str) -> Option<f64> {
    figure(&run["metrics"][key])
}

/// A figure, which is a text when it is no number.
pub fn figure(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| match value.as_str()? {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    })
}

/// How long a run took.
pub fn took(run: &Value) -> Option<i64> {
    Some(run.int("end_ms")? - run.int("start_ms")?)
}

/// The id of a run.
pub fn id(run: &Value) -> &str {
    run.text("id")
}

async fn best(client: &Client, globals: &Globals, metric: Option<&str>) -> Result<Value> {
    let metric = best_metric(globals, metric)?;
    let order = if higher_is_better(&metric) { "DESC" } else { "ASC" };
    let name = format!("metrics.\"{metric}\"");
    // Runs that lack the metric must not win: only those that have it are ordered.
    let filter = format!("{name} > -1e308");
    let query = json!({"filter": filter, "order_by": [format!("{name} {order}")], "max_results": 1});
    first(client, query, &format!("@best by {metric}")).await
}

/// The metric that the best run is told by.
pub fn best_metric(globals: &Globals, metric: Option<&str>) -> Result<String> {
    metric.map(ToOwned::to_owned).or_else(|| objective(globals)).ok_or_else(|| {
        Failure::new(&codes::USAGE, "@best needs to know by what")
            .help("--metric NAME, or objective.metric in volano.yaml")
    })
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
    let matches: Vec<&Value> =
        runs.iter().filter(|run| is_part(part, id(run)) || run.text("name") == part).collect();
    match matches.as_slice() {
        [run] => client.get(&format!("/runs/{}", segment(id(run)))).await,
        [] => Err(unknown(part, runs)),
        several => Err(ambiguous(part, several)),
    }
}

/// Whether a text is long enough a start or end of an id to mean it.
pub fn is_part(part: &str, id: &str) -> bool {
    let lower = part.to_lowercase();
    part.len() >= SHORTEST && (id.ends_with(&lower) || id.starts_with(&lower))
}

/// The refusal of a name that several runs have.
pub fn ambiguous(part: &str, several: &[&Value]) -> Failure {
    let failure = Failure::new(&codes::REFERENCE, format!("{part} means {} runs", several.len()));
    several
        .iter()
        .take(5)
        .fold(failure, |failure, run| failure.detail(format_args!("{}  {}", id(run), run.text("name"))))
}

fn unknown(part: &str, runs: &[Value]) -> Failure {
    let failure = Failure::new(&codes::NOT_FOUND, format!("there is no run {part:?}"));
    let names = runs.iter().map(|run| run.text("name")).chain(["@last", "@best"]);
    match domain::suggest::nearest(part, names) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help("the runs there are: volano exp ls"),
    }
}
