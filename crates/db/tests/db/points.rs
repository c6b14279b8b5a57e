//! Points of metrics: stored together, and thinned where they lie.

use db::tracking::metric::{self, RunPoints};
use db::tracking::{curve, logged, param, run};
use db::{Conn, Error};
use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::metric::Metric;
use domain::tracking::param::{Param, Tag};
use domain::tracking::run::{RunInfo, RunStatus};
use domain::{Id, Timestamp};

const WHOLE: (i64, i64) = (i64::MIN, i64::MAX);

fn point(key: &str, step: i64, value: f64) -> Metric {
    Metric { key: key.to_owned(), value, timestamp_ms: step + 5, step }
}

async fn new_run(conn: &mut Conn<'_>, n: u8) -> (i64, Id) {
    let info = RunInfo {
        id: Id::new(Timestamp::from_millis(1), [n; 10]),
        experiment: ExperimentId::DEFAULT,
        name: format!("run {n}"),
        user: "tester".to_owned(),
        status: RunStatus::Running,
        start: Timestamp::from_millis(1),
        end: None,
        lifecycle: Lifecycle::Active,
        artifact_uri: String::new(),
    };
    (run::insert(conn, &info).await.unwrap(), info.id)
}

/// Stores the points of one run of each engine and hands out its number with a reader's connection.
async fn with_points(metrics: Vec<Metric>) -> Vec<(testkit::TestDatabase, i64)> {
    let mut made = Vec::new();
    for test in testkit::databases().await {
        let metrics = metrics.clone();
        let num = test
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let (num, _) = new_run(conn, 1).await;
                    let points = RunPoints { run: num, experiment: ExperimentId::DEFAULT, metrics: &metrics };
                    metric::insert(conn, &[points]).await?;
                    Ok(num)
                })
            })
            .await
            .unwrap();
        made.push((test, num));
    }
    made
}

/// Where a history of so many points is cut, counted out by hand.
fn firsts(points: usize, most: usize) -> Vec<usize> {
    let mut firsts = vec![0];
    for stretch in 0..most - 1 {
        let length = points / most + usize::from(stretch < points % most);
        firsts.push(firsts[stretch] + length);
    }
    firsts[most - 1] = points - 1;
    firsts
}

