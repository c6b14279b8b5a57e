//! Alerts: something that a person should know, open until it is over.

use serde::{Deserialize, Serialize};

use crate::{Id, Timestamp};

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Inputs or predictions moved and stayed away.
    Drift,
    /// The metric fell below its value at the release.
    Performance,
    /// No requests for longer than allowed.
    Silence,
}

/// Where an alert stands.
///
/// ```text
///   open ───────────► acknowledged
///     │  somebody has     │
///     │  seen it          │
///     └────────┬──────────┘
///              ▼ the cause is gone
///            closed
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AlertState {
    /// Nobody has said that they look after it.
    Open,
    /// Somebody looks after it.
    Acknowledged {
        /// Who.
        by: String,
        /// Since when.
        at_ms: Timestamp,
    },
    /// The cause is gone.
    Closed {
        /// Since when.
        at_ms: Timestamp,
        /// Why, in words.
        reason: String,
    },
}

/// One alert. At most one per kind and deployment is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: Id,
    /// About what.
    pub kind: AlertKind,
    /// The deployment.
    pub deployment: String,
    /// When it opened.
    pub opened_ms: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub state: AlertState,
    /// What happened, in words.
    pub sentence: String,
    /// The drift report or performance record that opened it.
    pub record: Option<Id>,
}

/// A change that the alert's state does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the alert is closed already")]
pub struct InvalidTransition;

impl Alert {
    /// A new alert.
    pub fn open(
        id: Id,
        kind: AlertKind,
        deployment: impl Into<String>,
        now: Timestamp,
        sentence: impl Into<String>,
        record: Option<Id>,
    ) -> Self {
        Self {
            id,
            kind,
            deployment: deployment.into(),
            opened_ms: now,
            state: AlertState::Open,
            sentence: sentence.into(),
            record,
        }
    }

    /// Notes who looks after it; a second one takes over.
    pub fn acknowledge(mut self, by: impl Into<String>, now: Timestamp) -> Result<Self, InvalidTransition> {
        if matches!(self.state, AlertState::Closed { .. }) {
            return Err(InvalidTransition);
        }
        self.state = AlertState::Acknowledged { by: by.into(), at_ms: now };
        Ok(self)
    }

    /// Notes that the cause is gone.
    pub fn close(mut self, reason: impl Into<String>, now: Timestamp) -> Result<Self, InvalidTransition> {
        if matches!(self.state, AlertState::Closed { .. }) {
            return Err(InvalidTransition);
        }
        self.state = AlertState::Closed { at_ms: now, reason: reason.into() };
        Ok(self)
    }

    /// Whether it still stands.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, AlertState::Closed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_alert_stays_closed() {
        let now = Timestamp::from_millis(1);
        let alert = Alert::open(
            Id::new(now, [0; 10]),
            AlertKind::Drift,
            "flights-late",
            now,
            "drift in dep_hour",
            None,
        );
        let seen = alert.acknowledge("ann", now).unwrap();
        assert!(seen.is_open());
        let closed = seen.close("two quiet windows", now).unwrap();
        assert!(!closed.is_open());
        assert_eq!(closed.clone().close("again", now), Err(InvalidTransition));
        assert_eq!(closed.acknowledge("ann", now), Err(InvalidTransition));
    }
}
