//! Why there is no environment.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No Python at all.
    #[error("python3 is not on PATH: install Python 3.9 or newer, then try again")]
    PythonMissing,
    /// There is a Python, but not the wanted one.
    #[error(
        "Python {wanted} is wanted and not on this machine{}: install it, install uv (which fetches it), or change the wanted version",
        found.as_ref().map_or_else(String::new, |found| format!(" (python3 is {found})"))
    )]
    PythonVersion {
        /// What was asked for.
        wanted: String,
        /// What `python3` is.
        found: Option<String>,
    },
    /// The interpreter does not answer as one.
    #[error("{} does not work as a Python interpreter: {reason}", path.display())]
    PythonBroken {
        /// The interpreter.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// A line of a requirements file that cannot be used.
    #[error("{place}: {reason}")]
    Requirements {
        /// `file:line`.
        place: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The empty environment could not be made.
    #[error("cannot make a Python environment with {tool}:\n{tail}")]
    Create {
        /// `uv venv` or `python -m venv`.
        tool: String,
        /// Its last lines.
        tail: String,
    },
    /// A package could not be installed.
    #[error("cannot install {}: {reason}\n{tail}", package.as_deref().unwrap_or("the requirements"))]
    Install {
        /// The requirement the installer named, when it named one.
        package: Option<String>,
        /// The way out.
        reason: String,
        /// The installer's last lines.
        tail: String,
    },
    /// Everything is installed, and yet a module cannot be imported.
    #[error("the new environment cannot import {module}: add what is missing to the requirements\n{tail}")]
    Probe {
        /// The module.
        module: String,
        /// Python's last lines.
        tail: String,
    },
    /// The time limit.
    #[error("{doing} took longer than {} seconds and was stopped", limit.as_secs())]
    TimedOut {
        /// What was being done.
        doing: String,
        /// The limit.
        limit: std::time::Duration,
    },
    /// The file system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// Names the place of an I/O error.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path: path.clone(), source }
    }

    /// Whether the user's own files are the reason, as opposed to this machine's state.
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::Requirements { .. }
                | Self::Install { .. }
                | Self::Probe { .. }
                | Self::PythonVersion { .. }
        )
    }
}
