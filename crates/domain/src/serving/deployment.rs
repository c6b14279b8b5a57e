//! A deployment: a named endpoint, what it should serve (desired) and what it serves now (actual).

use serde::{Deserialize, Serialize};

use crate::{Id, Name, Timestamp};

use super::rollout::RolloutPlan;
use crate::registry::model::ModelName;

/// Earlier versions that a deployment remembers to go back to.
pub const MAX_HISTORY: usize = 20;

/// What people declare about an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentSpec {
    /// The model reference that it follows: `flights@champion` or `flights:3`.
    pub model: String,
    /// How a new version takes over.
    #[serde(flatten)]
    pub plan: RolloutPlan,
    /// Longest time a request may take, in milliseconds, waiting included; past it 504 is answered.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: i64,
    /// Worker processes per loaded version when it runs in Python.
    #[serde(default = "default_workers")]
    pub workers: u32,
    /// Requests that may wait for a worker; one more is answered 503.
    #[serde(default = "default_queue")]
    pub queue: u32,
}

fn default_timeout_ms() -> i64 {
    30_000
}

fn default_workers() -> u32 {
    1
}

fn default_queue() -> u32 {
    256
}

impl DeploymentSpec {
    /// An endpoint that follows `model` and takes new versions at once, with default limits.
    pub fn following(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            plan: RolloutPlan::at_once(),
            timeout_ms: default_timeout_ms(),
            workers: default_workers(),
            queue: default_queue(),
        }
    }
}

/// A registered model version that a deployment serves or has served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedVersion {
    /// The registered model.
    pub model: ModelName,
    /// Its version number.
    pub version: i64,
    /// Since when it has had the traffic (all of it but a canary's share).
    pub since_ms: Timestamp,
}

/// A named endpoint with its desired state; which processes run is the actual state, [`DeploymentState`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its name: part of the scoring address.
    pub name: Name,
    /// What was declared.
    pub spec: DeploymentSpec,
    /// The version that has the traffic; none until the first rollout is done.
    pub live: Option<ServedVersion>,
    /// Versions served before, the newest last; the last is kept warm for a rollback.
    pub history: Vec<ServedVersion>,
    /// The rollout under way.
    pub rollout: Option<Id>,
    /// Grows with every change of the desired state.
    pub generation: i64,
    /// When it was made.
    pub created_ms: Timestamp,
    /// When the desired state changed last.
    pub updated_ms: Timestamp,
}

impl Deployment {
    /// A deployment that serves nothing yet.
    pub fn new(name: Name, spec: DeploymentSpec, now: Timestamp) -> Self {
        Self {
            name,
            spec,
            live: None,
            history: Vec::new(),
            rollout: None,
            generation: 1,
            created_ms: now,
            updated_ms: now,
        }
    }

    /// The version that a rollback would bring back.
    pub fn previous(&self) -> Option<&ServedVersion> {
        self.history.last()
    }

    /// Gives the traffic to `version`; what had it becomes the one to go back to.
    #[must_use]
    pub fn serving(mut self, model: ModelName, version: i64, now: Timestamp) -> Self {
        let same = |served: &ServedVersion| served.model == model && served.version == version;
        if let Some(before) = self.live.take().filter(|before| !same(before)) {
            self.history.push(before);
        }
        if self.history.len() > MAX_HISTORY {
            self.history.remove(0);
        }
        self.live = Some(ServedVersion { model, version, since_ms: now });
        self.rollout = None;
        self.changed(now)
    }

    /// Takes the traffic back to the version before; `None` when there is none.
    pub fn rolled_back(mut self, now: Timestamp) -> Option<Self> {
        let before = self.history.pop()?;
        self.live = Some(ServedVersion { since_ms: now, ..before });
        self.rollout = None;
        Some(self.changed(now))
    }

    /// Marks a change of the desired state.
    #[must_use]
    pub fn changed(mut self, now: Timestamp) -> Self {
        self.generation += 1;
        self.updated_ms = now;
        self
    }
}

/// What a deployment is doing now, in this server.
///
/// ```text
///             first load            every route answers
///   empty ──────────────► starting ─────────────────────► ready ◄──┐
///     ▲                      │                              │      │ workers are back
///     │                      │ load failed                  ▼      │
///     └── nothing to serve   └────────► failed          degraded ──┘
///                                          │ next try        (a route's workers keep dying;
///                                          └──► starting      the other routes answer for it)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Nothing has been rolled out.
    Empty,
    /// The first version is being loaded; requests are answered 503.
    Starting,
    /// Every route answers.
    Ready,
    /// A route's workers keep failing; the others answer.
    Degraded,
    /// Nothing answers; the reason is beside it.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_rollback_returns_through_the_versions_served_before() {
        let model = ModelName::parse("flights").unwrap();
        let spec = DeploymentSpec::following("flights@champion");
        let mut deployment = Deployment::new(Name::parse("late").unwrap(), spec, at(0));
        for version in 1..=3 {
            deployment = deployment.serving(model.clone(), version, at(version));
        }
        let back = deployment.rolled_back(at(9)).unwrap();
        assert_eq!(back.live.as_ref().map(|live| live.version), Some(2));
        assert_eq!(back.live.as_ref().map(|live| live.since_ms), Some(at(9)));
        let back = back.rolled_back(at(10)).unwrap();
        assert_eq!(back.live.as_ref().map(|live| live.version), Some(1));
        assert!(back.rolled_back(at(11)).is_none());
    }

    #[test]
    fn serving_the_same_version_again_leaves_no_trace_to_go_back_to() {
        let model = ModelName::parse("flights").unwrap();
        let spec = DeploymentSpec::following("flights:1");
        let deployment = Deployment::new(Name::parse("late").unwrap(), spec, at(0))
            .serving(model.clone(), 1, at(1))
            .serving(model, 1, at(2));
        assert!(deployment.previous().is_none());
    }
}
