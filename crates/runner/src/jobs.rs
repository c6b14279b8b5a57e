//! The job loop: takes ready step runs from the journal, runs them in a bounded number of slots, writes down the end.
//!
//! What is held is held under a lease that is prolonged while the attempt runs. A refused prolongation means that the
//! pipeline run was cancelled or that somebody else has the step run; the attempt is stopped, and what it would still
//! write is refused by the journal.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::pipelines::journal::{FinishedStep, StepTask};
use app::{App, Context};
use domain::pipelines::step_run::Failure;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::executor::{self, Attempt};
use crate::{RunnerConfig, cause, process, workspace};

/// The time between two looks into the journal when nothing is heard.
const LOOK: Duration = Duration::from_secs(1);
/// How long a lease lasts without being prolonged, in milliseconds.
const LEASE_MS: i64 = 30_000;
/// The time between two prolongations of a lease.
const BEAT: Duration = Duration::from_secs(2);
/// The time between two looks for step runs whose worker is gone.
const RECOVER: Duration = Duration::from_secs(10);
/// The time between two attempts to write down an end that the database did not take.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// The loop's own things; cheap to clone.
#[derive(Clone)]
pub(crate) struct Jobs {
    app: App,
    ctx: Context,
    config: Arc<RunnerConfig>,
    /// Names this machine's home, hence every server before this one.
    place: Arc<str>,
    /// Names this process in the journal.
    worker: Arc<str>,
    slots: Arc<Semaphore>,
    /// Something may be ready.
    hint: Arc<Notify>,
    /// No new work.
    closing: CancellationToken,
    /// Running steps are to end.
    stopping: CancellationToken,
    running: TaskTracker,
}

impl Jobs {
    pub fn new(app: App, config: Arc<RunnerConfig>, hint: Arc<Notify>, closing: CancellationToken) -> Self {
        let ctx = app.system();
        let place = place(app.home().root());
        let worker = format!("{place}#{}", std::process::id());
        Self {
            slots: Arc::new(Semaphore::new(config.slots.max(1))),
            ctx,
            config,
            place: place.into(),
            worker: worker.into(),
            hint,
            closing,
            stopping: CancellationToken::new(),
            running: TaskTracker::new(),
            app,
        }
    }

    /// Finds again what an earlier server left behind, then works until it is told to close.
    pub async fn run(self) {
        let mut recovered: Option<Instant> = None;
        while !self.closing.is_cancelled() {
            let due = recovered.is_none_or(|at| at.elapsed() > RECOVER);
            if due {
                match self.recover(recovered.is_none()).await {
                    Ok(()) => recovered = Some(Instant::now()),
                    Err(error) => tracing::warn!(%error, "lost steps cannot be looked for; trying again"),
                }
            }
            // Nothing new before the old is known: a step must not run beside its own earlier attempt.
            if recovered.is_some()
                && let Err(error) = self.advance().await
            {
                tracing::warn!(%error, "pipeline runs cannot be moved on; trying again");
            }
            tokio::select! {
                () = self.hint.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = self.closing.cancelled() => {}
            }
        }
    }

    /// Waits for the running steps until `grace` is over, then stops them; they will be run again.
    pub async fn close(&self, grace: Duration) {
        self.running.close();
        if tokio::time::timeout(grace, self.running.wait()).await.is_err() {
            self.stopping.cancel();
            self.running.wait().await;
        }
    }

    /// Takes over step runs whose worker is gone: at the start those of earlier servers of this home (it has one at a
    /// time), at any time those whose lease has run out.
    async fn recover(&self, first: bool) -> app::Result<()> {
        for held in self.app.pipelines().held_steps(&self.ctx).await? {
            let worker = held.worker.as_deref().unwrap_or_default();
            let ours = worker.rsplit_once('#').is_some_and(|(place, _)| place == &*self.place);
            let expired = held.lease_until.is_none_or(|until| until < self.ctx.now());
            if !(expired || (first && ours)) {
                continue;
            }
            let adopted = self.app.pipelines().adopt_step(&self.ctx, &held, &self.worker, LEASE_MS).await?;
            if let Some(task) = adopted {
                self.start(task, None, true);
            }
        }
        Ok(())
    }

