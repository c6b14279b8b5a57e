//! The workers of one model: handed out one request each, replaced when they die.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout_at;

use super::process::{Failure, Launch, Process};
use super::wire::Frame;
use crate::error::{Error, Result};
use crate::value::{Input, Output};
use crate::{Health, Limits, Request};

/// The first pause before a dead worker is replaced; it doubles with each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Failed starts in a row, or deaths without an answer between them, after which requests are refused at once.
const CIRCUIT: u32 = 3;
/// Times a request is tried when workers die under it.
const TRIES: u32 = 2;

/// The workers of one model.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    launch: Launch,
    example: Option<Input>,
    load_limit: Duration,
    idle: Mutex<Vec<Process>>,
    /// One permit per idle worker.
    ready: Semaphore,
    in_flight: AtomicUsize,
    workers: usize,
    /// Requests in flight that are accepted: those being answered and those in the queue.
    limit: usize,
    queue: usize,
    failures: Mutex<Failures>,
    /// Moving average of the time that a request occupies a worker, in microseconds.
    busy_us: AtomicU64,
}

#[derive(Default)]
struct Failures {
    in_a_row: u32,
    last: String,
}

impl Pool {
    /// Starts and warms all workers.
    pub async fn start(
        launch: Launch,
        limits: Limits,
        example: Option<Input>,
        load_limit: Duration,
    ) -> Result<Self, String> {
        let workers = limits.workers.max(1);
        let shared = Arc::new(Shared {
            launch,
            example,
            load_limit,
            idle: Mutex::default(),
            ready: Semaphore::new(0),
            in_flight: AtomicUsize::new(0),
            workers,
            limit: workers + limits.queue,
            queue: limits.queue,
            failures: Mutex::default(),
            busy_us: AtomicU64::new(10_000),
        });
        for _ in 0..workers {
            let process = shared.start_one().await?;
            shared.give_back(process);
        }
        Ok(Self { shared })
    }

    /// Answers one request, or says why not.
    pub async fn predict(&self, request: Request) -> Result<Output> {
        let shared = Arc::clone(&self.shared);
        shared.check_circuit()?;
        let place = shared.take_place()?;
        let frame = Frame::question(&request.input, &request.params);
        let (sender, receiver) = oneshot::channel();
        // A task of its own: a caller that goes away must not leave a worker with half an exchange.
        tokio::spawn(async move {
            let result = shared.answer(&frame, request.deadline).await;
            drop(place);
            let _gone = sender.send(result);
        });
        receiver.await.map_err(|_| Error::Worker("the server is shutting down".to_owned()))?
    }

    pub fn health(&self) -> Health {
        let failures = self.shared.failures();
        if failures.in_a_row >= CIRCUIT { Health::Failing(failures.last.clone()) } else { Health::Ready }
    }

    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::Relaxed)
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Process>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_circuit(&self) -> Result<()> {
        let failures = self.failures();
        if failures.in_a_row >= CIRCUIT && self.idle().is_empty() {
            return Err(Error::Worker(failures.last.clone()));
        }
        Ok(())
    }

    fn take_place(self: &Arc<Self>) -> Result<Place> {
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(self));
        if before >= self.limit {
            return Err(Error::Busy { queue: self.queue, retry_after: self.drain_time(before) });
        }
        Ok(place)
    }

    /// When the requests that are waiting now will be done, at the measured rate; at least a second, which is the
    /// smallest unit of `Retry-After`.
    fn drain_time(&self, waiting: usize) -> Duration {
        let rounds = waiting.div_ceil(self.workers) as u64;
        let time = Duration::from_micros(self.busy_us.load(Ordering::Relaxed).saturating_mul(rounds));
        time.clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    async fn answer(self: &Arc<Self>, frame: &Frame, deadline: Instant) -> Result<Output> {
        let mut last = String::new();
        for _ in 0..TRIES {
            let mut process = self.take(deadline).await?;
            let begun = Instant::now();
            match process.exchange(frame, deadline).await {
                Ok(answer) => {
                    self.measure(begun.elapsed());
                    self.failures().in_a_row = 0;
                    self.give_back(process);
                    return answer.answer().map_err(|error| Error::Worker(error.to_string()));
                }
                Err(Failure::Refused(message)) => {
                    self.failures().in_a_row = 0;
                    self.give_back(process);
                    return Err(Error::Model(message));
                }
                Err(Failure::Late) => {
                    drop(process);
                    self.replace(Duration::ZERO);
                    return Err(Error::Timeout);
                }
                Err(Failure::Died(words)) => {
                    drop(process);
                    let pause = self.note_failure(&words);
                    self.replace(pause);
                    last = words;
                }
            }
        }
        Err(Error::Worker(last))
    }

    /// An idle worker; waits for one until the deadline.
    async fn take(self: &Arc<Self>, deadline: Instant) -> Result<Process> {
        loop {
            let permit = timeout_at(deadline.into(), self.ready.acquire())
                .await
                .map_err(|_| Error::Timeout)?
                .map_err(|_| Error::Worker("the server is shutting down".to_owned()))?;
            permit.forget();
            let Some(process) = self.idle().pop() else {
                continue;
            };
            if !process.is_gone() {
                return Ok(process);
            }
            // Ended while it was idle, by the kernel or by hand.
            self.replace(Duration::ZERO);
        }
    }

    fn give_back(&self, process: Process) {
        self.idle().push(process);
        self.ready.add_permits(1);
    }

    fn measure(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let before = self.busy_us.load(Ordering::Relaxed);
        self.busy_us.store(before - before / 8 + took / 8, Ordering::Relaxed);
    }

    /// Counts a failure; returns how long to wait before the next start.
    fn note_failure(&self, words: &str) -> Duration {
        let mut failures = self.failures();
        failures.in_a_row += 1;
        words.clone_into(&mut failures.last);
        let doublings = (failures.in_a_row - 1).min(16);
        FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
    }

    /// Starts a worker in the place of one that is gone, for as long as somebody holds the model.
    fn replace(self: &Arc<Self>, pause: Duration) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut pause = pause;
            loop {
                tokio::time::sleep(pause).await;
                match restart(&weak).await {
                    None => return,
                    Some(again_after) => pause = again_after,
                }
            }
        });
    }

    async fn start_one(&self) -> Result<Process, String> {
        let deadline = Instant::now() + self.load_limit;
        let words = |failure| match failure {
            Failure::Died(words) => words,
            Failure::Late => format!("it was not loaded after {} s", self.load_limit.as_secs()),
            Failure::Refused(words) => format!("it refuses its own example: {words}"),
        };
        let mut process = Process::start(&self.launch, deadline).await.map_err(words)?;
        if let Some(example) = &self.example {
            // Twice: the first call finds out whether the short way to the model gives the same answer.
            for _ in 0..2 {
                let question = Frame::question(example, &serde_json::Map::new());
                process.exchange(&question, deadline).await.map_err(words)?;
            }
        }
        Ok(process)
    }
}

/// One attempt; `None` when it is done (or nobody needs it), else the pause before the next.
async fn restart(weak: &Weak<Shared>) -> Option<Duration> {
    let shared = weak.upgrade()?;
    match shared.start_one().await {
        Ok(process) => {
            // Half open: requests are let through again, and the next failure closes the way at once.
            let mut failures = shared.failures();
            failures.in_a_row = failures.in_a_row.min(CIRCUIT - 1);
            drop(failures);
            shared.give_back(process);
            None
        }
        Err(words) => {
            tracing::warn!(model = %shared.launch.model.display(), "a worker does not start: {words}");
            Some(shared.note_failure(&words))
        }
    }
}
