//! The governance room: who may do what, and the record of what was done.

pub mod audit_event;
pub mod role;
pub mod trash;
pub mod webhook;
