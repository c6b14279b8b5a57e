//! Monitors: what a deployment is watched for, where it stands, and who was told.

use db::monitoring::{alert, drift_report, monitor, performance};
use domain::governance::role::Permission;
use domain::monitoring::alert::Alert;
use domain::monitoring::drift_report::DriftReport;
use domain::monitoring::monitor::{Monitor, MonitorSpec, MonitorWindow};
use domain::monitoring::performance::Performance;
use domain::{Id, Name};
use serde_json::json;

use crate::{App, Audit, Context, Error, Result};

/// Most records on one page.
pub const MAX_PAGE: i64 = 500;
/// Windows shown with a monitor.
const SHOWN_WINDOWS: i64 = 60;
/// The most unlikely false-alarm rate that is still told apart from none, and the likeliest one allowed, per window.
const LEVELS: (f64, f64) = (1e-6, 0.01);

/// Monitors as a view on [`App`].
pub struct Monitors<'a>(pub(super) &'a App);

impl App {
    /// The monitors.
    pub fn monitors(&self) -> Monitors<'_> {
        Monitors(self)
    }
}

/// Everything about one monitor.
#[derive(Clone, Debug)]
pub struct MonitorStatus {
    /// What it watches for and where it stands.
    pub monitor: Monitor,
    /// The newest drift report.
    pub drift: Option<DriftReport>,
    /// The newest performance record.
    pub performance: Option<Performance>,
    /// Alerts that are not closed.
    pub alerts: Vec<Alert>,
    /// The newest windows, newest first.
    pub windows: Vec<MonitorWindow>,
}

/// A level per window from a wish such as "one false alarm a month", when a window closes every `window_ms` or sooner; never
/// laxer than one in a hundred.
pub fn false_alarm_rate(count: f64, per_ms: i64, window_ms: i64) -> f64 {
    (count * window_ms as f64 / per_ms.max(1) as f64).clamp(LEVELS.0, LEVELS.1)
}

impl Monitors<'_> {
    /// Declares what a deployment is watched for; the same again changes nothing.
    pub async fn declare(&self, ctx: &Context, deployment: &Name, spec: MonitorSpec) -> Result<Monitor> {
        check_spec(&spec)?;
        let known = self.find(ctx, deployment).await?;
        if let Some(known) = known.filter(|known| known.spec == spec) {
            return Ok(known);
        }
        let name = deployment.to_string();
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    let mut watched = monitor::get(conn, &name)
                        .await?
                        .unwrap_or_else(|| Monitor::new(&name, MonitorSpec::default()));
                    watched.spec = spec;
                    monitor::save(conn, &watched).await?;
                    let detail = json!({"spec": watched.spec});
                    Ok((watched, Audit::new("monitoring.monitor.declare", "monitor", &name).detail(detail)))
                })
            })
            .await
    }

    /// All monitors by deployment.
    pub async fn list(&self, ctx: &Context) -> Result<Vec<Monitor>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(monitor::list(&mut reader.conn()).await?)
    }

    /// One monitor with its newest findings.
    pub async fn status(&self, ctx: &Context, deployment: &Name) -> Result<MonitorStatus> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let name = deployment.as_str();
        let monitor =
            monitor::get(&mut conn, name).await?.ok_or_else(|| Error::not_found("monitor", deployment))?;
        Ok(MonitorStatus {
            drift: drift_report::list(&mut conn, name, None, 1).await?.pop(),
            performance: performance::list(&mut conn, name, None, 1).await?.pop(),
            alerts: alert::list(&mut conn, Some(name), true, MAX_PAGE).await?,
            windows: monitor::windows(&mut conn, name, None, SHOWN_WINDOWS).await?,
            monitor,
        })
    }

    /// Drift reports of a deployment with ids below `before`, newest first.
    pub async fn drift_reports(
        &self,
        ctx: &Context,
        deployment: &Name,
        before: Option<&Id>,
        limit: i64,
    ) -> Result<Vec<DriftReport>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let limit = limit.clamp(1, MAX_PAGE);
        Ok(drift_report::list(&mut reader.conn(), deployment.as_str(), before, limit).await?)
    }

    /// One drift report.
    pub async fn drift_report(&self, ctx: &Context, id: &Id) -> Result<DriftReport> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = drift_report::get(&mut reader.conn(), id).await?;
        found.ok_or_else(|| Error::not_found("drift report", id))
    }

    /// Performance records of a deployment with ids below `before`, newest first.
    pub async fn performances(
        &self,
        ctx: &Context,
        deployment: &Name,
        before: Option<&Id>,
        limit: i64,
    ) -> Result<Vec<Performance>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let limit = limit.clamp(1, MAX_PAGE);
        Ok(performance::list(&mut reader.conn(), deployment.as_str(), before, limit).await?)
    }

    /// Alerts, newest first; of one deployment when given.
    pub async fn alerts(
        &self,
        ctx: &Context,
        deployment: Option<&Name>,
        open_only: bool,
    ) -> Result<Vec<Alert>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(alert::list(&mut reader.conn(), deployment.map(Name::as_str), open_only, MAX_PAGE).await?)
    }

    /// Notes that the caller looks after an alert.
    pub async fn acknowledge(&self, ctx: &Context, id: &Id) -> Result<Alert> {
        let (id, by, now) = (id.clone(), ctx.actor.name.clone(), ctx.now());
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    let found = alert::get(conn, &id).await?.ok_or_else(|| Error::not_found("alert", &id))?;
                    let seen = found
                        .acknowledge(by, now)
                        .map_err(|refused| Error::conflict("alert", &id, refused.to_string()))?;
                    alert::update(conn, &seen).await?;
                    let detail = json!({"deployment": seen.deployment});
                    let audit = Audit::new("monitoring.alert.acknowledge", "alert", &id).detail(detail);
                    Ok((seen, audit))
                })
            })
            .await
    }

    pub(super) async fn find(&self, ctx: &Context, deployment: &Name) -> Result<Option<Monitor>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(monitor::get(&mut reader.conn(), deployment.as_str()).await?)
    }
}

/// The name of a stored deployment.
pub(super) fn name_of(deployment: &str) -> Result<Name> {
    Name::parse(deployment).map_err(|error| Error::invalid("deployment", error.to_string()))
}

fn check_spec(spec: &MonitorSpec) -> Result<()> {
    let share = |field: &str, value: f64| {
        let reason = format!("{value} is not a share between 0 and 1");
        if value > 0.0 && value < 1.0 { Ok(()) } else { Err(Error::invalid(field, reason)) }
    };
    share("drift.false_alarm_rate", spec.drift.false_alarm_rate)?;
    share("drift.warn_share", spec.drift.warn_share)?;
    share("drift.alarm_share", spec.drift.alarm_share)?;
    share("drift.quality_share", spec.drift.quality_share)?;
    if spec.drift.warn_share > spec.drift.alarm_share {
        return Err(Error::invalid(
            "drift.warn_share",
            "a warning must not need a larger shift than an alarm",
        ));
    }
    if spec.windows.rows == 0 || spec.windows.min_rows == 0 || spec.windows.max_ms <= 0 {
        return Err(Error::invalid("windows", "rows, min_rows and max_ms must be greater than zero"));
    }
    if spec.persistence.windows == 0 || spec.persistence.windows > spec.persistence.of {
        return Err(Error::invalid("persistence", "windows must be between 1 and `of`"));
    }
    Ok(())
}
