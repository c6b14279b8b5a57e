//! How a command leaves.

use std::process::ExitCode;

/// Exit codes, as documented in `volano help exit-codes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed: not found, conflict, internal.
    Failed,
    /// 2: wrong use or invalid input.
    Usage,
    /// 3: a check said no.
    CheckFailed,
    /// 4: not signed in or not allowed.
    NotAllowed,
    /// 5: server not reachable or busy.
    Unreachable,
    /// 130: interrupted.
    Interrupted,
    /// What a tracked command left with.
    Passed(u8),
}

impl Exit {
    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::CheckFailed => 3,
            Self::NotAllowed => 4,
            Self::Unreachable => 5,
            Self::Interrupted => 130,
            Self::Passed(number) => number,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
