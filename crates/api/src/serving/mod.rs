//! Routes of the serving room.

pub mod deployment;
pub mod prediction;
pub mod rollout;

use app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(deployment::list))
        .routes(routes!(deployment::get, deployment::apply))
        .routes(routes!(deployment::rollback))
        .routes(routes!(rollout::list))
        .routes(routes!(prediction::list))
        .routes(routes!(prediction::get))
}
