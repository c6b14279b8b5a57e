//! The MLflow-compatible surface: wire types, routes, error codes; nothing else.
//!
//! Calls are served below `/api/2.0/mlflow`, `/api/3.0/mlflow` and the same under `/ajax-api`; every rule sits in `app`.

mod artifacts;
mod body;
mod caller;
mod failure;
mod missing;
mod params;
mod registry;
mod router;
mod server_info;
mod tracking;
mod wire;

pub use router::router;
pub use server_info::MLFLOW_VERSION;
