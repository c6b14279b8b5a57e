//! Use-cases of the registry room.

pub mod alias;
mod candidate;
pub mod contents;
pub mod evaluation;
pub mod gate;
pub(crate) mod import;
pub mod model;
pub mod model_use;
pub mod model_version;
pub(crate) mod told;
