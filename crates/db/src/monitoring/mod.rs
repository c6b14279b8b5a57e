//! Records of the monitoring room.

pub mod alert;
pub mod drift_report;
pub mod label;
pub mod monitor;
pub mod performance;

/// A record as JSON text.
pub(crate) fn json<T: serde::Serialize>(record: &T) -> String {
    serde_json::to_string(record).expect("monitoring records have string keys only")
}
