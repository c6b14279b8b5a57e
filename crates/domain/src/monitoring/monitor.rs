//! Monitors: the standing check on a deployment.

use serde::{Deserialize, Serialize};

use super::drift_report::{DriftSettings, DriftVerdict};
use crate::{Id, Timestamp};

/// What a monitor watches for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct MonitorSpec {
    /// The drift rule's numbers.
    pub drift: DriftSettings,
    /// How requests are cut into windows.
    pub windows: Windows,
    /// How many windows must agree.
    pub persistence: Persistence,
    /// What labels are judged by.
    pub performance: PerformanceSpec,
    /// Silence longer than this is an alert, in milliseconds.
    pub freshness_ms: Option<i64>,
    /// Share of the model's decisions that rests on each column, when known.
    pub importance: std::collections::BTreeMap<String, f64>,
}

/// A window ends when it has `rows` requests, or `max_ms` after its first one if it has `min_rows` by then; a
/// smaller one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Windows {
    /// Requests that make a window full.
    pub rows: u64,
    /// Requests that a window needs at least.
    pub min_rows: u64,
    /// Age at which a window ends if it has the least number of requests.
    pub max_ms: i64,
}

impl Default for Windows {
    fn default() -> Self {
        Self { rows: 1_000, min_rows: 100, max_ms: 86_400_000 }
    }
}

impl Windows {
    /// Where the window over requests at `times` (rising) ends, now being `now`: how many of them belong to it,
    /// `None` while it waits. Requests of one millisecond are not parted.
    pub fn cut(&self, times: &[Timestamp], now: Timestamp) -> Option<usize> {
        let full = usize::try_from(self.rows.max(1)).unwrap_or(usize::MAX);
        if times.len() >= full {
            let last = times[full - 1];
            return Some(times.partition_point(|time| *time <= last));
        }
        let end = times.first()?.plus_millis(self.max_ms);
        if now < end {
            return None;
        }
        let inside = times.partition_point(|time| *time < end);
        let least = usize::try_from(self.min_rows.max(1)).unwrap_or(usize::MAX);
        if inside >= least {
            return Some(inside);
        }
        // Too few came in time: the window stays open until it has the least number.
        (times.len() >= least).then(|| times.partition_point(|time| *time <= times[least - 1]))
    }
}

/// An alarm opens when `windows` of the last `of` alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Persistence {
    /// Alarming windows needed.
    pub windows: u32,
    /// Newest windows looked at.
    pub of: u32,
}

impl Default for Persistence {
    fn default() -> Self {
        Self { windows: 2, of: 3 }
    }
}

/// How labelled predictions are judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PerformanceSpec {
    /// The metric that counts; the problem's usual one when absent.
    pub metric: Option<String>,
    /// Age at which a prediction's label is due, in milliseconds.
    pub after_ms: i64,
    /// Labels without which no metric is computed.
    pub min_labels: u64,
    /// Loss against the release that is an alarm, in the metric's own unit.
    pub tolerance: f64,
    /// Score at which a row is called positive.
    pub threshold: f64,
}

impl Default for PerformanceSpec {
    fn default() -> Self {
        Self { metric: None, after_ms: 0, min_labels: 50, tolerance: 0.03, threshold: 0.5 }
    }
}

/// Where a monitor stands on drift.
///
/// ```text
///            first window            a warning or alarm           alarms persist
///  waiting ──────────────► steady ──────────────────────► warned ───────────────► alarmed
///                            ▲ ▲        all quiet           │                        │
///                            │ └─────────────────────────────┘   all below warning   │
///                            └────────────────────────────────────────────────────────┘
/// ```
/// An alarm closes at a lower level than it opens at: only when the newest windows, as many as opened it, are below even a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorState {
    /// No window yet.
    #[default]
    Waiting,
    /// The newest window is quiet.
    Steady,
    /// Something moved, but not for long enough or not by enough.
    Warned,
    /// Drift has persisted: an alert is open.
    Alarmed,
}

