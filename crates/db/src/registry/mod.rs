//! Records of the registry room.

pub mod alias;
pub mod evaluation;
pub mod import;
pub mod model;
pub mod model_version;
