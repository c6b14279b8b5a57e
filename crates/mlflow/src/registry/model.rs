//! Registered models.

use app::tracking::SearchRequest;
use app::{App, Context};
use axum::extract::State;
use domain::registry::model::{Model, ModelName};
use serde_json::{Value, json};

use super::{model_version, name, tag, tags};
use crate::caller::Caller;
use crate::failure::Answer;
use crate::params::Params;
use crate::wire::{self, Object};

async fn body(app: &App, ctx: &Context, model: &Model) -> Answer<Value> {
    let latest = app.models().latest_versions(ctx, &model.name, &[]).await?;
    Ok(Object::new()
        .set("name", model.name.as_str())
        .set("creation_timestamp", wire::millis(model.created))
        .set("last_updated_timestamp", wire::millis(model.updated))
        .some("description", &model.description)
        .list("latest_versions", &latest, model_version::body)
        .list("tags", &model.tags, wire::tag)
        .list(
            "aliases",
            &model.aliases,
            |target| json!({"alias": target.alias, "version": target.version.to_string()}),
        )
        .into())
}

async fn answer(app: &App, ctx: &Context, model: &Model) -> Answer<Object> {
    Ok(Object::new().set("registered_model", body(app, ctx, model).await?))
}

pub(crate) async fn create(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let description = params.text_or_empty("description")?;
    let made = app.models().create(&ctx, &name(&params)?, &description, tags(&params)?).await?;
    answer(&app, &ctx, &made).await
}

pub(crate) async fn get(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let found = app.models().get(&ctx, &name(&params)?).await?;
    answer(&app, &ctx, &found).await
}

pub(crate) async fn rename(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let new = ModelName::parse(params.required("new_name")?)?;
    let changed = app.models().rename(&ctx, &name(&params)?, &new).await?;
    answer(&app, &ctx, &changed).await
}

pub(crate) async fn update(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let name = name(&params)?;
    let changed = match params.text("description")? {
        Some(description) => app.models().describe(&ctx, &name, description).await?,
        None => app.models().get(&ctx, &name).await?,
    };
    answer(&app, &ctx, &changed).await
}

pub(crate) async fn delete(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.models().delete(&ctx, &name(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn search(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let request = SearchRequest {
        filter: params.text_or_empty("filter")?,
        order_by: params.texts("order_by")?,
        max_results: params.whole("max_results")?.unwrap_or(100),
        page_token: params.text("page_token")?.map(ToOwned::to_owned),
        ..SearchRequest::default()
    };
    let page = app.models().search(&ctx, &request).await?;
    let mut models = Vec::with_capacity(page.items.len());
    for model in &page.items {
        models.push(body(&app, &ctx, model).await?);
    }
    Ok(Object::new().set("registered_models", models).set("next_page_token", page.next_page_token))
}

pub(crate) async fn set_tag(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    app.models().set_tag(&ctx, &name(&params)?, tag(&params)?).await?;
    Ok(Object::new())
}

pub(crate) async fn delete_tag(
    State(app): State<App>,
    Caller(ctx): Caller,
    params: Params,
) -> Answer<Object> {
    app.models().delete_tag(&ctx, &name(&params)?, params.required("key")?).await?;
    Ok(Object::new())
}
