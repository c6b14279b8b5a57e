//! Use-cases of the registry room.

pub mod alias;
pub mod model;
pub mod model_version;
