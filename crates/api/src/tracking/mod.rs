//! Routes of the tracking room.

pub mod run;

use app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(run::experiments))
        .routes(routes!(run::search))
        .routes(routes!(run::get))
        .routes(routes!(run::metrics))
        .routes(routes!(run::artifacts))
        .routes(routes!(run::compare))
}
