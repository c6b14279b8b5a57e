//! What people change about models and versions, and what is in a version.

use app::App;
use app::registry::contents::{Contents, Slot};
use app::registry::model_version::NewVersion;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::Id;
use domain::registry::model_version::Source;
use domain::tracking::param::Tag;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::{ModelBody, ModelVersionBody, body, name, one};
use crate::tracking::artifact::attached;
use crate::tracking::run_change::TagBody;
use crate::{Ctx, Json, Path, Problem, Query};

/// What a model or a version says about itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DescriptionBody {
    /// Markdown.
    description: String,
}

/// Says what a model is for.
#[utoipa::path(patch, path = "/models/{name}", tag = "registry", request_body = DescriptionBody,
    params(("name" = String, Path, description = "The model")),
    responses((status = 200, body = ModelBody), (status = "default", body = Problem)))]
pub async fn describe(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(said): Json<DescriptionBody>,
) -> Result<Json<ModelBody>, Problem> {
    let model = app.models().describe(&ctx, &name(&text)?, &said.description).await?;
    Ok(Json(body(&app, &ctx, model).await?))
}

/// Says what a version is.
#[utoipa::path(patch, path = "/models/{name}/versions/{version}", tag = "registry", request_body = DescriptionBody,
    params(("name" = String, Path, description = "The model"), ("version" = i64, Path, description = "Its number")),
    responses((status = 200, body = ModelVersionBody), (status = "default", body = Problem)))]
pub async fn describe_version(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((text, version)): Path<(String, i64)>,
    Json(said): Json<DescriptionBody>,
) -> Result<Json<ModelVersionBody>, Problem> {
    let found = app.models().describe_version(&ctx, &name(&text)?, version, &said.description).await?;
    one(&app, &ctx, found).await
}

/// Sets or removes a tag of a model.
#[utoipa::path(put, path = "/models/{name}/tags", tag = "registry", request_body = TagBody,
    params(("name" = String, Path, description = "The model")),
    responses((status = 200, body = ModelBody), (status = "default", body = Problem)))]
pub async fn tag(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(tag): Json<TagBody>,
) -> Result<Json<ModelBody>, Problem> {
    let name = name(&text)?;
    match tag.value {
        Some(value) => app.models().set_tag(&ctx, &name, Tag { key: tag.key, value }).await?,
        None => app.models().delete_tag(&ctx, &name, &tag.key).await?,
    }
    let model = app.models().get(&ctx, &name).await?;
    Ok(Json(body(&app, &ctx, model).await?))
}

/// Sets or removes a tag of a version.
#[utoipa::path(put, path = "/models/{name}/versions/{version}/tags", tag = "registry", request_body = TagBody,
    params(("name" = String, Path, description = "The model"), ("version" = i64, Path, description = "Its number")),
    responses((status = 200, body = ModelVersionBody), (status = "default", body = Problem)))]
pub async fn tag_version(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((text, version)): Path<(String, i64)>,
    Json(tag): Json<TagBody>,
) -> Result<Json<ModelVersionBody>, Problem> {
    let name = name(&text)?;
    match tag.value {
        Some(value) => {
            app.models().set_version_tag(&ctx, &name, version, Tag { key: tag.key, value }).await?;
        }
        None => app.models().delete_version_tag(&ctx, &name, version, &tag.key).await?,
    }
    let found = app.models().version(&ctx, &name, version).await?;
    one(&app, &ctx, found).await
}

/// A version to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterBody {
    /// `models:/m-…` of a logged model, or `runs:/RUN/PATH` of a folder with a model.
    source: String,
    /// The run that it came from.
    run: Option<String>,
    /// What it is, in Markdown.
    #[serde(default)]
    description: String,
}

/// Registers the next version of a model; a name that is new makes a model.
#[utoipa::path(post, path = "/models/{name}/versions", tag = "registry", request_body = RegisterBody,
    params(("name" = String, Path, description = "The model")),
    responses((status = 200, body = ModelVersionBody), (status = "default", body = Problem)))]
