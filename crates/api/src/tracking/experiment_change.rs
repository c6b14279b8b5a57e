//! What people change about experiments: made, renamed, noted, deleted, restored.

use app::App;
use axum::extract::State;
use axum::http::StatusCode;
use domain::tracking::param::Tag;
use serde::Deserialize;
use utoipa::ToSchema;

use super::experiment::find;
use super::run::{ExperimentBody, NOTE_TAG};
use crate::{Ctx, Json, Path, Problem};

/// An experiment to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExperimentBody {
    /// Its name, new also among deleted ones.
    name: String,
    /// What it is about, in Markdown.
    note: Option<String>,
}

/// Makes an experiment.
#[utoipa::path(post, path = "/experiments", tag = "tracking", request_body = NewExperimentBody,
    responses((status = 200, body = ExperimentBody), (status = "default", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<NewExperimentBody>,
) -> Result<Json<ExperimentBody>, Problem> {
    let note = body.note.filter(|note| !note.is_empty()).map(|note| Tag::new(NOTE_TAG, note));
    let id = app.experiments().create(&ctx, &body.name, None, note.into_iter().collect()).await?;
    Ok(Json(app.experiments().get(&ctx, id).await?.into()))
}

/// What is to change about an experiment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentChangeBody {
    /// Its new name.
    name: Option<String>,
    /// What it is about, in Markdown; an empty text takes the note away.
    note: Option<String>,
}

/// Renames an experiment, or changes its note.
#[utoipa::path(patch, path = "/experiments/{experiment}", tag = "tracking", request_body = ExperimentChangeBody,
    params(("experiment" = String, Path, description = "Name or number")),
    responses((status = 200, body = ExperimentBody), (status = "default", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<ExperimentChangeBody>,
) -> Result<Json<ExperimentBody>, Problem> {
    let found = find(&app, &ctx, &text).await?;
    if let Some(name) = body.name.filter(|name| *name != found.name) {
        app.experiments().rename(&ctx, found.id, &name).await?;
    }
    match body.note {
        Some(note) if !note.is_empty() => {
            app.experiments().set_tag(&ctx, found.id, Tag::new(NOTE_TAG, note)).await?;
        }
        Some(_) if found.tags.iter().any(|tag| tag.key == NOTE_TAG) => {
            app.experiments().delete_tag(&ctx, found.id, NOTE_TAG).await?;
        }
        _ => {}
    }
    Ok(Json(app.experiments().get(&ctx, found.id).await?.into()))
}

/// Marks an experiment and all its runs as deleted; they can be restored.
#[utoipa::path(delete, path = "/experiments/{experiment}", tag = "tracking",
    params(("experiment" = String, Path, description = "Name or number")),
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = find(&app, &ctx, &text).await?.id;
    app.experiments().delete(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the mark from a deleted experiment and all its runs.
#[utoipa::path(post, path = "/experiments/{experiment}/restore", tag = "tracking",
    params(("experiment" = String, Path, description = "Name or number")),
    responses((status = 200, body = ExperimentBody), (status = "default", body = Problem)))]
pub async fn restore(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<ExperimentBody>, Problem> {
    let id = find(&app, &ctx, &text).await?.id;
    app.experiments().restore(&ctx, id).await?;
    Ok(Json(app.experiments().get(&ctx, id).await?.into()))
}
