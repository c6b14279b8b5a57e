//! Use-cases of the data room.

mod across;
pub mod branch;
pub mod browse;
pub mod contract;
pub mod dataset;
mod inspect;
pub mod profile;
pub mod publish;
pub mod source;
pub mod sql;
pub mod upkeep;

/// Runs file or number work off the async threads.
pub(crate) async fn off_thread<T, F>(work: F) -> crate::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> crate::Result<T> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(crate::Error::internal)?
}
