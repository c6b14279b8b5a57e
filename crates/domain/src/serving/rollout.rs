//! A rollout: how one version hands its traffic to the next.

use serde::{Deserialize, Serialize};

use crate::{Id, Name, Timestamp};

use super::share::Share;
use crate::registry::model::ModelName;

/// Most canary steps in one plan.
pub const MAX_STEPS: usize = 20;

/// How a new version takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutPlan {
    /// The new version's share of traffic, step by step, rising, ending in 100%.
    #[serde(default = "full_at_once")]
    pub canary: Vec<Share>,
    /// How long each step lasts, in milliseconds.
    #[serde(default)]
    pub every_ms: i64,
    /// Conditions that end the rollout and return the traffic, such as `error_rate > 1%`.
    #[serde(default)]
    pub rollback: Vec<String>,
}

fn full_at_once() -> Vec<Share> {
    vec![Share::FULL]
}

/// Why a plan cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// No step, or too many.
    #[error("a canary has between 1 and {MAX_STEPS} steps, this one has {0}")]
    Steps(usize),
    /// A step is not above the one before.
    #[error("the shares of a canary rise: {next} comes after {before}")]
    NotRising {
        /// The earlier step.
        before: Share,
        /// The step that is not above it.
        next: Share,
    },
    /// The last step is not all traffic.
    #[error("the last share of a canary is 100%, not {0}")]
    NotFull(Share),
    /// A negative time.
    #[error("the time between steps must not be negative")]
    Negative,
}

impl RolloutPlan {
    /// All traffic at once.
    pub fn at_once() -> Self {
        Self { canary: full_at_once(), every_ms: 0, rollback: Vec::new() }
    }

    /// Checks that the shares rise to 100%.
    pub fn validate(&self) -> Result<(), InvalidPlan> {
        if self.canary.is_empty() || self.canary.len() > MAX_STEPS {
            return Err(InvalidPlan::Steps(self.canary.len()));
        }
        for pair in self.canary.windows(2) {
            if pair[1] <= pair[0] {
                return Err(InvalidPlan::NotRising { before: pair[0], next: pair[1] });
            }
        }
        match self.canary.last() {
            Some(last) if *last != Share::FULL => Err(InvalidPlan::NotFull(*last)),
            _ if self.every_ms < 0 => Err(InvalidPlan::Negative),
            _ => Ok(()),
        }
    }
}

/// Where a rollout stands.
///
/// ```text
///   loading ──► canary(0) ──► canary(1) ──► … ──► done
///      │            │             │
///      │            └──────┬──────┘
///      ▼                   ▼
///   failed            rolled_back          any unfinished one ──► superseded
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RolloutState {
    /// The new version is being loaded and warmed beside the old one, which has all traffic.
    Loading,
    /// The new version has the share of step `step` since `since_ms`.
    Canary {
        /// Position in the plan's `canary`.
        step: usize,
        /// Since when.
        since_ms: Timestamp,
    },
    /// The new version has all traffic.
    Done {
        /// Since when.
        at_ms: Timestamp,
    },
    /// The old version has all traffic again.
    RolledBack {
        /// Since when.
        at_ms: Timestamp,
        /// Which condition held, or who asked.
        reason: String,
    },
    /// The new version could not be loaded; traffic was never touched.
    Failed {
        /// When.
        at_ms: Timestamp,
        /// What the load said.
        reason: String,
    },
    /// A newer rollout of the same deployment took its place.
    Superseded {
        /// When.
        at_ms: Timestamp,
        /// The newer rollout.
        by: Id,
    },
}

impl RolloutState {
    /// Whether it has ended.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Loading | Self::Canary { .. })
    }

    /// The state's word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Canary { .. } => "canary",
            Self::Done { .. } => "done",
            Self::RolledBack { .. } => "rolled_back",
            Self::Failed { .. } => "failed",
            Self::Superseded { .. } => "superseded",
        }
    }
}

/// A step that the drawing of [`RolloutState`] does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rollout that is {from} cannot become {to}")]
pub struct InvalidTransition {
    /// The state it is in.
    pub from: &'static str,
    /// The state it was asked to take.
    pub to: &'static str,
}

/// One hand-over of traffic from a version to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its id.
    pub id: Id,
    /// The endpoint.
    pub deployment: Name,
    /// The registered model of the new version.
    pub model: ModelName,
    /// The new version.
    pub version: i64,
    /// The version that had the traffic, if any.
    pub from_version: Option<i64>,
    /// The steps.
    pub plan: RolloutPlan,
    /// Where it stands.
    #[serde(flatten)]
    pub state: RolloutState,
    /// Whether the alias `champion` moves to the new version when it has all traffic.
    pub promotes: bool,
    /// When it began.
    pub started_ms: Timestamp,
}

impl Rollout {
    /// The share that the new version has now.
    pub fn share(&self) -> Share {
        match &self.state {
            RolloutState::Canary { step, .. } => self.plan.canary.get(*step).copied().unwrap_or(Share::NONE),
            RolloutState::Done { .. } => Share::FULL,
            _ => Share::NONE,
        }
    }

