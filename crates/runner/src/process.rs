//! Processes by identity: a process id alone may have been given to somebody else since.

use std::fs;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpid};
use serde::{Deserialize, Serialize};

/// The variable that marks every process of a step run, whatever became of its parents.
pub const STEP_RUN_VARIABLE: &str = "VOLANO_STEP_RUN";

/// A process that cannot be confused with a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The process id.
    pub pid: i32,
    /// When it was started, in clock ticks since the machine was.
    pub start_ticks: i64,
}

impl Identity {
    /// The process `pid` as it is now; `None` when there is none, or only its unread exit status.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses, which may hold anything, parentheses included.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        // Numbered in proc(5): 3 is the state, 22 the start time.
        let (state, start) = (fields.first()?, fields.get(19)?);
        if matches!(*state, "Z" | "X") {
            return None;
        }
        Some(Self { pid, start_ticks: start.parse().ok()? })
    }

    /// Whether exactly this process still runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends `signal` to this process, unless it is gone.
    pub fn signal(self, signal: Signal) {
        if self.is_alive() {
            // It may end between the look and the signal.
            let _gone = kill(Pid::from_raw(self.pid), signal);
        }
    }
}

/// Every process, except this one, whose environment says that it belongs to `step_run`.
pub fn of_step(step_run: &str) -> Vec<Identity> {
    let wanted = format!("{STEP_RUN_VARIABLE}={step_run}").into_bytes();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = getpid().as_raw();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| {
            // Processes of other users cannot be read, and are not ours.
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted))
        })
        .filter_map(Identity::of)
        .collect()
}

/// Kills whatever of `step_run` still lives, and says how many processes that were.
///
/// Repeated while new ones appear, as a process may be making another one while it is being looked for.
pub fn kill_step(step_run: &str) -> usize {
    const ROUNDS: usize = 20;
    let mut killed = 0;
    for _ in 0..ROUNDS {
        let living = of_step(step_run);
        if living.is_empty() {
            break;
        }
        for process in &living {
            process.signal(Signal::SIGKILL);
        }
        killed += living.len();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    killed
}

/// Sends `signal` to a whole process group; one that is gone needs none.
pub(crate) fn signal_group(leader: i32, signal: Signal) {
    let _gone = killpg(Pid::from_raw(leader), signal);
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_known_by_its_number_and_its_start() {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let identity = Identity::of(pid).unwrap();
        assert!(identity.is_alive());
        let reused = Identity { start_ticks: identity.start_ticks + 1, ..identity };
        assert!(!reused.is_alive());
        identity.signal(Signal::SIGKILL);
        child.wait().unwrap();
        assert!(!identity.is_alive());
    }

    #[test]
    fn a_steps_processes_are_found_though_their_parent_is_gone() {
        let step = format!("test-{}", std::process::id());
        let status = Command::new("sh")
            .args(["-c", "setsid sleep 30 >/dev/null 2>&1 & exit 0"])
            .env(STEP_RUN_VARIABLE, &step)
            .status()
            .unwrap();
        assert!(status.success());
        assert!(!of_step(&step).is_empty());
        assert!(kill_step(&step) >= 1);
        assert!(of_step(&step).is_empty());
    }
}
