//! The web page: `npm ci` when the lock changed, then the build into `web/dist`.

use std::fs;
use std::process::Command;

use crate::run::{Result, program, root, run};

/// Builds the page.
pub fn build() -> Result {
    install()?;
    run(npm().args(["run", "--silent", "build"]))
}

/// Installs the page's packages when they are not the ones of the lock file.
pub fn install() -> Result {
    let web = root().join("web");
    let read = |path| fs::read(web.join(path)).unwrap_or_default();
    // npm keeps the installed lock here; ours beside it says which lock that was made from.
    let installed = read("node_modules/.installed-lock");
    let wanted = read("package-lock.json");
    if !installed.is_empty() && installed == wanted {
        return Ok(());
    }
    run(npm().args(["ci", "--no-audit", "--no-fund", "--silent"]))?;
    fs::write(web.join("node_modules/.installed-lock"), wanted)
        .map_err(|error| format!("web/node_modules: {error}"))
}

/// npm in the page's folder.
pub fn npm() -> Command {
    let mut command = program("npm");
    command.current_dir(root().join("web"));
    command
}
