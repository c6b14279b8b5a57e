//! Routes of the pipelines room.

pub mod decision;
pub mod event;
pub mod pipeline;
pub mod pipeline_run;
pub mod plan;
pub mod trigger;

use app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(pipeline::list))
        .routes(routes!(pipeline::get))
        .routes(routes!(pipeline::check))
        .routes(routes!(plan::plan))
        .routes(routes!(plan::why))
        .routes(routes!(pipeline_run::list, pipeline_run::start))
        .routes(routes!(pipeline_run::get))
        .routes(routes!(pipeline_run::cancel))
        .routes(routes!(pipeline_run::log))
        .routes(routes!(decision::list))
        .routes(routes!(decision::get))
        .routes(routes!(event::list))
        .routes(routes!(trigger::list))
        .routes(routes!(trigger::resume))
}
