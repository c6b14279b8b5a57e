//! Use-cases of the monitoring room: what served predictions are compared with, what was found, who is told.

mod alert;
mod drift;
pub mod label;
pub mod monitor;
mod performance;
mod reference;
mod tick;

use std::sync::{Arc, Mutex};

use reference::ReferenceColumns;

/// A model and its version.
type VersionKey = (String, i64);

/// The monitoring room's live state in this process: nothing that a restart would miss.
#[derive(Default)]
pub(crate) struct Monitoring {
    /// Reference columns by model and version, the latest used last.
    references: Mutex<Vec<(VersionKey, Arc<ReferenceColumns>)>>,
    /// One look at a time.
    ticking: tokio::sync::Mutex<()>,
}

#[cfg(test)]
mod tests;
