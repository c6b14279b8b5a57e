//! Models as the server would load them, ready to be evaluated.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Id;
use domain::registry::model::ModelName;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::evaluation::{Candidate, Evaluations, Record, Scorer};
use crate::serving::inference::{Limits, Loaded, ModelFiles, Request, Signature, invocation};
use crate::{Context, Result};

/// Longest time that one batch may take.
const DEADLINE: Duration = Duration::from_secs(120);

impl Evaluations<'_> {
    /// A registered version, loaded. That it does not start is a finding of the evaluation.
    pub async fn version(&self, ctx: &Context, model: &ModelName, version: i64) -> Candidate {
        let loaded = self.0.inference().load(ctx, model, version, Limits::default()).await;
        candidate(format!("{model}:{version}"), Some(version), loaded)
    }

    /// A model that is not registered yet, from its files and the tracked run that trained it.
    pub async fn files(&self, ctx: &Context, name: &str, files: ModelFiles, run: Option<&Id>) -> Candidate {
        let loaded = self.0.inference().load_files(ctx, files, run, Limits::default()).await;
        candidate(name.to_owned(), None, loaded)
    }
}

fn candidate(name: String, version: Option<i64>, loaded: Result<Loaded>) -> Candidate {
    let scorer = match loaded {
        Ok(loaded) => Ok(Arc::new(Served(loaded)) as Arc<dyn Scorer>),
        Err(error) => Err(error.to_string()),
    };
    Candidate { name, version, scorer }
}

/// A loaded model asked as `/invocations` asks it.
struct Served(Loaded);

impl Scorer for Served {
    fn answer<'a>(&'a self, rows: &'a [Record]) -> BoxFuture<'a, Result<Vec<Value>, String>> {
        Box::pin(async move {
            let model = &self.0.model;
            let signature = model.info().signature.as_ref();
            let body = json!({ "dataframe_records": asked_for(rows, signature) });
            let asked = invocation::parse(&body, signature).map_err(|error| error.to_string())?;
            let request =
                Request { input: asked.input, params: Map::new(), deadline: Instant::now() + DEADLINE };
            let output = model.predict(request).await.map_err(|error| error.to_string())?;
            Ok(output.by_row(rows.len()))
        })
    }
}

/// The columns that the model wants: a table that models are evaluated on holds more (the label, times, keys).
fn asked_for(rows: &[Record], signature: Option<&Signature>) -> Vec<Record> {
    let Some(signature) = signature else { return rows.to_vec() };
    let wanted = |row: &Record| {
        let inputs = signature.inputs.iter().filter_map(|input| input.name());
        inputs.filter_map(|name| Some((name.to_owned(), row.get(name)?.clone()))).collect()
    };
    rows.iter().map(wanted).collect()
}
