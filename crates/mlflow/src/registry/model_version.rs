//! Versions of registered models.

use app::App;
use app::registry::model_version::NewVersion;
use app::tracking::SearchRequest;
use axum::extract::State;
use domain::Id;
use domain::registry::model_version::{ModelVersion, Stage};
use domain::tracking::logged_model::public_id;
use serde_json::{Value, json};

use super::{name, tag, tags, version};
use crate::caller::Caller;
use crate::failure::Answer;
use crate::params::Params;
use crate::tracking::{logged_model, parse_run_id};
use crate::wire::{self, Object};

pub(super) fn body(version: &ModelVersion) -> Value {
    Object::new()
        .set("name", version.name.as_str())
        .set("version", version.version.to_string())
        .set("creation_timestamp", wire::millis(version.created))
        .set("last_updated_timestamp", wire::millis(version.updated))
        .some("user_id", &version.user)
        .set("current_stage", version.stage.as_str())
        .set("description", version.description.as_str())
        .set("source", version.source.as_str())
        .set("run_id", version.run.as_ref().map_or("", Id::as_str))
        .set("status", "READY")
        .list("tags", &version.tags, wire::tag)
        .set("run_link", version.run_link.as_str())
        .set("aliases", json!(version.aliases))
        .set("model_id", version.logged_model.as_ref().map(public_id))
        .into()
}

pub(super) fn answer(version: &ModelVersion) -> Object {
    Object::new().set("model_version", body(version))
}

pub(crate) async fn create(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let run = params.text("run_id")?.filter(|id| !id.is_empty());
    let model = params.text("model_id")?.filter(|id| !id.is_empty());
    let new = NewVersion {
        source: params.required("source")?.to_owned(),
        run: run.map(parse_run_id).transpose()?,
        logged_model: model.map(logged_model::id).transpose()?,
        description: params.text_or_empty("description")?,
        run_link: params.text_or_empty("run_link")?,
        tags: tags(&params)?,
        ..NewVersion::default()
    };
    Ok(answer(&app.models().create_version(&ctx, &name(&params)?, new).await?))
}

pub(crate) async fn get(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    Ok(answer(&app.models().version(&ctx, &name(&params)?, version(&params)?).await?))
}

pub(crate) async fn update(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let (name, version) = (name(&params)?, version(&params)?);
    let changed = match params.text("description")? {
        Some(description) => app.models().describe_version(&ctx, &name, version, description).await?,
        None => app.models().version(&ctx, &name, version).await?,
    };
    Ok(answer(&changed))
}

pub(crate) async fn delete(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.models().delete_version(&ctx, &name(&params)?, version(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let request = SearchRequest {
        filter: params.text_or_empty("filter")?,
        order_by: params.texts("order_by")?,
        max_results: params.whole("max_results")?.unwrap_or(app::registry::model_version::MAX_PAGE),
        page_token: params.text("page_token")?.map(ToOwned::to_owned),
        ..SearchRequest::default()
    };
    let page = app.models().search_versions(&ctx, &request).await?;
    Ok(Object::new().list("model_versions", &page.items, body).set("next_page_token", page.next_page_token))
}

pub(crate) async fn latest(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let texts = params.texts("stages")?;
    let stages: Vec<Stage> = texts.iter().map(|text| Stage::parse(text)).collect::<Result<_, _>>()?;
    let latest = app.models().latest_versions(&ctx, &name(&params)?, &stages).await?;
    Ok(Object::new().list("model_versions", &latest, body))
}

pub(crate) async fn transition_stage(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let stage = Stage::parse(params.required("stage")?)?;
    let archive = params.truth("archive_existing_versions")?.unwrap_or(false);
    let (name, version) = (name(&params)?, version(&params)?);
    Ok(answer(&app.models().set_stage(&ctx, &name, version, stage, archive).await?))
}

pub(crate) async fn set_tag(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let (name, version) = (name(&params)?, version(&params)?);
    app.models().set_version_tag(&ctx, &name, version, tag(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn delete_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let (name, version) = (name(&params)?, version(&params)?);
    app.models().delete_version_tag(&ctx, &name, version, params.required("key")?).await?;
    Ok(Object::new())
}

pub(crate) async fn download_uri(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    let found = app.models().version(&ctx, &name(&params)?, version(&params)?).await?;
    Ok(Object::new().set("artifact_uri", found.location))
}
