//! The periodic look at every deployment: closes windows, compares, measures, opens and closes alerts.
//!
//! Level-triggered: what has been looked at is in the database, so a look after a restart does what is left, and a
//! second look changes nothing.

use std::collections::BTreeMap;

use db::Conn;
use db::monitoring::{drift_report, label, monitor, performance};
use db::registry::evaluation;
use domain::governance::role::Permission;
use domain::monitoring::drift_report::{DriftReport, DriftVerdict, Window};
use domain::monitoring::monitor::{Monitor, MonitorSpec, MonitorState, MonitorWindow};
use domain::monitoring::performance::{Performance, PerformanceVerdict};
use domain::pipelines::event::{DriftFinding, EventKind, NewEvent, PerformanceFinding};
use domain::registry::model::ModelName;
use domain::serving::Prediction;
use domain::{Name, Timestamp};
use serde_json::json;

use super::monitor::{Monitors, name_of};
use super::{drift, performance as measuring};
use crate::{Audit, Context, Error, ErrorKind, Result};

/// Windows closed in one look at a deployment; what is left follows at the next.
const MAX_WINDOWS: usize = 20;
/// Requests younger than this may still be answered and logged, in milliseconds.
const SETTLE_MS: i64 = 1_000;
/// Closed windows whose late labels are still taken in.
const LABELLED_WINDOWS: i64 = 200;
/// Share of a window's predictions that must have labels before its figure counts before all labels are due.
const COMPLETE: f64 = 0.8;

/// What one look found.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Reports that were made.
    pub reports: Vec<DriftReport>,
    /// Performance records that were made.
    pub performances: Vec<Performance>,
}

/// Whether a window that is not full is closed too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Close {
    WhenFull,
    Now,
}

