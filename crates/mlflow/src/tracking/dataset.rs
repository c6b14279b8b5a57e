//! Data sets that runs read, as the page lists them.

use app::App;
use axum::extract::State;
use domain::tracking::input::DatasetSummary;
use serde_json::Value;

use super::experiment_ids;
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::Params;
use crate::wire::Object;

/// Most experiments of one call.
const MAX_EXPERIMENTS: usize = 20;

fn body(summary: &DatasetSummary) -> Value {
    Object::new()
        .set("experiment_id", summary.experiment.to_string())
        .set("name", summary.name.as_str())
        .set("digest", summary.digest.as_str())
        .some("context", &summary.context)
        .into()
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let experiments = experiment_ids(&params)?;
    if experiments.is_empty() {
        return Err(Failure::invalid("SearchDatasets request must specify at least one experiment_id."));
    }
    if experiments.len() > MAX_EXPERIMENTS {
        return Err(Failure::invalid(format!(
            "SearchDatasets request cannot specify more than {MAX_EXPERIMENTS} experiment_ids. Received {} \
             experiment_ids.",
            experiments.len()
        )));
    }
    let found = app.experiments().datasets(&ctx, &experiments).await?;
    Ok(Object::new().list("dataset_summaries", &found, body))
}