pub async fn register(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(wanted): Json<RegisterBody>,
) -> Result<Json<ModelVersionBody>, Problem> {
    let run = wanted
        .run
        .map(|text| Id::parse(&text).ok_or_else(|| app::Error::not_found("run", text)))
        .transpose()?;
    // The source itself names what contains it, so that a caller need not say it twice.
    let (of_run, logged_model) = match Source::parse(&wanted.source).map_err(app::Error::from)? {
        Source::LoggedModel(id) => (None, Some(id)),
        Source::Run(id, _) => (Some(id), None),
        _ => (None, None),
    };
    let new = NewVersion {
        source: wanted.source,
        run: run.or(of_run),
        logged_model,
        description: wanted.description,
        create_model: true,
        ..NewVersion::default()
    };
    let version = app.models().create_version(&ctx, &name(&text)?, new).await?;
    one(&app, &ctx, version).await
}

/// One input or output.
#[derive(Serialize, ToSchema)]
pub struct SlotBody {
    /// Its name; empty when it has none.
    name: String,
    /// Its type in MLflow's words; a tensor's with its shape.
    #[serde(rename = "type")]
    kind: String,
    /// Whether it must be given.
    required: bool,
}

impl From<Slot> for SlotBody {
    fn from(slot: Slot) -> Self {
        Self { name: slot.name, kind: slot.kind, required: slot.required }
    }
}

/// A flavour.
#[derive(Serialize, ToSchema)]
pub struct FlavorBody {
    /// Its name, such as `sklearn`.
    name: String,
    /// The version of its library, as far as it says one.
    version: String,
}

/// A file of a version.
#[derive(Serialize, ToSchema)]
pub struct VersionFileBody {
    /// Its path.
    path: String,
    /// Its bytes.
    size: i64,
}

/// What is in a version.
#[derive(Serialize, ToSchema)]
pub struct ContentsBody {
    /// By path.
    files: Vec<VersionFileBody>,
    /// What goes in.
    inputs: Vec<SlotBody>,
    /// What comes out.
    outputs: Vec<SlotBody>,
    /// Names of the inference parameters.
    params: Vec<String>,
    /// What it can be loaded as.
    flavors: Vec<FlavorBody>,
    /// The Python version that wrote it.
    python: Option<String>,
    /// The packages that it needs, a line each.
    requirements: Vec<String>,
    /// Why it does not say what it is.
    problem: Option<String>,
}

impl From<Contents> for ContentsBody {
    fn from(found: Contents) -> Self {
        Self {
            files: found.files.into_iter().map(|(path, size)| VersionFileBody { path, size }).collect(),
            inputs: found.inputs.into_iter().map(Into::into).collect(),
            outputs: found.outputs.into_iter().map(Into::into).collect(),
            params: found.params,
            flavors: found.flavors.into_iter().map(|(name, version)| FlavorBody { name, version }).collect(),
            python: found.python,
            requirements: found.requirements,
            problem: found.problem,
        }
    }
}

/// Shows what is in a version: files, signature, flavours, packages.
#[utoipa::path(get, path = "/models/{name}/versions/{version}/contents", tag = "registry",
    params(("name" = String, Path, description = "The model"), ("version" = i64, Path, description = "Its number")),
    responses((status = 200, body = ContentsBody), (status = "default", body = Problem)))]
pub async fn contents(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((text, version)): Path<(String, i64)>,
) -> Result<Json<ContentsBody>, Problem> {
    Ok(Json(app.models().contents(&ctx, &name(&text)?, version).await?.into()))
}

/// Which file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct VersionFileQuery {
    /// Its path in the version.
    path: String,
}

/// Downloads a file of a version, to be saved and never to be shown.
#[utoipa::path(get, path = "/models/{name}/versions/{version}/file", tag = "registry",
    params(("name" = String, Path, description = "The model"), ("version" = i64, Path, description = "Its number"),
        VersionFileQuery),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
              (status = "default", body = Problem)))]
pub async fn file(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((text, version)): Path<(String, i64)>,
    asked: HeaderMap,
    Query(query): Query<VersionFileQuery>,
) -> Result<Response, Problem> {
    attached(app.models().file(&ctx, &name(&text)?, version, &query.path).await?, &asked)
}
