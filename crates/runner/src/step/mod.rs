//! One step as a process: what it is told, how it is watched, how its end is recorded.
//!
//! A step does not run below the server but below a small watcher of its own session ([`step_main`], the hidden
//! command `run-step`), which survives the server, keeps the limits and writes how the step ended to a file. A server
//! that comes back finds the watcher by the identity in the journal and reads the file.

mod launch;
mod mask;
mod watcher;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use launch::{Launched, launch};
pub use watcher::step_main;

/// The order's file in the step's folder.
const ORDER: &str = "order.json";
/// The file that says how the step ended.
const EXIT: &str = "exit.json";

/// What the watcher is to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The step run, also in the environment of each of its processes.
    pub step_run: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The working folder.
    pub folder: PathBuf,
    /// Where both output streams go.
    pub log: PathBuf,
    /// Most bytes of data memory a process may have.
    pub memory: Option<u64>,
    /// Most open files of a process.
    pub open_files: u64,
    /// The time limit in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Names of variables whose values must not reach the log.
    pub secrets: Vec<String>,
    /// The lock file of the environment the step uses.
    pub environment: Option<PathBuf>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ending {
    /// It ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// A signal ended it that the watcher did not send.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It was stopped at its time limit.
    TimedOut,
    /// It was stopped because somebody asked for it.
    Cancelled,
    /// It could not be started.
    NotStarted {
        /// Why, and the way out.
        reason: String,
    },
}

/// The record of a step's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// How it ended.
    pub ending: Ending,
    /// Start, epoch milliseconds.
    pub started_ms: i64,
    /// End, epoch milliseconds.
    pub finished_ms: i64,
    /// The most memory that one of its processes held, in bytes.
    pub peak_memory: u64,
}

impl Exit {
    /// The record in a step's folder; `None` when the step has not ended or left none.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(folder.join(EXIT)) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
