//! The `volano` binary: every command is a client of the HTTP API, of a running server or of one in this process.

mod args;
mod client;
mod codes;
mod commands;
mod config;
mod exit;
mod failure;
mod help;
mod json;
mod local;
mod output;
mod place;
mod render;
mod rows;
mod runs;
mod usage;

use std::process::ExitCode;

use clap::FromArgMatches;

use args::{Cli, Command, Globals};
use exit::Exit;
use failure::Failure;
use output::{Form, Output};

/// Rows and answers are made by one thread and dropped by another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = match help::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage::answer(&error).into(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage::answer(&error).into(),
    };
    let globals = with_user_color(cli.globals);
    let out = Output::new(&globals);
    log_to_stderr(&globals, &cli.command);
    match commands::run(cli.command, &globals, &out) {
        Ok(exit) => exit.into(),
        Err(failure) => report(&failure, &out).into(),
    }
}

/// Says what went wrong; under `--json` as a document on standard error.
fn report(failure: &Failure, out: &Output) -> Exit {
    if failure.is_silent() {
        return failure.exit();
    }
    match out.form() {
        Form::Json => out.note(failure.to_json()),
        _ => out.note(failure.render(out.paint_stderr(), out.width()).trim_end()),
    }
    failure.exit()
}

/// The user file's colour stands where neither flag nor environment say one. A damaged file is reported by what needs it.
fn with_user_color(mut globals: Globals) -> Globals {
    if globals.color.is_none() {
        let file = config::UserFile::load().unwrap_or_default();
        globals.color = match file.settings.color.as_deref() {
            Some("always") => Some(args::ColorChoice::Always),
            Some("never") => Some(args::ColorChoice::Never),
            _ => None,
        };
    }
    globals
}

/// `VOLANO_LOG` names what is logged; without it a server logs warnings, other commands nothing, `--debug` everything of ours.
fn log_to_stderr(globals: &Globals, command: &Command) {
    use tracing_subscriber::EnvFilter;
    let serving = matches!(command, Command::Server(_) | Command::Demo(_));
    let filter = match std::env::var("VOLANO_LOG") {
        Ok(filter) if !filter.is_empty() => EnvFilter::new(filter),
        _ if globals.debug => {
            EnvFilter::new("info,volano=debug,server=debug,app=debug,runner=debug,api=debug")
        }
        _ if serving => EnvFilter::new("warn"),
        _ => return,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
