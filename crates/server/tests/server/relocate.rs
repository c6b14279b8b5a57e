//! Runs that are moved and copied, on both engines.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::Server;

use crate::registry::{both, send};
use crate::trash::{content, done, experiment, logged_model, mlflow, own, put, read, run};

/// Filters that look at each table that knows the experiment of a run.
const FILTERS: [&str; 5] =
    ["", "metrics.auc > 0.5", "params.lr = '0.1'", "tags.team = 'ops'", "dataset.name = 'd'"];

async fn found(server: &Server, experiment: &str, filter: &str) -> Vec<String> {
    let body = json!({"experiment_ids": [experiment], "filter": filter, "order_by": ["metrics.auc DESC"]});
    let answer = mlflow(server, "POST", "runs/search", body).await;
    let runs = answer["runs"].as_array().cloned().unwrap_or_default();
    runs.iter().map(|run| run["info"]["run_id"].as_str().unwrap().to_owned()).collect()
}

async fn seen(server: &Server, id: &str) -> Value {
    let (status, answer) = read(server, &format!("/api/2.0/mlflow/runs/get?run_id={id}")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["run"].clone()
}

#[tokio::test]
async fn a_moved_run_is_found_only_in_its_new_experiment_with_its_files_and_logged_models() {
    for (_folder, server) in both().await {
        let (from, to) = (experiment(&server, "from").await, experiment(&server, "to").await);
        let id = run(&server, &from, "weights").await;
        let stays = run(&server, &from, "weights").await;
        let model = logged_model(&server, &from, &id, "net").await;
        let before = seen(&server, &id).await;
        let moved = done(&server, "POST", "/runs/move", json!({"runs": [id], "to": "to"})).await;
        assert_eq!(moved["experiment"], to);
        for filter in FILTERS {
            assert_eq!(found(&server, &from, filter).await, [stays.as_str()], "{filter}");
            assert_eq!(found(&server, &to, filter).await, [id.as_str()], "{filter}");
        }
        let after = seen(&server, &id).await;
        assert_eq!(after["info"]["experiment_id"], to);
        assert_eq!(after["info"]["artifact_uri"], before["info"]["artifact_uri"]);
        assert_eq!((&after["data"], &after["inputs"]), (&before["data"], &before["inputs"]));
        let place = format!("{from}/{id}/artifacts");
        let uri = format!("attributes.artifact_uri = 'mlflow-artifacts:/{place}'");
        assert_eq!(found(&server, &to, &uri).await, [id.as_str()]);
        assert_eq!(content(&server, &format!("{place}/model/model.bin")).await.1, "weights");
        put(&server, &format!("{place}/later.txt"), "later").await;
        let search = json!({"experiment_ids": [to]});
        let models = mlflow(&server, "POST", "logged-models/search", search).await;
        assert_eq!(models["models"][0]["info"]["model_id"], model, "{models}");
        assert_eq!(content(&server, &format!("{from}/models/{model}/artifacts/MLmodel")).await.1, "net");
        let datasets = json!({"experiment_ids": [to]});
        let datasets = mlflow(&server, "POST", "experiments/search-datasets", datasets).await;
        assert_eq!(datasets["dataset_summaries"][0]["experiment_id"], to, "{datasets}");
        // What is logged from here on belongs to the new experiment.
        let point = json!({"run_id": id, "key": "later", "value": 1.0, "timestamp": 3});
        mlflow(&server, "POST", "runs/log-metric", point).await;
        assert_eq!(found(&server, &to, "metrics.later = 1").await, [id.as_str()]);

        // The old experiment can go for good; the moved run keeps its files.
        mlflow(&server, "POST", "experiments/delete", json!({"experiment_id": from})).await;
        done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        assert_eq!(content(&server, &format!("{place}/later.txt")).await.1, "later");
        assert_eq!(content(&server, &format!("{from}/models/{model}/artifacts/MLmodel")).await.1, "net");
        mlflow(&server, "POST", "runs/delete", json!({"run_id": id})).await;
        let preview = done(&server, "POST", "/trash/preview", json!({})).await;
        let purge = done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        assert_eq!(preview["freed"], purge["freed"]);
        assert_eq!((&purge["freed"]["files"], &purge["freed"]["logged_models"]), (&json!(3), &json!(1)));
    }
}

#[tokio::test]
async fn a_run_that_is_moved_back_is_where_it_was() {
    for (_folder, server) in both().await {
        let (from, to) = (experiment(&server, "from").await, experiment(&server, "to").await);
        let id = run(&server, &from, "weights").await;
        let before = seen(&server, &id).await;
        for target in [&to, &from] {
            done(&server, "POST", "/runs/move", json!({"runs": [id], "to": target})).await;
        }
        assert_eq!(seen(&server, &id).await, before);
        for filter in FILTERS {
            assert_eq!(found(&server, &from, filter).await, [id.as_str()], "{filter}");
            assert!(found(&server, &to, filter).await.is_empty(), "{filter}");
        }
    }
}

#[tokio::test]
async fn a_copy_has_an_id_of_its_own_names_its_source_and_shares_its_files() {
    for (_folder, server) in both().await {
        let (from, to) = (experiment(&server, "from").await, experiment(&server, "to").await);
        let id = run(&server, &from, "weights").await;
        let model = logged_model(&server, &from, &id, "net").await;
        let output = json!({"run_id": id, "models": [{"model_id": model, "step": 3}]});
        mlflow(&server, "POST", "runs/outputs", output).await;
        let before = seen(&server, &id).await;
        let copied = done(&server, "POST", "/runs/copy", json!({"runs": [id], "to": to})).await;
        let copy = copied["copies"][0]["run"].as_str().unwrap().to_owned();
        assert_ne!(copy, id);
        assert_eq!(seen(&server, &id).await, before, "the source stays as it is");
        for filter in FILTERS {
            assert_eq!(found(&server, &from, filter).await, [id.as_str()], "{filter}");
            assert_eq!(found(&server, &to, filter).await, [copy.as_str()], "{filter}");
        }
        let after = seen(&server, &copy).await;
        assert_eq!(after["data"]["metrics"], before["data"]["metrics"]);
        assert_eq!(after["data"]["params"], before["data"]["params"]);
        assert_eq!(after["inputs"], before["inputs"]);
        let tags = after["data"]["tags"].as_array().unwrap();
        assert!(tags.contains(&json!({"key": "volano.copiedFrom", "value": id})), "{tags:?}");
        assert_eq!(after["info"]["artifact_uri"], format!("mlflow-artifacts:/{to}/{copy}/artifacts"));
        let of_copy = after["outputs"]["model_outputs"][0]["model_id"].as_str().unwrap().to_owned();
        assert_ne!(of_copy, model);
        let (_, history) =
            read(&server, &format!("/api/2.0/mlflow/metrics/get-history?run_id={copy}&metric_key=auc")).await;
        assert_eq!(history["metrics"].as_array().unwrap().len(), 2);

        // The source can go for good: the copy's files are the same bytes, and stay.
        mlflow(&server, "POST", "experiments/delete", json!({"experiment_id": from})).await;
        let purge = done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        assert_eq!((&purge["freed"]["runs"], &purge["freed"]["files"]), (&json!(1), &json!(0)));
        assert_eq!(content(&server, &format!("{to}/{copy}/artifacts/model/model.bin")).await.1, "weights");
        assert_eq!(content(&server, &format!("{to}/models/{of_copy}/artifacts/MLmodel")).await.1, "net");
    }
}

#[tokio::test]
async fn an_experiment_is_copied_once_with_parents_and_tags() {
    for (_folder, server) in both().await {
        let from = experiment(&server, "from").await;
        let tag = json!({"experiment_id": from, "key": "owner", "value": "ada"});
        mlflow(&server, "POST", "experiments/set-experiment-tag", tag).await;
        let parent = run(&server, &from, "a").await;
        let child = run(&server, &from, "b").await;
        let tag = json!({"run_id": child, "key": "mlflow.parentRunId", "value": parent});
        mlflow(&server, "POST", "runs/set-tag", tag).await;
        let body = json!({"experiment": "from", "to": "again"});
        let copied = done(&server, "POST", "/experiments/copy", body.clone()).await;
        assert_eq!((&copied["copied"], &copied["skipped"]), (&json!(2), &json!(0)));
        let to = copied["experiment"].as_str().unwrap();
        let of = async |source: &str| {
            let ids = found(&server, to, &format!("tags.`volano.copiedFrom` = '{source}'")).await;
            assert_eq!(ids.len(), 1);
            ids[0].clone()
        };
        let (copied_parent, copied_child) = (of(&parent).await, of(&child).await);
        let filter = format!("tags.`mlflow.parentRunId` = '{copied_parent}'");
        assert_eq!(found(&server, to, &filter).await, [copied_child.as_str()]);
        let (_, other) = read(&server, "/api/2.0/mlflow/experiments/get-by-name?experiment_name=again").await;
        assert!(other["experiment"]["tags"].to_string().contains("ada"), "{other}");
        let again = done(&server, "POST", "/experiments/copy", body).await;
        assert_eq!((&again["copied"], &again["skipped"]), (&json!(0), &json!(2)));
    }
}

#[tokio::test]
async fn what_cannot_be_moved_or_copied_is_refused_and_nothing_changes() {
    for (_folder, server) in both().await {
        let (from, to) = (experiment(&server, "from").await, experiment(&server, "to").await);
        let (id, deleted) = (run(&server, &from, "a").await, run(&server, &from, "b").await);
        mlflow(&server, "POST", "runs/delete", json!({"run_id": deleted})).await;
        let attic = experiment(&server, "attic").await;
        send(&server, "POST", "experiments/delete", json!({"experiment_id": attic})).await;
        let unknown = "0".repeat(32);
        for path in ["/runs/move", "/runs/copy"] {
            for (runs, target, status, word) in [
                (vec![&id, &deleted], "to", 409, "Current state is deleted"),
                (vec![&id, &unknown], "to", 404, unknown.as_str()),
                (vec![&id], "nowhere", 404, "nowhere"),
                (vec![&id], "from", 400, "already"),
                (vec![&id], "attic", 409, "deleted"),
                (vec![], "to", 400, "between 1 and"),
            ] {
                let (found, problem) = own(&server, "POST", path, json!({"runs": runs, "to": target})).await;
                assert_eq!(found.as_u16(), status, "{path} {target}: {problem}");
                assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
            }
        }
        let (status, _) =
            own(&server, "POST", "/experiments/copy", json!({"experiment": "from", "to": "from"})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(found(&server, &from, "").await, [id.as_str()]);
        assert!(found(&server, &to, "").await.is_empty());
    }
}
