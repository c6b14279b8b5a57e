//! `openapi.json`: generated from the routes, committed, checked for drift.

use std::fs;

use crate::run::{Result, cargo, output, program, root, run, target};

/// Writes the document, or says whether the committed one is current.
pub fn write_or_check(check: bool) -> Result {
    // The whole workspace, so that dependencies keep the features that every other build gives them.
    run(cargo().args(["build", "--quiet", "--workspace", "--examples"]))?;
    let document = output(&mut program(target().join("debug/examples/openapi")))?;
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
