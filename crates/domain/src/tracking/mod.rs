//! The tracking room: experiments, runs and what they log.

pub mod artifact;
pub mod experiment;
pub mod input;
pub mod logged_model;
pub mod metric;
pub mod param;
pub mod run;
pub mod validation;
