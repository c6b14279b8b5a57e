//! Records of the serving room.

pub mod deployment;
pub mod rollout;
pub mod runtime_choice;

/// The JSON of a record's part; these have string keys only, so it always has one.
fn to_json<T: serde::Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).expect("serving records have string keys only")
}
