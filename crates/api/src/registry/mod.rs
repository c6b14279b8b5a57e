//! Routes of the registry room.

pub mod alias;
pub mod model;
pub mod model_change;

use app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(model::list))
        .routes(routes!(model::get, model_change::describe))
        .routes(routes!(model::version, model_change::describe_version))
        .routes(routes!(model_change::register))
        .routes(routes!(model_change::tag))
        .routes(routes!(model_change::tag_version))
        .routes(routes!(model_change::contents))
        .routes(routes!(model_change::file))
        .routes(routes!(model::promote))
        .routes(routes!(model::rollback))
        .routes(routes!(alias::history))
        .routes(routes!(alias::alias_history))
        .routes(routes!(alias::remove))
}
