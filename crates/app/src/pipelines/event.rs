//! The log of events that can start work.

use db::pipelines::event;
use domain::governance::role::Permission;
use domain::pipelines::event::{Event, NewEvent};

use crate::{App, Audit, Context, Result};

/// Most events on one page.
pub const MAX_PAGE: i64 = 1000;

/// The log of events as a view on [`App`]; what is part of a change of its own room is appended in that
/// change's transaction with [`db::pipelines::event::append`].
pub struct Events<'a>(&'a App);

impl App {
    /// The log of events.
    pub fn events(&self) -> Events<'_> {
        Events(self)
    }
}

impl Events<'_> {
    /// Appends an event; triggers see it at their next evaluation.
    pub async fn append(&self, ctx: &Context, new: NewEvent) -> Result<Event> {
        let (id, now) = (ctx.new_id(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    let event = event::append(conn, &id, now, new).await?;
                    let audit = Audit::new("pipelines.event.append", "event", &event.id)
                        .detail(serde_json::json!({"kind": event.kind, "subject": event.subject}));
                    Ok((event, audit))
                })
            })
            .await
    }

    /// The newest events numbered below `before`, newest first, at most [`MAX_PAGE`].
    pub async fn list(&self, ctx: &Context, before: Option<i64>, limit: i64) -> Result<Vec<Event>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let before = before.unwrap_or(i64::MAX);
        Ok(event::list(&mut reader.conn(), before, limit.clamp(1, MAX_PAGE)).await?)
    }
}