impl Monitors<'_> {
    /// Looks at every deployment. One that cannot be looked at does not keep the others from it.
    pub async fn tick(&self, ctx: &Context) -> Result<Looked> {
        self.0.authorize(ctx, Permission::WriteMonitoring).await?;
        let deployments = {
            let mut reader = self.0.read(ctx, Permission::Read).await?;
            db::serving::deployment::list(&mut reader.conn()).await?
        };
        let mut looked = Looked::default();
        for deployment in deployments {
            match self.look(ctx, &deployment.name, Close::WhenFull).await {
                Ok(found) => {
                    looked.reports.extend(found.reports);
                    looked.performances.extend(found.performances);
                }
                Err(error) => tracing::warn!(deployment = %deployment.name, %error, "monitoring failed"),
            }
        }
        Ok(looked)
    }

    /// Closes the open window of a deployment now and returns its report. A window with fewer requests than one needs stays open,
    /// so that looking often does not keep windows too small to tell anything: the report on it is not kept. Without
    /// any request since the last window, that window's report is returned.
    pub async fn check_drift(&self, ctx: &Context, deployment: &Name) -> Result<DriftReport> {
        self.0.authorize(ctx, Permission::WriteMonitoring).await?;
        let looked = self.look(ctx, deployment, Close::Now).await?;
        if let Some(newest) = looked.reports.into_iter().next_back() {
            return Ok(newest);
        }
        if let Some(passing) = self.report_on_open(ctx, deployment).await? {
            return Ok(passing);
        }
        let known = self.drift_reports(ctx, deployment, None, 1).await?.pop();
        known.ok_or_else(|| {
            let reason = "there is nothing to compare yet: its first requests become the reference when the platform \
                          did not train the model, later ones are compared with them";
            Error::conflict("deployment", deployment, reason)
        })
    }

    /// A report on the requests of the open window, of the version that answered most of them.
    async fn report_on_open(&self, ctx: &Context, deployment: &Name) -> Result<Option<DriftReport>> {
        let watched = self.monitor_of(ctx, deployment).await?;
        let rows = self.open_rows(ctx, deployment, Close::Now).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let (from_ms, to_ms) = (first.time_ms, last.time_ms.plus_millis(1));
        let mut parts: BTreeMap<i64, Vec<Prediction>> = BTreeMap::new();
        for row in rows {
            parts.entry(row.version).or_default().push(row);
        }
        let Some((version, rows)) = parts.into_iter().max_by_key(|(_, rows)| rows.len()) else {
            return Ok(None);
        };
        let window = open_window(&watched, version, &rows, from_ms, to_ms);
        self.report(ctx, &watched.spec, &window, rows).await
    }

    /// Takes in what labels have come for closed windows and returns the newest record.
    pub async fn check_performance(&self, ctx: &Context, deployment: &Name) -> Result<Performance> {
        self.0.authorize(ctx, Permission::WriteMonitoring).await?;
        self.look(ctx, deployment, Close::Now).await?;
        let known = self.performances(ctx, deployment, None, 1).await?.pop();
        known.ok_or_else(|| {
            let reason = "there are not enough labels yet: send them with `volano label add`";
            Error::conflict("deployment", deployment, reason)
        })
    }

    async fn look(&self, ctx: &Context, deployment: &Name, close: Close) -> Result<Looked> {
        let _alone = self.0.monitoring().ticking.lock().await;
        let mut watched = self.monitor_of(ctx, deployment).await?;
        let mut looked = Looked::default();
        for _ in 0..MAX_WINDOWS {
            let Some(rows) = self.next_window(ctx, deployment, &watched.spec, close).await? else { break };
            looked.reports.extend(self.close_window(ctx, &mut watched, rows).await?);
        }
        looked.performances = self.take_labels(ctx, &mut watched).await?;
        self.reconcile_alerts(ctx, &watched).await?;
        Ok(looked)
    }

    /// The monitor of a deployment; one with the usual settings is made at the first look.
    async fn monitor_of(&self, ctx: &Context, deployment: &Name) -> Result<Monitor> {
        match self.find(ctx, deployment).await? {
            Some(known) => Ok(known),
            None => self.declare(ctx, deployment, MonitorSpec::default()).await,
        }
    }

    /// The requests of the next window, if it has ended.
    async fn next_window(
        &self,
        ctx: &Context,
        deployment: &Name,
        spec: &MonitorSpec,
        close: Close,
    ) -> Result<Option<Vec<Prediction>>> {
        let mut rows = self.open_rows(ctx, deployment, close).await?;
        let times: Vec<Timestamp> = rows.iter().map(|row| row.time_ms).collect();
        let end = match spec.windows.cut(&times, ctx.now()) {
            None if close == Close::Now && rows.len() as u64 >= spec.windows.min_rows => Some(rows.len()),
            end => end,
        };
        Ok(end.map(|end| {
            rows.truncate(end);
            rows
        }))
    }

    /// The requests since the last window.
    async fn open_rows(&self, ctx: &Context, deployment: &Name, close: Close) -> Result<Vec<Prediction>> {
        let newest = {
            let mut reader = self.0.read(ctx, Permission::Read).await?;
            monitor::windows(&mut reader.conn(), deployment.as_str(), None, 1).await?.pop()
        };
        let from = newest.map_or(Timestamp::from_millis(0), |window| window.to_ms);
        let settle = if close == Close::Now { -1 } else { SETTLE_MS };
        self.read_rows(ctx, deployment, from, ctx.now().plus_millis(-settle)).await
    }

    /// Logged predictions, oldest first; of a stretch that holds too many, its first part.
    async fn read_rows(
        &self,
        ctx: &Context,
        deployment: &Name,
        from: Timestamp,
        mut to: Timestamp,
    ) -> Result<Vec<Prediction>> {
        loop {
            match self.0.predictions().window(ctx, deployment, from, to).await {
                Err(Error::LimitReached { .. }) if to.since(from) > 1 => {
                    to = from.plus_millis(to.since(from) / 2);
                }
                result => return result,
            }
        }
    }

    /// Closes a window: one record per version that answered in it, a report for those with enough requests.
    async fn close_window(
        &self,
        ctx: &Context,
        watched: &mut Monitor,
        rows: Vec<Prediction>,
    ) -> Result<Vec<DriftReport>> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
        let (from_ms, to_ms) = (first.time_ms, last.time_ms.plus_millis(1));
        let mut parts: BTreeMap<i64, Vec<Prediction>> = BTreeMap::new();
        for row in rows {
            parts.entry(row.version).or_default().push(row);
        }
        let leading = parts.iter().max_by_key(|(_, rows)| rows.len()).map(|(version, _)| *version);
        let mut reports = Vec::new();
        for (version, rows) in parts {
            let window = open_window(watched, version, &rows, from_ms, to_ms);
            let report = self.report(ctx, &watched.spec, &window, rows).await?;
            let leads = leading == Some(version);
            *watched = self.store_window(ctx, watched.clone(), window, report.clone(), leads).await?;
            reports.extend(report);
        }
        Ok(reports)
    }

    /// Compares a window with the version's reference; `None` for a version's first requests when they are the reference.
    async fn report(
        &self,
        ctx: &Context,
        spec: &MonitorSpec,
        window: &MonitorWindow,
        rows: Vec<Prediction>,
    ) -> Result<Option<DriftReport>> {
        let trained = self.0.training_reference(ctx, &window.model, window.version).await?;
        let first = {
            let mut reader = self.0.read(ctx, Permission::Read).await?;
            monitor::first_window(&mut reader.conn(), &window.deployment, window.version).await?
        };
        let first = match first {
            Some(first) => Some(self.0.first_window(ctx, &first).await?),
            None => None,
        };
        let subject = drift::Subject {
            id: ctx.new_id(),
            now: ctx.now(),
            deployment: window.deployment.clone(),
            model: window.model.clone(),
            version: window.version,
            window: Window { from_ms: window.from_ms, to_ms: window.to_ms, rows: window.rows },
        };
        let spec = spec.clone();
        let compare = move || {
            let (columns, answers) = first.unzip();
            match (trained.as_deref(), columns.as_ref()) {
                (Some(reference), _) | (None, Some(reference)) => {
                    Some(drift::report(subject, &spec, reference, answers.as_ref(), &rows))
                }
                (None, None) => None,
            }
        };
        tokio::task::spawn_blocking(compare).await.map_err(Error::internal)
    }

    /// Stores a closed window with its report, and where the monitor stands after it.
    async fn store_window(
        &self,
        ctx: &Context,
        watched: Monitor,
        mut window: MonitorWindow,
        report: Option<DriftReport>,
        leads: bool,
    ) -> Result<Monitor> {
        window.drift_report = report.as_ref().map(|report| report.id.clone());
        let (now, event_id) = (ctx.now(), ctx.new_id());
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    let id = format!("{}/{}", window.deployment, window.from_ms.millis());
                    if !monitor::close_window(conn, &window).await? {
                        return Err(Error::conflict("monitor window", id, "another server has closed it"));
                    }
                    let mut watched = watched;
                    watched.checked_ms = Some(now);
                    let mut audit = Audit::new("monitoring.window.close", "monitor", &watched.deployment);
                    if let Some(report) = &report {
                        drift_report::insert(conn, report).await?;
                        audit = Audit::new("monitoring.drift_report.add", "drift_report", &report.id).detail(
                            json!({
                                "deployment": report.deployment, "version": report.version,
                                "verdict": report.verdict, "sentence": report.sentence,
                            }),
                        );
                        if leads {
                            stand_after(conn, &mut watched, report).await?;
                            let event = drift_event(report, watched.state == MonitorState::Alarmed);
                            db::pipelines::event::append(conn, &event_id, now, event).await?;
                        }
                    }
                    monitor::save(conn, &watched).await?;
                    Ok((watched, audit))
                })
            })
            .await
    }

    /// Measures closed windows whose labels have changed since they were measured last.
    async fn take_labels(&self, ctx: &Context, watched: &mut Monitor) -> Result<Vec<Performance>> {
        let deployment = name_of(&watched.deployment)?;
        let mut changed = Vec::new();
        {
            let mut reader = self.0.read(ctx, Permission::Read).await?;
            let mut conn = reader.conn();
            let windows = monitor::windows(&mut conn, deployment.as_str(), None, LABELLED_WINDOWS).await?;
            for mut window in windows.into_iter().rev() {
                let changes =
                    label::changes(&mut conn, deployment.as_str(), window.from_ms, window.to_ms).await?;
                if changes != window.label_changes {
                    window.label_changes = changes;
                    changed.push(window);
                }
            }
        }
        let mut records = Vec::new();
        for window in changed {
            let record = self.measure(ctx, &deployment, &watched.spec, &window).await?;
            *watched = self.store_performance(ctx, watched.clone(), window, record.clone()).await?;
            if record.verdict != PerformanceVerdict::NotEnoughLabels {
                records.push(record);
            }
        }
        Ok(records)
    }

    async fn measure(
        &self,
        ctx: &Context,
        deployment: &Name,
        spec: &MonitorSpec,
        window: &MonitorWindow,
    ) -> Result<Performance> {
        let rows = self.0.predictions().window(ctx, deployment, window.from_ms, window.to_ms).await?;
        let rows: Vec<Prediction> = rows.into_iter().filter(|row| row.version == window.version).collect();
        let labels = {
            let mut reader = self.0.read(ctx, Permission::Read).await?;
            label::window(&mut reader.conn(), deployment.as_str(), window.from_ms, window.to_ms).await?
        };
        let subject = measuring::Subject {
            id: ctx.new_id(),
            now: ctx.now(),
            deployment: deployment.to_string(),
            model: window.model.clone(),
            version: window.version,
            window: Window { from_ms: window.from_ms, to_ms: window.to_ms, rows: window.rows },
            at_release: self.at_release(ctx, &window.model, window.version).await?,
        };
        let spec = spec.performance.clone();
        let work = move || measuring::measure(subject, &spec, &rows, &labels);
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }

    /// The metrics that the version had when the gate accepted it.
    async fn at_release(&self, ctx: &Context, model: &str, version: i64) -> Result<BTreeMap<String, f64>> {
        let Ok(name) = ModelName::parse(model) else { return Ok(BTreeMap::new()) };
        let accepted = match self.0.models().version(ctx, &name, version).await {
            Ok(found) => found.provenance.evaluation,
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let Some(id) = accepted else { return Ok(BTreeMap::new()) };
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let found = evaluation::get(&mut reader.conn(), &id).await?;
        Ok(found.map(|found| found.challenger.values).unwrap_or_default())
    }

    async fn store_performance(
        &self,
        ctx: &Context,
        mut watched: Monitor,
        mut window: MonitorWindow,
        record: Performance,
    ) -> Result<Monitor> {
        let (now, event_id) = (ctx.now(), ctx.new_id());
        if record.verdict == PerformanceVerdict::NotEnoughLabels {
            return self
                .0
                .bookkeep(move |conn| {
                    Box::pin(async move {
                        monitor::set_performance(conn, &window).await?;
                        Ok(watched)
                    })
                })
                .await;
        }
        window.performance = Some(record.id.clone());
        let due = window.to_ms.plus_millis(watched.spec.performance.after_ms) <= now;
        self.0
            .mutate(ctx, Permission::WriteMonitoring, move |conn| {
                Box::pin(async move {
                    performance::insert(conn, &record).await?;
                    monitor::set_performance(conn, &window).await?;
                    let newest = newest_measured(conn, &watched.deployment).await?;
                    if newest.is_none_or(|newest| newest <= window.from_ms) {
                        watched.performance = Some(record.id.clone());
                        monitor::save(conn, &watched).await?;
                        if due || record.completeness >= COMPLETE {
                            let event = performance_event(&record);
                            db::pipelines::event::append(conn, &event_id, now, event).await?;
                        }
                    }
                    let audit = Audit::new("monitoring.performance.add", "performance", &record.id).detail(json!({
                        "deployment": record.deployment, "version": record.version, "labels": record.labels,
                        "verdict": record.verdict, "sentence": record.sentence,
                    }));
                    Ok((watched, audit))
                })
            })
            .await
    }
}

