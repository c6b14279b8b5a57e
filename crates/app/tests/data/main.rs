//! The data room's use-cases in a home of their own, under a clock that the tests hold.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod branches;
mod contracts;
mod support;
mod versions;
