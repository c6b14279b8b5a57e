//! A version in memory, on its way there, or failed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Name;
use domain::registry::model::ModelName;

use super::inference::Loaded;
use super::stats::RouteStats;

/// The first pause before a failed load is tried again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Which version for which deployment: limits differ, so nothing is shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SlotKey {
    pub deployment: Name,
    pub model: ModelName,
    pub version: i64,
}

/// The slot's contents and its counters, which outlive a reload.
pub(super) struct Slot {
    pub state: SlotState,
    pub stats: Arc<RouteStats>,
}

pub(super) enum SlotState {
    /// A task is loading it.
    Loading,
    /// It answers.
    Ready(Loaded),
    /// It could not be loaded.
    Failed {
        /// Why.
        reason: String,
        /// Which attempt it was, from 1.
        attempt: u32,
        /// Since when.
        since: Instant,
    },
}

impl SlotState {
    /// Whether a failed load is due for another attempt, and which one that is.
    pub fn next_attempt(&self) -> Option<u32> {
        match self {
            Self::Failed { attempt, since, .. } => {
                let pause = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_PAUSE);
                (since.elapsed() >= pause).then_some(attempt + 1)
            }
            _ => None,
        }
    }
}
