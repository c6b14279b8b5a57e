//! Artifacts by run, logged model or model version.

use app::App;
use app::tracking::artifact::place;
use axum::extract::{Path, State};

use super::{attachment, file};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};
use crate::tracking::{logged_model, parse_run_id};
use crate::wire::Object;

/// What is in a folder, by path below the root.
async fn listing(app: &App, ctx: &app::Context, root: &str, path: &str) -> Answer<Object> {
    let entries = app.artifacts().list(ctx, &place(root, path)).await?;
    Ok(Object::new().set("root_uri", root).list("files", &entries, |entry| file(entry, &entry.path)))
}

pub(crate) async fn list(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer<Object> {
    let id = match params.text("run_id")?.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => params.text("run_uuid")?.ok_or_else(|| absent("run_id"))?,
    };
    let run = app.runs().get(&ctx, &parse_run_id(id)?).await?;
    listing(&app, &ctx, &run.info.artifact_uri, &params.text_or_empty("path")?).await
}

pub(crate) async fn download(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer {
    let id = match params.text("run_id")?.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => params.required("run_uuid").map_err(|_| absent("run_id"))?,
    };
    let run = app.runs().get(&ctx, &parse_run_id(id)?).await?;
    let place = place(&run.info.artifact_uri, params.required("path")?);
    attachment(app.artifacts().open(&ctx, &place).await?)
}

pub(crate) async fn version_download(State(app): State<App>, Caller(ctx): Caller, params: Params) -> Answer {
    let name = domain::registry::model::ModelName::parse(params.required("name")?)?;
    let number = params.whole("version")?.ok_or_else(|| absent("version"))?;
    let path = params.required("path")?;
    let files = app.models().files(&ctx, &name, number).await?;
    let found = files.into_iter().find(|file| file.path == path);
    attachment(found.ok_or_else(|| Failure::from(app::Error::not_found("artifact", path)))?)
}

pub(crate) async fn model_list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model_id): Path<String>,
    params: Params,
) -> Answer<Object> {
    let model = app.logged_models().get(&ctx, &logged_model::id(&model_id)?, false).await?;
    listing(&app, &ctx, &model.artifact_uri, &params.text_or_empty("artifact_directory_path")?).await
}

pub(crate) async fn model_download(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model_id): Path<String>,
    params: Params,
) -> Answer {
    let model = app.logged_models().get(&ctx, &logged_model::id(&model_id)?, false).await?;
    let place = place(&model.artifact_uri, params.required("artifact_file_path")?);
    attachment(app.artifacts().open(&ctx, &place).await?)
}