    /// Plans what can be planned and starts what can be started.
    async fn advance(&self) -> app::Result<()> {
        let advanced = self.app.pipelines().advance(&self.ctx).await?;
        for run in &advanced.finished {
            tracing::info!(pipeline_run = %run.id, project = %run.project, state = ?run.state, "a pipeline run ended");
        }
        self.claim().await?;
        if !advanced.finished.is_empty() {
            // The next run of the pipeline may begin.
            self.hint.notify_one();
        }
        Ok(())
    }

    async fn claim(&self) -> app::Result<()> {
        loop {
            let free = self.slots.available_permits();
            if free == 0 {
                return Ok(());
            }
            let tasks =
                self.app.pipelines().claim_ready_steps(&self.ctx, &self.worker, free, LEASE_MS).await?;
            if tasks.is_empty() {
                return Ok(());
            }
            for task in tasks {
                let permit = Arc::clone(&self.slots).try_acquire_owned().ok();
                self.start(task, permit, false);
            }
        }
    }

    fn start(&self, task: StepTask, permit: Option<OwnedSemaphorePermit>, found: bool) {
        let jobs = self.clone();
        self.running.spawn(async move {
            let id = task.step_run.id.clone();
            if let Err(error) = jobs.work(task, found).await {
                tracing::warn!(%error, step_run = %id, "the end of a step could not be written down");
            }
            drop(permit);
            jobs.hint.notify_one();
        });
    }

    async fn work(&self, task: StepTask, found: bool) -> app::Result<()> {
        let attempt = Arc::new(Attempt {
            app: self.app.clone(),
            ctx: self.ctx.clone(),
            config: Arc::clone(&self.config),
            task,
            cancel: self.stopping.child_token(),
        });
        let beat = tokio::spawn(self.clone().hold(Arc::clone(&attempt)));
        let outcome = if found { self.find_again(&attempt).await } else { executor::execute(&attempt).await };
        let outcome =
            outcome.map_err(|failure| if self.stopping.is_cancelled() { cause::stopped() } else { failure });
        let written = self.write_down(&attempt, outcome).await;
        beat.abort();
        written?;
        self.clean_up(&attempt).await;
        Ok(())
    }

    async fn find_again(&self, attempt: &Attempt) -> Result<FinishedStep, Failure> {
        if let Some(outcome) = executor::resume(attempt).await {
            return outcome;
        }
        // It was claimed but had not begun, or worked inside the server that is gone.
        let id = attempt.task.step_run.id.to_string();
        let killed = tokio::task::spawn_blocking(move || process::kill_step(&id)).await.unwrap_or(0);
        if killed > 0 {
            tracing::info!(step_run = %attempt.task.step_run.id, killed, "processes of a lost step were ended");
        }
        Err(cause::lost())
    }

    /// Prolongs the lease; when that is refused, the attempt is over.
    async fn hold(self, attempt: Arc<Attempt>) {
        let (id, lease) = (&attempt.task.step_run.id, attempt.task.step_run.lease);
        loop {
            tokio::time::sleep(BEAT).await;
            match self.app.pipelines().step_alive(&self.ctx, id, lease, LEASE_MS).await {
                Ok(true) => {}
                Ok(false) => {
                    attempt.cancel.cancel();
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, step_run = %id, "a lease was not prolonged; trying again")
                }
            }
        }
    }

    /// Writes the end into the journal; while the database is away that is tried again, as the work is done.
    async fn write_down(&self, attempt: &Attempt, outcome: Result<FinishedStep, Failure>) -> app::Result<()> {
        let (id, lease) = (&attempt.task.step_run.id, attempt.task.step_run.lease);
        let pipelines = self.app.pipelines();
        loop {
            let written = match outcome.clone() {
                Ok(finished) => pipelines.step_finished(&self.ctx, id, lease, finished).await,
                Err(failure) => pipelines.step_failed(&self.ctx, id, lease, failure, None).await.map(drop),
            };
            match written {
                Err(app::Error::Unavailable { what }) if !self.stopping.is_cancelled() => {
                    tracing::warn!(what, step_run = %id, "the end of a step is written down later");
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                other => return other,
            }
        }
    }

    /// Removes the attempt's folder; it is made anew for another attempt.
    async fn clean_up(&self, attempt: &Attempt) {
        let folder = attempt.folder();
        let removed = tokio::task::spawn_blocking(move || workspace::remove(&folder)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%error, step_run = %attempt.task.step_run.id, "the folder of a step was not removed");
        }
    }
}

/// `HOST:HOME`, which no two living servers share.
fn place(home: &Path) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), home.display())
}
