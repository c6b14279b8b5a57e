//! Background work: job loop, step executors, file sensing, triggers, reconcilers.
//!
//! Everything here compares what is with what should be and calls one use-case; what wakes it is only a hint. A
//! server that dies and comes back therefore goes on where it was.

mod cause;
mod executor;
mod jobs;
mod log;
pub mod process;
mod sensing;
pub mod step;
pub mod template;
mod ticks;
mod tracked;
mod variables;
mod workspace;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use jobs::Jobs;

pub use step::step_main;

/// The Python program that executes notebooks: `python PROGRAM SOURCE EXECUTED`, with the values to inject as a JSON object
/// in `VOLANO_NOTEBOOK_VALUES`. It needs nbclient and ipykernel, and leaves with 78 when they are not there.
pub const NOTEBOOK_PROGRAM: &str = include_str!("executor/notebook.py");

/// How long running steps may go on after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// What the runner is told when it starts.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// Where steps reach this server, such as `http://127.0.0.1:5000`.
    pub server_url: String,
    /// The command that runs [`step_main`] on the folder that is added to it.
    pub step_program: Vec<OsString>,
    /// Steps that run at the same time.
    pub slots: usize,
}

impl RunnerConfig {
    /// This binary as the step program, and a slot per core.
    pub fn new(server_url: impl Into<String>) -> std::io::Result<Self> {
        Ok(Self {
            server_url: server_url.into(),
            step_program: vec![std::env::current_exe()?.into_os_string(), "run-step".into()],
            slots: std::thread::available_parallelism().map_or(2, usize::from),
        })
    }
}

/// The running background work.
pub struct Runner {
    closing: CancellationToken,
    jobs: Jobs,
    loops: Vec<JoinHandle<()>>,
}

/// Starts everything that works in the background of a server.
pub fn start(app: App, config: RunnerConfig) -> Runner {
    let closing = CancellationToken::new();
    let hint = Arc::new(Notify::new());
    let jobs = Jobs::new(app.clone(), Arc::new(config), Arc::clone(&hint), closing.clone());
    let mut loops = vec![tokio::spawn(jobs.clone().run())];
    loops.extend(ticks::start(&app, &hint, &closing));
    Runner { closing, jobs, loops }
}

impl Runner {
    /// Takes no new work, gives running steps a moment to end, stops the others (they run again at the next start).
    pub async fn shutdown(self) {
        self.closing.cancel();
        for task in self.loops {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background loop ended badly");
            }
        }
        self.jobs.close(GRACE).await;
    }
}
