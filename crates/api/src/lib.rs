//! Volano's own HTTP API: wire types, routes, OpenAPI, problem+json.
//!
//! A handler extracts, calls one method of `app` and converts; every rule sits a floor below.

pub mod data;
pub mod extract;
pub mod governance;
pub mod monitoring;
pub mod pipelines;
pub mod problem;
pub mod registry;
pub mod router;
pub mod serving;
pub mod tracking;

pub use extract::{Ctx, Json, Path, Query, RequestId};
pub use problem::Problem;
pub use router::{PREFIX, openapi, router};
