//! Use-cases of the serving room: what answers requests, how versions take over, what was answered.

mod conditions;
pub mod deployment;
mod endpoint;
pub mod inference;
mod log;
pub mod predict;
pub mod prediction;
mod reconcile;
mod registry;
pub mod rollout;
mod slot;
pub mod stats;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use crate::Home;
use endpoint::Endpoint;
use log::PredictionLog;
use slot::{Slot, SlotKey};

/// The serving room's live state in this process. The desired state is in the database; this is the actual one.
pub(crate) struct Serving {
    /// What answers now, by deployment. Replaced whole, so that requests never wait for a change.
    endpoints: ArcSwap<HashMap<String, Arc<Endpoint>>>,
    /// Versions that are loaded or being loaded.
    slots: Mutex<HashMap<SlotKey, Slot>>,
    /// One reconciliation at a time.
    reconciling: tokio::sync::Mutex<()>,
    /// Where models find their runtimes.
    runtimes: inference::Runtimes,
    pub(crate) log: PredictionLog,
    /// When the logs were compacted last.
    tidied: Mutex<Option<std::time::Instant>>,
    /// Predictions that were answered but could not be logged.
    unlogged: std::sync::atomic::AtomicU64,
}

impl Serving {
    pub(crate) fn new(home: &Home) -> Self {
        Self {
            endpoints: ArcSwap::default(),
            slots: Mutex::default(),
            reconciling: tokio::sync::Mutex::default(),
            runtimes: inference::Runtimes::new(home),
            log: PredictionLog::new(home.predictions_dir()),
            tidied: Mutex::default(),
            unlogged: std::sync::atomic::AtomicU64::new(0),
        }
    }
}
