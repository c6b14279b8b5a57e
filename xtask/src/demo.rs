//! The main job: builds the page and the binary, then plays the lifecycle on the flights example.

use crate::run::{Result, cargo, program, run, target};
use crate::ui;

/// Builds and runs `volano demo` with `args`.
pub fn demo(args: &[String]) -> Result {
    ui::build()?;
    // The whole workspace, so that the tests find the dependencies built with the same features.
    run(cargo().args(["build", "--workspace", "--bins"]))?;
    run(program(target().join("debug/volano")).arg("demo").args(args))
}