/// A version's part of a window, before it is compared or measured.
fn open_window(
    watched: &Monitor,
    version: i64,
    rows: &[Prediction],
    from_ms: Timestamp,
    to_ms: Timestamp,
) -> MonitorWindow {
    MonitorWindow {
        deployment: watched.deployment.clone(),
        model: rows.first().map(|row| row.model.to_string()).unwrap_or_default(),
        version,
        from_ms,
        to_ms,
        rows: rows.len() as u64,
        drift_report: None,
        performance: None,
        label_changes: 0,
    }
}

/// Moves the monitor on by a report that is stored already; a new version starts anew.
async fn stand_after(conn: &mut Conn<'_>, watched: &mut Monitor, report: &DriftReport) -> Result<()> {
    if watched.version != Some(report.version) {
        watched.version = Some(report.version);
        watched.state = MonitorState::Waiting;
        watched.performance = None;
    }
    let persistence = watched.spec.persistence;
    let needed = i64::from(persistence.of.max(persistence.windows)) * 4;
    let verdicts: Vec<DriftVerdict> =
        drift_report::verdicts(conn, &watched.deployment, report.version, needed).await?;
    watched.state = watched.state.after(&verdicts, persistence);
    watched.drift_report = Some(report.id.clone());
    Ok(())
}

