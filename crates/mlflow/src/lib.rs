//! The MLflow-compatible surface: wire types, routes, error codes; nothing else.
/// The routes.
pub fn router() -> axum::Router<app::App> {
    axum::Router::new()
}