impl MonitorState {
    /// The state after a window, given the verdicts of the newest windows, newest first. A window with too few
    /// rows says nothing and is skipped.
    #[must_use]
    pub fn after(self, newest_first: &[DriftVerdict], persistence: Persistence) -> Self {
        let telling: Vec<DriftVerdict> =
            newest_first.iter().copied().filter(|verdict| *verdict != DriftVerdict::NotEnoughRows).collect();
        let Some(newest) = telling.first() else {
            return if newest_first.is_empty() || self != Self::Waiting { self } else { Self::Steady };
        };
        let needed = persistence.windows.max(1) as usize;
        let looked_at = (persistence.of as usize).max(needed);
        let alarms =
            telling.iter().take(looked_at).filter(|verdict| **verdict == DriftVerdict::Alarm).count();
        let calm = telling.iter().take_while(|verdict| **verdict == DriftVerdict::Steady).count();
        match self {
            Self::Alarmed if calm < needed => Self::Alarmed,
            Self::Alarmed => Self::Steady,
            _ if alarms >= needed => Self::Alarmed,
            _ if *newest == DriftVerdict::Steady => Self::Steady,
            _ => Self::Warned,
        }
    }
}

/// A monitor: what it watches for and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// The deployment that it watches.
    pub deployment: String,
    /// What it watches for.
    pub spec: MonitorSpec,
    /// Where it stands on drift.
    pub state: MonitorState,
    /// The model version that the state is about; a new one starts anew.
    pub version: Option<i64>,
    /// The newest drift report.
    pub drift_report: Option<Id>,
    /// The newest performance record.
    pub performance: Option<Id>,
    /// When it last looked.
    pub checked_ms: Option<Timestamp>,
}

impl Monitor {
    /// A monitor that has seen nothing yet.
    pub fn new(deployment: impl Into<String>, spec: MonitorSpec) -> Self {
        Self {
            deployment: deployment.into(),
            spec,
            state: MonitorState::default(),
            version: None,
            drift_report: None,
            performance: None,
            checked_ms: None,
        }
    }
}

/// A closed window of one version's requests, the unit of drift and performance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorWindow {
    /// The deployment.
    pub deployment: String,
    /// The model.
    pub model: String,
    /// Its version.
    pub version: i64,
    /// First request's time, inclusive.
    pub from_ms: Timestamp,
    /// End, exclusive.
    pub to_ms: Timestamp,
    /// Requests in it.
    pub rows: u64,
    /// Its drift report.
    pub drift_report: Option<Id>,
    /// Its newest performance record.
    pub performance: Option<Id>,
    /// Labels of its predictions that the performance record has seen, corrections counted.
    pub label_changes: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use DriftVerdict::{Alarm, NotEnoughRows, Steady, Warn};

    fn at(seconds: &[i64]) -> Vec<Timestamp> {
        seconds.iter().map(|second| Timestamp::from_millis(second * 1000)).collect()
    }

    #[test]
    fn an_alarm_opens_when_it_holds_and_closes_at_a_lower_level() {
        let rule = Persistence::default();
        assert_eq!(MonitorState::Waiting.after(&[], rule), MonitorState::Waiting);
        assert_eq!(MonitorState::Waiting.after(&[Steady], rule), MonitorState::Steady);
        assert_eq!(MonitorState::Steady.after(&[Alarm, Steady], rule), MonitorState::Warned);
        assert_eq!(MonitorState::Warned.after(&[Alarm, Steady, Alarm], rule), MonitorState::Alarmed);
        assert_eq!(MonitorState::Warned.after(&[Alarm, NotEnoughRows, Alarm], rule), MonitorState::Alarmed);
        assert_eq!(MonitorState::Alarmed.after(&[Steady, Warn, Steady], rule), MonitorState::Alarmed);
        assert_eq!(MonitorState::Alarmed.after(&[Steady, Steady, Alarm], rule), MonitorState::Steady);
        assert_eq!(MonitorState::Alarmed.after(&[NotEnoughRows], rule), MonitorState::Alarmed);
        assert_eq!(MonitorState::Warned.after(&[Warn], rule), MonitorState::Warned);
    }

    #[test]
    fn windows_end_by_count_or_by_time_and_tiny_ones_wait() {
        let windows = Windows { rows: 4, min_rows: 2, max_ms: 10_000 };
        let now = Timestamp::from_millis(5_000);
        assert_eq!(windows.cut(&at(&[]), now), None);
        assert_eq!(windows.cut(&at(&[0, 1, 2]), now), None);
        assert_eq!(windows.cut(&at(&[0, 1, 2, 3, 3, 4]), now), Some(5));
        let later = Timestamp::from_millis(10_000);
        assert_eq!(windows.cut(&at(&[0, 1, 2]), later), Some(3));
        assert_eq!(windows.cut(&at(&[0]), later), None);
        assert_eq!(windows.cut(&at(&[0, 30]), Timestamp::from_millis(31_000)), Some(2));
    }
}
