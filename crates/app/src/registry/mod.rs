//! Use-cases of the registry room.

pub mod alias;
mod candidate;
pub mod evaluation;
pub mod gate;
pub mod model;
pub mod model_version;
