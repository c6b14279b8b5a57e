//! Monitors: what deployments are watched for and where they stand.

use std::collections::BTreeMap;

use app::App;
use app::monitoring::monitor::MonitorStatus;
use axum::extract::State;
use domain::monitoring::drift_report::DriftSettings;
use domain::monitoring::monitor::{
    Monitor, MonitorSpec, MonitorWindow, PerformanceSpec, Persistence, Windows,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::alert::AlertBody;
use super::drift::DriftReportBody;
use super::performance::PerformanceBody;
use super::{name, word};
use crate::{Ctx, Json, Path, Problem};

/// What a deployment is watched for; fields that are left out have their usual values.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpecBody {
    /// The drift rule's numbers.
    drift: DriftSettingsBody,
    /// How requests are cut into windows.
    windows: WindowsBody,
    /// How many windows must agree before an alert.
    persistence: PersistenceBody,
    /// What labels are judged by.
    performance: PerformanceSpecBody,
    /// Silence longer than this is an alert, in milliseconds.
    freshness_ms: Option<i64>,
    /// Share of the model's decisions that rests on each column, when known.
    importance: BTreeMap<String, f64>,
}

/// The drift rule's numbers.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DriftSettingsBody {
    /// Chance of a false alarm of one window, over all its columns.
    pub(super) false_alarm_rate: f64,
    /// Share of the rows that must have moved for a warning.
    pub(super) warn_share: f64,
    /// Share of the rows that must have moved for an alarm.
    pub(super) alarm_share: f64,
    /// Rise of a rate of bad values for an alarm.
    pub(super) quality_share: f64,
}

/// A window ends when it has `rows` requests, or after `max_ms` if it has `min_rows` by then.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WindowsBody {
    /// Requests that make a window full.
    rows: u64,
    /// Requests that a window needs at least.
    min_rows: u64,
    /// Age at which a window ends, in milliseconds.
    max_ms: i64,
}

/// An alert opens when `windows` of the last `of` alarm.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PersistenceBody {
    /// Alarming windows needed.
    windows: u32,
    /// Newest windows looked at.
    of: u32,
}

/// How labelled predictions are judged.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PerformanceSpecBody {
    /// The metric that counts; the problem's usual one when absent.
    metric: Option<String>,
    /// Age at which a prediction's label is due, in milliseconds.
    after_ms: i64,
    /// Labels without which no metric is computed.
    min_labels: u64,
    /// Loss against the release that is an alarm, in the metric's own unit.
    tolerance: f64,
    /// Score at which a row is called positive.
    threshold: f64,
}

impl Default for SpecBody {
    fn default() -> Self {
        MonitorSpec::default().into()
    }
}

impl Default for DriftSettingsBody {
    fn default() -> Self {
        DriftSettings::default().into()
    }
}

impl Default for WindowsBody {
    fn default() -> Self {
        SpecBody::default().windows
    }
}

impl Default for PersistenceBody {
    fn default() -> Self {
        SpecBody::default().persistence
    }
}

impl Default for PerformanceSpecBody {
    fn default() -> Self {
        SpecBody::default().performance
    }
}

impl From<DriftSettings> for DriftSettingsBody {
    fn from(settings: DriftSettings) -> Self {
        Self {
            false_alarm_rate: settings.false_alarm_rate,
            warn_share: settings.warn_share,
            alarm_share: settings.alarm_share,
            quality_share: settings.quality_share,
        }
    }
}

impl From<MonitorSpec> for SpecBody {
    fn from(spec: MonitorSpec) -> Self {
        Self {
            drift: spec.drift.into(),
            windows: WindowsBody {
                rows: spec.windows.rows,
                min_rows: spec.windows.min_rows,
                max_ms: spec.windows.max_ms,
            },
            persistence: PersistenceBody { windows: spec.persistence.windows, of: spec.persistence.of },
            performance: PerformanceSpecBody {
                metric: spec.performance.metric,
                after_ms: spec.performance.after_ms,
                min_labels: spec.performance.min_labels,
                tolerance: spec.performance.tolerance,
                threshold: spec.performance.threshold,
            },
            freshness_ms: spec.freshness_ms,
            importance: spec.importance,
        }
    }
}

impl From<SpecBody> for MonitorSpec {
    fn from(body: SpecBody) -> Self {
        Self {
            drift: DriftSettings {
                false_alarm_rate: body.drift.false_alarm_rate,
                warn_share: body.drift.warn_share,
                alarm_share: body.drift.alarm_share,
                quality_share: body.drift.quality_share,
            },
            windows: Windows {
                rows: body.windows.rows,
                min_rows: body.windows.min_rows,
                max_ms: body.windows.max_ms,
            },
            persistence: Persistence { windows: body.persistence.windows, of: body.persistence.of },
            performance: PerformanceSpec {
                metric: body.performance.metric,
                after_ms: body.performance.after_ms,
                min_labels: body.performance.min_labels,
                tolerance: body.performance.tolerance,
                threshold: body.performance.threshold,
            },
            freshness_ms: body.freshness_ms,
            importance: body.importance,
        }
    }
}

