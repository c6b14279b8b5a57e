//! Saved views of lists of runs.

use app::tracking::saved_view::NewView;
use app::{App, Error};
use axum::extract::State;
use axum::http::StatusCode;
use domain::Id;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::saved_view::{Layout, SavedView, ViewColumn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Ctx, Json, Path, Problem};

/// A column of a list of runs.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewColumnBody {
    /// `metrics.KEY`, `params.KEY`, `tags.KEY`, or an attribute such as `start_time`.
    key: String,
    /// Pixels; the page chooses when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
}

/// A view as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewViewBody {
    /// Its name.
    name: String,
    /// Whether others see it.
    #[serde(default)]
    shared: bool,
    /// The number of the experiment whose runs it shows; of all when absent.
    experiment: Option<String>,
    /// What must hold, in the filter language.
    #[serde(default)]
    filter: String,
    /// In which order: `metrics.auc DESC`.
    #[serde(default)]
    order_by: Vec<String>,
    /// Columns after the name, from left to right; the page chooses when there are none.
    #[serde(default)]
    columns: Vec<ViewColumnBody>,
    /// What runs are gathered by: `params.KEY`, `tags.KEY`, `status`, `user` or `experiment`.
    group_by: Option<String>,
    /// Whether runs stand below the run that started them.
    #[serde(default)]
    nested: bool,
}

impl NewViewBody {
    fn parse(self) -> Result<NewView, Error> {
        let experiment = self.experiment.as_deref().map(ExperimentId::parse).transpose()?;
        let columns =
            self.columns.into_iter().map(|column| ViewColumn { key: column.key, width: column.width });
        Ok(NewView {
            name: self.name,
            shared: self.shared,
            experiment,
            layout: Layout {
                filter: self.filter,
                order_by: self.order_by,
                columns: columns.collect(),
                group_by: self.group_by,
                nested: self.nested,
            },
        })
    }
}

/// A saved view.
#[derive(Serialize, ToSchema)]
pub struct SavedViewBody {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Who made it, and alone may change it.
    owner: String,
    /// Whether it is the caller's own.
    own: bool,
    /// Whether others see it.
    shared: bool,
    /// The number of the experiment whose runs it shows; null for all.
    experiment: Option<String>,
    /// What must hold, in the filter language.
    filter: String,
    /// In which order.
    order_by: Vec<String>,
    /// Columns after the name.
    columns: Vec<ViewColumnBody>,
    /// What runs are gathered by.
    group_by: Option<String>,
    /// Whether runs stand below the run that started them.
    nested: bool,
    /// When it was made, in epoch milliseconds.
    created_ms: i64,
    /// When it changed last.
    updated_ms: i64,
}

impl SavedViewBody {
    fn new(view: SavedView, actor: &str) -> Self {
        let column = |column: ViewColumn| ViewColumnBody { key: column.key, width: column.width };
        Self {
            id: view.id.to_string(),
            name: view.name,
            own: view.owner == actor,
            owner: view.owner,
            shared: view.shared,
            experiment: view.experiment.map(|id| id.to_string()),
            filter: view.layout.filter,
            order_by: view.layout.order_by,
            columns: view.layout.columns.into_iter().map(column).collect(),
            group_by: view.layout.group_by,
            nested: view.layout.nested,
            created_ms: view.created.millis(),
            updated_ms: view.updated.millis(),
        }
    }
}

/// Saved views.
#[derive(Serialize, ToSchema)]
pub struct SavedViewList {
    /// By name.
    items: Vec<SavedViewBody>,
}

fn id(text: &str) -> Result<Id, Error> {
    Id::parse(text).ok_or_else(|| Error::not_found("saved view", text))
}

/// Lists own views and those that others share.
#[utoipa::path(get, path = "/views", tag = "tracking",
    responses((status = 200, body = SavedViewList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<SavedViewList>, Problem> {
    let views = app.views().list(&ctx).await?;
    let items = views.into_iter().map(|view| SavedViewBody::new(view, &ctx.actor.name)).collect();
    Ok(Json(SavedViewList { items }))
}

/// Keeps a view under a name.
#[utoipa::path(post, path = "/views", tag = "tracking", request_body = NewViewBody,
    responses((status = 200, body = SavedViewBody), (status = "default", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Json(body): Json<NewViewBody>,
) -> Result<Json<SavedViewBody>, Problem> {
    let view = app.views().create(&ctx, body.parse()?).await?;
    Ok(Json(SavedViewBody::new(view, &ctx.actor.name)))
}

/// Shows a view, own or shared.
#[utoipa::path(get, path = "/views/{id}", tag = "tracking", params(("id" = String, Path, description = "The view")),
    responses((status = 200, body = SavedViewBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<Json<SavedViewBody>, Problem> {
    let view = app.views().get(&ctx, &id(&text)?).await?;
    Ok(Json(SavedViewBody::new(view, &ctx.actor.name)))
}

/// Replaces all of an own view.
#[utoipa::path(put, path = "/views/{id}", tag = "tracking", request_body = NewViewBody,
    params(("id" = String, Path, description = "The view")),
    responses((status = 200, body = SavedViewBody), (status = "default", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
    Json(body): Json<NewViewBody>,
) -> Result<Json<SavedViewBody>, Problem> {
    let view = app.views().update(&ctx, &id(&text)?, body.parse()?).await?;
    Ok(Json(SavedViewBody::new(view, &ctx.actor.name)))
}

/// Removes an own view.
#[utoipa::path(delete, path = "/views/{id}", tag = "tracking", params(("id" = String, Path, description = "The view")),
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    app.views().delete(&ctx, &id(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
