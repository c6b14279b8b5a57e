//! `openapi.json`: generated from the routes, committed, checked for drift.

use std::fs;

use crate::run::{Result, cargo, output, program, root, run, target};

/// Writes the document, or says whether the committed one is current.
pub fn write_or_check(check: bool) -> Result {
    let document =
        output(cargo().args(["run", "--quiet", "--package", "volano-api", "--example", "openapi"]))?;
    let path = root().join("openapi.json");
    if !check {
        return fs::write(&path, document).map_err(|error| format!("openapi.json: {error}"));
    }
    if fs::read_to_string(&path).unwrap_or_default() == document {
        Ok(())
    } else {
        Err("openapi.json is not what the routes say: run `cargo xtask openapi` and commit it".to_owned())
    }
}
