//! Measurements beside peers: each folder of `bench/` has a `run.py` that prints its figures.

use std::fs;

use crate::run::{Result, cargo, program, root, run, target};
use crate::{services, ui};

/// Runs the named benchmark, or all of them, on a release build.
pub fn bench(names: &[String]) -> Result {
    let folder = root().join("bench");
    let mut known: Vec<String> = fs::read_dir(&folder)
        .map_err(|error| format!("bench: {error}"))?
        .flatten()
        .filter(|entry| entry.path().join("run.py").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    known.sort();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("there is no benchmark {unknown:?}; there are: {}", known.join(", ")));
    }
    ui::build()?;
    run(cargo().args(["build", "--release", "--package", "volano"]))?;
    let python = services::python()?;
    for name in known.iter().filter(|name| names.is_empty() || names.contains(name)) {
        let script = folder.join(name).join("run.py");
        run(program(&python).arg(script).env("VOLANO", target().join("release/volano")))?;
    }
    Ok(())
}
