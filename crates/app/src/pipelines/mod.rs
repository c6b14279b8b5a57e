//! Use-cases of the pipelines room.

pub mod decision;
pub mod event;
pub mod journal;
mod keep;
mod partition;
pub mod pipeline_run;
pub mod project;
mod resolve;
mod snapshot;

use crate::{Error, Result};

/// Runs blocking work off the async threads.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
