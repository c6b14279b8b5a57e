//! A worker process: started clean, watched, never left behind.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::wire::Frame;

/// Lines of a worker's output that are kept for error messages.
const KEPT_LINES: usize = 40;
/// Longest line that is kept, in bytes.
const KEPT_LINE: usize = 500;
/// Variables of the server's environment that a worker may see; none of them holds a secret.
const PASSED_ON: [&str; 4] = ["PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH"];

/// How to start a worker.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub python: PathBuf,
    pub script: PathBuf,
    pub model: PathBuf,
    /// The folder that the worker runs in and has as its home.
    pub folder: PathBuf,
    pub threads: usize,
}

/// How an exchange with a worker ended badly.
pub(super) enum Failure {
    /// The process is gone or does not speak the protocol; the text is its last words.
    Died(String),
    /// The deadline passed; the process has been killed.
    Late,
    /// The model raised an exception; the process is fine.
    Refused(String),
}

/// A running worker.
pub(super) struct Process {
    stream: UnixStream,
    watch: Arc<Watch>,
}

struct Watch {
    group: Pid,
    gone: AtomicBool,
    output: Mutex<VecDeque<String>>,
}

impl Process {
    /// Starts a worker and waits until its model is loaded.
    pub async fn start(launch: &Launch, deadline: Instant) -> Result<Self, Failure> {
        let died = |error: io::Error| Failure::Died(error.to_string());
        let (ours, theirs) = StdUnixStream::pair().map_err(died)?;
        ours.set_nonblocking(true).map_err(died)?;
        let stream = UnixStream::from_std(ours).map_err(died)?;
        let child = spawn(launch.clone(), theirs.into())
            .await
            .map_err(|error| Failure::Died(format!("{} does not start: {error}", launch.python.display())))?;
        let mut process = Self { stream, watch: watch(child).map_err(died)? };
        let frame = process.receive(deadline).await?;
        match frame.head.kind.as_str() {
            "ready" => Ok(process),
            "error" => Err(Failure::Died(frame.head.message)),
            other => Err(Failure::Died(format!("an unexpected first frame {other:?}"))),
        }
    }

    /// Sends a question and waits for the answer.
    pub async fn exchange(&mut self, question: &Frame, deadline: Instant) -> Result<Frame, Failure> {
        let sent = timeout_at(deadline.into(), question.send(&mut self.stream)).await;
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(self.last_words().await),
            Err(_) => return Err(self.kill_late()),
        }
        let frame = self.receive(deadline).await?;
        if frame.head.kind == "error" {
            return Err(Failure::Refused(frame.head.message));
        }
        Ok(frame)
    }

    /// Whether the process has ended.
    pub fn is_gone(&self) -> bool {
        self.watch.gone.load(Ordering::Acquire)
    }

    async fn receive(&mut self, deadline: Instant) -> Result<Frame, Failure> {
        match timeout_at(deadline.into(), Frame::receive(&mut self.stream)).await {
            Ok(Ok(frame)) => Ok(frame),
            Ok(Err(_)) => Err(self.last_words().await),
            Err(_) => Err(self.kill_late()),
        }
    }

    /// A Python thread cannot be cancelled, so a worker that is late is ended.
    fn kill_late(&self) -> Failure {
        self.watch.kill();
        Failure::Late
    }

    /// What the process printed last; waits a moment for the pipe to run dry.
    async fn last_words(&self) -> Failure {
        self.watch.kill();
        for _ in 0..50 {
            if self.is_gone() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let output = self.watch.output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let last = output.iter().rev().find(|line| !line.trim().is_empty());
        Failure::Died(last.cloned().unwrap_or_else(|| "it ended without a word".to_owned()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.watch.kill();
    }
}

impl Watch {
    /// Ends the whole process group, so that the helpers of a worker go with it.
    fn kill(&self) {
        if !self.gone.load(Ordering::Acquire) {
            // Fails when the group has just ended, which is what is wanted.
            let _ended = killpg(self.group, Signal::SIGKILL);
        }
    }

    fn keep(&self, line: String) {
        let mut output = self.output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if output.len() == KEPT_LINES {
            output.pop_front();
        }
        output.push_back(line);
    }
}

/// Follows the output of `child` to its end, then reaps it.
fn watch(mut child: Child) -> io::Result<Arc<Watch>> {
    let group = i32::try_from(child.id()).map_err(io::Error::other)?;
    let output = child.stderr.take().ok_or_else(|| io::Error::other("no output pipe"))?;
    let watch = Arc::new(Watch {
        group: Pid::from_raw(group),
        gone: AtomicBool::new(false),
        output: Mutex::default(),
    });
    let followed = Arc::clone(&watch);
    std::thread::Builder::new().name("worker-output".to_owned()).spawn(move || {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            line.truncate(KEPT_LINE);
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            tracing::debug!(worker = group, "{text}");
            followed.keep(text);
            line.clear();
        }
        let status = child.wait();
        // From here on the number may belong to somebody else.
        followed.gone.store(true, Ordering::Release);
        tracing::debug!(worker = group, ?status, "worker ended");
    })?;
    Ok(watch)
}

struct Job {
    launch: Launch,
    socket: OwnedFd,
    answer: oneshot::Sender<io::Result<Child>>,
}

/// Starts a process from the one thread that lives as long as the server: the kernel ends a worker when the
/// thread that started it ends.
async fn spawn(launch: Launch, socket: OwnedFd) -> io::Result<Child> {
    static JOBS: OnceLock<Sender<Job>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (sender, receiver) = channel::<Job>();
        std::thread::spawn(move || {
            for job in receiver {
                let child = command(&job.launch, job.socket).and_then(|mut command| command.spawn());
                // A caller that went away drops its end; the child then reads the end of its socket.
                let _gone = job.answer.send(child);
            }
        });
        sender
    });
    let (answer, child) = oneshot::channel();
    let stopped = || io::Error::other("the thread that starts workers has stopped");
    jobs.send(Job { launch, socket, answer }).map_err(|_| stopped())?;
    child.await.map_err(|_| stopped())?
}

fn command(launch: &Launch, socket: OwnedFd) -> io::Result<Command> {
    fs::create_dir_all(&launch.folder)?;
    let mut command = Command::new(&launch.python);
    command
        .arg("-I")
        .arg("-u")
        .arg(&launch.script)
        .arg(absolute(&launch.model))
        .arg(std::process::id().to_string())
        .current_dir(&launch.folder)
        .env_clear()
        .env("HOME", &launch.folder)
        .env("LANG", "C.UTF-8")
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .env("DO_NOT_TRACK", "true")
        .stdin(socket)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0);
    for name in PASSED_ON {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
        command.env(name, launch.threads.to_string());
    }
    Ok(command)
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
