//! What a reference means where both experiments and runs may be meant.

use serde_json::{Value, json};

use crate::args::Globals;
use crate::client::{Client, Method};
use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::short_id;
use crate::runs::{self, Search};

/// Deleted runs that a name or a part of an id is looked for among.
const SEARCHED: usize = 1_000;

/// An experiment or a run.
#[derive(Clone, Debug)]
pub enum Target {
    /// An experiment, as MLflow's API writes it.
    Experiment(Value),
    /// A run.
    Run(Value),
}

impl Target {
    /// What `reference` means: `exp:NAME` an experiment, `run:NAME`, `@last` or an id a run, else an experiment's name or
    /// number before a run's name or part of an id.
    pub async fn find(client: &Client, globals: &Globals, reference: &str) -> Result<Self> {
        if let Some(experiment) = named_experiment(client, reference).await? {
            return Ok(Self::Experiment(experiment));
        }
        match runs::find(client, globals, reference, None).await {
            Ok(run) => Ok(Self::Run(run)),
            Err(failure) if failure.code() == &codes::NOT_FOUND && !is_run(reference) => {
                Err(unknown(client, reference).await)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The deleted thing that `reference` means.
    pub async fn find_deleted(client: &Client, reference: &str) -> Result<Self> {
        if let Some(experiment) = named_experiment(client, reference).await? {
            if experiment.text("lifecycle_stage") == "deleted" {
                return Ok(Self::Experiment(experiment));
            }
            return Err(not_deleted(&format!("experiment {}", experiment.text("name"))));
        }
        let name = reference.strip_prefix("run:").unwrap_or(reference);
        let search = Search { limit: SEARCHED, deleted: true, ..Search::default() };
        let found = runs::search(client, &search).await?;
        let matching: Vec<&Value> = found
            .iter()
            .filter(|run| run.text("name") == name || runs::is_part(name, runs::id(run)))
            .collect();
        match matching.as_slice() {
            [run] => Ok(Self::Run((*run).clone())),
            [] if domain::Id::parse(name).is_some() => {
                // Older than what was searched, or not deleted.
                let found = client.mlflow(Method::GET, "runs/get", json!({"run_id": name})).await?;
                if found["run"]["info"].text("lifecycle_stage") == "deleted" {
                    return Ok(Self::Run(json!({"id": name, "name": found["run"]["info"]["run_name"]})));
                }
                Err(not_deleted(&format!("run {name}")))
            }
            [] => Err(Failure::new(&codes::NOT_FOUND, format!("nothing deleted is called {reference:?}"))
                .help("deleted runs          volano exp ls --deleted")
                .help("deleted experiments   volano exp ls --experiments --deleted")),
            several => Err(runs::ambiguous(name, several)),
        }
    }

    /// The noun, for people and for the audit log's filter.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Experiment(_) => "experiment",
            Self::Run(_) => "run",
        }
    }

    /// The experiment's number or the run's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Experiment(found) => found.text("experiment_id"),
            Self::Run(found) => runs::id(found),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Experiment(found) | Self::Run(found) => found.text("name"),
        }
    }

    /// It, as a line names it.
    pub fn label(&self) -> String {
        match self {
            Self::Experiment(_) => format!("experiment {}", self.name()),
            Self::Run(_) => format!("run {} {}", self.name(), short_id(self.id())),
        }
    }

    /// A reference that means it and nothing else.
    pub fn reference(&self) -> String {
        match self {
            Self::Experiment(_) => format!("exp:{}", self.id()),
            Self::Run(_) => format!("run:{}", self.id()),
        }
    }

    /// The value of one of its tags.
    pub fn tag(&self, key: &str) -> Option<String> {
        match self {
            Self::Experiment(found) => {
                let tag = found.list("tags").iter().find(|tag| tag.text("key") == key)?;
                Some(tag.text("value").to_owned())
            }
            Self::Run(found) => found["tags"][key].as_str().map(ToOwned::to_owned),
        }
    }
}

/// Whether a reference can only mean a run.
fn is_run(reference: &str) -> bool {
    reference.starts_with("run:") || reference.starts_with('@') || domain::Id::parse(reference).is_some()
}

async fn named_experiment(client: &Client, reference: &str) -> Result<Option<Value>> {
    if let Some(name) = reference.strip_prefix("exp:") {
        return match runs::experiment(client, name).await? {
            Some(found) => Ok(Some(found)),
            None => Err(unknown(client, name).await),
        };
    }
    if is_run(reference) || reference.is_empty() {
        return Ok(None);
    }
    runs::experiment(client, reference).await
}

fn not_deleted(what: &str) -> Failure {
    Failure::new(&codes::CONFLICT, format!("{what} is not deleted"))
}

async fn unknown(client: &Client, reference: &str) -> Failure {
    let failure = Failure::new(&codes::NOT_FOUND, format!("there is no experiment or run {reference:?}"));
    let known = client.get("/experiments").await.unwrap_or_default();
    match domain::suggest::nearest(reference, known.list("items").iter().map(|found| found.text("name"))) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure
            .help("the experiments there are   volano exp ls --experiments")
            .help("the runs there are          volano exp ls"),
    }
}
