//! Tabular data: read, write, profiles, contracts, drift and performance statistics.

pub mod across;
pub mod breach;
pub mod compare;
pub mod cut;
pub mod drift;
pub mod encode;
pub mod error;
pub mod export;
pub mod format;
pub mod metrics;
pub mod partition;
pub mod profile;
pub mod read;
pub mod records;
pub mod rows;
pub mod unique;
pub mod write;

pub use error::{Error, Result};
pub use format::Format;
pub use read::TableFile;
