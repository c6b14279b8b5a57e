//! Routes of the tracking room.

pub mod artifact;
pub mod run;
pub mod run_log;

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
        .routes(routes!(artifact::list))
        .routes(routes!(artifact::download))
        .routes(routes!(run::compare))
        .routes(routes!(run_log::create))
        .routes(routes!(run_log::batch))
        .routes(routes!(run_log::finish))
}
