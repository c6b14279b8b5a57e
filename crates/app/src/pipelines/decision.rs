//! Decisions of triggers, gates and rollouts, with their evidence.

use db::pipelines::decision;
pub use db::pipelines::decision::DecisionFilter;
use domain::Id;
use domain::governance::role::Permission;
use domain::pipelines::decision::{Decision, NewDecision};

use crate::{App, Audit, Context, Error, Result};

/// Most decisions on one page.
pub const MAX_PAGE: i64 = 1000;

/// The decisions as a view on [`App`]; one that is part of a change is stored in that change's transaction
/// with [`db::pipelines::decision::insert`].
pub struct Decisions<'a>(&'a App);

impl App {
    /// The decisions.
    pub fn decisions(&self) -> Decisions<'_> {
        Decisions(self)
    }
}

impl Decisions<'_> {
    /// Stores a decision.
    pub async fn record(&self, ctx: &Context, new: NewDecision) -> Result<Decision> {
        let decision = new.at(ctx.new_id(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteModels, move |conn| {
                Box::pin(async move {
                    decision::insert(conn, &decision).await?;
                    let audit = audit(&decision);
                    Ok((decision, audit))
                })
            })
            .await
    }

    /// The newest decisions that match, newest first, at most [`MAX_PAGE`].
    pub async fn list(&self, ctx: &Context, filter: &DecisionFilter, limit: i64) -> Result<Vec<Decision>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(decision::list(&mut reader.conn(), filter, limit.clamp(1, MAX_PAGE)).await?)
    }

    /// One decision.
    pub async fn get(&self, ctx: &Context, id: &Id) -> Result<Decision> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        decision::get(&mut reader.conn(), id).await?.ok_or_else(|| Error::not_found("decision", id))
    }
}

/// The audit entry of a decision.
pub(crate) fn audit(decision: &Decision) -> Audit {
    Audit::new("pipelines.decision.record", "decision", &decision.id).detail(serde_json::json!({
        "kind": decision.kind, "subject": decision.subject, "outcome": decision.outcome,
        "reason": decision.reason, "pipeline_run": decision.pipeline_run,
    }))
}
