//! Tests of the whole: one binary, a module per room.

#![cfg(test)]

mod compat;
mod durability;
mod pipelines;
mod support;
