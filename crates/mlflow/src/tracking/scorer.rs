//! Scorers.

use app::App;
use axum::Json;
use axum::extract::State;
use domain::Id;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::scorer::{OnlineConfig, ScorerVersion};
use serde_json::{Value, json};

use super::{experiment_id, experiment_ids};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::Params;
use crate::wire::{self, Object};

fn body(found: &ScorerVersion) -> Value {
    Object::new()
        .set("experiment_id", found.experiment.number())
        .set("scorer_name", found.name.as_str())
        .set("scorer_version", found.version)
        .set("serialized_scorer", found.definition.as_str())
        .set("creation_time", wire::millis(found.created))
        .set("scorer_id", found.scorer.as_str())
        .into()
}

fn config(found: &OnlineConfig) -> Value {
    Object::new()
        .set("online_scoring_config_id", found.id.as_str())
        .set("scorer_id", found.scorer.as_str())
        .set("sample_rate", found.sample_rate)
        .set("experiment_id", found.experiment.to_string())
        .set("filter_string", found.filter.as_deref())
        .into()
}

pub(crate) async fn register(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let (experiment, name) = (experiment_id(&params)?, params.required("name")?);
    let made = app.scorers().register(&ctx, experiment, name, params.required("serialized_scorer")?).await?;
    Ok(Object::new()
        .set("version", made.version)
        .set("scorer_id", made.scorer.as_str())
        .set("experiment_id", made.experiment.to_string())
        .set("name", made.name.as_str())
        .set("serialized_scorer", made.definition.as_str())
        .set("creation_time", wire::millis(made.created)))
}

pub(crate) async fn list(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let one = params.text("experiment_id")?.filter(|id| !id.is_empty());
    let several = params.has("experiment_ids");
    let found = match one {
        Some(_) if several => {
            return Err(Failure::invalid(
                "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the query to \
                 multiple experiments, or 'experiment_id' to scope it to a single experiment.",
            ));
        }
        Some(id) => app.scorers().of_experiment(&ctx, ExperimentId::parse(id)?).await?,
        None if several => {
            let mut ids = experiment_ids(&params)?;
            ids.sort_unstable();
            ids.dedup();
            app.scorers().list(&ctx, Some(&ids)).await?
        }
        None => app.scorers().list(&ctx, None).await?,
    };
    Ok(Object::new().list("scorers", &found, body))
}

pub(crate) async fn versions(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let experiment = experiment_id(&params)?;
    let found = app.scorers().versions(&ctx, experiment, params.required("name")?).await?;
    Ok(Object::new().list("scorers", &found, body))
}

pub(crate) async fn get(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let (experiment, name) = (experiment_id(&params)?, params.required("name")?);
    let found = app.scorers().get(&ctx, experiment, name, params.whole("version")?).await?;
    Ok(Object::new().set("scorer", body(&found)))
}

pub(crate) async fn delete(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let (experiment, name) = (experiment_id(&params)?, params.required("name")?);
    app.scorers().delete(&ctx, experiment, name, params.whole("version")?).await?;
    Ok(Object::new())
}

pub(crate) async fn set_online(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Json<Value>> {
    let (experiment, name) = (experiment_id(&params)?, params.required("name")?);
    let rate = params.number("sample_rate")?.ok_or_else(|| params.absent("sample_rate"))?;
    let filter = params.text("filter_string")?.map(ToOwned::to_owned);
    let found = app.scorers().set_online(&ctx, experiment, name, rate, filter).await?;
    Ok(Json(json!({"config": config(&found)})))
}

pub(crate) async fn online(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Json<Value>> {
    if !params.has("scorer_ids") {
        return Err(params.absent("scorer_ids"));
    }
    let ids: Vec<Id> = params.texts("scorer_ids")?.iter().filter_map(|text| Id::parse(text)).collect();
    let found = app.scorers().online(&ctx, &ids).await?;
    Ok(Json(json!({"configs": found.iter().map(config).collect::<Vec<_>>()})))
}
