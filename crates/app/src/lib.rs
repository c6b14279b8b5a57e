//! Use-cases: permission, transaction, audit event; one method per intent.
//!
//! Surfaces call these and add no rule of their own. Rooms hang on [`App`] as views: `app.runs()`,
//! `app.datasets()`, … each in `<room>/<noun>.rs`.

pub mod context;
pub mod data;
pub mod error;
pub mod governance;
pub mod home;
pub mod monitoring;
pub mod notice;
pub mod pipelines;
pub mod registry;
pub mod serving;
pub mod tracking;

use std::sync::Arc;

use db::governance::audit_event::{self, NewAuditEvent};
use db::{Conn, Db, Reader};
use domain::governance::audit_event::Outcome;
use domain::governance::role::Permission;
use futures::future::BoxFuture;

pub use context::{Actor, Clock, Context};
pub use error::{Error, ErrorKind, Result};
pub use home::Home;
pub use notice::{Notice, Notices};

/// Everything the use-cases need; cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    home: Home,
    objects: objects::Store,
    clock: Clock,
    notices: Notices,
    points: tracking::points::Points,
    entered: tracking::hourly::Entered,
    environments: environments::Environments,
    secret: governance::token::Secret,
    outgoing: arc_swap::ArcSwap<outgoing::Outgoing>,
    monitoring: monitoring::Monitoring,
    serving: serving::Serving,
    unreadable: pipelines::trigger::Unreadable,
    purging: tokio::sync::Mutex<()>,
    running_queries: data::sql::Running,
}

/// A change's audit entry, without what [`App::mutate`] fills in (time, actor, outcome).
#[derive(Clone, Debug)]
pub struct Audit {
    action: &'static str,
    noun: &'static str,
    id: String,
    detail: serde_json::Value,
}

impl Audit {
    /// An entry for `action` (`room.noun.verb`) on the thing `id` of kind `noun`.
    pub fn new(action: &'static str, noun: &'static str, id: impl ToString) -> Self {
        Self { action, noun, id: id.to_string(), detail: serde_json::json!({}) }
    }

    /// Adds what changed; never a secret.
    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }

    pub(crate) fn into_event(self, ctx: &Context, outcome: Outcome) -> NewAuditEvent {
        NewAuditEvent {
            time: ctx.now(),
            actor: ctx.actor.name.clone(),
            action: self.action.to_owned(),
            noun: self.noun.to_owned(),
            id: self.id,
            outcome,
            detail: self.detail,
        }
    }
}

impl App {
    /// Opens the database of `home` (or `database`, a URL) and brings it up to date.
    pub async fn open(home: Home, database: Option<&str>, clock: Clock) -> Result<Self> {
        let url = database.map_or_else(|| home.database_url(), ToOwned::to_owned);
        let secret = governance::token::Secret::open(home.root())?;
        let db = Db::open(&url).await?;
        let objects = objects::Store::open(&home.objects_dir())?;
        let environments = environments::Environments::new(home.envs_dir());
        let notices = Notices::new();
        let monitoring = monitoring::Monitoring::default();
        let serving = serving::Serving::new(&home);
        let app = Self {
            inner: Arc::new(Inner {
                db,
                home,
                objects,
                clock,
                notices,
                points: tracking::points::Points::new(),
                entered: tracking::hourly::Entered::default(),
                environments,
                secret,
                outgoing: arc_swap::ArcSwap::default(),
                serving,
                unreadable: pipelines::trigger::Unreadable::default(),
                monitoring,
                purging: tokio::sync::Mutex::default(),
                running_queries: data::sql::Running::default(),
            }),
        };
        app.forget_queries().map_err(Error::internal)?;
        Ok(app)
    }

    /// The folder that holds everything but an external database.
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    /// The bytes of everything: data, artifacts, code.
    pub fn objects(&self) -> &objects::Store {
        &self.inner.objects
    }

    /// The Python environments that steps and model workers share.
    pub fn environments(&self) -> &environments::Environments {
        &self.inner.environments
    }

