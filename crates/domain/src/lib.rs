//! Words and rules of the machine-learning lifecycle.
//!
//! Pure: no I/O, no async; the clock and randomness are arguments. Each room is a folder and each noun
//! a file of its own; what several rooms share (ids, names, times, search) sits beside them.

pub mod data;
pub mod governance;
pub mod id;
pub mod monitoring;
pub mod name;
pub mod pipelines;
pub mod registry;
pub mod search;
pub mod serving;
pub mod suggest;
pub mod time;
pub mod tracking;
pub mod yaml;

pub use id::Id;
pub use name::Name;
pub use time::Timestamp;
