//! The hidden command that supervises one step for the runner.

use crate::args::RunStepArgs;
use crate::exit::Exit;
use crate::failure::Result;

/// Hands over to the runner.
pub fn run(args: RunStepArgs) -> Result<Exit> {
    let code = runner::step_main(args.rest);
    Ok(Exit::Passed(u8::try_from(code).unwrap_or(1)))
}
