//! Answers over a year of flights; the figures are pandas' own.

use std::path::Path;

use super::*;
use tables::TableFile;

fn months(kind: &str, months: impl IntoIterator<Item = u32>) -> Vec<TableFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights/data").join(kind);
    let file = |month| {
        let name = format!("2013-{month:02}.parquet");
        TableFile { path: folder.join(&name), name }
    };
    months.into_iter().map(file).collect()
}

fn query(text: &str, scratch: &Path) -> Query {
    let input = |name: &str, files| Input { name: name.to_owned(), files };
    Query {
        text: text.to_owned(),
        inputs: vec![
            input("flights@v1", months("flights", 1..=6)),
            input("flights@v2", months("flights", 1..=12)),
            input("weather", months("weather", 1..=12)),
        ],
        limit: None,
        count: false,
        time: Duration::from_secs(60),
        limits: Limits::scratch_in(scratch),
    }
}

async fn page(text: &str) -> Page {
    let scratch = tempfile::tempdir().unwrap();
    let rows = open(query(text, scratch.path())).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    rows.page().await.unwrap()
}

async fn fault(text: &str) -> String {
    let scratch = tempfile::tempdir().unwrap();
    match open(query(text, scratch.path())).await {
        Ok(_) => panic!("{text} fails"),
        Err(error) => error.to_string(),
    }
}

fn near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9 * wanted.abs().max(1.0)
}

#[tokio::test]
async fn groups_of_one_version() {
    let page = page(
        "select origin, count(*) as n, avg(dep_delay) as delay, max(dep_delay) as late \
         from flights@v1 group by origin order by origin",
    )
    .await;
    let words: Vec<_> = page.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    assert_eq!(words, [("origin", "text"), ("n", "integer"), ("delay", "number"), ("late", "integer")]);
    let wanted = [
        ("EWR", 60_718, 16.962930799619, 1126),
        ("JFK", 55_366, 12.757520358983, 1301),
        ("LGA", 50_074, 10.847150473199, 911),
    ];
    assert_eq!((page.rows.len(), page.truncated, page.total), (3, false, Some(3)));
    for (row, (origin, n, delay, late)) in page.rows.iter().zip(wanted) {
        assert_eq!(row["origin"], origin);
        assert_eq!(row["n"], n);
        assert!(near(row["delay"].as_f64().unwrap(), delay), "{row:?}");
        assert_eq!(row["late"], late);
    }
}

#[tokio::test]
async fn two_versions_and_two_data_sets_in_one_query() {
    let both = page(
        "select (select count(*) from flights@v1) as before, (select count(*) from flights@v2) as now, \
         (select count(*) from flights@v2 where month not in (select distinct month from flights@v1)) as new",
    )
    .await;
    assert_eq!(both.rows[0]["before"], 166_158);
    assert_eq!(both.rows[0]["now"], 336_776);
    assert_eq!(both.rows[0]["new"], 170_618);
    let joined = page(
        "select count(*) as n, avg(w.temp) as temp, corr(f.dep_delay, w.temp) as r \
         from flights@v2 f join weather w on f.origin = w.origin and f.time_hour = w.time_hour",
    )
    .await;
    assert_eq!(joined.rows[0]["n"], 335_220);
    assert!(near(joined.rows[0]["temp"].as_f64().unwrap(), 56.996_472_943_261_246));
    assert!(near(joined.rows[0]["r"].as_f64().unwrap(), 0.061_491_272_259_252_26));
}

#[tokio::test]
async fn having_windows_and_distinct_values() {
    let late = page(
        "with routes as (select dest, carrier, count(dep_delay) as n, avg(dep_delay) as delay \
         from flights@v2 group by dest, carrier having count(dep_delay) > 100) \
         select dest, n, delay, rank() over (order by delay desc) as place from routes order by place limit 3",
    )
    .await;
    let wanted =
        [("TYS", 314, 41.818_471_337_6), ("CAE", 104, 36.701_923_076_9), ("TUL", 299, 34.906_354_515_1)];
    for (row, (dest, n, delay)) in late.rows.iter().zip(wanted) {
        assert_eq!((&row["dest"], &row["n"]), (&dest.into(), &n.into()));
        assert!((row["delay"].as_f64().unwrap() - delay).abs() < 1e-9, "{row:?}");
    }
    let counts = page(
        "select count(distinct tailnum) as tails, count(*) - count(tailnum) as none, \
         count(*) - count(dep_delay) as cancelled from flights@v2",
    )
    .await;
    assert_eq!(counts.rows[0]["tails"], 4043);
    assert_eq!(counts.rows[0]["none"], 2512);
    assert_eq!(counts.rows[0]["cancelled"], 8255);
}

#[tokio::test]
async fn a_limit_cuts_and_says_how_many_there_are_when_asked() {
    let scratch = tempfile::tempdir().unwrap();
    let ask = async |limit, count| {
        let text = "select tailnum from flights@v2 where month = 3";
        let query = Query { limit: Some(limit), count, ..query(text, scratch.path()) };
        open(query).await.unwrap().page().await.unwrap()
    };
    let page = ask(10, true).await;
    assert_eq!((page.rows.len(), page.truncated, page.total), (10, true, Some(28_834)));
    let page = ask(10, false).await;
    assert_eq!((page.rows.len(), page.truncated, page.total), (10, true, None));
    let page = ask(28_834, false).await;
    assert_eq!((page.rows.len(), page.truncated, page.total), (28_834, false, Some(28_834)));
    let page = ask(0, true).await;
    assert_eq!((page.rows.len(), page.truncated, page.total), (0, true, Some(28_834)));
    assert_eq!(page.columns.len(), 1);
}

