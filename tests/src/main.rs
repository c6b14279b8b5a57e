//! Tests of the whole: one binary, a module per room.

#![cfg(test)]

mod clients;
mod compat;
mod differential;
mod durability;
mod importing;
mod ledger;
mod live;
mod pipelines;
mod registry;
mod s3;
mod served;
mod spooling;
mod sql;
mod support;
mod trash;
