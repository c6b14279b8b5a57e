//! Searches of runs against the same search done by hand over what was stored.

use std::cmp::Ordering;

use db::search::{Search, runs};
use db::tracking::metric::{self, RunPoints};
use db::tracking::{experiment, param, run};
use db::{Conn, Error};
use domain::search::{Object, parse_filter, parse_order};
use domain::tracking::experiment::{ExperimentId, Lifecycle, View};
use domain::tracking::metric::Metric;
use domain::tracking::param::{Param, Tag};
use domain::tracking::run::{RunInfo, RunStatus};
use domain::{Id, Timestamp};

/// So many that no filter of the test is met by few, and the page is read off an index.
const RUNS: u32 = 2_600;

/// A run as it was stored.
#[derive(Clone, Debug)]
struct Stored {
    id: Id,
    experiment: usize,
    deleted: bool,
    start: i64,
    /// Absent, not a number, infinite, and many times the same.
    a: Option<f64>,
    b: f64,
    p: u32,
    team: String,
}

fn stored(n: u32) -> Stored {
    let mixed = n.wrapping_mul(2_654_435_761) >> 7;
    let a = match mixed % 20 {
        0 | 1 => None,
        2 => Some(f64::NAN),
        3 => Some(f64::INFINITY),
        4 => Some(f64::NEG_INFINITY),
        5..=7 => Some(0.0),
        _ => Some(f64::from(mixed % 100) - 50.0),
    };
    let mut bytes = [0; 10];
    bytes[2..6].copy_from_slice(&mixed.to_be_bytes());
    bytes[6..].copy_from_slice(&n.to_be_bytes());
    Stored {
        id: Id::new(Timestamp::from_millis(i64::from(n)), bytes),
        experiment: usize::from(n.is_multiple_of(10)) + usize::from(n.is_multiple_of(30)),
        deleted: n.is_multiple_of(11),
        start: 1_000 + i64::from(mixed % 700),
        a,
        b: f64::from(mixed % 1_000) / 1_000.0,
        p: mixed % 2,
        team: if n % 700 == 5 { format!("{}rare", "x".repeat(120)) } else { format!("team-{}", mixed % 9) },
    }
}

async fn insert(conn: &mut Conn<'_>, all: &[Stored]) -> Vec<ExperimentId> {
    let mut experiments = vec![ExperimentId::DEFAULT];
    for name in ["second", "third"] {
        experiments.push(experiment::insert(conn, name, None, Timestamp::from_millis(1)).await.unwrap());
    }
    let mut logged = Vec::new();
    for run in all {
        let experiment = experiments[run.experiment];
        let info = RunInfo {
            id: run.id.clone(),
            experiment,
            name: "run".to_owned(),
            user: "tester".to_owned(),
            status: RunStatus::Finished,
            start: Timestamp::from_millis(run.start),
            end: None,
            lifecycle: Lifecycle::Active,
            artifact_uri: String::new(),
        };
        let num = run::insert(conn, &info).await.unwrap();
        if run.deleted {
            run::mark(conn, num, Some((Timestamp::from_millis(5), "ada"))).await.unwrap();
        }
        let point = |key: &str, value| Metric { key: key.to_owned(), value, timestamp_ms: 1, step: 0 };
        let mut metrics = vec![point("b", run.b)];
        metrics.extend(run.a.map(|value| point("a", value)));
        let params = [Param { key: "p".to_owned(), value: run.p.to_string() }];
        param::insert(conn, num, experiment, &params).await.unwrap();
        param::set_tags(conn, num, experiment, &[Tag::new("team", &run.team)]).await.unwrap();
        logged.push((num, experiment, metrics));
    }
    let points: Vec<RunPoints<'_>> = logged
        .iter()
        .map(|(run, experiment, metrics)| RunPoints { run: *run, experiment: *experiment, metrics })
        .collect();
    metric::insert(conn, &points).await.unwrap();
    experiments
}

type Holds = fn(&Stored) -> bool;

