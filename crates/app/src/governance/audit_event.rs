//! Reading and verifying the audit log.

use db::governance::audit_event;
pub use db::governance::audit_event::{AuditFilter, Verdict};
use domain::governance::audit_event::AuditEvent;
use domain::governance::role::Permission;

use crate::{App, Context, Result};

/// Most events on one page.
pub const MAX_PAGE: i64 = 1000;

/// The audit log as a view on [`App`].
pub struct AuditLog<'a>(&'a App);

impl App {
    /// The audit log.
    pub fn audit_log(&self) -> AuditLog<'_> {
        AuditLog(self)
    }
}

impl AuditLog<'_> {
    /// The newest events that match, newest first, at most [`MAX_PAGE`].
    pub async fn list(&self, ctx: &Context, filter: &AuditFilter, limit: i64) -> Result<Vec<AuditEvent>> {
        let mut reader = self.0.read(ctx, Permission::ReadAudit).await?;
        Ok(audit_event::list(&mut reader.conn(), filter, limit.clamp(1, MAX_PAGE)).await?)
    }

    /// Recomputes the chain from its first event.
    pub async fn verify(&self, ctx: &Context) -> Result<Verdict> {
        let mut reader = self.0.read(ctx, Permission::ReadAudit).await?;
        Ok(audit_event::verify(&mut reader.conn()).await?)
    }
}
