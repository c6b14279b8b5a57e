//! The loops beside the job loop: sources, triggers, rollouts, monitors, environments that nobody uses.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::data::publish::Ingested;
use app::data::source::SourceSpec;
use app::{App, Context};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sensing::{self, Due, Ears, Scanner};

/// Triggers look at the clock (schedules, settling, `for 6h`) at least this often.
const TRIGGERS: Duration = Duration::from_secs(1);
/// Rollouts advance by time.
const ROLLOUTS: Duration = Duration::from_secs(1);
/// Monitors close their windows by time.
const MONITORS: Duration = Duration::from_secs(15);
/// Webhooks are told what is in line, and what failed is tried again.
const WEBHOOKS: Duration = Duration::from_secs(1);
/// Abandoned uploads are looked for.
const UPLOADS: Duration = Duration::from_secs(60 * 60);
/// The rules of how long deleted things stay are applied, and files that lost their record are looked for.
const TRASH: Duration = Duration::from_secs(60 * 60);
/// A purge that failed is tried again after this.
const PURGE_AGAIN: Duration = Duration::from_secs(60);
/// Unused environments are looked for.
const ENVIRONMENTS: Duration = Duration::from_secs(60 * 60);
/// An environment that nobody used for so long is removed.
const ENVIRONMENT_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// What a notice must be about to be a hint for triggers and the job loop.
const TELLING: [&str; 9] = [
    "data_version",
    "event",
    "trigger",
    "pipeline_run",
    "step_run",
    "drift_report",
    "performance",
    "label",
    "project",
];

/// Starts the loops.
pub(crate) fn start(app: &App, jobs: &Arc<Notify>, closing: &CancellationToken) -> Vec<JoinHandle<()>> {
    let triggers = Arc::new(Notify::new());
    let rollouts = Arc::new(Notify::new());
    let webhooks = Arc::new(Notify::new());
    let purges = Arc::new(Notify::new());
    let ctx = app.system();
    let every = |name, period, hint: Arc<Notify>, work: Work| {
        tokio::spawn(repeat(name, period, hint, closing.clone(), app.clone(), ctx.clone(), work))
    };
    vec![
        tokio::spawn(sense(app.clone(), ctx.clone(), Arc::clone(&triggers), closing.clone())),
        tokio::spawn(listen(
            app.clone(),
            [jobs, &triggers, &rollouts, &webhooks, &purges].map(Arc::clone),
            closing.clone(),
        )),
        every("triggers", TRIGGERS, Arc::clone(&triggers), |app, ctx| Box::pin(evaluate_triggers(app, ctx))),
        every("rollouts", ROLLOUTS, rollouts, |app, ctx| Box::pin(reconcile_rollouts(app, ctx))),
        every("monitors", MONITORS, Arc::new(Notify::new()), |app, ctx| Box::pin(tick_monitors(app, ctx))),
        every("webhooks", WEBHOOKS, webhooks, |app, ctx| Box::pin(tell_webhooks(app, ctx))),
        every("uploads", UPLOADS, Arc::new(Notify::new()), |app, ctx| Box::pin(clear_uploads(app, ctx))),
        tokio::spawn(purge(app.clone(), ctx.clone(), purges, closing.clone())),
        every("environments", ENVIRONMENTS, Arc::new(Notify::new()), |app, _| Box::pin(collect(app))),
    ]
}

type Work = fn(App, Context) -> std::pin::Pin<Box<dyn Future<Output = app::Result<()>> + Send>>;

/// Does `work` now, then after each hint and at least once per period. A failure is told once per change of text.
async fn repeat(
    name: &'static str,
    period: Duration,
    hint: Arc<Notify>,
    closing: CancellationToken,
    app: App,
    ctx: Context,
    work: Work,
) {
    let mut last_said = None;
    while !closing.is_cancelled() {
        let said = work(app.clone(), ctx.clone()).await.err().map(|error| error.to_string());
        if let Some(error) = said.as_ref().filter(|_| said != last_said) {
            tracing::warn!(name, error, "background work failed; it is tried again");
        }
        last_said = said;
        tokio::select! {
            () = hint.notified() => {}
            () = tokio::time::sleep(period) => {}
            () = closing.cancelled() => {}
        }
    }
}

/// Passes on what is committed as hints.
async fn listen(app: App, hints: [Arc<Notify>; 5], closing: CancellationToken) {
    let mut notices = app.notices().subscribe();
    loop {
        let notice = tokio::select! {
            notice = notices.recv() => notice,
            () = closing.cancelled() => return,
        };
        let [jobs, triggers, rollouts, webhooks, purges] = &hints;
        match notice {
            Ok(notice) => {
                if TELLING.contains(&notice.noun.as_str()) {
                    jobs.notify_one();
                    triggers.notify_one();
                }
                if matches!(notice.noun.as_str(), "deployment" | "rollout" | "model_version" | "decision") {
                    rollouts.notify_one();
                }
                if matches!(notice.noun.as_str(), "model" | "model_version") {
                    webhooks.notify_one();
                }
                if matches!(notice.noun.as_str(), "purge" | "retention") {
                    purges.notify_one();
                }
            }
            // Some were missed: they may have been telling.
            Err(RecvError::Lagged(_)) => hints.iter().for_each(|hint| hint.notify_one()),
            Err(RecvError::Closed) => return,
        }
    }
}

