//! The pipelines room.
