use db::serving::deployment;
use domain::monitoring::alert::AlertKind;
use domain::monitoring::drift_report::{DriftVerdict, QualityCheck};
use domain::monitoring::label::Label;
use domain::monitoring::monitor::{MonitorSpec, MonitorState, PerformanceSpec, Windows};
use domain::monitoring::performance::PerformanceVerdict;
use domain::pipelines::event::{DriftFinding, EventKind, PerformanceFinding};
use domain::registry::model::ModelName;
use domain::serving::{Deployment, DeploymentSpec, Prediction, RouteKind};
use domain::{Id, Name, Timestamp};
use serde_json::json;

use crate::{Actor, App, Clock, Context, ErrorKind, Home};

/// Requests in one window of these tests.
const WINDOW: u64 = 1_000;

struct Served {
    app: App,
    ctx: Context,
    name: Name,
    sent: std::cell::Cell<u64>,
    folder: tempfile::TempDir,
}

impl Served {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(1_000_000);
        let app = App::open(Home::open(folder.path()).unwrap(), None, clock).await.unwrap();
        let ctx = app.context(Actor::local(), "test");
        let name = Name::parse("flights-late").unwrap();
        let declared =
            Deployment::new(name.clone(), DeploymentSpec::following("flights@champion"), ctx.now());
        app.bookkeep(move |conn| Box::pin(async move { Ok(deployment::put(conn, &declared).await?) }))
            .await
            .unwrap();
        let spec = MonitorSpec {
            windows: Windows { rows: WINDOW, min_rows: 50, max_ms: 3_600_000 },
            performance: PerformanceSpec { min_labels: 100, ..PerformanceSpec::default() },
            freshness_ms: Some(86_400_000),
            ..MonitorSpec::default()
        };
        app.monitors().declare(&ctx, &name, spec).await.unwrap();
        Self { app, ctx, name, sent: std::cell::Cell::new(0), folder }
    }

    /// Answers `rows` requests one millisecond apart; `hour` says what is asked.
    async fn answer(&self, rows: u64, version: i64, hour: impl Fn(u64) -> serde_json::Value) -> Vec<Id> {
        let mut log = Vec::new();
        for row in 0..rows {
            self.app.clock().advance(1);
            let number = self.sent.get();
            self.sent.set(number + 1);
            let mut random = [0; 10];
            random[2..].copy_from_slice(&number.to_be_bytes());
            // Spread over all scores in any stretch of rows.
            let score = (row * 37 % 100) as f64 / 100.0;
            log.push(Prediction {
                id: Id::new(self.ctx.now(), random),
                time_ms: self.ctx.now(),
                deployment: self.name.clone(),
                model: ModelName::parse("flights").unwrap(),
                version,
                route: RouteKind::Live,
                features: serde_json::from_value(
                    json!({"hour": hour(row), "origin": (if row % 2 == 0 { "EWR" } else { "JFK" })}),
                )
                .unwrap(),
                output: json!([1.0 - score, score]),
                latency_us: 900,
                request_id: None,
            });
        }
        self.app.serving().log.append(&self.name, &log).await.unwrap();
        // Beyond the time in which a late answer may still be logged.
        self.app.clock().advance(5_000);
        log.into_iter().map(|row| row.id).collect()
    }

    async fn state(&self) -> MonitorState {
        self.app.monitors().status(&self.ctx, &self.name).await.unwrap().monitor.state
    }

    async fn label(
        &self,
        ids: &[Id],
        value: impl Fn(usize) -> serde_json::Value,
    ) -> domain::monitoring::label::LabelOutcome {
        let labels = ids
            .iter()
            .enumerate()
            .map(|(row, id)| Label { prediction_id: id.clone(), value: value(row), time_ms: self.ctx.now() })
            .collect();
        self.app.labels().add(&self.ctx, &self.name, labels).await.unwrap()
    }

    async fn events(&self, kind: EventKind) -> Vec<domain::pipelines::event::Event> {
        let events = self.app.events().list(&self.ctx, None, 1000).await.unwrap();
        events.into_iter().filter(|event| event.kind == kind).collect()
    }
}

fn usual(row: u64) -> serde_json::Value {
    json!(row % 24)
}

fn late(row: u64) -> serde_json::Value {
    json!(18 + row % 6)
}