#[tokio::test]
async fn plans_and_columns_are_told_without_the_store_s_paths() {
    let page = page("describe weather").await;
    assert_eq!(page.rows[0]["column_name"], "origin");
    let plan = self::page("explain select temp from weather where temp > 3").await;
    let text = format!("{:?}", plan.rows);
    assert!(text.contains("temp"), "{text}");
    assert!(!text.contains(".parquet"), "{text}");
}

async fn bytes(text: &str, encoding: Encoding, limits: Limits) -> Result<Vec<u8>> {
    let scratch = limits.scratch.clone();
    let rows = open(Query { limits, ..query(text, &scratch) }).await?;
    let mut parts = std::pin::pin!(rows.encoded(encoding)?);
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await {
        bytes.extend(part?);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_large_sort_in_little_memory_spills_and_every_row_comes_out_in_order() {
    let scratch = tempfile::tempdir().unwrap();
    let limits = Limits { memory: 24 << 20, ..Limits::scratch_in(scratch.path()) };
    let text = "select time_hour, carrier, flight, tailnum, dest, air_time, dep_delay from flights@v2 \
                order by air_time desc nulls last, time_hour, carrier, flight";
    let csv = String::from_utf8(bytes(text, Encoding::Csv, limits).await.unwrap()).unwrap();
    let times: Vec<f64> = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(5).unwrap().parse().unwrap_or(f64::NEG_INFINITY))
        .collect();
    assert_eq!(times.len(), 336_776);
    assert!(times.is_sorted_by(|a, b| a >= b));
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "what was spilled is gone");
}

#[tokio::test]
async fn a_join_that_does_not_fit_into_memory_is_done_by_sorting() {
    let scratch = tempfile::tempdir().unwrap();
    let limits = Limits { memory: 23 << 20, ..Limits::scratch_in(scratch.path()) };
    let text = "select count(*) as n from flights@v2 a join flights@v2 b on a.time_hour = b.time_hour \
                and a.carrier = b.carrier and a.flight = b.flight and a.origin = b.origin \
                and a.dest = b.dest and a.tailnum = b.tailnum and a.sched_arr_time = b.sched_arr_time";
    let csv = bytes(text, Encoding::Csv, limits).await.unwrap();
    assert_eq!(String::from_utf8(csv).unwrap(), "n\n334264\n");
}

#[tokio::test]
async fn too_little_memory_is_told_with_the_way_out() {
    let scratch = tempfile::tempdir().unwrap();
    let limits = Limits { memory: 1 << 20, help: "take less", ..Limits::scratch_in(scratch.path()) };
    let text = "select array_agg(time_hour) as all_of_them from flights@v2";
    let error = match bytes(text, Encoding::Parquet, limits.clone()).await {
        Err(error) => error.to_string(),
        Ok(_) => {
            let text =
                "select carrier, flight, tailnum, max(dest) from flights@v2 group by 1, 2, 3 order by 4";
            bytes(text, Encoding::Csv, Limits { memory: 64 << 10, ..limits }).await.unwrap_err().to_string()
        }
    };
    assert!(error.contains("needs more memory than its limit") && error.ends_with("take less"), "{error}");
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    let text = "select count(*) as n from generate_series(1, 100000000000) where value % 7 = 3";
    let query = Query { time: Duration::from_millis(300), ..query(text, scratch.path()) };
    let begun = Instant::now();
    let error = open(query).await.err().unwrap().to_string();
    assert!(error.contains("stopped after 0 seconds"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_query_ends_when_its_reader_is_gone() {
    let scratch = tempfile::tempdir().unwrap();
    let rows =
        open(query("select value from generate_series(1, 100000000000)", scratch.path())).await.unwrap();
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
    drop(rows);
    let begun = Instant::now();
    while std::fs::read_dir(scratch.path()).unwrap().count() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the query goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn faults_name_their_place_and_the_nearest_name() {
    assert_eq!(
        fault("select origin,\n  dep_dely from flights@v1").await,
        "line 2, column 3: there is no column \"dep_dely\": did you mean dep_delay?"
    );
    let wrong = fault("select averag(dep_delay) from flights@v1").await;
    assert!(wrong.contains("averag"), "{wrong}");
    let twice = fault("select * from flights@v1 a join flights@v2 b on a.flight = b.flight limit 1").await;
    assert!(twice.contains("twice") && twice.contains("AS"), "{twice}");
    let cast = fault("select cast(origin as int) as n from flights@v1").await;
    assert!(cast.contains("TRY_CAST"), "{cast}");
    assert!(fault("select 1/0 as x").await.contains("ivide by zero"));
}

#[tokio::test]
async fn a_query_of_as_many_operators_as_there_may_be_is_planned() {
    let page = page(&format!("select 1{} as n", " + 1".repeat(998))).await;
    assert_eq!(page.rows[0]["n"], 999);
    let or: Vec<String> = (0..400).map(|n| format!("flight = {n}")).collect();
    let page = self::page(&format!("select count(*) as n from flights@v1 where {}", or.join(" or "))).await;
    assert!(page.rows[0]["n"].as_i64().unwrap() > 0);
    let union: Vec<String> = (0..300).map(|n| format!("select {n} as n")).collect();
    let page = self::page(&union.join(" union all ")).await;
    assert_eq!(page.rows.len(), 300);
}