/// A monitor.
#[derive(Serialize, ToSchema)]
pub struct MonitorBody {
    /// The deployment that it watches.
    deployment: String,
    /// `waiting`, `steady`, `warned` or `alarmed`.
    state: String,
    /// The model version that the state is about.
    version: Option<i64>,
    /// Id of the newest drift report.
    drift_report: Option<String>,
    /// Id of the newest performance record.
    performance: Option<String>,
    /// When the last window closed, in epoch milliseconds.
    checked_ms: Option<i64>,
    /// What it watches for.
    spec: SpecBody,
}

impl From<Monitor> for MonitorBody {
    fn from(monitor: Monitor) -> Self {
        Self {
            deployment: monitor.deployment,
            state: word(&monitor.state),
            version: monitor.version,
            drift_report: monitor.drift_report.map(|id| id.to_string()),
            performance: monitor.performance.map(|id| id.to_string()),
            checked_ms: monitor.checked_ms.map(domain::Timestamp::millis),
            spec: monitor.spec.into(),
        }
    }
}

/// A closed window of one version's requests.
#[derive(Serialize, ToSchema)]
pub struct WindowBody {
    /// The model.
    model: String,
    /// Its version.
    version: i64,
    /// First request's time, in epoch milliseconds.
    from_ms: i64,
    /// End, exclusive.
    to_ms: i64,
    /// Requests in it.
    rows: u64,
    /// Id of its drift report.
    drift_report: Option<String>,
    /// Id of its newest performance record.
    performance: Option<String>,
}

impl From<MonitorWindow> for WindowBody {
    fn from(window: MonitorWindow) -> Self {
        Self {
            model: window.model,
            version: window.version,
            from_ms: window.from_ms.millis(),
            to_ms: window.to_ms.millis(),
            rows: window.rows,
            drift_report: window.drift_report.map(|id| id.to_string()),
            performance: window.performance.map(|id| id.to_string()),
        }
    }
}

/// A monitor with its newest findings.
#[derive(Serialize, ToSchema)]
pub struct MonitorStatusBody {
    /// The monitor.
    #[serde(flatten)]
    monitor: MonitorBody,
    /// The newest drift report.
    drift: Option<DriftReportBody>,
    /// The newest performance record.
    measured: Option<PerformanceBody>,
    /// Alerts that are not closed.
    alerts: Vec<AlertBody>,
    /// The newest windows, newest first.
    windows: Vec<WindowBody>,
}

impl From<MonitorStatus> for MonitorStatusBody {
    fn from(status: MonitorStatus) -> Self {
        Self {
            monitor: status.monitor.into(),
            drift: status.drift.map(Into::into),
            measured: status.performance.map(Into::into),
            alerts: status.alerts.into_iter().map(Into::into).collect(),
            windows: status.windows.into_iter().map(Into::into).collect(),
        }
    }
}

/// All monitors.
#[derive(Serialize, ToSchema)]
pub struct MonitorList {
    /// By deployment.
    items: Vec<MonitorBody>,
}

/// Lists the monitors.
#[utoipa::path(get, path = "/monitors", tag = "monitoring",
    responses((status = 200, body = MonitorList), (status = "default", body = Problem)))]
pub async fn list(State(app): State<App>, Ctx(ctx): Ctx) -> Result<Json<MonitorList>, Problem> {
    let items = app.monitors().list(&ctx).await?;
    Ok(Json(MonitorList { items: items.into_iter().map(Into::into).collect() }))
}

/// One monitor with its newest findings.
#[utoipa::path(get, path = "/deployments/{name}/monitor", tag = "monitoring",
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = MonitorStatusBody), (status = "default", body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
) -> Result<Json<MonitorStatusBody>, Problem> {
    Ok(Json(app.monitors().status(&ctx, &name(&deployment)?).await?.into()))
}

/// Declares what a deployment is watched for.
#[utoipa::path(put, path = "/deployments/{name}/monitor", tag = "monitoring", request_body = SpecBody,
    params(("name" = String, Path, description = "The deployment")),
    responses((status = 200, body = MonitorBody), (status = "default", body = Problem)))]
pub async fn put(
    State(app): State<App>,
    Ctx(ctx): Ctx,
    Path(deployment): Path<String>,
    Json(spec): Json<SpecBody>,
) -> Result<Json<MonitorBody>, Problem> {
    Ok(Json(app.monitors().declare(&ctx, &name(&deployment)?, spec.into()).await?.into()))
}
