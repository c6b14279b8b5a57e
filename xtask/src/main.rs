//! The repository's own commands: `cargo xtask demo | test | ui | layers | openapi | links | bench`.

mod bench;
mod demo;
mod layers;
mod links;
mod openapi;
mod run;
mod services;
mod test;
mod ui;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  demo [--fast] …   build everything and play the whole lifecycle on the flights example, then stay up
  test              format, lints, layers, every test, the demo in --fast, the page in Chromium, documentation links
  ui                build the web page into web/dist
  layers            check which crate may know which
  openapi [--check] write openapi.json from the routes, or say whether it is current
  links             check the links of the documentation
  bench [NAME]      measure this build beside its peers and print the figures
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let result = match command.as_str() {
        "demo" => demo::demo(&rest),
        "test" => test::test(),
        "ui" => ui::build(),
        "layers" => layers::check(),
        "openapi" => openapi::write_or_check(rest.iter().any(|arg| arg == "--check")),
        "links" => links::check(),
        "bench" => bench::bench(&rest),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("there is no command {other:?}\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
