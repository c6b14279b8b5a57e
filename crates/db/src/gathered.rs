//! Points that come at the same time share their statements, not only their transaction.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::sync::{Notify, oneshot};

use crate::{Conn, Db, Error, Result};

/// Items that one transaction takes at the most.
const GROUP: usize = 128;
/// Nobody waits longer than this for neighbours.
const PATIENCE: Duration = Duration::from_millis(2);

/// Does the work of all items in one transaction; an outcome for each, in their order, and the number of points that wait
/// to be sorted in.
pub type Work<I, O> = for<'t> fn(&'t mut Conn<'_>, &'t [I]) -> BoxFuture<'t, Result<(Vec<O>, usize)>>;

/// Gathers items while a transaction runs and gives the next one all of them.
pub struct Gathered<I, O> {
    shared: Arc<Shared<I, O>>,
    work: Work<I, O>,
}

struct Shared<I, O> {
    state: Mutex<State<I, O>>,
    arrived: Notify,
}

struct State<I, O> {
    waiting: Waiting<I, O>,
    /// Whether a task works on what waits.
    working: bool,
    /// How many the last transaction took, and how long it lasted.
    last: (usize, Duration),
}

type Waiting<I, O> = Vec<(I, oneshot::Sender<Result<O>>)>;

impl<I, O> Shared<I, O> {
    fn state(&self) -> MutexGuard<'_, State<I, O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> (Vec<I>, Vec<oneshot::Sender<Result<O>>>) {
        let mut state = self.state();
        let rest = if state.waiting.len() > GROUP { state.waiting.split_off(GROUP) } else { Vec::new() };
        let group = mem::replace(&mut state.waiting, rest);
        drop(state);
        group.into_iter().unzip()
    }
}

impl<I: Send + Sync + 'static, O: Send + 'static> Gathered<I, O> {
    /// Nothing yet; `work` is what is done with every group.
    pub fn new(work: Work<I, O>) -> Self {
        let state = State { waiting: Vec::new(), working: false, last: (0, Duration::ZERO) };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), arrived: Notify::new() }), work }
    }

    /// Adds an item; returns its outcome after the commit of its group is on disk.
    pub async fn submit(&self, db: &Db, item: I) -> Result<O> {
        let (sender, receiver) = oneshot::channel();
        let idle = {
            let mut state = self.shared.state();
            state.waiting.push((item, sender));
            !mem::replace(&mut state.working, true)
        };
        if idle {
            // A task of its own: the caller may go away, its neighbours wait for their answers all the same.
            tokio::spawn(work_off(db.clone(), Arc::clone(&self.shared), self.work));
        } else {
            self.shared.arrived.notify_one();
        }
        receiver.await.unwrap_or(Err(Error::Abandoned("its group was not committed")))
    }
}

async fn work_off<I, O>(db: Db, shared: Arc<Shared<I, O>>, work: Work<I, O>)
where
    I: Send + Sync + 'static,
    O: Send + 'static,
{
    loop {
        await_neighbours(&shared).await;
        let begun = Instant::now();
        let held = Arc::new(Mutex::new(Vec::new()));
        let (source, holder) = (Arc::clone(&shared), Arc::clone(&held));
        let written = db
            .append::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    // Taken only now: what came while the writer was busy goes along.
                    let (items, senders) = source.take();
                    *holder.lock().unwrap_or_else(PoisonError::into_inner) = senders;
                    work(conn, &items).await
                })
            })
            .await;
        let mut senders = mem::take(&mut *held.lock().unwrap_or_else(PoisonError::into_inner));
        if senders.is_empty() {
            // No transaction could begin: those who wait hear of it too.
            senders = shared.take().1;
        }
        let taken = (senders.len(), begun.elapsed());
        answer(senders, written);
        let mut state = shared.state();
        state.last = taken;
        if state.waiting.is_empty() {
            state.working = false;
            return;
        }
    }
}

/// Waits a moment when the last transaction had more items than wait now: those who were just answered tend to come
/// again, and a sync of their own for the first of them would hold up all others.
async fn await_neighbours<I, O>(shared: &Shared<I, O>) {
    let (expected, lasted) = shared.state().last;
    let end = Instant::now() + (lasted / 4).min(PATIENCE);
    while shared.state().waiting.len() < expected.min(GROUP) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || tokio::time::timeout(left, shared.arrived.notified()).await.is_err() {
            return;
        }
    }
}

fn answer<O>(senders: Vec<oneshot::Sender<Result<O>>>, written: Result<Vec<O>>) {
    // A caller that went away does not need the answer.
    match written {
        Ok(outcomes) => {
            for (sender, outcome) in senders.into_iter().zip(outcomes) {
                let _gone = sender.send(Ok(outcome));
            }
        }
        Err(error) => {
            tracing::error!(%error, "a group of writes was not committed");
            for sender in senders {
                let _gone = sender.send(Err(likeness(&error)));
            }
        }
    }
}

/// The error once more: one for each who waits.
fn likeness(error: &Error) -> Error {
    match error {
        Error::Unreachable(reason) => Error::Unreachable(reason.clone()),
        Error::Duplicate => Error::Duplicate,
        _ => Error::Abandoned("its group was not committed"),
    }
}
