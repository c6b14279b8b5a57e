//! The tracking room: experiments, runs and what they log.

pub mod artifact;
pub mod assessment;
pub mod byte_range;
pub mod conventions;
pub mod download;
pub mod evaluation_dataset;
pub mod experiment;
pub mod import;
pub mod input;
pub mod json_text;
pub mod logged_model;
pub mod metric;
pub mod param;
pub mod run;
pub mod saved_view;
pub mod scorer;
pub mod span;
pub mod trace;
pub mod usage;
pub mod validation;
