//! One experiment: what people wrote about it.

use std::collections::BTreeMap;

use app::{App, Context, Error};
use axum::extract::State;
use domain::tracking::experiment::{Experiment, ExperimentId, Lifecycle};
use domain::tracking::param::Tag;
use serde::Serialize;
use utoipa::ToSchema;

use super::run_change::TagBody;
use crate::{Ctx, Json, Path, Problem};

/// An experiment with its tags.
#[derive(Serialize, ToSchema)]
pub struct ExperimentDetailBody {
    /// Its number.
    id: String,
    /// Its name.
    name: String,
    /// Whether it is marked as deleted.
    deleted: bool,
    /// Where its runs keep their files, as clients write it.
    artifact_uri: String,
    /// When it was made, in epoch milliseconds.
    created_ms: i64,
    /// When it or its tags changed last.
    updated_ms: i64,
    /// Tags; `mlflow.note.content` holds its notes in Markdown.
    tags: BTreeMap<String, String>,
}

impl From<Experiment> for ExperimentDetailBody {
    fn from(experiment: Experiment) -> Self {
        Self {
            id: experiment.id.to_string(),
            name: experiment.name,
            deleted: experiment.lifecycle == Lifecycle::Deleted,
            artifact_uri: experiment.location,
            created_ms: experiment.created.millis(),
            updated_ms: experiment.updated.millis(),
            tags: experiment.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        }
    }
}

/// By name, else by number, deleted or not.
pub(super) async fn find(app: &App, ctx: &Context, text: &str) -> Result<Experiment, Error> {
    match app.experiments().by_name(ctx, text).await {
        Err(Error::NotFound { .. }) => match ExperimentId::parse(text) {
            Ok(number) => app.experiments().get(ctx, number).await,
            Err(_) => Err(Error::not_found("experiment", text)),
        },
        other => other,
    }
}

/// Shows an experiment, by name or number.
#[utoipa::path(get, path = "/experiments/{experiment}", tag = "tracking",
    params(("experiment" = String, Path, description = "Name or number")),
    responses((status = 200, body = ExperimentDetailBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<ExperimentDetailBody>, Problem> {
    Ok(Json(find(&app, &ctx, &text).await?.into()))
}

/// Sets or removes a tag of an experiment; `mlflow.note.content` holds its notes in Markdown.
#[utoipa::path(put, path = "/experiments/{experiment}/tags", tag = "tracking", request_body = TagBody,
    params(("experiment" = String, Path, description = "Name or number")),
    responses((status = 200, body = ExperimentDetailBody), (status = "default", body = Problem)))]
pub async fn tag(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<TagBody>,
) -> Result<Json<ExperimentDetailBody>, Problem> {
    let id = find(&app, &ctx, &text).await?.id;
    match body.value {
        Some(value) => app.experiments().set_tag(&ctx, id, Tag { key: body.key, value }).await?,
        None => app.experiments().delete_tag(&ctx, id, &body.key).await?,
    }
    Ok(Json(app.experiments().get(&ctx, id).await?.into()))
}
