//! Records of the governance room.

pub mod audit_event;
pub mod purge;
pub mod retention;
pub mod trash;
pub mod unused;
pub mod webhook;
