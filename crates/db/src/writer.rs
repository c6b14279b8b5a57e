//! SQLite's single writer with group commit: waiting writes share one transaction and one fsync.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use crate::tx::Conn;
use crate::{Error, Result};

/// Writes that may wait for the writer before callers are held back.
const QUEUE: usize = 1024;
/// Writes that share one transaction at the most.
const GROUP: usize = 256;

/// Tells the caller how its write ended, once the group's commit has.
type Answer = Box<dyn FnOnce(Committed) + Send>;
/// Does the work in a savepoint; `Err` when its savepoint is to be undone.
type Work = Box<dyn for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, (bool, Answer)> + Send>;

#[derive(Clone, Copy)]
enum Committed {
    Yes,
    No,
}

enum Message {
    Write(Work),
    Close(oneshot::Sender<()>),
}

/// A handle to the task that owns the writing connection.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    pub(crate) fn spawn(conn: SqliteConnection) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(run(conn, jobs));
        Self { queue }
    }

    pub(crate) async fn submit<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<T, E>>();
        let job: Work = Box::new(move |conn| {
            Box::pin(async move {
                let result = AssertUnwindSafe(work(conn))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Err(Error::Abandoned("its work panicked").into()));
                let keep = result.is_ok();
                let answer: Answer = Box::new(move |committed| {
                    let answered = match (committed, result) {
                        (Committed::No, Ok(_)) => Err(Error::Abandoned("the commit failed").into()),
                        (_, result) => result,
                    };
                    // A caller that went away does not need the answer.
                    let _gone = sender.send(answered);
                });
                (keep, answer)
            })
        });
        let gone = || E::from(Error::Abandoned("the writer has stopped"));
        self.queue.send(Message::Write(job)).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }

    pub(crate) async fn close(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.queue.send(Message::Close(sender)).await.is_ok() {
            let _closed = receiver.await;
        }
    }
}

async fn run(mut conn: SqliteConnection, mut jobs: mpsc::Receiver<Message>) {
    let mut closing = None;
    while closing.is_none() {
        let Some(first) = jobs.recv().await else { break };
        let mut group = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Write(work) => group.push(work),
                Message::Close(done) => closing = Some(done),
            }
            next = if group.len() < GROUP && closing.is_none() { jobs.try_recv().ok() } else { None };
        }
        commit_group(&mut conn, group).await;
    }
    if let Err(error) = conn.close().await {
        tracing::warn!(%error, "closing the database failed");
    }
    if let Some(done) = closing {
        let _gone = done.send(());
    }
}

async fn commit_group(conn: &mut SqliteConnection, group: Vec<Work>) {
    if group.is_empty() {
        return;
    }
    let mut conn = Conn::Sqlite(conn);
    let mut begun = conn.run_script("BEGIN IMMEDIATE").await;
    let mut answers = Vec::with_capacity(group.len());
    for work in group {
        if begun.is_ok() {
            begun = conn.run_script("SAVEPOINT one").await;
        }
        let (keep, answer) = work(&mut conn).await;
        let end = if keep { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
        if begun.is_ok() {
            begun = conn.run_script(end).await;
        }
        answers.push(answer);
    }
    let committed = match begun {
        Ok(()) => conn.run_script("COMMIT").await,
        Err(error) => Err(error),
    };
    let outcome = match committed {
        Ok(()) => Committed::Yes,
        Err(error) => {
            tracing::error!(%error, "a group of writes was not committed");
            // Fails when the engine has rolled back by itself, which is what is wanted.
            let _rolled_back = conn.run_script("ROLLBACK").await;
            Committed::No
        }
    };
    for answer in answers {
        answer(outcome);
    }
}
