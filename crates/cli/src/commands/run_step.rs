//! The hidden command that supervises one step for the runner.

use std::path::Path;

use crate::args::RunStepArgs;
use crate::exit::Exit;
use crate::failure::Result;

/// Hands over to the runner: the step's folder is the only argument.
pub fn run(args: &RunStepArgs) -> Result<Exit> {
    let code = args.rest.first().map_or(2, |folder| runner::step_main(Path::new(folder)));
    Ok(Exit::Passed(u8::try_from(code).unwrap_or(1)))
}
