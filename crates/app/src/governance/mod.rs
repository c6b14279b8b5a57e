//! Use-cases of the governance room.

pub mod audit_event;
pub mod lineage;
pub mod token;
