//! The prediction surface: Open Inference Protocol and /invocations.
/// The routes.
pub fn router() -> axum::Router<app::App> {
    axum::Router::new()
}