    /// The live notices of committed changes.
    pub fn notices(&self) -> &Notices {
        &self.inner.notices
    }

    /// A context for `actor` with this app's clock.
    pub fn context(&self, actor: Actor, request_id: impl Into<String>) -> Context {
        Context::new(actor, request_id.into(), self.inner.clock.clone())
    }

    /// A context for the server's own background work.
    pub fn system(&self) -> Context {
        self.context(Actor::system(), "background")
    }

    pub(crate) fn monitoring(&self) -> &monitoring::Monitoring {
        &self.inner.monitoring
    }
    pub(crate) fn serving(&self) -> &serving::Serving {
        &self.inner.serving
    }

    pub(crate) fn secret(&self) -> &governance::token::Secret {
        &self.inner.secret
    }

    /// Lets requests that users cause go to these ranges of addresses too: `127.0.0.0/8`, `10.1.2.3`.
    pub fn allow_outgoing(&self, ranges: &[String]) -> Result<()> {
        let ranges = ranges.iter().map(|range| range.parse());
        let ranges = ranges
            .collect::<Result<_, outgoing::InvalidRange>>()
            .map_err(|error| Error::invalid("outgoing-allow", error.to_string()))?;
        self.inner.outgoing.store(Arc::new(outgoing::Outgoing::allowing(ranges)));
        Ok(())
    }

    pub(crate) fn outgoing(&self) -> Arc<outgoing::Outgoing> {
        self.inner.outgoing.load_full()
    }

    /// The clock that contexts read.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// A connection for reading, after checking `permission`.
    pub(crate) async fn read(&self, ctx: &Context, permission: Permission) -> Result<Reader> {
        self.authorize(ctx, permission).await?;
        Ok(self.inner.db.read().await?)
    }

    /// Runs `work` in one transaction together with the audit entry it returns, then gives notice.
    ///
    /// `work` does database work only: no files, no network, no other write (see [`Db::write`]).
    pub(crate) async fn mutate<T, F>(&self, ctx: &Context, permission: Permission, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<(T, Audit)>> + Send + 'static,
    {
        self.authorize(ctx, permission).await?;
        let context = ctx.clone();
        let (value, event) = self
            .inner
            .db
            .record::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let (value, audit) = work(conn).await?;
                    Ok((value, audit.into_event(&context, Outcome::Done)))
                })
            })
            .await?;
        self.inner.notices.publish(&event);
        Ok(value)
    }

    /// Runs `work` as [`App::mutate`] does, with an audit entry for each of the things that it changes.
    pub(crate) async fn mutate_each<T, F>(&self, ctx: &Context, permission: Permission, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<(T, Vec<Audit>)>> + Send + 'static,
    {
        self.authorize(ctx, permission).await?;
        let context = ctx.clone();
        let (value, events) = self
            .inner
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let (value, audits) = work(conn).await?;
                    let mut events = Vec::with_capacity(audits.len());
                    for audit in audits {
                        let event = audit.into_event(&context, Outcome::Done);
                        events.push(audit_event::append(conn, event).await?);
                    }
                    Ok((value, events))
                })
            })
            .await?;
        for event in &events {
            self.inner.notices.publish(event);
        }
        Ok(value)
    }

    /// A write that is bookkeeping, not a change somebody made: leases, heartbeats, cursors, caches.
    pub(crate) async fn bookkeep<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        self.inner.db.write::<_, Error, _>(work).await
    }

    /// Checks `permission`; a refusal is put on record before it is answered.
    pub async fn authorize(&self, ctx: &Context, permission: Permission) -> Result<()> {
        if ctx.actor.role.allows(permission) {
            return Ok(());
        }
        let audit = Audit::new("governance.permission.refuse", "permission", permission);
        let event = audit.into_event(ctx, Outcome::Refused);
        let event = self
            .inner
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move { Ok(audit_event::append(conn, event).await?) })
            })
            .await?;
        self.inner.notices.publish(&event);
        Err(Error::Forbidden { actor: ctx.actor.name.clone(), permission })
    }

    /// Finishes accepted writes and closes the database.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }
}