#[tokio::test]
async fn drift_that_persists_opens_an_alert_and_calm_closes_it() {
    let served = Served::new().await;
    served.answer(WINDOW, 1, usual).await;
    assert!(served.app.monitors().tick(&served.ctx).await.unwrap().reports.is_empty());

    served.answer(WINDOW, 1, usual).await;
    let steady = served.app.monitors().tick(&served.ctx).await.unwrap().reports;
    assert_eq!(steady.len(), 1);
    assert_eq!(steady[0].verdict, DriftVerdict::Steady, "{}", steady[0].sentence);
    assert!(steady[0].reference.text.starts_with("the first 1000 requests"), "{}", steady[0].reference.text);
    assert_eq!(served.state().await, MonitorState::Steady);

    served.answer(WINDOW, 1, late).await;
    let moved = served.app.monitors().tick(&served.ctx).await.unwrap().reports;
    assert_eq!(moved[0].verdict, DriftVerdict::Alarm);
    assert_eq!(moved[0].columns[0].column, "hour");
    assert_eq!(served.state().await, MonitorState::Warned);
    assert!(served.app.monitors().alerts(&served.ctx, None, true).await.unwrap().is_empty());

    served.answer(WINDOW, 1, late).await;
    served.app.monitors().tick(&served.ctx).await.unwrap();
    assert_eq!(served.state().await, MonitorState::Alarmed);
    let alerts = served.app.monitors().alerts(&served.ctx, Some(&served.name), true).await.unwrap();
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Drift));
    let seen = served.app.monitors().acknowledge(&served.ctx, &alerts[0].id).await.unwrap();
    assert!(seen.is_open());

    for _ in 0..2 {
        served.answer(WINDOW, 1, usual).await;
    }
    served.app.monitors().tick(&served.ctx).await.unwrap();
    assert_eq!(served.state().await, MonitorState::Steady);
    assert!(served.app.monitors().alerts(&served.ctx, None, true).await.unwrap().is_empty());

    let findings: Vec<DriftFinding> = served
        .events(EventKind::MonitorDrift)
        .await
        .into_iter()
        .map(|event| serde_json::from_value(event.payload).unwrap())
        .collect();
    let alarms: Vec<bool> = findings.iter().rev().map(|finding| finding.alarm).collect();
    assert_eq!(alarms, [false, false, true, true, false]);
    assert!(findings[2].psi["hour"] > 0.25 && findings[2].moved["hour"] > 0.1);
    assert_eq!(findings[2].prediction.as_deref(), Some("prediction"));
}

