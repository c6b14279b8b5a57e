//! The pipelines room.

pub mod decision;
pub mod event;
pub mod expr;
pub mod key;
pub mod pipeline_run;
pub mod plan;
pub mod project;
pub mod step;
pub mod step_run;
pub mod trigger;
