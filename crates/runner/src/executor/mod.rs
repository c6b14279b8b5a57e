//! Executing one attempt of a step run; one file per kind of step.

pub(crate) mod checks;
pub(crate) mod command;
mod evaluate;
pub(crate) mod outputs;
mod sql;

use std::path::PathBuf;
use std::sync::Arc;

use app::pipelines::journal::{FinishedStep, StepTask};
use app::{App, Context};
use domain::Id;
use domain::data::TreeId;
use domain::pipelines::step::Action;
use domain::pipelines::step_run::{Failure, Process};
use tokio_util::sync::CancellationToken;

use crate::process::Identity;
use crate::{RunnerConfig, cause};

/// One attempt of a step run, held under a lease.
pub(crate) struct Attempt {
    pub app: App,
    pub ctx: Context,
    pub config: Arc<RunnerConfig>,
    pub task: StepTask,
    /// Says that the attempt is to stop: its run was cancelled, its lease is lost, or the server ends.
    pub cancel: CancellationToken,
}

impl Attempt {
    /// The attempt's folder.
    pub fn folder(&self) -> PathBuf {
        self.app.home().work_dir().join(self.task.step_run.id.as_str())
    }

    /// The step run's log.
    pub fn log(&self) -> PathBuf {
        self.app.home().step_log(&self.task.step_run.id)
    }

    /// The project's files as the run pinned them.
    pub fn code_tree(&self) -> Result<TreeId, Failure> {
        TreeId::parse(&self.task.run.code_tree)
            .ok_or_else(|| cause::setup(format!("{:?} is not the id of a tree", self.task.run.code_tree)))
    }

    /// Writes the process into the journal; a failure means that somebody else has the step run by now.
    pub async fn spawned(&self, identity: Identity, tracked_run: &Id) -> Result<(), Failure> {
        let process = Process { pid: i64::from(identity.pid), start_ticks: identity.start_ticks };
        self.app
            .pipelines()
            .step_spawned(
                &self.ctx,
                &self.task.step_run.id,
                self.task.step_run.lease,
                process,
                Some(tracked_run.clone()),
            )
            .await
            .map_err(|error| cause::setup(format!("the journal refused the step's process: {error}")))
    }
}

/// Runs an attempt from its beginning.
pub(crate) async fn execute(attempt: &Attempt) -> Result<FinishedStep, Failure> {
    match attempt.task.step.action {
        Action::Run(_) | Action::Notebook(_) => command::execute(attempt).await,
        Action::Sql(_) => sql::execute(attempt).await,
        Action::Evaluate => evaluate::execute(attempt).await,
    }
}

/// Goes on with an attempt that an earlier server started; `None` when nothing of it can be found.
pub(crate) async fn resume(attempt: &Attempt) -> Option<Result<FinishedStep, Failure>> {
    let process = attempt.task.step_run.process.as_ref()?;
    let tracked_run = attempt.task.step_run.tracked_run.as_ref()?;
    Some(command::adopt(attempt, process, tracked_run).await)
}

/// Runs file work off the async threads.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(cause::setup(format!("a worker thread gave up: {error}"))),
    }
}
