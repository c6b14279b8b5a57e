//! Use-cases of the governance room.

pub mod audit_event;
mod delivery;
pub mod lineage;
pub mod overview;
pub mod purge;
mod seal;
pub mod server_info;
pub mod signature;
pub mod token;
pub mod trash;
pub mod webhook;

pub use delivery::TestResult;
