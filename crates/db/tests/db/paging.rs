//! Pages of runs and experiments on both engines, while more of them are made.

use db::search::Search;
use db::tracking::{experiment, run};
use db::{Db, Error};
use domain::tracking::experiment::{ExperimentId, Lifecycle, View};
use domain::tracking::run::{RunInfo, RunStatus};
use domain::{Id, Timestamp};

async fn make_run(db: &Db, number: u8, start: i64) {
    let info = RunInfo {
        id: Id::new(Timestamp::from_millis(i64::from(number)), [number; 10]),
        experiment: ExperimentId::DEFAULT,
        name: format!("run {number}"),
        user: "ann".to_owned(),
        status: RunStatus::Running,
        start: Timestamp::from_millis(start),
        end: None,
        lifecycle: Lifecycle::Active,
        artifact_uri: String::new(),
    };
    db.write::<_, Error, _>(move |conn| Box::pin(async move { run::insert(conn, &info).await }))
        .await
        .unwrap();
}

async fn make_experiment(db: &Db, number: i64) {
    db.write::<_, Error, _>(move |conn| {
        Box::pin(async move {
            let name = format!("experiment {number}");
            experiment::insert(conn, &name, None, Timestamp::from_millis(number)).await
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn runs_that_arrive_between_two_pages_are_on_neither() {
    for test in testkit::databases().await {
        for number in 1..=6 {
            make_run(&test.db, number, i64::from(number)).await;
        }
        let newest = run::newest(&mut test.db.read().await.unwrap().conn()).await.unwrap();
        let mut seen = Vec::new();
        for page in 0..3 {
            let search = Search {
                experiments: vec![ExperimentId::DEFAULT],
                newest: Some(newest),
                offset: page * 2,
                limit: 2,
                ..Search::default()
            };
            let mut reader = test.db.read().await.unwrap();
            let found = db::search::runs(&mut reader.conn(), &search).await.unwrap();
            seen.extend(found.into_iter().map(|run| run.info.name));
            // Newest first: each would push the others on by one.
            make_run(&test.db, 10 + u8::try_from(page).unwrap(), 100 + page).await;
        }
        let expected: Vec<String> = (1..=6).rev().map(|number| format!("run {number}")).collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn experiments_that_arrive_between_two_pages_are_on_neither() {
    for test in testkit::databases().await {
        for number in 1..=3 {
            make_experiment(&test.db, number).await;
        }
        let newest = experiment::newest(&mut test.db.read().await.unwrap().conn()).await.unwrap();
        let mut seen = Vec::new();
        for page in 0..2 {
            let search = Search {
                view: View::All,
                newest: Some(newest),
                offset: page * 2,
                limit: 2,
                ..Search::default()
            };
            let mut reader = test.db.read().await.unwrap();
            let found = db::search::experiments(&mut reader.conn(), &search).await.unwrap();
            seen.extend(found.into_iter().map(|experiment| experiment.name));
            make_experiment(&test.db, 10 + page).await;
        }
        assert_eq!(seen, ["experiment 3", "experiment 2", "experiment 1", "Default"]);
    }
}
