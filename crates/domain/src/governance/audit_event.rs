//! The audit log: an append-only chain in which each event's hash covers the one before.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The hash before the first event: 64 zeros.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whether what was asked for was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done, in the transaction that holds this event.
    Done,
    /// Refused: the caller lacks the permission, or a check said no.
    Refused,
}

/// One change or refusal: who, what, on which thing, with which details.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Position in the log, from 1, without holes.
    pub seq: i64,
    /// When it happened.
    pub time: Timestamp,
    /// Who asked: a user's name, `system`, or `step:ID`.
    pub actor: String,
    /// `room.noun.verb`, such as `data.version.add`.
    pub action: String,
    /// The kind of thing, a word of the glossary in snake case.
    pub noun: String,
    /// The thing's id or name.
    pub id: String,
    /// Done or refused.
    pub outcome: Outcome,
    /// What changed; never a secret.
    pub detail: serde_json::Value,
    /// Hash of the event before, [`GENESIS`] for the first.
    pub prev_hash: String,
    /// BLAKE3 of this event's canonical form, 64 hexadecimal digits.
    pub hash: String,
}

impl AuditEvent {
    /// BLAKE3-256 over a length-prefixed list of the fields in their order here, `hash` left out. `detail`
    /// is hashed as its stored JSON text, so that reading it back gives the same bytes.
    pub fn compute_hash(&self, detail_text: &str) -> String {
        let outcome = match self.outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
        };
        let mut hasher = blake3::Hasher::new();
        for field in [
            self.prev_hash.as_str(),
            &self.seq.to_string(),
            &self.time.millis().to_string(),
            &self.actor,
            &self.action,
            &self.noun,
            &self.id,
            outcome,
            detail_text,
        ] {
            hasher.update(&(field.len() as u64).to_le_bytes());
            hasher.update(field.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}
