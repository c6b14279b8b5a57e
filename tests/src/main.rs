//! Tests of the whole: one binary, a module per room.

#![cfg(test)]

mod compat;
mod pipelines;
mod support;
