//! Registered models and their versions.

use std::collections::BTreeMap;

use app::tracking::SearchRequest;
use app::{App, Context, Error};
use axum::extract::State;
use domain::registry::alias::CHAMPION;
use domain::registry::model::{Model, ModelName};
use domain::registry::model_use::{ModelUse, UseRole, UserKind};
use domain::registry::model_version::ModelVersion;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Ctx, Json, Path, Problem};

/// Models on the one page that the list is.
const MAX_MODELS: i64 = 1000;

/// A version of a model.
#[derive(Serialize, ToSchema)]
pub struct ModelVersionBody {
    /// The model.
    name: String,
    /// Its number, from 1.
    version: i64,
    /// What it is.
    description: String,
    /// MLflow's stage: `None`, `Staging`, `Production` or `Archived`.
    stage: &'static str,
    /// Where it came from.
    source: String,
    /// The tracked run.
    run: Option<String>,
    /// The logged model, `m-…`.
    logged_model: Option<String>,
    /// Who registered it.
    user: String,
    /// When, in epoch milliseconds.
    created_ms: i64,
    /// Aliases that point here.
    aliases: Vec<String>,
    /// Tags.
    tags: BTreeMap<String, String>,
    /// What its evaluation measured.
    metrics: BTreeMap<String, f64>,
    /// Data versions that it was trained from, as `NAME@vN`.
    data_versions: Vec<String>,
    /// The pipeline run that made it.
    pipeline_run: Option<String>,
    /// The step run that trained it.
    step_run: Option<String>,
    /// Key of the environment that it was trained in.
    environment: Option<String>,
    /// Tree of the code.
    code: Option<String>,
    /// The evaluation that the gate accepted.
    evaluation: Option<String>,
    /// What serves this version, or would after a rollback.
    used_by: Vec<ModelUseBody>,
}

/// Where an alias points.
#[derive(Serialize, ToSchema)]
pub struct AliasBody {
    /// Its name.
    alias: String,
    /// The version.
    version: i64,
}

/// One place where a model is used.
#[derive(Serialize, ToSchema)]
pub struct ModelUseBody {
    /// `deployment` or `project`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// `live`, `canary`, `previous`, `follows` (by a reference), `trains`.
    role: &'static str,
    /// The version; null for the model as a whole.
    version: Option<i64>,
    /// The reference that is followed.
    reference: Option<String>,
}

impl From<&ModelUse> for ModelUseBody {
    fn from(found: &ModelUse) -> Self {
        Self {
            kind: match found.kind {
                UserKind::Deployment => "deployment",
                UserKind::Project => "project",
            },
            name: found.name.clone(),
            role: match found.role {
                UseRole::Live => "live",
                UseRole::Canary => "canary",
                UseRole::Previous => "previous",
                UseRole::Follows => "follows",
                UseRole::Trains => "trains",
            },
            version: found.version,
            reference: found.reference.clone(),
        }
    }
}

/// A registered model.
#[derive(Serialize, ToSchema)]
pub struct ModelBody {
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// When it was made, in epoch milliseconds.
    created_ms: i64,
    /// When it changed last.
    updated_ms: i64,
    /// Tags.
    tags: BTreeMap<String, String>,
    /// Aliases by name.
    aliases: Vec<AliasBody>,
    /// The greatest version number so far.
    last_version: i64,
    /// Versions, newest first.
    versions: Vec<ModelVersionBody>,
    /// What uses the model or a version of it.
    used_by: Vec<ModelUseBody>,
}

/// All models.
#[derive(Serialize, ToSchema)]
pub struct ModelList {
    /// By name.
    items: Vec<ModelBody>,
}

/// A version with its uses among those of its model.
async fn version_body(
    app: &App,
    ctx: &Context,
    version: ModelVersion,
    uses: &[ModelUse],
) -> Result<ModelVersionBody, Error> {
    let metrics = match &version.provenance.evaluation {
        Some(id) => app.evaluations().get(ctx, id).await?.challenger.values,
        None => BTreeMap::new(),
    };
    let text = |id: domain::Id| id.to_string();
    Ok(ModelVersionBody {
        name: version.name.to_string(),
        version: version.version,
        description: version.description,
        stage: version.stage.as_str(),
        source: version.source,
        run: version.run.map(text),
        logged_model: version.logged_model.as_ref().map(domain::tracking::logged_model::public_id),
        user: version.user,
        created_ms: version.created.millis(),
        aliases: version.aliases,
        tags: version.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        metrics,
        data_versions: version.provenance.data_versions,
        pipeline_run: version.provenance.pipeline_run.map(text),
        step_run: version.provenance.step_run.map(text),
        environment: version.provenance.environment,
        code: version.provenance.code,
        evaluation: version.provenance.evaluation.map(text),
        used_by: uses.iter().filter(|one| one.version == Some(version.version)).map(Into::into).collect(),
    })
}