async fn evaluate_triggers(app: App, ctx: Context) -> app::Result<()> {
    app.triggers().evaluate(&ctx).await.map(drop)
}

async fn reconcile_rollouts(app: App, ctx: Context) -> app::Result<()> {
    app.pipelines().conclude(&ctx).await?;
    app.deployments().reconcile(&ctx).await.map(drop)
}

async fn tick_monitors(app: App, ctx: Context) -> app::Result<()> {
    app.monitors().tick(&ctx).await.map(drop)
}

/// Sends what is due, and goes on at once while there is more.
async fn tell_webhooks(app: App, ctx: Context) -> app::Result<()> {
    while app.webhooks().deliver(&ctx).await? > 0 {}
    Ok(())
}

async fn clear_uploads(app: App, ctx: Context) -> app::Result<()> {
    while app.artifacts().clear_abandoned_parts(&ctx).await? > 0 {}
    Ok(())
}

/// Goes on with what is being purged, piece by piece, so that a server that stops waits for one piece only.
async fn purge(app: App, ctx: Context, hint: Arc<Notify>, closing: CancellationToken) {
    while !closing.is_cancelled() {
        let wait = match purge_some(&app, &ctx).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => TRASH,
            Err(error) => {
                tracing::warn!(%error, "the trash cannot be purged; it is tried again");
                PURGE_AGAIN
            }
        };
        tokio::select! {
            () = hint.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = closing.cancelled() => {}
        }
    }
}

/// Whether there is more to do at once.
async fn purge_some(app: &App, ctx: &Context) -> app::Result<bool> {
    Ok(app.trash().advance(ctx).await?
        || app.trash().apply_retention(ctx).await?
        || app.trash().clear_unused(ctx).await?)
}

async fn collect(app: App) -> app::Result<()> {
    let environments = app.environments().clone();
    let collected = tokio::task::spawn_blocking(move || environments.collect(ENVIRONMENT_AGE)).await;
    let collected = collected.map_err(app::Error::internal)??;
    if !collected.removed.is_empty() {
        tracing::info!(removed = collected.removed.len(), "unused environments were removed");
    }
    Ok(())
}

/// Takes new and changed files of all sources.
async fn sense(app: App, ctx: Context, triggers: Arc<Notify>, closing: CancellationToken) {
    let hint = Arc::new(Notify::new());
    let mut ears = Ears::new(Arc::clone(&hint));
    let mut scanner = Scanner::default();
    while !closing.is_cancelled() {
        let soon = match scan(&app, &ctx, &mut ears, &mut scanner, &triggers).await {
            Ok(soon) => soon,
            Err(error) => {
                tracing::warn!(%error, "the sources cannot be looked through; trying again");
                false
            }
        };
        // A source that just changed is looked at when it may have become quiet, whatever else is heard.
        let wait = if soon { sensing::QUIET } else { sensing::SCAN };
        tokio::select! {
            () = hint.notified(), if !soon => {}
            () = tokio::time::sleep(wait) => {}
            () = closing.cancelled() => {}
        }
    }
}

/// Whether some source is to be looked at again soon.
async fn scan(
    app: &App,
    ctx: &Context,
    ears: &mut Ears,
    scanner: &mut Scanner,
    triggers: &Notify,
) -> app::Result<bool> {
    let mut soon = false;
    for spec in app.projects().sources(ctx).await? {
        ears.listen(&spec.root, &spec.source);
        let (root, source) = (spec.root.clone(), spec.source.clone());
        let look = tokio::task::spawn_blocking(move || sensing::look(&root, &source))
            .await
            .map_err(app::Error::internal)?;
        let (root, name) = (spec.root.clone(), spec.name.to_string());
        match scanner.check(&root, &name, look, Instant::now()) {
            Due::No => {}
            Due::Soon => soon = true,
            Due::Now => {
                let taken = take(app, ctx, spec).await;
                scanner.tried(&root, &name, taken, Instant::now());
                triggers.notify_one();
            }
        }
    }
    Ok(soon)
}

async fn take(app: &App, ctx: &Context, spec: SourceSpec) -> bool {
    let name = spec.name.clone();
    match app.datasets().ingest(ctx, spec).await {
        Ok(Ingested::Rejected(version)) => {
            tracing::info!(dataset = %name, commit = %version.commit, "new files were refused by the contract");
            true
        }
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, dataset = %name, "new files could not be taken");
            false
        }
    }
}
