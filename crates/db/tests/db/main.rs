//! Every database function on both engines; modules are rooms.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod data;
mod governance;
mod monitoring;
mod serving;
mod writing;
