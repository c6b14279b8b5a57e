//! The main job: builds the page and the binary, then plays the lifecycle on the flights example.

use crate::run::{Result, cargo, program, run, target};
use crate::ui;

/// Builds and runs `volano demo` with `args`.
pub fn demo(args: &[String]) -> Result {
    ui::build()?;
    run(cargo().args(["build", "--package", "volano"]))?;
    run(program(target().join("debug/volano")).arg("demo").args(args))
}
