use std::collections::BTreeMap;

use db::monitoring::label::Stored;
use db::monitoring::{alert, drift_report, label, monitor, performance};
use db::registry::evaluation;
use db::{Db, Error};
use domain::monitoring::alert::{Alert, AlertKind};
use domain::monitoring::drift_report::{DriftReport, DriftSettings, DriftVerdict, Reference, Window};
use domain::monitoring::label::Label;
use domain::monitoring::monitor::{Monitor, MonitorSpec, MonitorState, MonitorWindow};
use domain::monitoring::performance::{Performance, PerformanceVerdict, Problem};
use domain::registry::evaluation::{Evaluation, Scored};
use domain::{Id, Timestamp};

fn id(n: u8) -> Id {
    Id::new(Timestamp::from_millis(i64::from(n)), [n; 10])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn window() -> Window {
    Window { from_ms: at(10), to_ms: at(20), rows: 5 }
}

fn report(n: u8, verdict: DriftVerdict) -> DriftReport {
    DriftReport {
        id: id(n),
        time_ms: at(i64::from(n)),
        deployment: "flights-late".to_owned(),
        model: "flights".to_owned(),
        version: 1,
        window: Window { from_ms: at(i64::from(n)), ..window() },
        reference: Reference { text: "training input".to_owned(), tree: None, rows: 100 },
        settings: DriftSettings::default(),
        moved_share: 0.1,
        verdict,
        sentence: "no drift".to_owned(),
        columns: Vec::new(),
        prediction: None,
    }
}

/// Runs one database function in a write of its own.
macro_rules! write {
    ($db:expr, $conn:ident => $work:expr) => {{
        let db: Db = $db.clone();
        db.write::<_, Error, _>(move |$conn| Box::pin(async move { $work.await })).await.unwrap()
    }};
}

macro_rules! read {
    ($db:expr, $conn:ident => $work:expr) => {{
        let mut reader = $db.read().await.unwrap();
        let $conn = &mut reader.conn();
        $work.await.unwrap()
    }};
}

#[tokio::test]
async fn reports_come_back_as_they_were_newest_first() {
    for test in testkit::databases().await {
        for (n, verdict) in [(1, DriftVerdict::Steady), (2, DriftVerdict::Alarm), (3, DriftVerdict::Warn)] {
            write!(test.db, conn => drift_report::insert(conn, &report(n, verdict)));
        }
        assert_eq!(
            read!(test.db, conn => drift_report::get(conn, &id(2))),
            Some(report(2, DriftVerdict::Alarm))
        );
        let listed = read!(test.db, conn => drift_report::list(conn, "flights-late", Some(&id(3)), 10));
        assert_eq!(listed.iter().map(|report| report.id.clone()).collect::<Vec<_>>(), [id(2), id(1)]);
        let verdicts = read!(test.db, conn => drift_report::verdicts(conn, "flights-late", 1, 2));
        assert_eq!(verdicts, [DriftVerdict::Warn, DriftVerdict::Alarm]);
        assert!(read!(test.db, conn => drift_report::verdicts(conn, "flights-late", 2, 2)).is_empty());
    }
}

#[tokio::test]
async fn labels_are_idempotent_corrected_in_time_order_and_keep_their_history() {
    for test in testkit::databases().await {
        let give = async |n: u8, value: serde_json::Value, time: i64| {
            let label = Label { prediction_id: id(n), value, time_ms: at(time) };
            write!(test.db, conn => label::put(conn, "flights-late", &label, at(10), at(99)))
        };
        assert_eq!(give(1, 1.into(), 50).await, Stored::Added);
        assert_eq!(give(1, 1.into(), 60).await, Stored::Unchanged);
        assert_eq!(give(1, 0.into(), 70).await, Stored::Corrected);
        assert_eq!(give(1, 1.into(), 60).await, Stored::Outdated);
        assert_eq!(give(2, true.into(), 50).await, Stored::Added);
        let labels = read!(test.db, conn => label::window(conn, "flights-late", at(10), at(11)));
        assert_eq!(labels.len(), 2);
        assert_eq!(labels[0], Label { prediction_id: id(1), value: 0.into(), time_ms: at(70) });
        assert_eq!(read!(test.db, conn => label::changes(conn, "flights-late", at(0), at(20))), 3);
        assert_eq!(read!(test.db, conn => label::changes(conn, "flights-late", at(11), at(20))), 0);
        assert_eq!(read!(test.db, conn => label::get(conn, &id(2))).unwrap().value, serde_json::json!(true));
    }
}

#[tokio::test]
async fn one_alert_per_kind_is_open_at_a_time() {
    for test in testkit::databases().await {
        let open = async |n: u8| {
            let alert = Alert::open(id(n), AlertKind::Drift, "flights-late", at(5), "drift", Some(id(9)));
            write!(test.db, conn => alert::open(conn, &alert))
        };
        assert!(open(1).await);
        assert!(!open(2).await);
        let found = read!(test.db, conn => alert::find_open(conn, "flights-late", AlertKind::Drift)).unwrap();
        assert_eq!(found.id, id(1));
        let closed = found.close("quiet", at(7)).unwrap();
        let update = closed.clone();
        write!(test.db, conn => alert::update(conn, &update));
        assert_eq!(read!(test.db, conn => alert::get(conn, &id(1))), Some(closed));
        assert!(open(3).await);
        assert_eq!(read!(test.db, conn => alert::list(conn, Some("flights-late"), true, 10)).len(), 1);
        assert_eq!(read!(test.db, conn => alert::list(conn, None, false, 10)).len(), 2);
        assert!(read!(test.db, conn => alert::list(conn, Some("other"), false, 10)).is_empty());
    }
}

#[tokio::test]
async fn a_monitor_and_its_windows_come_back() {
    for test in testkit::databases().await {
        let mut watched = Monitor::new("flights-late", MonitorSpec::default());
        for state in [MonitorState::Waiting, MonitorState::Alarmed] {
            watched.state = state;
            watched.version = Some(2);
            let save = watched.clone();
            write!(test.db, conn => monitor::save(conn, &save));
            assert_eq!(read!(test.db, conn => monitor::get(conn, "flights-late")), Some(watched.clone()));
        }
        assert_eq!(read!(test.db, conn => monitor::list(conn)).len(), 1);
        let closed = |version: i64, from: i64| MonitorWindow {
            deployment: "flights-late".to_owned(),
            model: "flights".to_owned(),
            version,
            from_ms: at(from),
            to_ms: at(from + 10),
            rows: 5,
            drift_report: Some(id(1)),
            performance: None,
            label_changes: 0,
        };
        for (version, from) in [(1, 10), (1, 20), (2, 30)] {
            assert!(write!(test.db, conn => monitor::close_window(conn, &closed(version, from))));
        }
        assert!(!write!(test.db, conn => monitor::close_window(conn, &closed(1, 10))));
        let mut judged = closed(1, 20);
        judged.performance = Some(id(4));
        judged.label_changes = 7;
        let update = judged.clone();
        write!(test.db, conn => monitor::set_performance(conn, &update));
        let windows = read!(test.db, conn => monitor::windows(conn, "flights-late", Some(1), 10));
        assert_eq!(windows, [judged, closed(1, 10)]);
        assert_eq!(read!(test.db, conn => monitor::windows(conn, "flights-late", None, 10)).len(), 3);
        let first = read!(test.db, conn => monitor::first_window(conn, "flights-late", 1));
        assert_eq!(first, Some(closed(1, 10)));
    }
}

#[tokio::test]
async fn performance_and_evaluations_come_back_as_they_were() {
    for test in testkit::databases().await {
        let judged = Performance {
            id: id(1),
            time_ms: at(5),
            deployment: "flights-late".to_owned(),
            model: "flights".to_owned(),
            version: 3,
            window: window(),
            labels: 500,
            completeness: 0.5,
            problem: Some(Problem::Binary),
            metric: "roc_auc".to_owned(),
            values: BTreeMap::from([("roc_auc".to_owned(), 0.71)]),
            intervals: BTreeMap::from([("roc_auc".to_owned(), (0.7, 0.72))]),
            at_release: BTreeMap::new(),
            verdict: PerformanceVerdict::Measured,
            sentence: "roc_auc 0.71".to_owned(),
        };
        let store = judged.clone();
        write!(test.db, conn => performance::insert(conn, &store));
        assert_eq!(read!(test.db, conn => performance::get(conn, &id(1))), Some(judged.clone()));
        assert_eq!(read!(test.db, conn => performance::list(conn, "flights-late", None, 5)), [judged]);
        let made = Evaluation {
            id: id(2),
            time_ms: at(6),
            project: Some("flights".to_owned()),
            step_run: Some(id(7)),
            data: "holdout".to_owned(),
            rows: 100,
            label: "late".to_owned(),
            problem: Problem::Binary,
            metric: "roc_auc".to_owned(),
            challenger: Scored {
                model: "flights:3".to_owned(),
                version: Some(3),
                values: BTreeMap::new(),
                intervals: BTreeMap::new(),
                latency: None,
                starts_in_server: true,
                no_skew: Some(true),
                problem: None,
                calibration: vec![(0.1, 0.2, 30.0)],
            },
            champion: None,
            comparison: None,
            slices: Vec::new(),
            sentence: "roc_auc 0.71, no champion yet".to_owned(),
        };
        let store = made.clone();
        write!(test.db, conn => evaluation::insert(conn, &store));
        assert_eq!(read!(test.db, conn => evaluation::get(conn, &id(2))), Some(made.clone()));
        assert_eq!(read!(test.db, conn => evaluation::by_step_run(conn, &id(7))), Some(made.clone()));
        assert_eq!(read!(test.db, conn => evaluation::list(conn, Some("flights:3"), 5)), [made]);
        assert!(read!(test.db, conn => evaluation::list(conn, Some("flights:4"), 5)).is_empty());
    }
}