#[tokio::test]
async fn points_of_several_runs_are_stored_at_once_and_a_repeat_changes_nothing() {
    for test in testkit::databases().await {
        let first = [point("loss", 2, 0.5), point("loss", 1, 0.9), point("loss", 3, f64::NAN)];
        let second = [point("loss", 7, 0.1), point("acc", 7, f64::INFINITY), point("acc", 7, 0.2)];
        let (one, two) = test
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let ((one, one_id), (two, _)) = (new_run(conn, 1).await, new_run(conn, 2).await);
                    let experiment = ExperimentId::DEFAULT;
                    for _ in 0..2 {
                        let points = [
                            RunPoints { run: two, experiment, metrics: &second },
                            RunPoints { run: one, experiment, metrics: &first[..1] },
                            RunPoints { run: one, experiment, metrics: &first[1..] },
                        ];
                        metric::insert(conn, &points).await?;
                    }
                    let standings =
                        run::standings(conn, &[one_id.clone(), Id::new(Timestamp::from_millis(9), [9; 10])])
                            .await?;
                    assert_eq!((standings.len(), standings[&one_id].num), (1, one));
                    Ok((one, two))
                })
            })
            .await
            .unwrap();
        let mut reader = test.db.read().await.unwrap();
        let mut conn = reader.conn();
        let latest = logged::of_runs(&mut conn, &[one, two]).await.unwrap();
        let of_one = &latest[&one].metrics;
        assert_eq!(of_one.len(), 1);
        assert!(of_one[0].value.is_nan() && of_one[0].step == 3);
        assert_eq!(latest[&two].metrics, [point("acc", 7, f64::INFINITY), point("loss", 7, 0.1)]);
        assert_eq!(metric::history(&mut conn, one, "loss", 0, 10).await.unwrap().len(), 3);
        assert_eq!(metric::history(&mut conn, two, "acc", 0, 10).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_sample_is_even_and_keeps_the_ends() {
    let points = 5_003;
    let metrics = (0..points).map(|step| point("loss", step + 100, 1.0)).collect();
    for (test, run) in with_points(metrics).await {
        let mut reader = test.db.read().await.unwrap();
        let mut conn = reader.conn();
        let found = curve::sample(&mut conn, run, "loss", WHOLE, 77).await.unwrap();
        let steps: Vec<usize> = found.iter().map(|p| usize::try_from(p.step - 100).unwrap()).collect();
        assert_eq!(steps, firsts(5_003, 77));
        let part = curve::sample(&mut conn, run, "loss", (200, 299), 10).await.unwrap();
        let steps: Vec<i64> = part.iter().map(|p| p.step).collect();
        assert_eq!(steps, [200, 210, 220, 230, 240, 250, 260, 270, 280, 299]);
        let last = curve::sample(&mut conn, run, "loss", WHOLE, 1).await.unwrap();
        assert_eq!((last.len(), last[0].step), (1, 5_102));
        assert_eq!(curve::sample(&mut conn, run, "loss", (200, 204), 10).await.unwrap().len(), 5);
        assert!(curve::sample(&mut conn, run, "loss", (0, 99), 10).await.unwrap().is_empty());
        assert!(curve::sample(&mut conn, run, "unknown", WHOLE, 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_sample_counts_points_where_steps_have_gaps_or_several_points() {
    // As many points as steps from first to last, but step 1 has two points and step 3 none, and so on.
    let uneven = |n: i64| if n % 4 == 2 { n - 1 } else { n };
    let metrics: Vec<Metric> = (0..1_000)
        .map(|n| Metric { timestamp_ms: n, ..point("loss", uneven(n), 1.0) })
        .chain((0..1_000).map(|n| Metric { timestamp_ms: n, ..point("same", 0, 1.0) }))
        .chain((0..1_000).map(|n| Metric { timestamp_ms: n, ..point("sparse", n * 3, 1.0) }))
        .collect();
    for (test, run) in with_points(metrics).await {
        let mut reader = test.db.read().await.unwrap();
        let mut conn = reader.conn();
        for key in ["loss", "same", "sparse"] {
            let found = curve::sample(&mut conn, run, key, WHOLE, 90).await.unwrap();
            let times: Vec<usize> = found.iter().map(|p| usize::try_from(p.timestamp_ms).unwrap()).collect();
            assert_eq!(times, firsts(1_000, 90), "{key}");
        }
    }
}

#[tokio::test]
async fn an_outline_keeps_ends_and_spikes() {
    let mut metrics: Vec<Metric> =
        (0..5_000_i32).map(|step| point("loss", step.into(), f64::from(step % 7))).collect();
    metrics[1_321].value = 50.0;
    metrics[3_000].value = -50.0;
    metrics[3_001].value = f64::NAN;
    let ends = (metrics[0].clone(), metrics[4_999].clone());
    metrics.extend((0..200).map(|n| Metric { timestamp_ms: n, ..point("same", 0, 1.0) }));
    for (test, run) in with_points(metrics).await {
        let mut reader = test.db.read().await.unwrap();
        let mut conn = reader.conn();
        let all = (i64::MIN, i64::MAX);
        let curve::Outline { points: found, thinned } =
            curve::outline(&mut conn, run, "loss", all, 100).await.unwrap();
        assert!(thinned);
        assert!((90..=100).contains(&found.len()), "{}", found.len());
        assert_eq!((found.first(), found.last()), (Some(&ends.0), Some(&ends.1)));
        for spike in [50.0, -50.0] {
            assert!(found.iter().any(|p| (p.value - spike).abs() < f64::EPSILON));
        }
        assert!(found.windows(2).all(|pair| pair[0].step < pair[1].step));
        assert_eq!(curve::outline(&mut conn, run, "same", all, 50).await.unwrap().points.len(), 50);
        let whole = curve::outline(&mut conn, run, "loss", all, 9_000).await.unwrap();
        assert_eq!((whole.points.len(), whole.thinned), (5_000, false));
        let part = curve::outline(&mut conn, run, "loss", (1_300, 1_350), 100).await.unwrap();
        assert_eq!((part.points.len(), part.thinned), (51, false));
        assert_eq!((part.points[0].step, part.points[50].step), (1_300, 1_350));
        let part = curve::outline(&mut conn, run, "loss", (1_000, 1_999), 100).await.unwrap();
        assert!(part.thinned && part.points.iter().any(|p| p.step == 1_321));
        assert!(part.points.iter().all(|p| (1_000..2_000).contains(&p.step)));
        assert_eq!(
            curve::outline(&mut conn, run, "loss", (9_000, 9_999), 100).await.unwrap(),
            curve::Outline::default()
        );
    }
}

#[tokio::test]
async fn what_a_run_logged_comes_back_to_the_last_bit_and_letter() {
    let mut bits = 0x9E37_79B9_7F4A_7C15_u64;
    let mut values =
        vec![0.1, 1.0 / 3.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, 1e23, 9_007_199_254_740_993.0];
    while values.len() < 2_000 {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        values.extend(Some(f64::from_bits(bits)).filter(|value| value.is_finite()));
    }
    let metrics: Vec<Metric> = values
        .iter()
        .enumerate()
        .map(|(n, value)| Metric { value: *value, ..point(&format!("m{n:04}"), 1, 0.0) })
        .collect();
    let odd = "\" \\ \u{1} \n [\u{1F980}] \u{2028} ]],";
    for (test, run) in with_points(metrics.clone()).await {
        test.db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let params = [Param { key: "p".to_owned(), value: odd.to_owned() }];
                    param::insert(conn, run, ExperimentId::DEFAULT, &params).await?;
                    param::set_tags(conn, run, ExperimentId::DEFAULT, &[Tag::new("t", "")]).await
                })
            })
            .await
            .unwrap();
        let mut reader = test.db.read().await.unwrap();
        let found = logged::of_runs(&mut reader.conn(), &[run, run + 1]).await.unwrap();
        assert_eq!(found.len(), 1);
        for (stored, logged) in found[&run].metrics.iter().zip(&metrics) {
            assert_eq!((&stored.key, stored.value.to_bits()), (&logged.key, logged.value.to_bits()));
        }
        assert_eq!((found[&run].params[0].value.as_str(), &found[&run].tags[0]), (odd, &Tag::new("t", "")));
    }
}
