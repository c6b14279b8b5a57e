//! Use-cases of the pipelines room.

mod conclude;
pub mod decision;
pub mod event;
pub mod journal;
mod keep;
mod partition;
pub mod pipeline_run;
pub mod plan;
pub mod project;
mod resolve;
mod snapshot;
mod source;
pub mod step_log;
pub mod trigger;
mod trigger_values;
mod wish;

use crate::{Error, Result};

/// Runs blocking work off the async threads.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