pub(super) async fn one(
    app: &App,
    ctx: &Context,
    version: ModelVersion,
) -> Result<Json<ModelVersionBody>, Problem> {
    let uses = app.models().uses(ctx, &version.name).await?;
    Ok(Json(version_body(app, ctx, version, &uses).await?))
}

pub(super) async fn body(app: &App, ctx: &Context, model: Model) -> Result<ModelBody, Error> {
    let uses = app.models().uses(ctx, &model.name).await?;
    let mut versions = Vec::new();
    for version in app.models().versions(ctx, &model.name).await? {
        versions.push(version_body(app, ctx, version, &uses).await?);
    }
    versions.sort_by_key(|version| std::cmp::Reverse(version.version));
    let alias = |target: domain::registry::alias::AliasTarget| AliasBody {
        alias: target.alias,
        version: target.version,
    };
    Ok(ModelBody {
        name: model.name.to_string(),
        description: model.description,
        created_ms: model.created.millis(),
        updated_ms: model.updated.millis(),
        tags: model.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        aliases: model.aliases.into_iter().map(alias).collect(),
        last_version: model.last_version,
        versions,
        used_by: uses.iter().map(Into::into).collect(),
    })
}

/// The alias that is meant, and the reason that was given.
fn said<'a>(alias: Option<&'a str>, reason: Option<&'a str>) -> (&'a str, &'a str) {
    (alias.unwrap_or(CHAMPION), reason.unwrap_or_default())
}

pub(crate) fn name(text: &str) -> Result<ModelName, Error> {
    ModelName::parse(text).map_err(|refusal| Error::invalid("name", refusal.to_string()))
}

/// Lists registered models with their versions.
#[utoipa::path(get, path = "/models", tag = "registry",
    responses((status = 200, body = ModelList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<ModelList>, Problem> {
    let request = SearchRequest { max_results: MAX_MODELS, ..SearchRequest::default() };
    let mut items = Vec::new();
    for model in app.models().search(&ctx, &request).await?.items {
        items.push(body(&app, &ctx, model).await?);
    }
    Ok(Json(ModelList { items }))
}

/// Shows a registered model.
#[utoipa::path(get, path = "/models/{name}", tag = "registry", params(("name" = String, Path, description = "The model")),
    responses((status = 200, body = ModelBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<ModelBody>, Problem> {
    let model = app.models().get(&ctx, &name(&text)?).await?;
    Ok(Json(body(&app, &ctx, model).await?))
}

/// Shows one version, by number or alias.
#[utoipa::path(get, path = "/models/{name}/versions/{version}", tag = "registry",
    params(("name" = String, Path, description = "The model"), ("version" = String, Path, description = "Number or alias")),
    responses((status = 200, body = ModelVersionBody), (status = "default", body = Problem)))]
pub async fn version(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path((text, version)): Path<(String, String)>,
) -> Result<Json<ModelVersionBody>, Problem> {
    let name = name(&text)?;
    let found = match version.parse() {
        Ok(number) => app.models().version(&ctx, &name, number).await?,
        Err(_) => app.models().by_alias(&ctx, &name, &version).await?,
    };
    one(&app, &ctx, found).await
}

/// Which version gets which alias.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromoteBody {
    /// The version.
    version: i64,
    /// The alias; `champion` when absent.
    alias: Option<String>,
    /// Why, for the alias's history.
    reason: Option<String>,
}

/// Points an alias at a version; a deployment that follows the alias hands its traffic over.
#[utoipa::path(post, path = "/models/{name}/promote", tag = "registry", request_body = PromoteBody,
    params(("name" = String, Path, description = "The model")),
    responses((status = 200, body = ModelVersionBody), (status = "default", body = Problem)))]
pub async fn promote(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<PromoteBody>,
) -> Result<Json<ModelVersionBody>, Problem> {
    let (alias, reason) = said(body.alias.as_deref(), body.reason.as_deref());
    let version = app.models().promote(&ctx, &name(&text)?, body.version, alias, reason).await?;
    one(&app, &ctx, version).await
}

/// Which alias goes back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelRollbackBody {
    /// The alias; `champion` when absent.
    alias: Option<String>,
    /// Why, for the alias's history.
    reason: Option<String>,
}

/// Points an alias at the version that it pointed at before.
#[utoipa::path(post, path = "/models/{name}/rollback", tag = "registry", request_body = ModelRollbackBody,
    params(("name" = String, Path, description = "The model")),
    responses((status = 200, body = ModelVersionBody), (status = "default", body = Problem)))]
pub async fn rollback(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<ModelRollbackBody>,
) -> Result<Json<ModelVersionBody>, Problem> {
    let (alias, reason) = said(body.alias.as_deref(), body.reason.as_deref());
    let version = app.models().rollback(&ctx, &name(&text)?, alias, reason).await?;
    one(&app, &ctx, version).await
}
