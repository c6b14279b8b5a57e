//! Why an attempt failed, from how its process ended and what it said last.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use domain::pipelines::step_run::{Failure, FailureCause};

use crate::step::Ending;

/// The end of a log that messages and causes are looked for in, in bytes.
const TAIL_BYTES: u64 = 16 * 1024;
/// Lines of it that a message shows.
const TAIL_LINES: usize = 20;
/// What programs print when an allocation fails within their limit.
const OUT_OF_MEMORY: [&str; 5] =
    ["MemoryError", "Cannot allocate memory", "std::bad_alloc", "Unable to allocate", "out of memory"];

/// What the step was allowed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limits {
    /// Whether its memory is limited.
    pub memory: bool,
    /// How long it may take.
    pub timeout_ms: Option<i64>,
}

/// The failure of a step that ended as `ending` says; `None` when it did not fail.
pub(crate) fn of(ending: &Ending, tail: &str, limits: Limits) -> Option<Failure> {
    let failure = |cause, message: String, exit_code| Some(Failure { cause, message, exit_code });
    match ending {
        Ending::Exited { code: 0 } => None,
        Ending::Exited { code } if limits.memory && ran_out(tail) => {
            let message = format!("it ran out of the memory that `need` allows and ended with exit code {code}{}", said(tail));
            failure(FailureCause::Oom, message, Some(*code))
        }
        Ending::Exited { code } => {
            failure(FailureCause::Exit, format!("it ended with exit code {code}{}", said(tail)), Some(*code))
        }
        // The kernel's own way to end a process when the machine is out of memory.
        Ending::Signalled { signal: libc::SIGKILL } => failure(
            FailureCause::Oom,
            "it was killed, most likely because the machine ran out of memory: ask for less, or allow it less with `need`".to_owned(),
            None,
        ),
        Ending::Signalled { signal } => {
            failure(FailureCause::Exit, format!("it was ended by signal {signal}{}", said(tail)), None)
        }
        Ending::TimedOut => failure(
            FailureCause::Timeout,
            match limits.timeout_ms {
                Some(limit) => format!("it took longer than its `timeout` of {} s and was stopped", limit / 1000),
                None => "it took longer than its `timeout` and was stopped".to_owned(),
            },
            None,
        ),
        Ending::Cancelled => failure(FailureCause::Lost, "it was stopped".to_owned(), None),
        Ending::NotStarted { reason } => failure(FailureCause::Setup, reason.clone(), None),
    }
}

/// The failure of a step whose watcher vanished.
pub(crate) fn lost() -> Failure {
    Failure {
        cause: FailureCause::Lost,
        message: "its process vanished without a result: the machine restarted, or somebody killed it"
            .to_owned(),
        exit_code: None,
    }
}

/// The failure of a step that was stopped because the server was.
pub(crate) fn stopped() -> Failure {
    Failure {
        cause: FailureCause::Lost,
        message: "the server was stopped while it ran".to_owned(),
        exit_code: None,
    }
}

/// The failure of a step that could not be set up.
pub(crate) fn setup(message: impl Into<String>) -> Failure {
    Failure { cause: FailureCause::Setup, message: message.into(), exit_code: None }
}

/// The end of a log; empty when there is none.
pub(crate) fn tail(log: &Path) -> String {
    read_tail(log).unwrap_or_default()
}

fn read_tail(log: &Path) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn ran_out(tail: &str) -> bool {
    OUT_OF_MEMORY.iter().any(|words| tail.contains(words))
}

fn said(tail: &str) -> String {
    let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return " and said nothing".to_owned();
    }
    let first = lines.len().saturating_sub(TAIL_LINES);
    format!(":\n{}", lines[first..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_decides_about_another_attempt() {
        let cause = |ending: Ending, tail: &str, memory| {
            let limits = Limits { memory, timeout_ms: Some(90_000) };
            of(&ending, tail, limits).map(|failure| failure.cause)
        };
        let exited = |code| Ending::Exited { code };
        assert_eq!(cause(exited(0), "MemoryError", true), None);
        assert_eq!(cause(exited(1), "ValueError: no", true), Some(FailureCause::Exit));
        assert_eq!(cause(exited(1), "MemoryError", true), Some(FailureCause::Oom));
        assert_eq!(cause(exited(1), "MemoryError", false), Some(FailureCause::Exit));
        assert_eq!(cause(Ending::Signalled { signal: 9 }, "", false), Some(FailureCause::Oom));
        assert_eq!(cause(Ending::Signalled { signal: 11 }, "", false), Some(FailureCause::Exit));
        assert_eq!(cause(Ending::TimedOut, "", false), Some(FailureCause::Timeout));
    }

    #[test]
    fn a_timeout_is_told_with_its_length() {
        let failure = of(&Ending::TimedOut, "", Limits { memory: false, timeout_ms: Some(90_000) }).unwrap();
        assert_eq!(failure.message, "it took longer than its `timeout` of 90 s and was stopped");
    }

    #[test]
    fn a_failed_script_is_quoted() {
        let failure =
            of(&Ending::Exited { code: 1 }, "working\n\nValueError: no column late\n", Limits::default())
                .unwrap();
        assert_eq!(failure.message, "it ended with exit code 1:\nworking\nValueError: no column late");
        assert_eq!(failure.exit_code, Some(1));
    }
}
