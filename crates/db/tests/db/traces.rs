//! Traces: two writers of one trace, searches, and figures.

use db::search::{Search, traces};
use db::tracking::{assessment, span, trace, trace_metric};
use db::{Conn, Db, Error};
use domain::Timestamp;
use domain::search::trace_metrics::{Aggregation, MetricQuery, MetricView};
use domain::search::{Object, parse_filter};
use domain::tracking::assessment::{Assessed, Assessment};
use domain::tracking::experiment::ExperimentId;
use domain::tracking::span::{Attributes, Span, SpanStatus, TYPE};
use domain::tracking::trace::{Doomed, Entries, TraceId, TraceInfo, TraceState};
use serde_json::json;

const BEGIN_MS: i64 = 1_700_000_000_000;

fn id(n: u64) -> TraceId {
    TraceId::parse(&format!("tr-{n:032x}")).unwrap()
}

fn info(n: u64) -> TraceInfo {
    let start = Timestamp::from_millis(BEGIN_MS + i64::try_from(n).unwrap());
    let mut info = TraceInfo::new(id(n), ExperimentId::DEFAULT, start);
    info.state = TraceState::Ok;
    info.name = Some(format!("trace {n}"));
    info.duration_ms = Some(i64::try_from(n).unwrap() * 100);
    info.tags =
        Entries::from([("team".to_owned(), if n.is_multiple_of(2) { "even" } else { "odd" }.to_owned())]);
    info
}

fn step(n: u64, number: u64, model: &str) -> Span {
    let mut attributes = Attributes::default();
    attributes.set(TYPE, &json!("LLM"));
    attributes.set("model", &json!(model));
    attributes.set("large", &json!(number > 1));
    Span {
        trace: id(n),
        id: format!("{number:016x}"),
        parent: (number > 1).then(|| format!("{:016x}", 1)),
        name: format!("step {number}"),
        start_ns: BEGIN_MS * 1_000_000,
        end_ns: Some(BEGIN_MS * 1_000_000 + 5_000_000),
        status: SpanStatus::Ok,
        message: String::new(),
        attributes,
        events: Vec::new(),
        links: Vec::new(),
    }
}

