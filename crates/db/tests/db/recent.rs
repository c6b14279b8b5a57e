//! Points that were acknowledged before they are in their places.

use db::tracking::metric::{self, RunPoints};
use db::tracking::{logged, recent, run};
use db::{Conn, Db, Error, args};
use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::metric::Metric;
use domain::tracking::run::{RunInfo, RunStatus};
use domain::{Id, Timestamp};

fn point(step: i64, value: f64) -> Metric {
    Metric { key: "loss".to_owned(), value, timestamp_ms: step, step }
}

async fn new_run(db: &Db) -> i64 {
    let info = RunInfo {
        id: Id::new(Timestamp::from_millis(1), [7; 10]),
        experiment: ExperimentId::DEFAULT,
        name: "a run".to_owned(),
        user: "tester".to_owned(),
        status: RunStatus::Running,
        start: Timestamp::from_millis(1),
        end: None,
        lifecycle: Lifecycle::Active,
        artifact_uri: String::new(),
    };
    db.write::<_, Error, _>(move |conn| Box::pin(async move { run::insert(conn, &info).await }))
        .await
        .unwrap()
}

async fn append(db: &Db, run: i64, metrics: Vec<Metric>) {
    db.append::<_, Error, _>(move |conn| {
        Box::pin(async move {
            let points = RunPoints { run, experiment: ExperimentId::DEFAULT, metrics: &metrics };
            Ok(((), recent::append(conn, &[points]).await?))
        })
    })
    .await
    .unwrap();
}

async fn rows(conn: &mut Conn<'_>) -> i64 {
    conn.fetch_one("SELECT COUNT(*) AS n FROM metric_recent", args![]).await.unwrap().get("n").unwrap()
}

/// The rows that wait, seen by one who only appends, so that they wait on.
async fn waiting(db: &Db) -> i64 {
    db.append::<_, Error, _>(|conn| Box::pin(async move { Ok((rows(conn).await, 0)) })).await.unwrap()
}

async fn steps(db: &Db, run: i64) -> Vec<i64> {
    let mut reader = db.read().await.unwrap();
    let points = metric::history(&mut reader.conn(), run, "loss", 0, 1_000_000).await.unwrap();
    points.iter().map(|point| point.step).collect()
}

#[tokio::test]
async fn whoever_reads_sees_points_that_waited_in_their_places() {
    let test = testkit::sqlite().await;
    let run = new_run(&test.db).await;
    append(&test.db, run, vec![point(2, 0.2), point(1, 0.1)]).await;
    append(&test.db, run, vec![point(1, 0.1), point(3, f64::NAN)]).await;
    assert_eq!(waiting(&test.db).await, 2);
    assert_eq!(steps(&test.db, run).await, [1, 2, 3]);
    assert_eq!(waiting(&test.db).await, 0);
    let mut reader = test.db.read().await.unwrap();
    let logged = logged::of_runs(&mut reader.conn(), &[run]).await.unwrap();
    assert_eq!((logged[&run].metrics.len(), logged[&run].metrics[0].step), (1, 3));
}

#[tokio::test]
async fn another_write_finds_all_points_in_their_places() {
    let test = testkit::sqlite().await;
    let run = new_run(&test.db).await;
    append(&test.db, run, vec![point(1, 0.5)]).await;
    let left =
        test.db.write::<_, Error, _>(|conn| Box::pin(async move { Ok(rows(conn).await) })).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn points_wait_on_through_a_failed_write_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let db = Db::open(&url).await.unwrap();
    let run = new_run(&db).await;
    append(&db, run, vec![point(1, 0.5), point(2, 0.4)]).await;
    let failed = db.write::<(), Error, _>(|_| Box::pin(async { Err(Error::Abandoned("on purpose")) })).await;
    assert!(failed.is_err());
    assert_eq!(waiting(&db).await, 1);
    db.close().await;
    let db = Db::open(&url).await.unwrap();
    assert_eq!(waiting(&db).await, 1);
    assert_eq!(steps(&db, run).await, [1, 2]);
}

#[tokio::test]
async fn not_more_wait_than_can_be_sorted_in_at_once() {
    let test = testkit::sqlite().await;
    let run = new_run(&test.db).await;
    for batch in 0..11 {
        append(&test.db, run, (0..5_000).map(|n| point(batch * 5_000 + n, 0.5)).collect()).await;
    }
    assert!(waiting(&test.db).await < 11);
    assert_eq!(steps(&test.db, run).await.len(), 55_000);
}

#[tokio::test]
async fn where_many_write_points_go_to_their_places_at_once() {
    let test = testkit::postgres().await;
    let run = new_run(&test.db).await;
    append(&test.db, run, vec![point(1, 0.5)]).await;
    assert_eq!(waiting(&test.db).await, 0);
    assert_eq!(steps(&test.db, run).await, [1]);
}
