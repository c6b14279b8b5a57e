//! What is taken over keeps its numbers and times, on both engines.

use db::tracking::metric::RunPoints;
use db::tracking::{
    evaluation_dataset, evaluation_record, experiment, import, metric, run, scorer, span, trace,
};
use db::{Conn, Error};
use domain::tracking::evaluation_dataset::{EvaluationDataset, Record};
use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::import::evaluation::{ScorerRecord, ScorerVersionRecord};
use domain::tracking::import::trace::read_span;
use domain::tracking::import::{ExperimentRecord, SetSum};
use domain::tracking::metric::Metric;
use domain::tracking::param::Tag;
use domain::tracking::run::{RunInfo, RunStatus};
use domain::tracking::scorer::OnlineConfig;
use domain::tracking::span::Span;
use domain::tracking::trace::{TraceId, TraceInfo};
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
    let mut expected = SetSum::default();
    for point in points.iter().rev() {
        expected.add_point(&point.key, point.step, point.timestamp_ms, point.value);
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

fn step(id: i64, text: &str) -> Span {
    let value = serde_json::json!({"context": {"span_id": format!("{id:x}")}, "name": "a", "start_time": id,
        "attributes": {"text": text}});
    read_span(&TraceId::parse("tr-1").unwrap(), &value).unwrap()
}

#[tokio::test]
async fn spans_of_another_store_add_up_and_change_none_that_is_here() {
    let spans: Vec<Span> = (0..2_500).map(|id| step(id, "theirs")).collect();
    let mut expected = SetSum::default();
    for span in spans.iter().skip(1).rev().chain([&step(0, "ours")]) {
        expected.add_text(&span.content());
    }
    for test in testkit::databases().await {
        let spans = spans.clone();
        let sum = test
            .db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let id = TraceId::parse("tr-1").unwrap();
                    let info = TraceInfo::new(id.clone(), ExperimentId::DEFAULT, Timestamp::from_millis(1));
                    let num = trace::insert(conn, &info).await?.unwrap();
                    span::upsert(conn, num, &[step(0, "ours")]).await?;
                    span::add(conn, num, &spans).await?;
                    span::add(conn, num, &spans).await?;
                    trace::link_run(conn, "b", std::slice::from_ref(&id)).await?;
                    trace::link_run(conn, "a", &[id]).await?;
                    trace::link_prompts(conn, num, &["greeting/1".to_owned()]).await?;
                    assert_eq!(trace::runs_of(conn, num).await?, ["a", "b"]);
                    assert_eq!(trace::prompts_of(conn, num).await?, ["greeting/1"]);
                    span::sum(conn, num).await
                })
            })
            .await
            .unwrap();
        assert_eq!(sum, expected);
    }
}

fn row(n: u8) -> (String, Record) {
    let value = serde_json::json!({"id": Id::new(Timestamp::from_millis(1), [n; 10]), "inputs": {"n": n}, "outputs": "o",
        "expectations": null, "tags": {}, "source": null, "created": 1, "updated": 2, "created_by": null, "updated_by": null});
    (format!("identity {n}"), serde_json::from_value(value).unwrap())
}

#[tokio::test]
async fn records_and_scorers_of_another_store_keep_their_ids_numbers_and_times() {
    for test in testkit::databases().await {
        test.db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    let (id, now) = (Id::new(Timestamp::from_millis(1), [7; 10]), Timestamp::from_millis(5));
                    let dataset = EvaluationDataset::new(id.clone(), "questions".to_owned(), Vec::new(), now);
                    let num = evaluation_dataset::insert(conn, &dataset).await?;
                    let mut expected = SetSum::default();
                    (0..3).for_each(|n| expected.add_record(&row(n).1));
                    evaluation_record::add(conn, num, &[row(2), row(0)]).await?;
                    evaluation_record::add(conn, num, &[row(0), row(1)]).await?;
                    assert_eq!(evaluation_record::sum(conn, num).await?, expected);
                    evaluation_dataset::set_count(conn, num, 3).await?;
                    assert_eq!(evaluation_dataset::get(conn, &id).await?.unwrap().dataset.records, 3);

                    let (scorer, _) = scorer::ensure(conn, ExperimentId::DEFAULT, "quality", &id).await?;
                    let version = |version| ScorerVersionRecord {
                        version,
                        definition: "{ }".to_owned(),
                        created: Timestamp::from_millis(version),
                    };
                    scorer::insert_version(conn, scorer, &version(5)).await?;
                    scorer::insert_version(conn, scorer, &version(2)).await?;
                    let config = OnlineConfig {
                        id: id.clone(),
                        scorer: id.clone(),
                        experiment: ExperimentId::DEFAULT,
                        sample_rate: 0.5,
                        filter: None,
                    };
                    scorer::set_online(conn, scorer, &config).await?;
                    let found: ScorerRecord = scorer::by_id(conn, &id).await?.unwrap();
                    assert_eq!(found.versions, [version(2), version(5)]);
                    assert_eq!((found.name.as_str(), found.online.unwrap().sample_rate), ("quality", 0.5));
                    Ok(())
                })
            })
            .await
            .unwrap();
    }
}
