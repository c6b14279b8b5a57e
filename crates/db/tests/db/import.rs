//! What is taken over keeps its numbers and times, on both engines.

use db::tracking::metric::RunPoints;
use db::tracking::{experiment, import, metric, run};
use db::{Conn, Error};
use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::import::{ExperimentRecord, PointsSum};
use domain::tracking::metric::Metric;
use domain::tracking::param::Tag;
use domain::tracking::run::{RunInfo, RunStatus};
use domain::{Id, Timestamp};

fn record(id: i64, name: &str) -> ExperimentRecord {
    ExperimentRecord {
        id,
        name: name.to_owned(),
        deleted: id == 7,
        created: Timestamp::from_millis(11),
        updated: Timestamp::from_millis(22),
        tags: vec![Tag::new("k", "v")],
    }
}

#[tokio::test]
async fn an_experiment_keeps_its_number_when_that_is_free_and_numbers_go_on_after_it() {
    for test in testkit::databases().await {
        let numbers = test
            .db
            .write::<_, Error, _>(|conn| {
                Box::pin(async move {
                    let by = ("ada", Timestamp::from_millis(33));
                    let kept = import::insert_experiment(conn, &record(7, "kept"), by).await?;
                    let moved = import::insert_experiment(conn, &record(7, "moved"), by).await?;
                    let huge = import::insert_experiment(conn, &record(i64::MAX, "huge"), by).await?;
                    let own = experiment::insert(conn, "own", None, Timestamp::from_millis(1)).await?;
                    let found = experiment::get(conn, kept).await?.unwrap();
                    assert_eq!(found.lifecycle, Lifecycle::Deleted);
                    assert_eq!((found.created.millis(), found.updated.millis()), (11, 22));
                    assert_eq!((found.location.as_str(), found.tags.len()), ("mlflow-artifacts:/7", 1));
                    assert!(!import::add_tag(conn, kept, &Tag::new("k", "other")).await?);
                    Ok([kept, moved, huge, own].map(ExperimentId::number))
                })
            })
            .await
            .unwrap();
        assert_eq!(numbers, [7, 8, 9, 10]);
    }
}

async fn new_run(conn: &mut Conn<'_>) -> i64 {
    let info = RunInfo {
        id: Id::new(Timestamp::from_millis(1), [1; 10]),
        experiment: ExperimentId::DEFAULT,
        name: "run".to_owned(),
        user: "tester".to_owned(),
        status: RunStatus::Finished,
        start: Timestamp::from_millis(1),
        end: None,
        lifecycle: Lifecycle::Active,
        artifact_uri: String::new(),
    };
    run::insert(conn, &info).await.unwrap()
}

#[tokio::test]
async fn points_add_up_to_the_same_sum_in_any_order_over_several_pages() {
    let point = |n: i64| Metric {
        key: format!("m{}", n % 3),
        value: if n % 100 == 0 { f64::NAN } else { n as f64 / 11.0 },
        timestamp_ms: n,
        step: -n,
    };
    let points: Vec<Metric> = (0..45_000).map(point).collect();
    let mut expected = PointsSum::default();
    for point in points.iter().rev() {
        expected.add(&point.key, point.step, point.timestamp_ms, point.value);
    }
    for test in testkit::databases().await {
        let metrics = points.clone();
        let sum = test
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let num = new_run(conn).await;
                    let of = RunPoints { run: num, experiment: ExperimentId::DEFAULT, metrics: &metrics };
                    metric::insert(conn, &[of]).await?;
                    metric::insert(conn, &[of]).await?;
                    import::points_sum(conn, num).await
                })
            })
            .await
            .unwrap();
        assert_eq!(sum, expected);
    }
}
