//! Running installers: own process group, no input, a clean environment, a time limit, the last lines kept.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::{Error, Result};

/// Lines of an installer's output that are kept for messages.
const TAIL_LINES: usize = 15;
/// Longer lines are cut, in bytes.
const LINE_LIMIT: usize = 1000;
/// Variables that installers need from the machine, besides everything that starts with [`PREFIXES`].
const KEPT: [&str; 21] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];
const PREFIXES: [&str; 3] = ["PIP_", "UV_", "PYENV_"];

/// How a command ended.
pub(crate) struct Finished {
    pub status: ExitStatus,
    /// The last lines of both streams, in the order of arrival.
    pub tail: String,
}

/// Finds `name` on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A command with the machine's installer configuration and nothing else of this process's environment.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(clean_environment());
    // Neither the user's site folder nor a PYTHONPATH may leak into what is built.
    command.env("PYTHONNOUSERSITE", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn clean_environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        KEPT.contains(&name.as_ref()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    })
}

/// Kills a process group unless it was seen to end.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have just ended by itself.
            let _gone = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Runs to the end or the limit; `line` sees each line of output. Dropping the future kills the whole group.
pub(crate) async fn run(
    mut command: Command,
    doing: &str,
    limit: Duration,
    line: impl Fn(&str) + Sync,
) -> Result<Finished> {
    let program = PathBuf::from(command.as_std().get_program());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(Error::at(&program))?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let mut group = Group(pid);
    let out = child.stdout.take().expect("stdout is piped");
    let err = child.stderr.take().expect("stderr is piped");
    let tail = std::sync::Mutex::new(VecDeque::new());
    let ended = tokio::time::timeout(limit, async {
        let ((), (), status) = tokio::join!(pump(out, &tail, &line), pump(err, &tail, &line), child.wait());
        status
    })
    .await;
    let Ok(status) = ended else {
        return Err(Error::TimedOut { doing: doing.to_owned(), limit });
    };
    let status = status.map_err(Error::at(&program))?;
    group.0 = None;
    let tail = tail.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Finished { status, tail: Vec::from(tail).join("\n") })
}

async fn pump(
    stream: impl AsyncRead + Unpin,
    tail: &std::sync::Mutex<VecDeque<String>>,
    line: &(impl Fn(&str) + Sync),
) {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes).await {
            // A stream that breaks is a stream that ended; the exit status tells the rest.
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LINE_LIMIT)]);
        let text = without_login(text.trim_end());
        if text.is_empty() {
            continue;
        }
        line(&text);
        let mut tail = tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
    }
}

/// Installers print the addresses they ask; a login in one must not reach a log or a message.
fn without_login(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(login) => &after[login + 1..],
            None => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_in_addresses_are_cut() {
        assert_eq!(
            without_login("Looking in https://me:secret@host/simple, http://other/x@y"),
            "Looking in https://host/simple, http://other/x@y"
        );
    }

    #[tokio::test]
    async fn a_command_over_its_limit_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let late = folder.path().join("late");
        let mut sh = command(Path::new("/bin/sh"));
        sh.arg("-c").arg(format!("(sleep 1; touch '{}') & sleep 30", late.display()));
        let error = run(sh, "waiting", Duration::from_millis(100), |_| {}).await;
        assert!(matches!(error, Err(Error::TimedOut { .. })));
        tokio::time::sleep(Duration::from_millis(1300)).await;
        assert!(!late.exists());
    }

    #[tokio::test]
    async fn the_last_lines_are_kept() {
        let mut sh = command(Path::new("/bin/sh"));
        sh.arg("-c").arg("for i in $(seq 1 40); do echo line $i; done; exit 3");
        let done = run(sh, "counting", Duration::from_secs(10), |_| {}).await.unwrap();
        assert_eq!(done.status.code(), Some(3));
        assert!(done.tail.starts_with("line 26\n") && done.tail.ends_with("line 40"), "{}", done.tail);
    }
}
