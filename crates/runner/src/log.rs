//! Lines of the runner's own in a step's log.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Adds a line; a log that cannot be written does not stop the step.
pub(crate) fn note(path: &Path, text: &str) {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(format!("[volano] {text}\n").as_bytes()));
    if let Err(error) = written {
        tracing::warn!(%error, log = %path.display(), "a step's log cannot be written");
    }
}
