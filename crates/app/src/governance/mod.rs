//! Use-cases of the governance room.

pub mod audit_event;
pub mod lineage;
pub mod server_info;
pub mod token;
