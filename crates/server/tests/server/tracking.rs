//! Runs as clients of the platform's own API make and read them.

use app::tracking::artifact::place;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use domain::Id;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::Server;
use tower::ServiceExt;

use crate::{call, get, open};

async fn post(server: &Server, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::post(path).header("content-type", "application/json");
    let (status, text) = call(server, request.body(Body::from(body.to_string())).unwrap()).await;
    (status, serde_json::from_str(&text).unwrap())
}

async fn read(server: &Server, path: &str) -> Value {
    let (status, text) = call(server, get(path)).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn start(server: &Server) -> String {
    let new = json!({"experiment": "delays", "name": "first", "tags": {"team": "ops"}});
    let (status, run) = post(server, "/api/v1/runs", new).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    run["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_run_is_started_logged_to_and_ended() {
    let (_folder, server) = open().await;
    let id = start(&server).await;
    let logged = json!({
        "metrics": [{"key": "loss", "value": 1.0}, {"key": "loss", "value": 0.5, "step": 1}],
        "params": {"lr": "0.1"}, "tags": {"team": "crew"},
    });
    let (status, run) = post(&server, &format!("/api/v1/runs/{id}/batch"), logged).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    assert_eq!((&run["metrics"]["loss"], &run["params"]["lr"]), (&json!(0.5), &json!("0.1")));
    assert_eq!((&run["tags"]["team"], &run["status"]), (&json!("crew"), &json!("running")));
    let changed = json!({"params": {"lr": "0.2"}, "metrics": [{"key": "loss", "value": 0.1, "step": 2}]});
    let (status, problem) = post(&server, &format!("/api/v1/runs/{id}/batch"), changed).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid")));
    let (status, run) =
        post(&server, &format!("/api/v1/runs/{id}/finish"), json!({"status": "failed", "end_ms": 9})).await;
    assert_eq!((status, &run["status"], &run["end_ms"]), (StatusCode::OK, &json!("failed"), &json!(9)));
    let curve = read(&server, &format!("/api/v1/runs/{id}/metrics?key=loss")).await;
    let values: Vec<&Value> =
        curve["items"].as_array().unwrap().iter().map(|point| &point["value"]).collect();
    assert_eq!(values, [&json!(1.0), &json!(0.5)], "a batch that is refused leaves nothing");
    let (_, found) =
        post(&server, "/api/v1/runs/search", json!({"experiment": "delays", "filter": "params.lr = '0.1'"}))
            .await;
    assert_eq!(found["items"][0]["id"], json!(id));
}

#[tokio::test]
async fn a_run_can_only_be_started_in_an_experiment_that_can_be_and_ended_in_an_end() {
    let (_folder, server) = open().await;
    let (status, _) = post(&server, "/api/v1/runs", json!({"experiment": "77"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let id = start(&server).await;
    let (status, _) = post(&server, &format!("/api/v1/runs/{id}/finish"), json!({"status": "running"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn files_are_listed_by_whole_paths_and_downloaded_not_shown() {
    let (_folder, server) = open().await;
    let id = start(&server).await;
    let (app, ctx) = (server.app(), server.app().system());
    let root = app.runs().get(&ctx, &Id::parse(&id).unwrap()).await.unwrap().info.artifact_uri;
    let page = "<script>alert(1)</script>";
    app.artifacts().put_bytes(&ctx, &place(&root, "reports/page 1.html"), page).await.unwrap();
    let top = read(&server, &format!("/api/v1/runs/{id}/artifacts")).await;
    assert_eq!(top["items"], json!([{"path": "reports", "is_dir": true, "size": null}]));
    let below = read(&server, &format!("/api/v1/runs/{id}/artifacts?path=reports")).await;
    assert_eq!(below["items"], json!([{"path": "reports/page 1.html", "is_dir": false, "size": 25}]));

    let address = format!("/api/v1/runs/{id}/artifact?path=reports/page%201.html");
    let response = server.router().oneshot(get(&address)).await.unwrap();
    let headers = response.headers().clone();
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename*=UTF-8''page%201.html");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers[header::CONTENT_TYPE], "text/plain");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), page);
    for (path, status) in [("none", 404), ("reports", 400), ("../../../etc/passwd", 400)] {
        let answer = call(&server, get(&format!("/api/v1/runs/{id}/artifact?path={path}"))).await;
        assert_eq!(answer.0.as_u16(), status, "{path}: {}", answer.1);
    }
}

#[tokio::test]
async fn points_that_many_callers_log_at_once_are_all_kept_and_each_caller_has_an_answer_of_its_own() {
    let (_folder, server) = open().await;
    let (kept, deleted) = (start(&server).await, start(&server).await);
    let (status, _) = post(&server, "/api/2.0/mlflow/runs/delete", json!({"run_id": deleted})).await;
    assert_eq!(status, StatusCode::OK);
    let unknown = Id::new(domain::Timestamp::from_millis(1), [7; 10]).to_string();
    let calls = (0..60).map(|step| {
        let run = [&kept, &deleted, &unknown][step % 3].clone();
        let body = json!({"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": step});
        let server = &server;
        async move { post(server, "/api/2.0/mlflow/runs/log-metric", body).await }
    });
    for (step, (status, body)) in futures::future::join_all(calls).await.into_iter().enumerate() {
        let expected = [
            (StatusCode::OK, json!(null)),
            (StatusCode::BAD_REQUEST, json!("INVALID_PARAMETER_VALUE")),
            (StatusCode::NOT_FOUND, json!("RESOURCE_DOES_NOT_EXIST")),
        ];
        assert_eq!((status, body["error_code"].clone()), expected[step % 3], "{body}");
    }
    let curve = read(&server, &format!("/api/v1/runs/{kept}/metrics?key=loss")).await;
    assert_eq!(curve["items"].as_array().unwrap().len(), 20);
    let audit = read(&server, &format!("/api/v1/audit?noun=run&id={kept}")).await;
    let logged = audit["items"].as_array().unwrap().iter().filter(|e| e["action"] == "tracking.run.log");
    assert_eq!(logged.count(), 1, "the audit log has the first points of an hour: {audit}");
    let audit = read(&server, &format!("/api/v1/audit?noun=run&id={deleted}")).await;
    assert!(audit["items"].as_array().unwrap().iter().all(|e| e["action"] != "tracking.run.log"), "{audit}");
}
