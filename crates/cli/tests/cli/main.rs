//! The real binary, as people and scripts meet it.

mod errors;
mod help;
mod output;
mod sandbox;
mod server;
mod tracked;