    /// The new version is loaded and warm: the first step begins, or with a single step all is done.
    pub fn loaded(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        if self.state != RolloutState::Loading {
            return Err(self.refuse("canary"));
        }
        // Nobody can be compared with, so there is nothing to be careful about.
        let first_ever = self.from_version.is_none();
        if first_ever || self.plan.canary.len() == 1 {
            return Ok(self.with(RolloutState::Done { at_ms: now }));
        }
        Ok(self.with(RolloutState::Canary { step: 0, since_ms: now }))
    }

    /// Whether the time of the current step is over.
    pub fn is_due(&self, now: Timestamp) -> bool {
        match &self.state {
            RolloutState::Canary { since_ms, .. } => now.since(*since_ms) >= self.plan.every_ms,
            _ => false,
        }
    }

    /// The next step begins; before the last one, which is all traffic, the rollout is done.
    pub fn advance(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        let RolloutState::Canary { step, .. } = self.state else {
            return Err(self.refuse("canary"));
        };
        let next = step + 1;
        if next + 1 >= self.plan.canary.len() {
            return Ok(self.with(RolloutState::Done { at_ms: now }));
        }
        Ok(self.with(RolloutState::Canary { step: next, since_ms: now }))
    }

    /// The new version could not be loaded.
    pub fn failed(self, now: Timestamp, reason: String) -> Result<Self, InvalidTransition> {
        if self.state != RolloutState::Loading {
            return Err(self.refuse("failed"));
        }
        Ok(self.with(RolloutState::Failed { at_ms: now, reason }))
    }

    /// The traffic returns to the old version.
    pub fn rolled_back(self, now: Timestamp, reason: String) -> Result<Self, InvalidTransition> {
        if self.state.is_final() {
            return Err(self.refuse("rolled_back"));
        }
        Ok(self.with(RolloutState::RolledBack { at_ms: now, reason }))
    }

    /// A newer rollout takes its place.
    pub fn superseded(self, now: Timestamp, by: Id) -> Result<Self, InvalidTransition> {
        if self.state.is_final() {
            return Err(self.refuse("superseded"));
        }
        Ok(self.with(RolloutState::Superseded { at_ms: now, by }))
    }

    fn with(self, state: RolloutState) -> Self {
        Self { state, ..self }
    }

    fn refuse(&self, to: &'static str) -> InvalidTransition {
        InvalidTransition { from: self.state.word(), to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn rollout(from_version: Option<i64>, canary: &[&str]) -> Rollout {
        Rollout {
            id: Id::new(at(0), [1; 10]),
            deployment: Name::parse("late").unwrap(),
            model: ModelName::parse("flights").unwrap(),
            version: 2,
            from_version,
            plan: RolloutPlan {
                canary: canary.iter().map(|text| Share::parse(text).unwrap()).collect(),
                every_ms: 100,
                rollback: vec!["error_rate > 1%".to_owned()],
            },
            state: RolloutState::Loading,
            promotes: true,
            started_ms: at(0),
        }
    }

    #[test]
    fn a_canary_takes_its_steps_when_they_are_due() {
        let first = rollout(Some(1), &["5%", "25%", "100%"]).loaded(at(10)).unwrap();
        assert_eq!(first.share(), Share::parse("5%").unwrap());
        assert!(!first.is_due(at(109)));
        assert!(first.is_due(at(110)));
        let second = first.advance(at(110)).unwrap();
        assert_eq!(second.share(), Share::parse("25%").unwrap());
        let done = second.advance(at(210)).unwrap();
        assert_eq!(done.state, RolloutState::Done { at_ms: at(210) });
        assert_eq!(done.share(), Share::FULL);
    }

    #[test]
    fn the_first_version_ever_takes_all_traffic_at_once() {
        let done = rollout(None, &["5%", "100%"]).loaded(at(10)).unwrap();
        assert_eq!(done.state, RolloutState::Done { at_ms: at(10) });
    }

    #[test]
    fn what_has_ended_stays_ended() {
        let failed = rollout(Some(1), &["100%"]).failed(at(1), "no such file".into()).unwrap();
        assert!(failed.clone().loaded(at(2)).is_err());
        assert!(failed.clone().advance(at(2)).is_err());
        let error = failed.rolled_back(at(2), "asked".into()).unwrap_err();
        assert_eq!(error.to_string(), "a rollout that is failed cannot become rolled_back");
    }

    #[test]
    fn a_plan_rises_to_all_traffic() {
        let plan = |shares: &[&str]| rollout(None, shares).plan.validate();
        assert!(plan(&["5%", "25%", "100%"]).is_ok());
        assert_eq!(plan(&[]), Err(InvalidPlan::Steps(0)));
        assert!(plan(&["25%", "5%", "100%"]).is_err());
        assert_eq!(
            plan(&["5%", "50%"]).unwrap_err().to_string(),
            "the last share of a canary is 100%, not 50%"
        );
    }

    #[test]
    fn a_state_is_stored_as_its_word_with_what_belongs_to_it() {
        let json = serde_json::to_value(rollout(Some(1), &["5%", "100%"]).loaded(at(7)).unwrap()).unwrap();
        assert_eq!(json["state"], "canary");
        assert_eq!(json["since_ms"], 7);
        assert_eq!(json["plan"]["canary"][0], "5%");
        let back: Rollout = serde_json::from_value(json).unwrap();
        assert_eq!(back.share(), Share::parse("5%").unwrap());
    }
}
