//! Background work: job loop, step executors, triggers, reconcilers.

pub mod process;
pub mod step;
pub mod template;
