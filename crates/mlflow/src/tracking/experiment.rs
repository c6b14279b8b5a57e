//! Experiments.

use app::App;
use app::tracking::SearchRequest;
use axum::extract::State;
use domain::tracking::experiment::Experiment;
use serde_json::Value;

use super::{experiment_id, tag, tags, view};
use crate::caller::Caller;
use crate::failure::Answer;
use crate::params::Params;
use crate::wire::{self, Object};

/// The one workspace there is.
const WORKSPACE: &str = "default";

fn body(experiment: &Experiment) -> Value {
    Object::new()
        .set("experiment_id", experiment.id.to_string())
        .set("name", experiment.name.as_str())
        .set("artifact_location", experiment.location.as_str())
        .set("lifecycle_stage", experiment.lifecycle.as_str())
        .set("last_update_time", wire::millis(experiment.updated))
        .set("creation_time", wire::millis(experiment.created))
        .set("workspace", WORKSPACE)
        .list("tags", &experiment.tags, wire::tag)
        .into()
}

pub(crate) async fn create(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let name = params.required("name")?;
    let location = params.text("artifact_location")?;
    let id = app.experiments().create(&ctx, name, location, tags(&params)?).await?;
    Ok(Object::new().set("experiment_id", id.to_string()))
}

pub(crate) async fn get(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let found = app.experiments().get(&ctx, experiment_id(&params)?).await?;
    Ok(Object::new().set("experiment", body(&found)))
}

pub(crate) async fn get_by_name(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let found = app.experiments().by_name(&ctx, params.required("experiment_name")?).await?;
    Ok(Object::new().set("experiment", body(&found)))
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let request = SearchRequest {
        view: view(&params, "view_type")?,
        filter: params.text_or_empty("filter")?,
        order_by: params.texts("order_by")?,
        max_results: params.whole("max_results")?.unwrap_or(0),
        page_token: params.text("page_token")?.map(ToOwned::to_owned),
        experiments: Vec::new(),
    };
    let page = app.experiments().search(&ctx, &request).await?;
    Ok(Object::new().list("experiments", &page.items, body).set("next_page_token", page.next_page_token))
}

pub(crate) async fn update(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let id = experiment_id(&params)?;
    app.experiments().rename(&ctx, id, params.required("new_name")?).await?;
    Ok(Object::new())
}

pub(crate) async fn delete(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.experiments().delete(&ctx, experiment_id(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn restore(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.experiments().restore(&ctx, experiment_id(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn set_tag(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.experiments().set_tag(&ctx, experiment_id(&params)?, tag(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn delete_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let id = experiment_id(&params)?;
    app.experiments().delete_tag(&ctx, id, params.required("key")?).await?;
    Ok(Object::new())
}
