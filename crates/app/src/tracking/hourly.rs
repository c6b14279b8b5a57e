//! Changes that come so often that the audit log has one entry an hour for them: measurements, not decisions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use db::Conn;
use db::governance::audit_event;
use domain::Timestamp;
use domain::governance::audit_event::Outcome;
use domain::governance::role::Permission;
use futures::future::BoxFuture;

use crate::{App, Audit, Context, Error, Result};

/// How long one entry of the audit log stands for more of the same.
const AUDIT_MS: i64 = 60 * 60 * 1000;
/// Things that are remembered as entered.
const REMEMBERED: usize = 10_000;

/// Who has been entered into the audit log for what.
#[derive(Default)]
pub(crate) struct Entered(Mutex<HashMap<(String, String), Timestamp>>);

impl Entered {
    fn known(&self) -> MutexGuard<'_, HashMap<(String, String), Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is to be entered into the audit log.
    pub(crate) fn enter(&self, thing: &str, actor: &str, now: Timestamp) -> bool {
        let mut entered = self.known();
        let fresh = |time: &Timestamp| now.millis().saturating_sub(time.millis()) < AUDIT_MS;
        if entered.len() >= REMEMBERED {
            entered.retain(|_, time| fresh(time));
            if entered.len() >= REMEMBERED {
                entered.clear();
            }
        }
        let key = (thing.to_owned(), actor.to_owned());
        if entered.get(&key).is_some_and(fresh) {
            return false;
        }
        entered.insert(key, now);
        true
    }

    /// Takes an entry back that was not committed.
    pub(crate) fn forget(&self, thing: &str, actor: &str) {
        self.known().remove(&(thing.to_owned(), actor.to_owned()));
    }
}

impl App {
    /// As [`App::mutate`] for what comes often: the first such change to `thing` by the actor in an hour is in the audit log,
    /// in its transaction. The caller gives notice.
    pub(crate) async fn mutate_often<T, F>(
        &self,
        ctx: &Context,
        permission: Permission,
        thing: &str,
        audit: Audit,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        self.authorize(ctx, permission).await?;
        let (entered, actor) = (&self.inner.entered, ctx.actor.name.as_str());
        let first = entered.enter(thing, actor, ctx.now());
        let event = first.then(|| audit.into_event(ctx, Outcome::Done));
        let written = self
            .inner
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let value = work(conn).await?;
                    let event = match event {
                        Some(event) => Some(audit_event::append(conn, event).await?),
                        None => None,
                    };
                    Ok((value, event))
                })
            })
            .await;
        if first && written.is_err() {
            entered.forget(thing, actor);
        }
        let (value, event) = written?;
        if let Some(event) = event {
            self.inner.notices.publish(&event);
        }
        Ok(value)
    }
}
