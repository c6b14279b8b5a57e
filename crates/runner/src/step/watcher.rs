//! The process above a step: limits, time, output, and the record of its end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};
use nix::sys::signal::Signal;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::mask::Masked;
use super::{EXIT, Ending, Exit, ORDER, Order};
use crate::process;

/// The time between asking a step to end and ending it.
const GRACE: Duration = Duration::from_secs(5);
/// The time that output may still arrive after the step's last process is gone.
const DRAIN: Duration = Duration::from_secs(5);
/// The most bytes of a log; what comes after is not kept.
const LOG_LIMIT: u64 = 256 * 1024 * 1024;

/// The hidden command `run-step FOLDER`: runs the order in the folder once the starter says `go`.
///
/// Answers the exit code of the watcher itself; how the step ended is in the folder's record.
pub fn step_main(folder: &Path) -> i32 {
    match watch(folder) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("cannot watch the step in {}: {error}", folder.display());
            1
        }
    }
}

fn watch(folder: &Path) -> io::Result<()> {
    let order: Order =
        serde_json::from_slice(&std::fs::read(folder.join(ORDER))?).map_err(io::Error::other)?;
    if !told_to_go()? {
        return Ok(());
    }
    // A session of its own: a signal to the server's terminal or group does not reach the step.
    nix::unistd::setsid().or_else(already_leader)?;
    let _environment = order.environment.as_deref().map(environments::hold).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let started_ms = now_ms();
    let ending = runtime.block_on(run(&order))?;
    let exit = Exit { ending, started_ms, finished_ms: now_ms(), peak_memory: peak_memory() };
    let text = serde_json::to_vec(&exit).map_err(io::Error::other)?;
    app::home::replace(&folder.join(EXIT), &text)
}

/// A group leader cannot open a session; its own group is separation enough.
fn already_leader(errno: nix::errno::Errno) -> io::Result<nix::unistd::Pid> {
    match errno {
        nix::errno::Errno::EPERM => Ok(nix::unistd::getpid()),
        other => Err(other.into()),
    }
}

/// The end of input without the word: the starter died before it could write down who we are.
fn told_to_go() -> io::Result<bool> {
    let mut word = String::new();
    io::stdin().lock().take(16).read_to_string(&mut word)?;
    Ok(word.trim_end() == "go")
}

async fn run(order: &Order) -> io::Result<Ending> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&order.log)?;
    let mut terminate = signal(SignalKind::terminate())?;
    limit(order)?;
    let log = Arc::new(Mutex::new(Log::new(file)));
    let mut child = match spawn(order) {
        Ok(child) => child,
        Err(error) => {
            let reason = not_started(order, &error);
            log.lock().unwrap_or_else(PoisonError::into_inner).note(&reason)?;
            return Ok(Ending::NotStarted { reason });
        }
    };
    let secrets: Vec<String> = order.secrets.iter().filter_map(|name| std::env::var(name).ok()).collect();
    let out = child.stdout.take().expect("stdout is piped");
    let err = child.stderr.take().expect("stderr is piped");
    let pumps = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            tokio::join!(pump(out, Arc::clone(&log), &secrets), pump(err, log, &secrets));
        }
    });
    let timeout = order.timeout_ms.map_or(Duration::MAX, Duration::from_millis);
    let ending = tokio::select! {
        status = child.wait() => ended(status?),
        () = sleep(timeout) => { stop(&mut child).await?; Ending::TimedOut }
        _ = terminate.recv() => { stop(&mut child).await?; Ending::Cancelled }
    };
    // Whatever the step left in the background must not write into outputs that are being committed.
    process::kill_step(&order.step_run);
    let _late = tokio::time::timeout(DRAIN, pumps).await;
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    match &ending {
        Ending::TimedOut => log.note(&format!("stopped at the time limit of {} ms", timeout.as_millis()))?,
        Ending::Cancelled => log.note("stopped on request")?,
        Ending::Signalled { signal } => log.note(&format!("ended by signal {signal}"))?,
        Ending::Exited { .. } | Ending::NotStarted { .. } => {}
    }
    log.file.sync_all()?;
    Ok(ending)
}

fn spawn(order: &Order) -> io::Result<Child> {
    let (program, args) = order
        .argv
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
    Command::new(program)
        .args(args)
        .current_dir(&order.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

fn not_started(order: &Order, error: &io::Error) -> String {
    let program = order.argv.first().map_or("", String::as_str);
    if error.kind() == io::ErrorKind::NotFound {
        let way_out = match program {
            "python" | "python3" => {
                "install Python, or give the step an environment: `env: {requirements: …}`"
            }
            _ => "install it, or write ./FILE for a script of the project",
        };
        return format!("cannot start {program:?}: no such program on the step's PATH; {way_out}");
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return format!("cannot start {program:?}: it is not executable; chmod +x makes it so");
    }
    format!("cannot start {program:?}: {error}")
}

/// Limits are set on the watcher itself, whose children inherit them.
fn limit(order: &Order) -> io::Result<()> {
    let (_, most) = nix::sys::resource::getrlimit(Resource::RLIMIT_NOFILE)?;
    let files = order.open_files.min(most);
    setrlimit(Resource::RLIMIT_NOFILE, files, files)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    if let Some(memory) = order.memory {
        // Data, not address space: numeric libraries reserve far more addresses than they ever touch.
        setrlimit(Resource::RLIMIT_DATA, memory, memory)?;
    }
    Ok(())
}

async fn sleep(time: Duration) {
    if time == Duration::MAX {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(time).await;
}

/// Asks the step's group to end, then ends it.
async fn stop(child: &mut Child) -> io::Result<()> {
    let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()) else {
        return Ok(());
    };
    process::signal_group(pid, Signal::SIGTERM);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        process::signal_group(pid, Signal::SIGKILL);
        child.wait().await?;
    }
    process::signal_group(pid, Signal::SIGKILL);
    Ok(())
}

fn ended(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited { code },
        (None, Some(signal)) => Ending::Signalled { signal },
        (None, None) => unreachable!("a process ends by exit or by signal"),
    }
}

/// The step's log with its limit.
struct Log {
    file: File,
    written: u64,
}

impl Log {
    fn new(file: File) -> Self {
        let written = file.metadata().map_or(0, |meta| meta.len());
        Self { file, written }
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.file, "[volano] {text}")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written < LOG_LIMIT {
            self.file.write_all(bytes)?;
            self.written += bytes.len() as u64;
            if self.written >= LOG_LIMIT {
                self.note("the log has reached its limit; what follows is not kept")?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// One of the two streams' way into the shared log, a write at a time.
struct Shared(Arc<Mutex<Log>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

async fn pump(mut stream: impl AsyncRead + Unpin, log: Arc<Mutex<Log>>, secrets: &[String]) {
    let mut masked = Masked::new(Shared(log), secrets);
    let mut bytes = vec![0; 16 * 1024];
    // A full disk must not stop the step: the log ends, the step goes on.
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        let _full = masked.write(&bytes[..count]);
    }
    let _full = masked.finish();
}

fn peak_memory() -> u64 {
    let kibibytes = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    u64::try_from(kibibytes).unwrap_or(0) * 1024
}

fn now_ms() -> i64 {
    app::Clock::System.now().millis()
}
