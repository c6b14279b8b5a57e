//! The real binary, as people and scripts meet it.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod data;
mod errors;
mod explore;
mod help;
mod init;
mod inputs;
mod output;
mod pipelines;
mod sandbox;
mod server;
mod sql;
mod store;
mod tracked;
mod trash;
