//! Racing writers of experiments, evaluation data sets and scorers, on both engines.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::registry::{WRITERS, both, race, send};

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_writers_of_one_experiment_exactly_one_wins() {
    for (_folder, server) in both().await {
        let answers = race(&server, "experiments/create", |_| json!({"name": "raced"})).await;
        let won = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
        assert_eq!(won, 1, "{answers:?}");
        for (_, body) in answers.iter().filter(|(status, _)| *status != StatusCode::OK) {
            assert_eq!(body["message"], "Experiment(name=raced) already exists.", "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_of_records_lose_none_and_double_none() {
    for (_folder, server) in both().await {
        let (_, made) = send(&server, "POST", "datasets/create", json!({"name": "raced"})).await;
        let id = made["dataset"]["dataset_id"].as_str().unwrap().to_owned();
        let path: &'static str = format!("datasets/{id}/records").leak();
        // Each sends what all send, with a field of its own, and one record that nobody else sends.
        let answers = race(&server, path, |number| {
            let mine = format!("field {number}");
            let records = json!([
                {"inputs": {"q": "shared"}, "expectations": {&mine: number}},
                {"inputs": {"q": number, &mine: true}},
            ]);
            json!({"records": records.to_string()})
        })
        .await;
        let sum = |field: &str| answers.iter().map(|(_, body)| body[field].as_u64().unwrap()).sum::<u64>();
        assert_eq!((sum("inserted_count"), sum("updated_count")), (WRITERS as u64 + 1, WRITERS as u64 - 1));
        let (_, found) = send(&server, "GET", &format!("datasets/{id}"), json!({})).await;
        let text =
            |field: &str| serde_json::from_str::<Value>(found["dataset"][field].as_str().unwrap()).unwrap();
        assert_eq!(text("profile"), json!({"num_records": WRITERS + 1}));
        assert_eq!(text("schema")["inputs"].as_object().unwrap().len(), WRITERS + 1);
        assert_eq!(text("schema")["expectations"].as_object().unwrap().len(), WRITERS);
        let (_, page) = send(&server, "GET", &format!("{path}?max_results=1000"), json!({})).await;
        let records: Value = serde_json::from_str(page["records"].as_str().unwrap()).unwrap();
        let shared: Vec<&Value> =
            records.as_array().unwrap().iter().filter(|record| record["inputs"]["q"] == "shared").collect();
        assert_eq!(shared.len(), 1);
        assert_eq!(shared[0]["expectations"].as_object().unwrap().len(), WRITERS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_of_a_scorer_leave_no_hole() {
    for (_folder, server) in both().await {
        let answers = race(
            &server,
            "scorers/register",
            |number| json!({"experiment_id": "0", "name": "polite", "serialized_scorer": json!({"n": number}).to_string()}),
        )
        .await;
        let mut numbers: Vec<u64> = answers
            .iter()
            .map(|(status, body)| {
                assert_eq!(*status, StatusCode::OK, "{body}");
                body["version"].as_u64().unwrap()
            })
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=WRITERS as u64).collect::<Vec<_>>());
        let path = "scorers/versions?experiment_id=0&name=polite";
        let (_, found) = send(&server, "GET", path, json!({})).await;
        let found = found["scorers"].as_array().unwrap();
        assert_eq!(found.len(), WRITERS);
        assert!(found.iter().all(|version| version["scorer_id"] == found[0]["scorer_id"]));
    }
}
