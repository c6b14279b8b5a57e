//! The command itself: what surrounds it, its output kept while it is shown, and how it ended.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::tracked::Tracked;
use super::{notebook_of, substitute, values};
use crate::args::RunArgs;
use crate::client::Client;
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Form, Output};

/// Name of the kept output inside the command's folder.
pub const LOG: &str = "output.log";
/// Name of the executed notebook inside the command's folder.
pub const EXECUTED: &str = "executed.ipynb";
/// Bytes of output that are kept; more is shown but not kept.
const MAX_LOG: usize = 64 << 20;
/// How the notebook program says that nbclient or ipykernel is missing.
const MISSING_PACKAGES: i32 = 78;

/// What is to be run.
pub struct Job {
    program: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    folder: Option<PathBuf>,
    /// The notebook, when it is one.
    pub notebook: Option<PathBuf>,
}

/// How it ended.
pub struct Ending {
    status: ExitStatus,
    interrupted: bool,
    /// Milliseconds from start to end.
    pub took_ms: i64,
    /// Processor time of the command and what it started.
    pub cpu_seconds: f64,
    /// The most memory that one of its processes held.
    pub peak_megabytes: f64,
}

impl Job {
    /// The command with its parameters in place.
    pub fn prepare(args: &RunArgs) -> Result<Self> {
        let notebook = notebook_of(&args.command);
        if let Some(path) = &notebook {
            let unreadable = |error| Failure::file(path, "read", &error);
            std::fs::File::open(path).map_err(unreadable)?;
        }
        let mut words = Vec::with_capacity(args.command.len());
        for word in &args.command {
            words.push(substitute(word, &args.params)?);
        }
        let program = if notebook.is_some() { "python3".to_owned() } else { words.remove(0) };
        Ok(Self { program, arguments: words, variables: Vec::new(), folder: None, notebook })
    }

    /// The command as people read it.
    pub fn title(&self) -> String {
        match &self.notebook {
            Some(notebook) => notebook.display().to_string(),
            None => [vec![self.program.clone()], self.arguments.clone()].concat().join(" "),
        }
    }

    /// Tells the command where it is tracked, and prepares a notebook's execution.
    pub fn surround(&mut self, client: &Client, run: &Tracked, args: &RunArgs, folder: &Path) -> Result<()> {
        let base =
            client.base().ok_or_else(|| Failure::new(&codes::INTERNAL, "the server has no address"))?;
        let values = values(&args.params).to_string();
        let mut set = |name: &str, value: &str| self.variables.push((name.to_owned(), value.to_owned()));
        set("MLFLOW_TRACKING_URI", base);
        set("MLFLOW_RUN_ID", &run.id);
        set("MLFLOW_EXPERIMENT_ID", &run.experiment);
        set("VOLANO_PARAMS", &values);
        if let Some(token) = client.token() {
            set("MLFLOW_TRACKING_TOKEN", token);
        }
        // What a script prints should be seen and kept when it is printed.
        if std::env::var_os("PYTHONUNBUFFERED").is_none() {
            set("PYTHONUNBUFFERED", "1");
        }
        let Some(notebook) = self.notebook.clone() else { return Ok(()) };
        set("VOLANO_NOTEBOOK_VALUES", &values);
        let program = folder.join("notebook.py");
        std::fs::write(&program, runner::NOTEBOOK_PROGRAM)
            .map_err(|error| Failure::file(&program, "write", &error))?;
        let source = notebook.canonicalize().map_err(|error| Failure::file(&notebook, "read", &error))?;
        let executed = folder.join(EXECUTED);
        self.arguments = [program, source.clone(), executed].map(|path| path.display().to_string()).to_vec();
        // As in Jupyter, a notebook's relative paths start at its own folder.
        self.folder = source.parent().map(Path::to_owned);
        Ok(())
    }
}

impl Ending {
    /// The run's state in MLflow's words.
    pub fn status(&self) -> &'static str {
        match (self.interrupted, self.status.success()) {
            (true, _) => "KILLED",
            (false, true) => "FINISHED",
            (false, false) => "FAILED",
        }
    }

    /// How `volano run` leaves: as the command did.
    pub fn exit(&self) -> Exit {
        if self.interrupted {
            return Exit::Interrupted;
        }
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => Exit::Done,
            (Some(code), _) => Exit::Passed(u8::try_from(code).unwrap_or(1)),
            // As shells do.
            (None, signal) => Exit::Passed(u8::try_from(128 + signal.unwrap_or(0)).unwrap_or(1)),
        }
    }

    /// How it ended, for people.
    pub fn sentence(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("failed with exit code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "failed".to_owned(),
        }
    }
}

