//! Artifacts by run, logged model or model version.

use app::App;
use app::tracking::artifact::place;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;

use super::{attachment, file};
use crate::caller::Caller;
use crate::failure::{Answer, Failure};
use crate::params::{Params, absent};
use crate::tracking::{logged_model, parse_run_id};
use crate::wire::Object;

/// Most bytes of an upload by the page.
const MAX_UPLOAD: usize = 10 * 1024 * 1024;

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

pub(crate) async fn download(
    State(app): State<App>,
    Caller(ctx): Caller,
    headers: HeaderMap,
    params: Params,
) -> Answer {
    let id = match params.text("run_id")?.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => params.required("run_uuid").map_err(|_| absent("run_id"))?,
    };
    let run = app.runs().get(&ctx, &parse_run_id(id)?).await?;
    let place = place(&run.info.artifact_uri, params.required("path")?);
    attachment(app.artifacts().open(&ctx, &place).await?, &headers)
}

pub(crate) async fn version_download(
    State(app): State<App>,
    Caller(ctx): Caller,
    headers: HeaderMap,
    params: Params,
) -> Answer {
    let name = domain::registry::model::ModelName::parse(params.required("name")?)?;
    let number = crate::registry::version(&params)?;
    let path = params.required("path")?;
    let files = app.models().files(&ctx, &name, number).await?;
    let found = files.into_iter().find(|file| file.path == path);
    attachment(found.ok_or_else(|| Failure::from(app::Error::not_found("artifact", path)))?, &headers)
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
    headers: HeaderMap,
    params: Params,
) -> Answer {
    let model = app.logged_models().get(&ctx, &logged_model::id(&model_id)?, false).await?;
    let place = place(&model.artifact_uri, params.required("artifact_file_path")?);
    attachment(app.artifacts().open(&ctx, &place).await?, &headers)
}

/// Stores the body as a file of a run; for the page's small uploads.
pub(crate) async fn upload(State(app): State<App>, Caller(ctx): Caller, request: Request) -> Answer<()> {
    let params = Params::from_query(request.uri().query().unwrap_or_default());
    let given = |name: &'static str| {
        let text = params.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Failure::invalid(format!("Request must specify {name}.")))
    };
    let (id, path) = (parse_run_id(given("run_uuid")?)?, given("path")?);
    let run = app.runs().get(&ctx, &id).await?;
    let too_large = |_| Failure::invalid("Artifact size is too large. Max size is 10MB.");
    let bytes = to_bytes(request.into_body(), MAX_UPLOAD).await.map_err(too_large)?;
    if bytes.is_empty() {
        return Err(Failure::invalid("Request must specify data."));
    }
    app.artifacts().put_bytes(&ctx, &place(&run.info.artifact_uri, path), bytes).await?;
    Ok(())
}
