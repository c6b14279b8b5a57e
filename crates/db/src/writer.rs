//! SQLite's single writer with group commit: waiting writes share one transaction and one fsync, and while that runs the next
//! group is written (`synced.rs`).
//!
//! Points of metrics are appended as they come (`tracking/recent.rs`) and sorted in before any other write, when
//! [`MOST_WAITING`] of them wait, and when nothing has been written for [`IDLE`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::governance::audit_event::AuditEvent;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, timeout, timeout_at};

use crate::governance::audit_event::{self, NewAuditEvent};
use crate::synced::{Log, Synced, Turn};
use crate::tracking::recent;
use crate::tx::Conn;
use crate::{Error, Result};

/// Writes that may wait for the writer before callers are held back.
const QUEUE: usize = 1024;
/// Writes that share one transaction at the most.
const GROUP: usize = 256;
/// A group waits no longer than this for more.
const PATIENCE: Duration = Duration::from_millis(2);

/// Points that may wait to be sorted in.
const MOST_WAITING: usize = 50_000;
/// Points that wait are sorted in when nothing was written for so long.
const IDLE: Duration = Duration::from_secs(1);

/// Tells the caller how its write ended, once the group's commit has.
pub(crate) type Answer = Box<dyn FnOnce(Committed) + Send>;
/// Does the work.
type Work = Box<dyn for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Done> + Send>;

struct Done {
    /// Whether what it wrote is to stay.
    keep: bool,
    rest: Rest,
    answer: Answer,
}

/// What a write leaves to its group.
#[derive(Default)]
pub(crate) struct Rest {
    /// Points that it appended.
    pub appended: usize,
    /// What goes to the end of the audit log.
    pub event: Option<NewAuditEvent>,
}

/// How the group's commit ended.
pub(crate) enum Committed {
    /// With the write's event, when it has one.
    Yes(Option<Box<AuditEvent>>),
    No,
}

struct Job {
    work: Work,
    /// Whether it only appends points, so that those before it may wait on.
    appends: bool,
}

enum Message {
    Write(Job),
    Close(oneshot::Sender<()>),
}

/// A handle to the task that owns the writing connection.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    /// Points that wait to be sorted in.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Takes the connection; `waiting` says whether points wait in it from before.
    pub(crate) fn spawn(conn: SqliteConnection, log: Log, waiting: bool) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let waiting = Arc::new(AtomicUsize::new(usize::from(waiting)));
        tokio::spawn(run(conn, jobs, Synced::spawn(log), Arc::clone(&waiting)));
        Self { queue, waiting }
    }

    /// Returns when all points that were acknowledged are in their places.
    pub(crate) async fn settle(&self) -> Result<()> {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        self.submit(false, |_| Box::pin(async { Ok(((), Rest::default())) })).await.map(|((), _)| ())
    }

    /// Runs `work` in a transaction, in which it sees every point in its place unless it only `appends` points.
    pub(crate) async fn submit<T, E, F>(&self, appends: bool, work: F) -> Result<(T, Option<AuditEvent>), E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<(T, Rest), E>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<_, E>>();
        let work: Work = Box::new(move |conn| {
            Box::pin(async move {
                let result = AssertUnwindSafe(work(conn))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Err(Error::Abandoned("its work panicked").into()));
                let (result, rest) = match result {
                    Ok((value, rest)) => (Ok(value), rest),
                    Err(error) => (Err(error), Rest::default()),
                };
                let keep = result.is_ok();
                let answer: Answer = Box::new(move |committed| {
                    let answered = match (committed, result) {
                        (Committed::Yes(event), Ok(value)) => Ok((value, event.map(|event| *event))),
                        (Committed::No, Ok(_)) => Err(Error::Abandoned("the commit failed").into()),
                        (_, Err(error)) => Err(error),
                    };
                    // A caller that went away does not need the answer.
                    let _gone = sender.send(answered);
                });
                Done { keep, rest, answer }
            })
        });
        let gone = || E::from(Error::Abandoned("the writer has stopped"));
        self.queue.send(Message::Write(Job { work, appends })).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }

    pub(crate) async fn close(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.queue.send(Message::Close(sender)).await.is_ok() {
            let _closed = receiver.await;
        }
    }
}

