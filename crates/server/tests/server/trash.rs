//! The trash on both engines: restoring, purging, retention, and the bytes that a purge frees.

use std::sync::Arc;

use app::{Actor, Clock};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::governance::role::Role;
use serde_json::{Value, json};
use server::{Config, Server};

use crate::registry::{both, send};
use crate::{call, get};

pub(crate) async fn own(server: &Server, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, text) = call(server, request).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) async fn done(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = own(server, method, path, body).await;
    assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
    answer
}

pub(crate) async fn mlflow(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = send(server, method, path, body).await;
    assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
    answer
}

pub(crate) async fn read(server: &Server, path: &str) -> (StatusCode, Value) {
    let (status, text) = call(server, get(path)).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) async fn put(server: &Server, place: &str, content: &str) {
    let request = Request::put(format!("/api/2.0/mlflow-artifacts/artifacts/{place}"))
        .body(Body::from(content.to_owned()))
        .unwrap();
    let (status, body) = call(server, request).await;
    assert_eq!(status, StatusCode::OK, "{place}: {body}");
}

pub(crate) async fn content(server: &Server, place: &str) -> (StatusCode, String) {
    call(server, get(&format!("/api/2.0/mlflow-artifacts/artifacts/{place}"))).await
}

pub(crate) async fn experiment(server: &Server, name: &str) -> String {
    let made = mlflow(server, "POST", "experiments/create", json!({"name": name})).await;
    made["experiment_id"].as_str().unwrap().to_owned()
}

/// A run with two points, a param, a tag, a data set and a file; its id.
pub(crate) async fn run(server: &Server, experiment: &str, file: &str) -> String {
    let made = mlflow(server, "POST", "runs/create", json!({"experiment_id": experiment})).await;
    let id = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let body = json!({
        "run_id": id,
        "metrics": [{"key": "auc", "value": 0.5, "timestamp": 1, "step": 0},
                    {"key": "auc", "value": 0.6, "timestamp": 2, "step": 1}],
        "params": [{"key": "lr", "value": "0.1"}], "tags": [{"key": "team", "value": "ops"}],
    });
    mlflow(server, "POST", "runs/log-batch", body).await;
    let dataset = json!({"name": "d", "digest": "1", "source_type": "local", "source": "{}"});
    mlflow(
        server,
        "POST",
        "runs/log-inputs",
        json!({"run_id": id, "datasets": [{"dataset": dataset, "tags": []}]}),
    )
    .await;
    put(server, &format!("{experiment}/{id}/artifacts/model/model.bin"), file).await;
    id
}

pub(crate) async fn logged_model(server: &Server, experiment: &str, run: &str, file: &str) -> String {
    let body = json!({"experiment_id": experiment, "name": "net", "source_run_id": run});
    let made = mlflow(server, "POST", "logged-models", body).await;
    let id = made["model"]["info"]["model_id"].as_str().unwrap().to_owned();
    put(server, &format!("{experiment}/models/{id}/artifacts/MLmodel"), file).await;
    id
}

fn stored(server: &Server, content: &str) -> bool {
    server.app().objects().has(&domain::data::FileId::of(content.as_bytes()))
}

