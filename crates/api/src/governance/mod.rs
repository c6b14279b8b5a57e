//! Routes of the governance room.

pub mod audit_event;
pub mod notice;
pub mod overview;
pub mod server_info;
pub mod trace;
pub mod trash;
pub mod webhook;

use app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(audit_event::list))
        .routes(routes!(audit_event::verify))
        .routes(routes!(notice::stream))
        .routes(routes!(overview::overview))
        .routes(routes!(server_info::get))
        .routes(routes!(trace::trace))
        .routes(routes!(trash::list))
        .routes(routes!(trash::restore))
        .routes(routes!(trash::preview))
        .routes(routes!(trash::purge, trash::purges))
        .routes(routes!(trash::purge_status))
        .routes(routes!(trash::retention, trash::set_retention))
        .routes(routes!(webhook::list, webhook::create))
        .routes(routes!(webhook::update, webhook::delete))
        .routes(routes!(webhook::test))
        .routes(routes!(webhook::deliveries))
}
