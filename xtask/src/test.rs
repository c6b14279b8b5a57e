//! Every test of the repository, with all that they need installed and started.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
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
    let frameworks = report.part("training frameworks", || services::frameworks(&python))?;
    let networks = report.part("pytorch", || services::networks(&python))?;
    let older = report.part("packages of an older client", services::python_older)?;
    let small = report.part("packages of the small client", services::python_small)?;
    let postgres = report.part("postgresql", Postgres::start)?;
    let chromium = report.part("chromium", services::chromium)?;
    report.part("build", || run(cargo().args(["build", "--workspace", "--all-targets", "--quiet"])))?;
    report.part("openapi", || openapi::write_or_check(true))?;
    // The played demo is what the page is looked at with, and what the kill test goes on from.
    let played = target().join("demo-test");
    report.part("demo", || {
        if played.exists() {
            std::fs::remove_dir_all(&played).map_err(|error| format!("{}: {error}", played.display()))?;
        }
        let mut demo = program(target().join("debug/volano"));
        run(demo.args(["demo", "--fast", "--exit", "--port", "0", "--dir"]).arg(&played))
    })?;
    report.part("page in Chromium", || {
        let server = Server::start(&played)?;
        let mut pages = ui::npm();
        pages.args(["run", "--silent", "e2e"]).env("CHROMIUM", &chromium);
        run(pages.env("VOLANO_URL", &server.url))
    })?;
    report.part("tests", || {
        let mut tests = cargo();
        if exists("cargo-nextest") {
            tests.args(["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "slow"]);
        } else {
            tests.args(["test", "--workspace", "--no-fail-fast"]);
        }
        tests.env("VOLANO_TEST_POSTGRES", &postgres.url).env("VOLANO_TEST_PYTHON", &python);
        tests.env("VOLANO_TEST_FRAMEWORKS", &frameworks).env("VOLANO_TEST_NETWORKS", &networks);
        tests.env("VOLANO_TEST_PYTHON_OLDER", &older).env("VOLANO_TEST_PYTHON_SMALL", &small);
        run(tests.env("VOLANO_TEST_DEMO", &played))
    })?;
    report.print();
    Ok(())
}

/// A server of the built binary, ended when dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(project: &Path) -> Result<Self> {
        let mut command = program(target().join("debug/volano"));
        command.args(["server", "--port", "0"]).current_dir(project).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("volano server: {error}"))?;
        let mut url = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut url).map_err(|error| format!("volano server: {error}"))?;
        }
        Ok(Self { child, url: url.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended by itself needs no ending.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
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