async fn run(
    mut conn: SqliteConnection,
    mut jobs: mpsc::Receiver<Message>,
    synced: Synced,
    waiting: Arc<AtomicUsize>,
) {
    let mut closing = None;
    let mut last = (0, Duration::ZERO);
    while closing.is_none() {
        let first = if waiting.load(Ordering::Relaxed) == 0 {
            jobs.recv().await
        } else {
            match timeout(IDLE, jobs.recv()).await {
                Ok(first) => first,
                Err(_) => {
                    let turn = synced.turn().await;
                    commit_group(&mut conn, Vec::new(), turn, &waiting).await;
                    // Whether or not it could be done now: the next write tries again.
                    jobs.recv().await
                }
            }
        };
        let Some(first) = first else { break };
        // No more than one group waits behind the one that is synced: the longer a group waits, the more it takes along.
        let begun = Instant::now();
        let turn = synced.turn().await;
        let group = gather(first, &mut jobs, last, &mut closing).await;
        let size = group.len();
        if size > 0 {
            commit_group(&mut conn, group, turn, &waiting).await;
        }
        last = (size, begun.elapsed());
    }
    synced.close().await;
    if let Err(error) = conn.close().await {
        tracing::warn!(%error, "closing the database failed");
    }
    if let Some(done) = closing {
        let _gone = done.send(());
    }
}

/// The first and what waits behind it. When the last group was larger, more is given a moment to come: those who were
/// just answered tend to, and a sync of its own for the first of them would hold up all others.
async fn gather(
    first: Message,
    jobs: &mut mpsc::Receiver<Message>,
    last: (usize, Duration),
    closing: &mut Option<oneshot::Sender<()>>,
) -> Vec<Job> {
    let (expected, lasted) = last;
    let end = Instant::now() + (lasted / 4).min(PATIENCE);
    let mut group = Vec::new();
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Write(job) => group.push(job),
            Message::Close(done) => {
                *closing = Some(done);
                break;
            }
        }
        if group.len() == GROUP {
            break;
        }
        next = match jobs.try_recv() {
            Ok(message) => Some(message),
            Err(_) if group.len() < expected => timeout_at(end, jobs.recv()).await.ok().flatten(),
            Err(_) => None,
        };
    }
    group
}

/// Commits a group, and has it answered when it is on disk; one that does not only append finds all points in their places,
/// and so does an empty one.
async fn commit_group(
    conn: &mut SqliteConnection,
    group: Vec<Job>,
    turn: Option<Turn<'_>>,
    waiting: &AtomicUsize,
) {
    let mut conn = Conn::Sqlite(conn);
    let mut answers = Vec::with_capacity(group.len());
    let Some(turn) = turn else {
        tracing::error!(
            "nothing is written any more: a sync of the database failed, and what it left is not known"
        );
        return;
    };
    match write_group(&mut conn, group, waiting.load(Ordering::Relaxed), &mut answers).await {
        Ok(Written { points, events }) => {
            waiting.store(points, Ordering::Release);
            let mut events = events.into_iter();
            let answers = answers.into_iter().map(|(answer, audited): (Answer, bool)| {
                (answer, if audited { events.next().map(Box::new) } else { None })
            });
            turn.take(answers.collect());
        }
        Err(undone) => {
            if let Some(error) = undone {
                tracing::error!(%error, "a group of writes was not committed");
            }
            // Fails when the engine has rolled back by itself, which is what is wanted.
            let _rolled_back = conn.run_script("ROLLBACK").await;
            for (answer, _) in answers {
                answer(Committed::No);
            }
        }
    }
}

struct Written {
    /// Points that wait now.
    points: usize,
    events: Vec<AuditEvent>,
}

/// Runs a group up to its commit; fills in the answers, each with whether it has an event. An error is `None` when the
/// only write of the group did not want to be kept.
async fn write_group(
    conn: &mut Conn<'_>,
    group: Vec<Job>,
    mut points: usize,
    answers: &mut Vec<(Answer, bool)>,
) -> Result<Written, Option<Error>> {
    let appends = !group.is_empty() && group.iter().all(|job| job.appends);
    conn.execute("BEGIN IMMEDIATE", Vec::new()).await?;
    if points > 0 && (!appends || points >= MOST_WAITING) {
        recent::settle(conn).await?;
        points = 0;
    }
    // Alone in its transaction a write needs no savepoint to be undone by itself.
    let alone = group.len() == 1;
    let mut events = Vec::with_capacity(group.len());
    // A round trip for each change of savepoints: the thread of the engine is asked less often.
    let mut next = "SAVEPOINT one";
    for job in group {
        if !alone {
            conn.execute(next, Vec::new()).await?;
        }
        let Done { keep, rest, answer } = (job.work)(conn).await;
        answers.push((answer, rest.event.is_some()));
        if keep {
            points += rest.appended;
            events.extend(rest.event);
            next = "RELEASE one; SAVEPOINT one";
        } else if alone {
            return Err(None);
        } else {
            next = "ROLLBACK TO one; RELEASE one; SAVEPOINT one";
        }
    }
    if !alone && !answers.is_empty() {
        conn.execute(next, Vec::new()).await?;
    }
    let events = audit_event::append_all(conn, events).await?;
    conn.execute("COMMIT", Vec::new()).await?;
    Ok(Written { points, events })
}
