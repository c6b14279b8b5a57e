//! What people change about a run: its name, its tags, whether it is deleted.

use app::App;
use app::tracking::run::RunUpdate;
use axum::extract::State;
use axum::http::StatusCode;
use domain::tracking::param::Tag;
use serde::Deserialize;
use utoipa::ToSchema;

use super::run::{TrackedRunBody, id};
use crate::{Ctx, Json, Path, Problem};

/// What is to change about a run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunChangeBody {
    /// Its new name.
    name: Option<String>,
}

/// Renames a run.
#[utoipa::path(patch, path = "/runs/{id}", tag = "tracking", request_body = RunChangeBody,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = TrackedRunBody), (status = "default", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<RunChangeBody>,
) -> Result<Json<TrackedRunBody>, Problem> {
    let id = id(&text)?;
    let update = RunUpdate { name: body.name, ..RunUpdate::default() };
    app.runs().update(&ctx, &id, update).await?;
    Ok(Json(app.runs().get(&ctx, &id).await?.into()))
}

/// A tag as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagBody {
    /// Its key.
    pub(crate) key: String,
    /// Its value; null removes it.
    pub(crate) value: Option<String>,
}

/// Sets or removes a tag of a run; `mlflow.note.content` holds its notes in Markdown.
#[utoipa::path(put, path = "/runs/{id}/tags", tag = "tracking", request_body = TagBody,
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = TrackedRunBody), (status = "default", body = Problem)))]
pub async fn tag(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<TagBody>,
) -> Result<Json<TrackedRunBody>, Problem> {
    let id = id(&text)?;
    match body.value {
        Some(value) => app.runs().set_tag(&ctx, &id, Tag { key: body.key, value }).await?,
        None => app.runs().delete_tag(&ctx, &id, &body.key).await?,
    }
    Ok(Json(app.runs().get(&ctx, &id).await?.into()))
}

/// Marks a run as deleted; it can be restored.
#[utoipa::path(delete, path = "/runs/{id}", tag = "tracking", params(("id" = String, Path, description = "The run")),
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    app.runs().delete(&ctx, &id(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the mark from a deleted run.
#[utoipa::path(post, path = "/runs/{id}/restore", tag = "tracking",
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = TrackedRunBody), (status = "default", body = Problem)))]
pub async fn restore(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<TrackedRunBody>, Problem> {
    let id = id(&text)?;
    app.runs().restore(&ctx, &id).await?;
    Ok(Json(app.runs().get(&ctx, &id).await?.into()))
}