async fn newest_measured(conn: &mut Conn<'_>, deployment: &str) -> Result<Option<Timestamp>> {
    let windows = monitor::windows(conn, deployment, None, LABELLED_WINDOWS).await?;
    Ok(windows.into_iter().filter(|window| window.performance.is_some()).map(|window| window.from_ms).max())
}

fn drift_event(report: &DriftReport, alarm: bool) -> NewEvent {
    let all = || report.columns.iter().chain(&report.prediction);
    let finding = DriftFinding {
        report: Some(report.id.clone()),
        alarm,
        rows: i64::try_from(report.window.rows).unwrap_or(i64::MAX),
        psi: all().map(|column| (column.column.clone(), column.psi)).collect(),
        moved: all().map(|column| (column.column.clone(), column.moved_share)).collect(),
        prediction: report.prediction.as_ref().map(|column| column.column.clone()),
    };
    NewEvent::new(EventKind::MonitorDrift, &report.deployment, json!(finding))
}

fn performance_event(record: &Performance) -> NewEvent {
    let finding = PerformanceFinding {
        record: Some(record.id.clone()),
        labels: i64::try_from(record.labels).unwrap_or(i64::MAX),
        metrics: record.values.clone(),
        at_release: record.at_release.clone(),
        window_end_ms: Some(record.window.to_ms.millis()),
    };
    NewEvent::new(EventKind::MonitorPerformance, &record.deployment, json!(finding))
}
