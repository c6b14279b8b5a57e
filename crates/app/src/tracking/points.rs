//! Points of metrics as they come: those of many callers share one transaction and its statements.
//!
//! Points are measurements with a time of their own, not changes of a thing: of one actor's points to one run the audit log
//! has the first of each hour, in their transaction.

use db::governance::audit_event::{self, NewAuditEvent};
use db::tracking::metric::RunPoints;
use db::tracking::{recent, run};
use db::{Conn, Gathered};
use domain::Id;
use domain::governance::audit_event::{AuditEvent, Outcome};
use domain::governance::role::Permission;
use domain::tracking::experiment::Lifecycle;
use domain::tracking::metric::Metric;
use futures::future::BoxFuture;

use super::hourly::Entered;
use super::run::{Runs, deleted};
use crate::{Audit, Context, Error, Result};

/// What waits to be stored, and who has been entered into the audit log.
pub(crate) struct Points {
    gathered: Gathered<Logged, Stored>,
    entered: Entered,
}

/// Points that one call brought.
struct Logged {
    run: Id,
    metrics: Vec<Metric>,
    audit: Option<NewAuditEvent>,
}

enum Stored {
    Yes(Option<Box<AuditEvent>>),
    NoRun,
    Deleted,
}

impl Points {
    pub(crate) fn new() -> Self {
        Self { gathered: Gathered::new(store), entered: Entered::default() }
    }
}

impl Runs<'_> {
    /// Stores points of an active run.
    pub(super) async fn log_points(&self, ctx: &Context, id: &Id, metrics: Vec<Metric>) -> Result<()> {
        self.0.authorize(ctx, Permission::WriteRuns).await?;
        let (points, actor) = (&self.0.inner.points, ctx.actor.name.as_str());
        let audit = points.entered.enter(id.as_str(), actor, ctx.now()).then(|| {
            let detail = serde_json::json!({"metrics": metrics.len(), "params": 0, "tags": 0});
            Audit::new("tracking.run.log", "run", id).detail(detail).into_event(ctx, Outcome::Done)
        });
        let first = audit.is_some();
        let stored =
            points.gathered.submit(&self.0.inner.db, Logged { run: id.clone(), metrics, audit }).await;
        if first && !matches!(stored, Ok(Stored::Yes(_))) {
            points.entered.forget(id.as_str(), actor);
        }
        match stored? {
            Stored::Yes(Some(event)) => self.0.inner.notices.publish(&event),
            Stored::Yes(None) => self.0.inner.notices.hint("tracking.run.log", "run", id),
            Stored::NoRun => return Err(Error::not_found("run", id)),
            Stored::Deleted => return Err(deleted(id)),
        }
        Ok(())
    }
}

fn store<'t>(conn: &'t mut Conn<'_>, group: &'t [Logged]) -> BoxFuture<'t, db::Result<(Vec<Stored>, usize)>> {
    Box::pin(async move {
        let mut ids: Vec<Id> = group.iter().map(|logged| logged.run.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let standings = run::standings(conn, &ids).await?;
        let mut points = Vec::with_capacity(group.len());
        let mut outcomes = Vec::with_capacity(group.len());
        for logged in group {
            outcomes.push(match standings.get(&logged.run) {
                None => Stored::NoRun,
                Some(found) if found.lifecycle != Lifecycle::Active => Stored::Deleted,
                Some(found) => {
                    let (run, experiment) = (found.num, found.experiment);
                    points.push(RunPoints { run, experiment, metrics: &logged.metrics });
                    Stored::Yes(None)
                }
            });
        }
        let waiting = recent::append(conn, &points).await?;
        for (logged, outcome) in group.iter().zip(&mut outcomes) {
            if let (Stored::Yes(entry), Some(audit)) = (outcome, &logged.audit) {
                *entry = Some(Box::new(audit_event::append(conn, audit.clone()).await?));
            }
        }
        Ok((outcomes, waiting))
    })
}