/// Adds one to a number kept in a trace's metadata: lost when two writers read it at the same time.
async fn count_up(conn: &mut Conn<'_>, n: u64) -> Result<(), Error> {
    if trace::insert(conn, &info(n)).await?.is_none() {
        let mut found = trace::lock(conn, &id(n)).await?.unwrap();
        let seen: i64 = found.info.metadata.get("seen").map_or(0, |text| text.parse().unwrap());
        found.info.metadata.insert("seen".to_owned(), (seen + 1).to_string());
        trace::update(conn, found.num, &found.info).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_one_trace_wait_for_one_another() {
    const WRITERS: usize = 20;
    for test in testkit::databases().await {
        let writers = (0..WRITERS).map(|_| {
            let db = test.db.clone();
            tokio::spawn(async move { db.write::<_, Error, _>(|conn| Box::pin(count_up(conn, 1))).await })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap().unwrap();
        }
        let mut reader = test.db.read().await.unwrap();
        let found = trace::get(&mut reader.conn(), &id(1)).await.unwrap().unwrap();
        assert_eq!(found.info.metadata["seen"], (WRITERS - 1).to_string());
    }
}

async fn filled(db: &Db) {
    db.write::<_, Error, _>(|conn| {
        Box::pin(async move {
            for n in 1..=4 {
                let num = trace::insert(conn, &info(n)).await?.unwrap();
                let spans = [step(n, 1, "small"), step(n, 2, if n == 3 { "größer" } else { "small" })];
                span::upsert(conn, num, &spans).await?;
                span::upsert(conn, num, &spans[..1]).await?;
            }
            let num = trace::get(conn, &id(2)).await?.unwrap().num;
            let said = Assessment {
                id: "a-1".to_owned(),
                trace: id(2),
                name: "good".to_owned(),
                source_type: "HUMAN".to_owned(),
                source_id: None,
                span: None,
                created: Timestamp::from_millis(1),
                updated: Timestamp::from_millis(1),
                assessed: Assessed::Feedback { value: json!(0.5), error: None },
                rationale: None,
                metadata: Entries::new(),
                overrides: None,
                valid: true,
            };
            assessment::put(conn, num, &said).await
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_search_finds_the_same_on_both_engines() {
    let cases: [(&str, &[u64]); 12] = [
        ("", &[4, 3, 2, 1]),
        ("name RLIKE '^trace [12]$'", &[2, 1]),
        ("name LIKE 'Trace%'", &[]),
        ("name ILIKE 'Trace%' AND tags.team = 'odd'", &[3, 1]),
        ("span.attributes.model = 'größer'", &[3]),
        ("span.attributes.model = 'größer' AND span.name = 'step 1'", &[]),
        ("NOT span.attributes.model = 'größer'", &[4, 2, 1]),
        ("span.attributes.large = 'true' AND span.type IN ('LLM')", &[4, 3, 2, 1]),
        ("span.content LIKE '%\"name\": \"step 2\"%'", &[4, 3, 2, 1]),
        ("feedback.good < 0.6 OR execution_time_ms > 300", &[4, 2]),
        ("feedback.good IS NULL AND tags.team IS NOT NULL", &[4, 3, 1]),
        ("request_id IN ('tr-00000000000000000000000000000004', 'x')", &[4]),
    ];
    for test in testkit::databases().await {
        filled(&test.db).await;
        let mut reader = test.db.read().await.unwrap();
        for (text, expected) in cases {
            let filter = parse_filter(Object::Traces, text).unwrap();
            let search =
                Search { experiments: vec![ExperimentId::DEFAULT], filter, limit: 10, ..Search::default() };
            let found = traces(&mut reader.conn(), &search).await.unwrap();
            let found: Vec<TraceId> = found.into_iter().map(|info| info.id).collect();
            assert_eq!(found, expected.iter().map(|n| id(*n)).collect::<Vec<_>>(), "{text}");
        }
    }
}

#[tokio::test]
async fn figures_and_deletions_are_the_same_on_both_engines() {
    for test in testkit::databases().await {
        filled(&test.db).await;
        let query = MetricQuery {
            experiments: vec![ExperimentId::DEFAULT],
            view: MetricView::Traces,
            metric: "latency".to_owned(),
            aggregations: vec![Aggregation::Avg, Aggregation::Percentile(90.0), Aggregation::Max],
            dimensions: Vec::new(),
            filters: Vec::new(),
            interval_s: None,
            start: None,
            end: None,
            most: 10,
        };
        let mut reader = test.db.read().await.unwrap();
        let points = trace_metric::query(&mut reader.conn(), &query).await.unwrap();
        let values: Vec<f64> = points[0].values.iter().map(|(_, value)| *value).collect();
        assert_eq!(values, [250.0, 370.0, 400.0]);
        let by_span = MetricQuery {
            view: MetricView::Spans,
            metric: "span_count".to_owned(),
            aggregations: vec![Aggregation::Count],
            dimensions: vec!["span_name".to_owned()],
            ..query
        };
        let points = trace_metric::query(&mut reader.conn(), &by_span).await.unwrap();
        assert_eq!(points.len(), 2);
        assert_eq!((points[0].dimensions[0].1.as_str(), points[0].values[0].1), ("step 1", 4.0));
        drop(reader);
        let doomed = Doomed {
            experiment: ExperimentId::DEFAULT,
            ids: Vec::new(),
            until: Some(Timestamp::from_millis(BEGIN_MS + 3)),
            most: Some(2),
        };
        let deleted = test.db.write::<_, Error, _>(|conn| {
            Box::pin(async move {
                let deleted = trace::delete(conn, &doomed).await?;
                Ok((
                    deleted,
                    trace::get(conn, &id(2)).await?.is_some(),
                    trace::get(conn, &id(3)).await?.is_some(),
                ))
            })
        });
        assert_eq!(deleted.await.unwrap(), (2, false, true));
    }
}
