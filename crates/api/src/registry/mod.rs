//! Routes of the registry room.

pub mod model;

use app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(model::list))
        .routes(routes!(model::get))
        .routes(routes!(model::version))
        .routes(routes!(model::promote))
        .routes(routes!(model::rollback))
}
