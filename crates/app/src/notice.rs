//! Live notices: what has just been committed, for pages that update themselves.

use domain::governance::audit_event::AuditEvent;
use serde::Serialize;
use tokio::sync::broadcast;

/// Notices that a slow listener may fall behind before it misses some.
const BACKLOG: usize = 1024;

/// A hint that a thing changed; the truth is in the database.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// The audit event's number; absent when the change has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// `room.noun.verb`.
    pub action: String,
    /// The kind of thing.
    pub noun: String,
    /// The thing's id or name.
    pub id: String,
}

/// The channel of notices.
#[derive(Clone)]
pub struct Notices {
    sender: broadcast::Sender<Notice>,
}

impl Notices {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0 }
    }

    /// Notices from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.sender.subscribe()
    }

    pub(crate) fn publish(&self, event: &AuditEvent) {
        let notice = Notice {
            seq: Some(event.seq),
            action: event.action.clone(),
            noun: event.noun.clone(),
            id: event.id.clone(),
        };
        self.send(notice);
    }

    /// A notice of what has no audit event of its own.
    pub(crate) fn hint(&self, action: &str, noun: &str, id: impl ToString) {
        let notice =
            Notice { seq: None, action: action.to_owned(), noun: noun.to_owned(), id: id.to_string() };
        self.send(notice);
    }

    fn send(&self, notice: Notice) {
        // Nobody listening is the usual case.
        let _nobody = self.sender.send(notice);
    }
}
