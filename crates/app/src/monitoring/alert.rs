//! Alerts follow the state: opened when their cause is there, closed when it is gone.

use db::monitoring::{alert, drift_report, performance};
use domain::governance::role::Permission;
use domain::monitoring::alert::{Alert, AlertKind};
use domain::monitoring::monitor::{Monitor, MonitorState};
use domain::monitoring::performance::PerformanceVerdict;
use domain::{Id, Name};
use serde_json::json;

use super::monitor::{Monitors, name_of};
use crate::{Audit, Context, Error, Result};

/// A kind of alert with the sentence and the record of what causes it, when that is there.
type Cause = (AlertKind, Option<(String, Option<Id>)>);

impl Monitors<'_> {
    /// Opens the alerts whose cause is there and closes those whose cause is gone.
    pub(super) async fn reconcile_alerts(&self, ctx: &Context, watched: &Monitor) -> Result<()> {
        let deployment = name_of(&watched.deployment)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let mut causes: Vec<Cause> = Vec::new();
        let drifted = match (&watched.drift_report, watched.state) {
            (Some(id), MonitorState::Alarmed) => drift_report::get(&mut conn, id).await?,
            _ => None,
        };
        causes.push((AlertKind::Drift, drifted.map(|report| (report.sentence, Some(report.id)))));
        let degraded = match &watched.performance {
            Some(id) => performance::get(&mut conn, id).await?,
            None => None,
        };
        let degraded = degraded.filter(|record| record.verdict == PerformanceVerdict::Degraded);
        causes.push((AlertKind::Performance, degraded.map(|record| (record.sentence, Some(record.id)))));
        let mut open = Vec::new();
        for (kind, _) in &causes {
            open.push(alert::find_open(&mut conn, &watched.deployment, *kind).await?);
        }
        open.push(alert::find_open(&mut conn, &watched.deployment, AlertKind::Silence).await?);
        drop(reader);
        causes.push((AlertKind::Silence, self.silence(ctx, &deployment, watched).await?));
        for ((kind, cause), open) in causes.into_iter().zip(open) {
            match (cause, open) {
                (Some((sentence, record)), None) => {
                    let id = ctx.new_id();
                    let opened = Alert::open(id, kind, deployment.as_str(), ctx.now(), sentence, record);
                    self.open_alert(ctx, opened).await?;
                }
                (None, Some(open)) => self.close_alert(ctx, open).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// What to say about a deployment that nobody has asked for too long.
    async fn silence(
        &self,
        ctx: &Context,
        deployment: &Name,
        watched: &Monitor,
    ) -> Result<Option<(String, Option<Id>)>> {
        let Some(limit) = watched.spec.freshness_ms else { return Ok(None) };
        let Some(last) = self.0.predictions().list(ctx, deployment, None, 1).await?.pop() else {
            return Ok(None);
        };
        let silent = ctx.now().since(last.time_ms);
        Ok((silent > limit).then(|| (format!("no request since {}", last.time_ms.to_rfc3339()), None)))
    }

    async fn open_alert(&self, ctx: &Context, opened: Alert) -> Result<()> {
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    alert::open(conn, &opened).await?;
                    let detail = json!({
                        "deployment": opened.deployment, "kind": opened.kind, "sentence": opened.sentence,
                    });
                    Ok(((), Audit::new("monitoring.alert.open", "alert", &opened.id).detail(detail)))
                })
            })
            .await
    }

    async fn close_alert(&self, ctx: &Context, open: Alert) -> Result<()> {
        let now = ctx.now();
        let reason = match open.kind {
            AlertKind::Drift => "the newest windows are quiet, or another version answers",
            AlertKind::Performance => "the metric is back, or another version answers",
            AlertKind::Silence => "requests are coming again",
        };
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    let id = open.id.clone();
                    let closed = open
                        .close(reason, now)
                        .map_err(|refused| Error::conflict("alert", &id, refused.to_string()))?;
                    alert::update(conn, &closed).await?;
                    let detail = json!({"deployment": closed.deployment, "reason": reason});
                    Ok(((), Audit::new("monitoring.alert.close", "alert", &id).detail(detail)))
                })
            })
            .await
    }
}
