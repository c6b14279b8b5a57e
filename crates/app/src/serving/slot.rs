//! A version in memory, on its way there, or failed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Name;

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
    pub model: Name,
    pub version: i64,
}

/// The slot's contents and its counters, which outlive a reload.
pub(super) struct Slot {
    pub state: SlotState,
    pub stats: Arc<RouteStats>,
}

pub(super) enum SlotState {
    /// A task is loading it; `attempt` counts from 1.
    Loading { attempt: u32 },
    /// It answers.
    Ready(Loaded),
    /// It could not be loaded.
    Failed { reason: String, attempt: u32, since: Instant },
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
