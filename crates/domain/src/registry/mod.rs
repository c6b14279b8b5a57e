//! The registry room: models, their versions, and the aliases that say which version is which.

pub mod alias;
pub mod model;
pub mod model_version;