const FILTERS: &[(&str, Holds)] = &[
    ("", |_| true),
    ("metrics.b > 0.2", |r| r.b > 0.2),
    ("metrics.a <= 10", |r| r.a.is_some_and(|a| a <= 10.0)),
    ("metrics.a != 0", |r| r.a.is_some_and(|a| a != 0.0)),
    ("params.p IS NOT NULL AND NOT metrics.a > 0", |r| !r.a.is_some_and(|a| a > 0.0)),
    ("metrics.b < 0.9 AND params.p = '1' AND metrics.a > -40", |r| {
        r.b < 0.9 && r.p == 1 && r.a.is_some_and(|a| a > -40.0)
    }),
    ("params.p = '0' OR NOT metrics.a > 20", |r| r.p == 0 || !r.a.is_some_and(|a| a > 20.0)),
    ("tags.team LIKE 'team-%'", |r| r.team.starts_with("team-")),
    ("tags.team LIKE '%rare'", |r| r.team.ends_with("rare")),
    ("tags.team = 'team-3' AND attributes.start_time > 1200", |r| r.team == "team-3" && r.start > 1_200),
    ("params.unknown = 'x'", |_| false),
];

const ORDERS: &[&[&str]] = &[
    &[],
    &["attributes.start_time ASC"],
    &["metrics.a DESC"],
    &["metrics.a ASC", "attributes.start_time ASC"],
    &["metrics.b DESC", "metrics.a ASC"],
    &["metrics.unknown DESC"],
];

fn by_metric(a: Option<f64>, b: Option<f64>, ascending: bool) -> Ordering {
    let class = |value: Option<f64>| match value {
        None => 2,
        Some(value) if value.is_nan() => 1,
        Some(_) => 0,
    };
    let numbers = || match (a, b) {
        (Some(a), Some(b)) if !a.is_nan() && !b.is_nan() => a.total_cmp(&b),
        _ => Ordering::Equal,
    };
    class(a).cmp(&class(b)).then_with(|| if ascending { numbers() } else { numbers().reverse() })
}

fn in_order(a: &Stored, b: &Stored, columns: &[&str]) -> Ordering {
    let newest = b.start.cmp(&a.start);
    let asked = columns.iter().fold(Ordering::Equal, |so_far, column| {
        let ascending = column.ends_with("ASC");
        so_far.then_with(|| match column.split(' ').next().unwrap() {
            "metrics.a" => by_metric(a.a, b.a, ascending),
            "metrics.b" => by_metric(Some(a.b), Some(b.b), ascending),
            "metrics.unknown" => Ordering::Equal,
            _ => newest.reverse(),
        })
    });
    asked.then(newest).then_with(|| a.id.cmp(&b.id))
}

/// One search in the database and by hand.
async fn compare(
    conn: &mut Conn<'_>,
    all: &[Stored],
    experiments: &[ExperimentId],
    search: Search,
    case: &str,
    holds: Holds,
    order: &[&str],
) {
    let mut expected: Vec<&Stored> = all
        .iter()
        .filter(|r| search.experiments.contains(&experiments[r.experiment]))
        .filter(|r| match search.view {
            View::Active => !r.deleted,
            View::Deleted => r.deleted,
            View::All => true,
        })
        .filter(|r| holds(r))
        .collect();
    expected.sort_by(|a, b| in_order(a, b, order));
    let (offset, limit) = (usize::try_from(search.offset).unwrap(), usize::try_from(search.limit).unwrap());
    let expected: Vec<&Id> = expected.iter().skip(offset).take(limit).map(|r| &r.id).collect();
    let found = runs(conn, &search).await.unwrap();
    let found: Vec<&Id> = found.iter().map(|run| &run.info.id).collect();
    assert_eq!(found, expected, "{case}, {order:?}, {:?}, from {offset}", search.view);
}

#[tokio::test]
async fn every_form_of_a_search_finds_the_same_runs_in_the_same_order() {
    let all: Vec<Stored> = (0..RUNS).map(stored).collect();
    for test in testkit::databases().await {
        let given = all.clone();
        let experiments = test
            .db
            .write::<_, Error, _>(move |conn| Box::pin(async move { Ok(insert(conn, &given).await) }))
            .await
            .unwrap();
        let mut reader = test.db.read().await.unwrap();
        let mut conn = reader.conn();
        for (filter, holds) in FILTERS {
            for columns in ORDERS {
                for (width, view) in
                    [(1, View::Active), (3, View::Active), (2, View::All), (1, View::Deleted)]
                {
                    for offset in [0, 1_900] {
                        let owned: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
                        let search = Search {
                            experiments: experiments[..width].to_vec(),
                            view,
                            filter: parse_filter(Object::Runs, filter).unwrap(),
                            order: parse_order(Object::Runs, &owned).unwrap(),
                            newest: None,
                            offset,
                            limit: 60,
                        };
                        compare(&mut conn, &all, &experiments, search, filter, *holds, columns).await;
                    }
                }
            }
        }
    }
}