/// Runs the command to its end. Ctrl-C reaches it as well; we wait for it.
pub async fn run(job: &Job, folder: &Path, out: &Output) -> Result<Ending> {
    let path = folder.join(LOG);
    let log = std::fs::File::create(&path).map_err(|error| Failure::file(&path, "write", &error))?;
    let log = Arc::new(Mutex::new(Log { file: log, room: MAX_LOG }));
    let started = Instant::now();
    let before = getrusage(UsageWho::RUSAGE_CHILDREN).ok().map(|usage| cpu_seconds(&usage));
    let mut command = Command::new(&job.program);
    command.args(&job.arguments).envs(job.variables.iter().cloned());
    command.env_remove("MLFLOW_EXPERIMENT_NAME").stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = &job.folder {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(|error| not_started(&job.program, &error))?;
    // With --json or -q, standard output is for our own result.
    let to_stdout = matches!(out.form(), Form::Table | Form::Lines);
    let stdout = tokio::spawn(tee(child.stdout.take(), to_stdout, Arc::clone(&log)));
    let stderr = tokio::spawn(tee(child.stderr.take(), false, log));
    let mut interrupted = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            signal = tokio::signal::ctrl_c() => interrupted = interrupted || signal.is_ok(),
        }
    };
    let status =
        status.map_err(|error| Failure::new(&codes::INTERNAL, format!("the command was lost: {error}")))?;
    for copied in [stdout, stderr] {
        copied.await.map_err(|error| Failure::new(&codes::INTERNAL, error))?;
    }
    if job.notebook.is_some() && status.code() == Some(MISSING_PACKAGES) {
        return Err(Failure::new(&codes::ENVIRONMENT, "this Python cannot execute notebooks")
            .help("pip install nbclient ipykernel")
            .help("or name the notebook in a step of volano.yaml: its environment is made for it"));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok();
    let cpu = usage.as_ref().map_or(0.0, cpu_seconds) - before.unwrap_or(0.0);
    // In kilobytes on Linux, in bytes on macOS.
    let unit = if cfg!(target_os = "macos") { 1e6 } else { 1e3 };
    let peak = usage.map_or(0.0, |usage| usage.max_rss() as f64 / unit);
    let took_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    Ok(Ending { status, interrupted, took_ms, cpu_seconds: cpu, peak_megabytes: peak })
}

fn cpu_seconds(usage: &nix::sys::resource::Usage) -> f64 {
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

struct Log {
    file: std::fs::File,
    room: usize,
}

impl Log {
    fn keep(&mut self, bytes: &[u8]) {
        let fits = &bytes[..bytes.len().min(self.room)];
        self.room -= fits.len();
        // A full disk must not end the user's command: what was kept so far stays.
        if self.file.write_all(fits).is_err() {
            self.room = 0;
        }
    }
}

/// Shows what comes and keeps it.
async fn tee(source: Option<impl AsyncRead + Unpin>, to_stdout: bool, log: Arc<Mutex<Log>>) {
    let Some(mut source) = source else { return };
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read) = source.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        let bytes = &buffer[..read];
        // A reader that has gone away is no reason to stop the command.
        let _gone = if to_stdout {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        } else {
            std::io::stderr().lock().write_all(bytes)
        };
        log.lock().expect("nothing panics while it holds this").keep(bytes);
    }
}

fn not_started(program: &str, error: &std::io::Error) -> Failure {
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    if missing && program.starts_with("python") {
        return Failure::new(&codes::PYTHON, format!("there is no {program} on the PATH"))
            .help("install Python 3.9 or newer; Debian, Ubuntu: apt install python3 python3-venv")
            .help("volano doctor shows what was found");
    }
    let why = if missing { "there is no such program on the PATH".to_owned() } else { error.to_string() };
    Failure::new(&codes::COMMAND, format!("cannot run {program}: {why}")).help("the run is kept as failed")
}
