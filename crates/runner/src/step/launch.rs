//! The server's side of a step: starting its watcher, waiting for it, finding it again.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

use super::{EXIT, Exit, ORDER, Order};
use crate::process::{self, Identity, STEP_RUN_VARIABLE};

/// How often an adopted step is looked at.
const POLL: Duration = Duration::from_millis(200);

/// A step whose watcher runs.
pub struct Launched {
    folder: PathBuf,
    step_run: String,
    identity: Identity,
    /// Only the process that started it has these.
    child: Option<(Child, Option<ChildStdin>)>,
}

/// Starts the watcher of `order` in `folder`; it waits for [`Launched::go`] before it starts the step.
///
/// `program` is the command that runs [`super::step_main`]; `env` is the step's whole environment.
pub async fn launch(
    program: &[OsString],
    folder: &Path,
    order: &Order,
    env: &[(String, String)],
) -> io::Result<Launched> {
    let text = serde_json::to_vec_pretty(order).map_err(io::Error::other)?;
    app::home::replace(&folder.join(ORDER), &text)?;
    if let Err(error) = std::fs::remove_file(folder.join(EXIT))
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let (first, rest) =
        program.split_first().ok_or_else(|| io::Error::other("the step program is not set"))?;
    let mut child = Command::new(first)
        .args(rest)
        .arg(folder)
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .env(STEP_RUN_VARIABLE, &order.step_run)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let identity = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Identity::of);
    let Some(identity) = identity else {
        child.start_kill()?;
        return Err(io::Error::other("the step's watcher ended before it began"));
    };
    let stdin = child.stdin.take();
    Ok(Launched {
        folder: folder.to_owned(),
        step_run: order.step_run.clone(),
        identity,
        child: Some((child, stdin)),
    })
}

impl Launched {
    /// A step that an earlier server started, by what its journal says.
    pub fn adopt(folder: &Path, step_run: &str, identity: Identity) -> Self {
        Self { folder: folder.to_owned(), step_run: step_run.to_owned(), identity, child: None }
    }

    /// The watcher, for the journal.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Lets the step start: its identity is in the journal now. Without this word the watcher ends with its server.
    pub async fn go(&mut self) -> io::Result<()> {
        if let Some((_, stdin)) = &mut self.child
            && let Some(mut stdin) = stdin.take()
        {
            stdin.write_all(b"go\n").await?;
            stdin.shutdown().await?;
        }
        Ok(())
    }

    /// Asks the watcher to stop the step; it answers with an [`Exit`] as usual.
    pub fn cancel(&self) {
        self.identity.signal(Signal::SIGTERM);
    }

    /// Waits for the end. `None`: the watcher is gone without a word (the step is lost); nothing of it lives any more.
    pub async fn wait(&mut self) -> io::Result<Option<Exit>> {
        match &mut self.child {
            Some((child, _)) => {
                child.wait().await?;
            }
            None => {
                while self.identity.is_alive() {
                    tokio::time::sleep(POLL).await;
                }
            }
        }
        let (folder, step_run) = (self.folder.clone(), self.step_run.clone());
        tokio::task::spawn_blocking(move || {
            let exit = Exit::read(&folder)?;
            process::kill_step(&step_run);
            Ok(exit)
        })
        .await
        .map_err(io::Error::other)?
    }
}
