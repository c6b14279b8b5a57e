//! The prediction surface: rows, MLflow's `/invocations`, and the Open Inference Protocol (v2) over HTTP.
//!
//! The hot path: a request is read as the chosen version's signature asks, answered, and logged; the database is
//! never touched. `/ping` and the health routes answer without a model.

mod caller;
mod invocations;
mod oip;
mod reply;
mod rows;

use app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// Largest body of a scoring request, in bytes.
pub const MAX_BODY: usize = 64 << 20;

/// The routes of all forms.
pub fn router() -> Router<App> {
    Router::new()
        .route("/serve/{deployment}", post(rows::predict))
        .route("/serve/{deployment}/invocations", post(invocations::named))
        .route("/invocations", post(invocations::only))
        .route("/ping", get(invocations::ping))
        .merge(oip::router())
        .layer(DefaultBodyLimit::max(MAX_BODY))
}