#[tokio::test]
async fn a_second_look_and_a_restart_change_nothing() {
    let served = Served::new().await;
    for _ in 0..2 {
        served.answer(WINDOW, 1, usual).await;
    }
    assert_eq!(served.app.monitors().tick(&served.ctx).await.unwrap().reports.len(), 1);
    assert!(served.app.monitors().tick(&served.ctx).await.unwrap().reports.is_empty());
    served.answer(WINDOW, 1, usual).await;
    served.app.close().await;
    let (root, clock) = (served.folder.path().to_owned(), served.app.clock().clone());
    drop(served.app);
    let app = App::open(Home::open(&root).unwrap(), None, clock).await.unwrap();
    let looked = app.monitors().tick(&app.system()).await.unwrap();
    assert_eq!(looked.reports.len(), 1);
    assert_eq!(app.monitors().drift_reports(&app.system(), &served.name, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn labels_are_taken_in_late_in_part_and_corrected() {
    let served = Served::new().await;
    let ids = served.answer(WINDOW, 1, usual).await;
    served.app.monitors().tick(&served.ctx).await.unwrap();
    let refused = served.app.monitors().check_performance(&served.ctx, &served.name).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);

    // The score grows with the row, and so does the truth.
    let truth = |row: usize| json!(i64::from(row * 37 % 100 >= 60));
    let first = served.label(&ids[..50], truth).await;
    assert_eq!((first.added, first.unknown.len()), (50, 0));
    assert!(served.app.monitors().tick(&served.ctx).await.unwrap().performances.is_empty());

    let again = served.label(&ids[..300], truth).await;
    assert_eq!((again.added, again.unchanged), (250, 50));
    let measured = served.app.monitors().tick(&served.ctx).await.unwrap().performances;
    assert_eq!((measured.len(), measured[0].labels), (1, 300));
    assert_eq!(measured[0].verdict, PerformanceVerdict::Measured);
    assert_eq!(measured[0].values["roc_auc"], 1.0);
    assert!((measured[0].completeness - 0.3).abs() < 1e-12);
    assert!(served.app.monitors().tick(&served.ctx).await.unwrap().performances.is_empty());

    served.app.clock().advance(10);
    let corrected = served.label(&ids[..1], |_| json!(1)).await;
    assert_eq!(corrected.corrected, 1);
    let measured = served.app.monitors().check_performance(&served.ctx, &served.name).await.unwrap();
    assert!(measured.values["roc_auc"] < 1.0);
    let newest: PerformanceFinding =
        serde_json::from_value(served.events(EventKind::MonitorPerformance).await[0].payload.clone())
            .unwrap();
    assert_eq!(newest.labels, 300);
    assert!(newest.metrics["roc_auc"] < 1.0);
}

#[tokio::test]
async fn labels_of_predictions_that_nobody_made_are_reported() {
    let served = Served::new().await;
    let mut ids = served.answer(10, 1, usual).await;
    let stranger = Id::new(Timestamp::from_millis(77), [9; 10]);
    ids.push(stranger.clone());
    let outcome = served.label(&ids, |_| json!(true)).await;
    assert_eq!((outcome.added, outcome.unknown), (10, vec![stranger]));
    let bad = vec![Label { prediction_id: ids[0].clone(), value: json!([1]), time_ms: served.ctx.now() }];
    let refused = served.app.labels().add(&served.ctx, &served.name, bad).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let viewer = served
        .app
        .context(Actor { name: "eve".to_owned(), role: domain::governance::role::Role::Viewer }, "test");
    let refused = served.app.labels().add(&viewer, &served.name, Vec::new()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_column_that_goes_missing_and_a_small_window_are_told() {
    let served = Served::new().await;
    served.answer(WINDOW, 1, usual).await;
    served.app.monitors().tick(&served.ctx).await.unwrap();
    served.answer(60, 1, |_| serde_json::Value::Null).await;
    let report = served.app.monitors().check_drift(&served.ctx, &served.name).await.unwrap();
    let hour = report.columns.iter().find(|column| column.column == "hour").unwrap();
    assert_eq!(hour.findings[0].check, QualityCheck::Absent);
    assert_eq!(report.verdict, DriftVerdict::Alarm);
    served.answer(60, 1, usual).await;
    let report = served.app.monitors().check_drift(&served.ctx, &served.name).await.unwrap();
    assert_eq!(report.verdict, DriftVerdict::NotEnoughRows);
    assert!(report.sentence.starts_with("not enough rows (60)"), "{}", report.sentence);
    // Fewer than a window needs: told, but neither closed nor kept.
    let kept = served.app.monitors().drift_reports(&served.ctx, &served.name, None, 10).await.unwrap().len();
    served.answer(20, 1, usual).await;
    let passing = served.app.monitors().check_drift(&served.ctx, &served.name).await.unwrap();
    assert_eq!(passing.window.rows, 20);
    let after = served.app.monitors().drift_reports(&served.ctx, &served.name, None, 10).await.unwrap().len();
    assert_eq!(after, kept);
}

#[tokio::test]
async fn silence_is_an_alert() {
    let served = Served::new().await;
    served.answer(10, 1, usual).await;
    served.app.monitors().tick(&served.ctx).await.unwrap();
    assert!(served.app.monitors().alerts(&served.ctx, None, true).await.unwrap().is_empty());
    served.app.clock().advance(86_400_000);
    served.app.monitors().tick(&served.ctx).await.unwrap();
    let alerts = served.app.monitors().alerts(&served.ctx, None, true).await.unwrap();
    assert_eq!((alerts.len(), alerts[0].kind), (1, AlertKind::Silence));
    served.answer(10, 1, usual).await;
    served.app.monitors().tick(&served.ctx).await.unwrap();
    assert!(served.app.monitors().alerts(&served.ctx, None, true).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_prediction_is_traced_with_its_label_even_when_the_model_came_from_elsewhere() {
    let served = Served::new().await;
    let ids = served.answer(3, 7, usual).await;
    served.label(&ids[..1], |_| json!(1)).await;
    let trace = served.app.lineage().trace(&served.ctx, &ids[0]).await.unwrap();
    assert_eq!(trace.prediction.version, 7);
    assert_eq!(trace.label.unwrap().value, json!(1));
    assert!(trace.deployment.is_some() && trace.model_version.is_none() && trace.decisions.is_empty());
    let stranger = Id::new(Timestamp::from_millis(77), [9; 10]);
    let refused = served.app.lineage().trace(&served.ctx, &stranger).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}
