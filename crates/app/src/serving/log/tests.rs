use serde_json::json;

use super::*;
use domain::registry::model::ModelName;
use domain::serving::RouteKind;

fn prediction(millis: i64, number: u8) -> Prediction {
    let time = Timestamp::from_millis(millis);
    Prediction {
        id: Id::new(time, [number; 10]),
        time_ms: time,
        deployment: Name::parse("late").unwrap(),
        model: ModelName::parse("flights").unwrap(),
        version: 2,
        route: RouteKind::Canary,
        features: serde_json::from_value(json!({"hour": 8, "carrier": "UA"})).unwrap(),
        output: json!([0.25, 0.75]),
        latency_us: 1_500,
        request_id: number.is_multiple_of(2).then(|| "r-1".to_owned()),
    }
}

fn late() -> Name {
    Name::parse("late").unwrap()
}

fn span(from: i64, to: i64) -> Span {
    Span { from: Timestamp::from_millis(from), to: Timestamp::from_millis(to) }
}

async fn filled() -> (PredictionLog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let log = PredictionLog::new(folder.path().to_owned());
    for number in 1..=5 {
        log.append(&late(), &[prediction(i64::from(number) * 1000, number)]).await.unwrap();
    }
    (log, folder)
}

#[tokio::test]
async fn a_record_is_found_by_its_id_as_soon_as_it_is_appended() {
    let (log, _folder) = filled().await;
    let wanted = prediction(3000, 3);
    assert_eq!(log.get(&wanted.id).unwrap(), Some(wanted));
    assert_eq!(log.get(&prediction(3000, 9).id).unwrap(), None);
}

#[tokio::test]
async fn the_log_of_a_killed_server_is_read_without_its_torn_line_and_compacted() {
    let (log, folder) = filled().await;
    let open = log.open_segment(&late()).unwrap();
    let mut text = std::fs::read(&open).unwrap();
    text.extend_from_slice(b"{\"id\": \"0123");
    std::fs::write(&open, text).unwrap();

    // A new server on the same folder.
    let log = PredictionLog::new(folder.path().to_owned());
    assert_eq!(log.window(&late(), span(0, 10_000), 10).unwrap().unwrap().len(), 5);
    assert_eq!(log.tidy(&late()).unwrap(), 1);
    let names: Vec<_> = std::fs::read_dir(folder.path().join("late"))
        .unwrap()
        .map(|entry| entry.unwrap().path().extension().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["parquet"]);
    assert_eq!(log.get(&prediction(3000, 3).id).unwrap(), Some(prediction(3000, 3)));
    assert_eq!(log.get(&prediction(4000, 4).id).unwrap(), Some(prediction(4000, 4)));
    assert_eq!(log.tidy(&late()).unwrap(), 0);
}

#[tokio::test]
async fn windows_hold_what_is_inside_them_across_old_and_new_files() {
    let (log, folder) = filled().await;
    drop(log);
    let log = PredictionLog::new(folder.path().to_owned());
    log.tidy(&late()).unwrap();
    log.append(&late(), &[prediction(6000, 6), prediction(7000, 7)]).await.unwrap();
    let window = log.window(&late(), span(2000, 7000), 10).unwrap().unwrap();
    let times: Vec<i64> = window.iter().map(|record| record.time_ms.millis()).collect();
    assert_eq!(times, [2000, 3000, 4000, 5000, 6000]);
    assert!(log.window(&late(), span(0, 10_000), 6).unwrap().is_none());
    let newest = log.newest(&late(), span(0, 6001), 3).unwrap();
    let times: Vec<i64> = newest.iter().map(|record| record.time_ms.millis()).collect();
    assert_eq!(times, [6000, 5000, 4000]);
    // The open file is not touched while it is being written.
    assert_eq!(log.tidy(&late()).unwrap(), 0);
}

#[tokio::test]
async fn many_writers_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(PredictionLog::new(folder.path().to_owned()));
    let tasks: Vec<_> = (0..16u8)
        .map(|writer| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for number in 0..50 {
                    let record = prediction(number, writer);
                    log.append(&late(), &[record]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(log.window(&late(), span(0, 100), 1000).unwrap().unwrap().len(), 800);
}

#[test]
fn a_log_that_is_not_there_is_empty() {
    let log = PredictionLog::new(PathBuf::from("/nonexistent/predictions"));
    assert_eq!(log.get(&prediction(1, 1).id).unwrap(), None);
    assert!(log.newest(&late(), span(0, 1), 10).unwrap().is_empty());
}
