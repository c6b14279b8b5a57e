//! Use-cases of the registry room.

pub mod alias;
pub mod gate;
pub mod model;
pub mod model_version;
