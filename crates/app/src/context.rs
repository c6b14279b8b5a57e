//! Who asks, when, and where new ids come from.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::governance::role::Role;
use domain::{Id, Timestamp};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Actor {
    /// A user's name, `system`, or `step:ID`.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Actor {
    /// The one user of a home without accounts.
    pub fn local() -> Self {
        Self { name: "local".to_owned(), role: Role::Administrator }
    }

    /// The server's own background work.
    pub fn system() -> Self {
        Self { name: "system".to_owned(), role: Role::Administrator }
    }

    /// The code of a running step.
    pub fn step(step_run: &Id) -> Self {
        Self { name: format!("step:{step_run}"), role: Role::Step }
    }
}

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// A test's: milliseconds, moved by hand.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `millis` until it is moved.
    pub fn fixed(millis: i64) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(millis)))
    }

    /// Now, in milliseconds since the epoch.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Fixed(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock; the machine's stays as it is.
    pub fn advance(&self, millis: i64) {
        if let Self::Fixed(now) = self {
            now.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

/// One request's surroundings.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who asks.
    pub actor: Actor,
    /// The id that logs and 5xx bodies carry.
    pub request_id: String,
    clock: Clock,
}

impl Context {
    pub(crate) fn new(actor: Actor, request_id: String, clock: Clock) -> Self {
        Self { actor, request_id, clock }
    }

    /// The time of the request's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new public id; ids that one process makes sort in the order in which they were made.
    pub fn new_id(&self) -> Id {
        self.new_id_at(self.now())
    }

    /// A new public id that bears another time than now.
    pub fn new_id_at(&self, time: Timestamp) -> Id {
        id_at(time)
    }
}

/// A new public id that bears a time.
pub(crate) fn id_at(time: Timestamp) -> Id {
    let mut random: [u8; 10] = rand::random();
    random[..2].copy_from_slice(&sequence(time).to_be_bytes());
    Id::new(time, random)
}

/// Counts the ids of one millisecond: the 12 bits that follow an id's time (RFC 9562, section 6.2, method 1).
fn sequence(now: Timestamp) -> u16 {
    static LAST: Mutex<(i64, u16)> = Mutex::new((0, 0));
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = if last.0 == now.millis() { (last.0, (last.1 + 1) & 0x0fff) } else { (now.millis(), 0) };
    last.1
}
