//! Routes of the tracking room.

pub mod artifact;
pub mod experiment;
pub mod experiment_change;
pub mod import;
pub mod relocate;
pub mod run;
pub mod run_change;
pub mod run_links;
pub mod run_list;
pub mod run_log;
pub mod saved_view;
pub mod trace;

use app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(run::experiments, experiment_change::create))
        .routes(routes!(experiment_change::update, experiment_change::delete))
        .routes(routes!(experiment_change::restore))
        .routes(routes!(run_list::search))
        .routes(routes!(run_list::count))
        .routes(routes!(run_list::groups))
        .routes(routes!(run_list::keys))
        .routes(routes!(run_list::curves))
        .routes(routes!(saved_view::list, saved_view::create))
        .routes(routes!(saved_view::get, saved_view::update, saved_view::delete))
        .routes(routes!(import::store))
        .routes(routes!(import::check))
        .routes(routes!(run::get, run_change::update, run_change::delete))
        .routes(routes!(run::metrics))
        .routes(routes!(artifact::list))
        .routes(routes!(artifact::download))
        .routes(routes!(artifact::page))
        .routes(routes!(artifact::rows))
        .routes(routes!(artifact::list_model))
        .routes(routes!(artifact::download_model))
        .routes(routes!(experiment::get))
        .routes(routes!(experiment::tag))
        .routes(routes!(run_change::tag))
        .routes(routes!(run_change::restore))
        .routes(routes!(run_links::links))
        .routes(routes!(run::compare))
        .routes(routes!(relocate::move_runs))
        .routes(routes!(relocate::copy_runs))
        .routes(routes!(relocate::copy_experiment))
        .routes(routes!(run_log::create))
        .routes(routes!(run_log::batch))
        .routes(routes!(run_log::finish))
        .routes(routes!(trace::search))
        .routes(routes!(trace::get, trace::delete))
}
