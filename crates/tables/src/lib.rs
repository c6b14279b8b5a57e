//! Tabular data: read, write, profiles, contracts, drift and performance statistics.

pub mod compare;
pub mod drift;
pub mod metrics;
pub mod partition;
pub mod records;
