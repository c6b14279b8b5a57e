//! A folder, a home and an environment of its own for each test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Where one test's commands run.
pub struct Sandbox {
    folder: TempDir,
}

/// What a command left behind.
pub struct Done {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A server that ends with the test.
pub struct Running {
    child: Child,
    /// Its address.
    pub url: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The binary with this sandbox around it; whoever runs the tests must not show through.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_volano"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path().join("user"))
            .env("VOLANO_HOME", self.home())
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8")
            .env("COLUMNS", "100")
            .env("USER", "ada")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments))
    }

    /// Runs it and expects exit code 0.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.stderr);
        done.stdout
    }

    /// Starts a server on the sandbox's home and a free port.
    pub fn server(&self) -> Running {
        let mut child = self
            .command(&["server", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Running { child, url: line.trim().to_owned() }
    }

    /// Replaces what differs from run to run.
    pub fn redacted(&self, text: &str) -> String {
        let real = self.path().canonicalize().unwrap();
        let text = text.replace(&real.display().to_string(), "[DIR]");
        text.replace(&self.path().display().to_string(), "[DIR]")
    }
}

/// Runs a command to its end.
pub fn done(mut command: Command) -> Done {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Running {
    /// Asks the server to stop and returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already when the test stopped it.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Ids, ports and names that are invented anew each time.
pub fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"[0-9a-f]{64}", "[HASH]");
    settings.add_filter(r"[0-9a-f]{32}", "[ID]");
    settings.add_filter(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:[PORT]");
    settings.add_filter(r"process \d+", "process [PID]");
    settings.add_filter(r"port \d{4,5}", "port [PORT]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[TIME]");
    settings
}
