//! Assessments of traces.

use db::tracking::assessment;
use domain::tracking::assessment::{Assessment, Change, MAX_ASSESSMENTS};
use domain::tracking::trace::TraceId;

use super::trace::{Traces, check_owner, settle, too_many_assessments};
use crate::{Context, Error, Result};

impl Traces<'_> {
    /// Adds an assessment of a trace; the one that it overrides is not valid any more.
    pub async fn assess(&self, ctx: &Context, new: Assessment) -> Result<Assessment> {
        let new = settle(ctx, new).checked()?;
        let id = new.trace.clone();
        let detail = serde_json::json!({"assessment": new.id, "name": new.name});
        self.change(ctx, &id, "tracking.trace.assess", detail, move |conn, found| {
            Box::pin(async move {
                if found.info.assessments.len() >= MAX_ASSESSMENTS {
                    return Err(too_many_assessments(&found.info.id));
                }
                if let Some(older) = &new.overrides
                    && !assessment::set_valid(conn, found.num, older, false).await?
                {
                    return Err(absent(&found.info.id, older));
                }
                check_owner(conn, found.num, &new).await?;
                assessment::put(conn, found.num, &new).await?;
                Ok(new)
            })
        })
        .await
    }

    /// One assessment of a trace.
    pub async fn assessment(&self, ctx: &Context, trace: &TraceId, id: &str) -> Result<Assessment> {
        let info = self.info(ctx, trace).await?;
        info.assessments.into_iter().find(|assessment| assessment.id == id).ok_or_else(|| absent(trace, id))
    }

    /// Changes an assessment: only what is told.
    pub async fn reassess(
        &self,
        ctx: &Context,
        trace: &TraceId,
        id: &str,
        change: Change,
    ) -> Result<Assessment> {
        let (id, trace, now) = (id.to_owned(), trace.clone(), ctx.now());
        let detail = serde_json::json!({"assessment": id});
        self.change(ctx, &trace, "tracking.trace.reassess", detail, move |conn, found| {
            Box::pin(async move {
                let mut assessments = found.info.assessments.into_iter();
                let older = assessments.find(|assessment| assessment.id == id);
                let older = older.ok_or_else(|| absent(&found.info.id, &id))?;
                let newer = older.changed(change, now)?;
                assessment::put(conn, found.num, &newer).await?;
                Ok(newer)
            })
        })
        .await
    }

    /// Removes an assessment, if it is there; the one that it had overridden is valid again.
    pub async fn unassess(&self, ctx: &Context, trace: &TraceId, id: &str) -> Result<()> {
        match self.assessment(ctx, trace, id).await {
            Err(Error::NotFound { .. }) => return Ok(()),
            found => found?,
        };
        let id = id.to_owned();
        let detail = serde_json::json!({"assessment": id});
        self.change(ctx, trace, "tracking.trace.unassess", detail, move |conn, found| {
            Box::pin(async move {
                let mut assessments = found.info.assessments.into_iter();
                let older = assessments.find(|assessment| assessment.id == id);
                if let Some(overridden) = older.and_then(|older| older.overrides) {
                    assessment::set_valid(conn, found.num, &overridden, true).await?;
                }
                assessment::delete(conn, found.num, &id).await?;
                Ok(())
            })
        })
        .await
    }
}

fn absent(trace: &TraceId, id: &str) -> Error {
    Error::not_found("assessment", format!("{id} of {trace}"))
}
