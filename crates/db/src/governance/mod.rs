//! Records of the governance room.

pub mod audit_event;
