//! The registry room: models, their versions, and the aliases that say which version is which; evaluations and gates.

pub mod alias;
pub mod evaluation;
pub mod gate;
pub mod import;
pub mod model;
pub mod model_use;
pub mod model_version;
