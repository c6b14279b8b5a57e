//! Use-cases of the governance room.

pub mod audit_event;
pub mod lineage;
pub mod overview;
pub mod server_info;
pub mod token;