#[tokio::test]
async fn a_deleted_model_frees_its_name_and_comes_back_whole_while_the_name_is_free() {
    for (_folder, server) in both().await {
        let experiment = experiment(&server, "e").await;
        let run = run(&server, &experiment, "weights").await;
        mlflow(
            &server,
            "POST",
            "registered-models/create",
            json!({"name": "churn", "description": "who leaves"}),
        )
        .await;
        let source = format!("runs:/{run}/model");
        for _ in 0..2 {
            mlflow(
                &server,
                "POST",
                "model-versions/create",
                json!({"name": "churn", "source": source, "run_id": run}),
            )
            .await;
        }
        let alias = json!({"name": "churn", "alias": "champion", "version": "2"});
        mlflow(&server, "POST", "registered-models/alias", alias).await;
        mlflow(&server, "DELETE", "model-versions/delete", json!({"name": "churn", "version": "2"})).await;

        let (_, page) = read(&server, "/api/v1/trash").await;
        assert_eq!(page["items"][0]["ref"], "model:churn:2", "{page}");
        assert_eq!(page["items"][0]["deleted_by"], "local");
        assert_eq!(page["items"][0]["bytes"], 7);
        done(&server, "POST", "/trash/restore", json!({"refs": ["model:churn:2"]})).await;
        let (_, model) = read(&server, "/api/2.0/mlflow/registered-models/get?name=churn").await;
        assert_eq!(model["registered_model"]["aliases"][0]["version"], "2", "{model}");

        mlflow(&server, "DELETE", "registered-models/delete", json!({"name": "churn"})).await;
        let (status, _) = read(&server, "/api/2.0/mlflow/registered-models/get?name=churn").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (_, found) = read(&server, "/api/2.0/mlflow/registered-models/search").await;
        assert!(found["registered_models"].as_array().is_none_or(Vec::is_empty), "{found}");
        let (_, found) = read(&server, "/api/2.0/mlflow/model-versions/search").await;
        assert!(found["model_versions"].as_array().is_none_or(Vec::is_empty), "{found}");
        mlflow(&server, "POST", "registered-models/create", json!({"name": "churn"})).await;
        let restore = json!({"refs": ["model:churn"]});
        let (status, problem) = own(&server, "POST", "/trash/restore", restore.clone()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(problem["detail"].as_str().unwrap().contains("another model has that name now"), "{problem}");

        let rename = json!({"name": "churn", "new_name": "churn-new"});
        mlflow(&server, "POST", "registered-models/rename", rename).await;
        done(&server, "POST", "/trash/restore", restore).await;
        let (_, after) = read(&server, "/api/2.0/mlflow/registered-models/get?name=churn").await;
        assert_eq!(after["registered_model"]["aliases"], model["registered_model"]["aliases"]);
        assert_eq!(after["registered_model"]["description"], "who leaves");
        let (status, file) =
            call(&server, get("/model-versions/get-artifact?name=churn&version=2&path=model.bin")).await;
        assert_eq!((status, file.as_str()), (StatusCode::OK, "weights"));
        let next = json!({"name": "churn", "source": source, "run_id": run});
        let next = mlflow(&server, "POST", "model-versions/create", next).await;
        assert_eq!(next["model_version"]["version"], "3");
        let (_, page) = read(&server, "/api/v1/trash").await;
        assert_eq!(page["items"], json!([]));
    }
}

#[tokio::test]
async fn two_deleted_models_of_one_name_are_told_apart() {
    for (_folder, server) in both().await {
        for description in ["first", "second"] {
            let body = json!({"name": "churn", "description": description});
            mlflow(&server, "POST", "registered-models/create", body).await;
            mlflow(&server, "DELETE", "registered-models/delete", json!({"name": "churn"})).await;
        }
        let (_, page) = read(&server, "/api/v1/trash?kind=model").await;
        let refs: Vec<&str> =
            page["items"].as_array().unwrap().iter().map(|item| item["ref"].as_str().unwrap()).collect();
        assert_eq!(refs.len(), 2);
        assert!(refs.iter().all(|name| name.starts_with("model:churn/")), "{refs:?}");
        let oldest = refs.iter().min().unwrap();
        done(&server, "POST", "/trash/restore", json!({"refs": [oldest]})).await;
        let (_, model) = read(&server, "/api/2.0/mlflow/registered-models/get?name=churn").await;
        assert_eq!(model["registered_model"]["description"], "first");
    }
}

#[tokio::test]
async fn a_preview_is_what_the_purge_takes_and_what_others_use_stays() {
    for (_folder, server) in both().await {
        let (kept, gone) = (experiment(&server, "kept").await, experiment(&server, "gone").await);
        let alive = run(&server, &kept, "shared").await;
        let alone = run(&server, &kept, "only here").await;
        logged_model(&server, &kept, &alone, "also only here").await;
        for file in ["shared", "twice", "twice"] {
            let id = run(&server, &gone, file).await;
            logged_model(&server, &gone, &id, "shared").await;
        }
        put(&server, &format!("{gone}/notes.txt"), "of the experiment").await;
        mlflow(&server, "POST", "registered-models/create", json!({"name": "churn"})).await;
        let version = json!({"name": "churn", "source": format!("runs:/{alive}/model"), "run_id": alive});
        mlflow(&server, "POST", "model-versions/create", version).await;
        mlflow(&server, "DELETE", "registered-models/delete", json!({"name": "churn"})).await;
        mlflow(&server, "POST", "runs/delete", json!({"run_id": alone})).await;
        mlflow(&server, "POST", "experiments/delete", json!({"experiment_id": gone})).await;

        let (_, page) = read(&server, "/api/v1/trash").await;
        let of = |name: &str| {
            let items = page["items"].as_array().unwrap();
            items
                .iter()
                .find(|item| item["ref"] == *name)
                .unwrap_or_else(|| panic!("{name} in {page}"))
                .clone()
        };
        assert_eq!(of(&format!("exp:{gone}"))["bytes"], 6 + 5 + 5 + 18);
        assert_eq!(of(&format!("exp:{gone}"))["parts"], 3);
        assert_eq!(of(&format!("run:{alone}"))["bytes"], 9 + 14);

        let preview = done(&server, "POST", "/trash/preview", json!({})).await;
        assert_eq!(preview["kept"], json!([]));
        let freed = &preview["freed"];
        let expected = json!({"experiments": 1, "runs": 4, "logged_models": 4, "models": 1, "model_versions": 1,
                              "points": 8, "files": 4, "bytes": 9 + 14 + 5 + 17});
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(freed[key], *value, "{key} of {preview}");
        }
        assert!(stored(&server, "only here"));
        let purge = done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        assert_eq!(purge["state"], "finished");
        assert_eq!(purge["freed"], *freed);
        for gone in ["only here", "also only here", "twice", "of the experiment"] {
            assert!(!stored(&server, gone), "{gone}");
        }
        let place = format!("{kept}/{alive}/artifacts/model/model.bin");
        assert_eq!(content(&server, &place).await, (StatusCode::OK, "shared".to_owned()));
        let (status, _) = read(&server, &format!("/api/2.0/mlflow/runs/get?run_id={alone}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (_, page) = read(&server, "/api/v1/trash").await;
        assert_eq!(page["items"], json!([]));
        let nothing = done(&server, "POST", "/trash/preview", json!({})).await;
        assert_eq!(nothing["freed"]["rows"], 0);
        // The name is free, the number is not given again.
        assert!(experiment(&server, "gone").await.parse::<i64>().unwrap() > gone.parse().unwrap());
        let (_, log) = read(&server, "/api/v1/audit?noun=run").await;
        let purged =
            log["items"].as_array().unwrap().iter().filter(|event| event["action"] == "tracking.run.purge");
        assert_eq!(purged.count(), 4);
    }
}

#[tokio::test]
async fn a_run_that_a_model_version_came_from_stays_and_the_answer_says_which() {
    for (_folder, server) in both().await {
        let experiment = experiment(&server, "e").await;
        let (source, other) = (run(&server, &experiment, "a").await, run(&server, &experiment, "b").await);
        let model = logged_model(&server, &experiment, &source, "net").await;
        mlflow(&server, "POST", "registered-models/create", json!({"name": "churn"})).await;
        let version = json!({"name": "churn", "source": format!("models:/{model}"), "model_id": model});
        mlflow(&server, "POST", "model-versions/create", version).await;
        mlflow(&server, "POST", "experiments/delete", json!({"experiment_id": experiment})).await;
        let purge = done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        assert_eq!((&purge["freed"]["runs"], &purge["freed"]["experiments"]), (&json!(1), &json!(0)));
        assert_eq!(purge["kept"][0]["ref"], format!("run:{source}"));
        assert!(purge["kept"][0]["reason"].as_str().unwrap().contains("churn:1"), "{purge}");
        let (status, _) = read(&server, &format!("/api/2.0/mlflow/runs/get?run_id={other}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        done(&server, "POST", "/trash/restore", json!({"refs": [format!("exp:{experiment}")]})).await;
        let (_, found) = read(&server, &format!("/api/2.0/mlflow/runs/get?run_id={source}")).await;
        assert_eq!(found["run"]["data"]["params"][0]["value"], "0.1");

        mlflow(&server, "POST", "experiments/delete", json!({"experiment_id": experiment})).await;
        mlflow(&server, "DELETE", "model-versions/delete", json!({"name": "churn", "version": "1"})).await;
        let purge = done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        assert_eq!((&purge["freed"]["runs"], &purge["freed"]["experiments"]), (&json!(1), &json!(1)));
        assert_eq!(purge["freed"]["model_versions"], 1);
    }
}

#[tokio::test]
async fn what_is_being_purged_is_neither_restored_nor_registered_and_the_purge_goes_on_after_a_restart() {
    for database in [None, Some(testkit::postgres_url().await)] {
        let folder = tempfile::tempdir().unwrap();
        let config =
            || Config { port: 0, database: database.clone(), ..Config::local(folder.path().join("home")) };
        let server = Server::open(config()).await.unwrap();
        let experiment = experiment(&server, "e").await;
        let (first, second) = (run(&server, &experiment, "a").await, run(&server, &experiment, "b").await);
        for id in [&first, &second] {
            mlflow(&server, "POST", "runs/delete", json!({"run_id": id})).await;
        }
        let purge = done(&server, "POST", "/trash/purges", json!({})).await;
        assert_eq!(purge["state"], "running");
        let (status, body) = send(&server, "POST", "runs/restore", json!({"run_id": first})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body["message"].as_str().unwrap().contains("being purged"), "{body}");
        let delete = json!({"experiment_id": experiment});
        mlflow(&server, "POST", "experiments/delete", delete.clone()).await;
        let (status, _) = send(&server, "POST", "experiments/restore", delete).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        mlflow(&server, "POST", "registered-models/create", json!({"name": "churn"})).await;
        let version = json!({"name": "churn", "source": format!("runs:/{first}/model"), "run_id": first});
        let (status, _) = send(&server, "POST", "model-versions/create", version).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let ctx = server.app().system();
        assert!(server.app().trash().advance(&ctx).await.unwrap());
        server.app().close().await;
        drop(server);

        let server = Server::open(config()).await.unwrap();
        let ctx = server.app().system();
        while server.app().trash().advance(&ctx).await.unwrap() {}
        let id = purge["id"].as_str().unwrap();
        let after = done(&server, "GET", &format!("/trash/purges/{id}"), json!({})).await;
        assert_eq!((&after["state"], &after["left"]), (&json!("finished"), &json!(0)));
        assert_eq!((&after["freed"]["runs"], &after["freed"]["files"]), (&json!(2), &json!(2)));
        server.app().close().await;
    }
}

#[tokio::test]
async fn rules_of_retention_purge_what_is_old_enough_and_the_own_rule_of_an_experiment_wins() {
    for database in [None, Some(testkit::postgres_url().await)] {
        let folder = tempfile::tempdir().unwrap();
        let home = app::Home::open(&folder.path().join("home")).unwrap();
        let clock = Clock::fixed(1_700_000_000_000);
        let app = app::App::open(home, database.as_deref(), clock.clone()).await.unwrap();
        let ctx = app.context(Actor::local(), "test");
        let mut runs = Vec::new();
        for name in ["short", "long"] {
            let experiment = app.experiments().create(&ctx, name, None, Vec::new()).await.unwrap();
            let new = app::tracking::run::NewRun { experiment, ..Default::default() };
            let run = app.runs().create(&ctx, new).await.unwrap().info.id;
            app.runs().delete(&ctx, &run).await.unwrap();
            runs.push((experiment, run));
        }
        let trash = app.trash();
        assert!(!trash.apply_retention(&ctx).await.unwrap(), "no rule, no purge");
        trash.set_retention(&ctx, None, 30).await.unwrap();
        trash.set_retention(&ctx, Some(runs[0].0), 7).await.unwrap();
        clock.advance(8 * 24 * 60 * 60 * 1000);
        assert!(trash.apply_retention(&ctx).await.unwrap());
        while trash.advance(&ctx).await.unwrap() {}
        assert!(app.runs().get(&ctx, &runs[0].1).await.is_err());
        assert!(app.runs().get(&ctx, &runs[1].1).await.is_ok());
        trash.remove_retention(&ctx, None).await.unwrap();
        clock.advance(90 * 24 * 60 * 60 * 1000);
        assert!(!trash.apply_retention(&ctx).await.unwrap());
        let (items, _) = trash.list(&ctx, &Default::default(), 0, 10).await.unwrap();
        assert_eq!(items.len(), 1);
        app.close().await;
    }
}

#[tokio::test]
async fn who_may_not_administer_may_look_but_not_purge() {
    for (_folder, server) in both().await {
        let viewer = server.app().context(Actor { name: "eve".to_owned(), role: Role::Viewer }, "test");
        let trash = server.app().trash();
        assert!(trash.list(&viewer, &Default::default(), 0, 10).await.is_ok());
        assert!(trash.preview(&viewer, &Default::default()).await.is_err());
        assert!(trash.purge(&viewer, Default::default()).await.is_err());
        assert!(trash.advance(&viewer).await.is_err());
        assert!(trash.set_retention(&viewer, None, 3).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_beside_uploads_of_the_same_bytes_loses_none_of_them() {
    for (_folder, server) in both().await {
        let experiment = experiment(&server, "e").await;
        let keeper = run(&server, &experiment, "start").await;
        let mut doomed = Vec::new();
        for _ in 0..10 {
            doomed.push(run(&server, &experiment, "the same bytes").await);
        }
        let uploads = {
            let (server, keeper, experiment) = (Arc::clone(&server), keeper.clone(), experiment.clone());
            tokio::spawn(async move {
                let place = format!("{experiment}/{keeper}/artifacts/again.bin");
                for _ in 0..40 {
                    put(&server, &place, "the same bytes").await;
                    assert_eq!(content(&server, &place).await, (StatusCode::OK, "the same bytes".to_owned()));
                    put(&server, &place, "others").await;
                }
                put(&server, &place, "the same bytes").await;
            })
        };
        for id in &doomed {
            mlflow(&server, "POST", "runs/delete", json!({"run_id": id})).await;
            done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        }
        uploads.await.unwrap();
        let place = format!("{experiment}/{keeper}/artifacts/again.bin");
        assert_eq!(content(&server, &place).await, (StatusCode::OK, "the same bytes".to_owned()));
    }
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_right() {
    for (_folder, server) in both().await {
        for (method, path, body, status, word) in [
            ("POST", "/trash/restore", json!({"refs": ["churn"]}), 400, "write exp:NUMBER"),
            ("POST", "/trash/restore", json!({"refs": ["exp:77"]}), 404, "deleted thing"),
            ("POST", "/trash/purges", json!({"refs": ["model:none"]}), 404, "model:none"),
            ("POST", "/trash/preview", json!({"refs": ["exp:0"], "older_than_days": 1}), 400, "not both"),
            ("POST", "/trash/preview", json!({"older_than_days": -1}), 400, "between 0 and 36500"),
            ("POST", "/trash/preview", json!({"experiment": "none"}), 404, "none"),
            ("PUT", "/trash/retention", json!({"days": -1}), 400, "between 0 and 36500"),
            ("PUT", "/trash/retention", json!({}), 404, "retention rule"),
            ("GET", "/trash?kind=step", json!({}), 400, "these are: experiment"),
            ("GET", "/trash?limit=0", json!({}), 400, "between 1 and 1000"),
            ("GET", "/trash/purges/x", json!({}), 404, "purge"),
        ] {
            let (found, problem) = own(&server, method, path, body).await;
            assert_eq!(found.as_u16(), status, "{method} {path}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(word), "{path}: {problem}");
        }
    }
}
