//! Every test of the repository, with all that they need installed and started.

use std::time::Instant;

use crate::run::{Result, cargo, exists, program, run, target};
use crate::services::{self, Postgres};
use crate::{layers, links, openapi, ui};

/// Runs everything in order, stopping at the first failure, and prints how long each part took.
pub fn test() -> Result {
    let mut report = Report::default();
    report.part("format", || run(cargo().args(["fmt", "--all", "--check"])))?;
    report.part("layers", layers::check)?;
    report.part("documentation links", links::check)?;
    report.part("web page", || {
        ui::build()?;
        run(ui::npm().args(["test", "--silent"]))
    })?;
    report.part("lints", || {
        run(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
    })?;
    let python = report.part("python packages", services::python)?;
    let postgres = report.part("postgresql", Postgres::start)?;
    let chromium = report.part("chromium", services::chromium)?;
    report.part("build", || run(cargo().args(["build", "--workspace", "--all-targets", "--quiet"])))?;
    report.part("openapi", || openapi::write_or_check(true))?;
    report.part("tests", || {
        let mut tests = cargo();
        if exists("cargo-nextest") {
            tests.args(["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "slow"]);
        } else {
            tests.args(["test", "--workspace", "--no-fail-fast"]);
        }
        run(tests.env("VOLANO_TEST_POSTGRES", &postgres.url).env("VOLANO_TEST_PYTHON", &python))
    })?;
    report.part("page in Chromium", || {
        run(ui::npm().args(["run", "--silent", "e2e"]).env("CHROMIUM", &chromium))
    })?;
    report.part("demo", || {
        let folder = target().join("demo-test");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let mut demo = program(target().join("debug/volano"));
        demo.args(["demo", "--fast", "--exit", "--port", "0", "--dir"]).arg(&folder);
        run(demo.env("CHROMIUM", &chromium))
    })?;
    report.print();
    Ok(())
}

#[derive(Default)]
struct Report {
    parts: Vec<(&'static str, f64)>,
}

impl Report {
    fn part<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("── {name}");
        let started = Instant::now();
        let value = work().map_err(|message| format!("{name}: {message}"))?;
        self.parts.push((name, started.elapsed().as_secs_f64()));
        Ok(value)
    }

    fn print(&self) {
        for (name, seconds) in &self.parts {
            println!("✓ {name:<22}{seconds:>8.1} s");
        }
        println!("✓ {:<22}{:>8.1} s", "all", self.parts.iter().map(|(_, seconds)| seconds).sum::<f64>());
    }
}
