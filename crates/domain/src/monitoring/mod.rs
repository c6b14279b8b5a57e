//! The monitoring room: whether served predictions still mean what they meant in training.

pub mod alert;
pub mod drift_report;
pub mod label;
pub mod monitor;
pub mod performance;
