//! Every database function on both engines; modules are rooms.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod data;
mod filters;
mod governance;
mod import;
mod monitoring;
mod paging;
mod points;
mod recent;
mod registry;
mod searching;
mod serving;
mod traces;
mod writing;
