//! Wrong requests: each is answered with a problem document of the 4xx kind that says what is wrong, never with a 5xx.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::Server;

use crate::{call, get, open};

async fn send(server: &Server, method: &str, path: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    call(server, request.body(Body::from(body.to_owned())).unwrap()).await
}

/// The problem document that a request is answered with; anything else is a failure of the test.
async fn problem(server: &Server, method: &str, path: &str, body: &str) -> Value {
    let (status, text) = send(server, method, path, body).await;
    let shown = format!("{method} {path} {body}: {status} {text}");
    assert!(status.is_client_error(), "{shown}");
    let problem: Value = serde_json::from_str(&text).expect(&shown);
    assert_eq!(problem["status"], status.as_u16(), "{shown}");
    for key in ["title", "detail", "code"] {
        assert!(problem[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {shown}");
    }
    assert!(!text.contains("os error") && !text.contains("panicked") && !text.contains(".rs:"), "{shown}");
    problem
}

/// A published version of `people`.
async fn with_people() -> (tempfile::TempDir, Server) {
    let (folder, server) = open().await;
    let request = Request::put("/api/v1/objects").header("content-type", "application/octet-stream");
    let (status, text) = call(&server, request.body(Body::from("id,age\n1,30\n2,200\n")).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let stored: Value = serde_json::from_str(&text).unwrap();
    let body = json!({"files": [{"path": "people.csv", "file_id": stored["file_id"]}]}).to_string();
    let (status, text) = send(&server, "POST", "/api/v1/datasets/people/versions", &body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    (folder, server)
}

#[tokio::test]
async fn what_is_not_there_is_answered_with_404_on_every_route() {
    let (_folder, server) = with_people().await;
    let id = "0".repeat(32);
    let paths = [
        "/api/v1/datasets/nobody",
        "/api/v1/datasets/nobody/contract",
        "/api/v1/datasets/nobody/versions",
        "/api/v1/datasets/nobody/diff?from=v1&to=v2",
        "/api/v1/datasets/people/contract",
        "/api/v1/datasets/people/versions/v7",
        "/api/v1/datasets/people/versions/v7/rows",
        "/api/v1/datasets/people/versions/v7/profile",
        "/api/v1/datasets/people/versions/deadbeef/files",
        "/api/v1/datasets/people/diff?from=v1&to=v9",
        "/api/v1/models/nobody",
        "/api/v1/models/nobody/versions/1",
        "/api/v1/pipelines/nobody",
        "/api/v1/pipelines/nobody/runs",
        "/api/v1/pipelines/nobody/why/train",
        "/api/v1/deployments/nobody",
        "/api/v1/deployments/nobody/monitor",
        "/api/v1/deployments/nobody/predictions",
        "/api/v1/pipeline-runs/ID",
        "/api/v1/step-runs/ID/log",
        "/api/v1/runs/ID",
        "/api/v1/runs/ID/metrics?key=loss",
        "/api/v1/predictions/ID",
        "/api/v1/trace/ID",
        "/api/v1/decisions/ID",
        "/api/v1/evaluations/ID",
        "/api/v1/drift-reports/ID",
        "/api/v1/nonsense",
    ];
    for path in paths {
        let problem = problem(&server, "GET", &path.replace("ID", &id), "").await;
        assert_eq!(problem["code"], "not_found", "{path}: {problem}");
    }
    for (path, body) in [
        ("/api/v1/datasets/nobody/contract/infer", "{}"),
        ("/api/v1/datasets/nobody/contract/test", "{}"),
        ("/api/v1/models/nobody/promote", r#"{"version": 1, "alias": "champion"}"#),
        ("/api/v1/models/nobody/rollback", r#"{"alias": "champion"}"#),
        ("/api/v1/pipelines/nobody/check", "{}"),
        ("/api/v1/pipelines/nobody/plan", "{}"),
        ("/api/v1/pipelines/nobody/runs", "{}"),
        ("/api/v1/deployments/nobody/drift", "{}"),
        ("/api/v1/deployments/nobody/performance", "{}"),
        ("/api/v1/pipeline-runs/ID/cancel", "{}"),
        ("/api/v1/alerts/ID/acknowledge", "{}"),
        ("/api/v1/triggers/nobody/data/resume", "{}"),
    ] {
        problem(&server, "POST", &path.replace("ID", &id), body).await;
    }
}

#[tokio::test]
async fn names_versions_and_ids_that_cannot_be_are_refused() {
    let (_folder, server) = with_people().await;
    let long = "n".repeat(5000);
    for name in
        ["..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "a%2fb", "a%00b", "-a", "a%20b", "%ff", &long]
    {
        for path in ["/api/v1/datasets/NAME", "/api/v1/datasets/NAME/versions/v1", "/api/v1/models/NAME"] {
            problem(&server, "GET", &path.replace("NAME", name), "").await;
        }
        let body = r#"{"files": [{"path": "x.csv", "file_id": "00"}]}"#;
        problem(&server, "POST", &format!("/api/v1/datasets/{name}/versions"), body).await;
        problem(&server, "GET", &format!("/api/v1/pipelines/{name}"), "").await;
        problem(&server, "GET", &format!("/api/v1/trace/{name}"), "").await;
        problem(&server, "GET", &format!("/api/v1/runs/{name}"), "").await;
        problem(&server, "GET", &format!("/api/v1/step-runs/{name}/log"), "").await;
    }
    for version in ["v0", "v-1", "v99999999999999999999", "vx", "x", "2026-99-99", "%00", &long] {
        problem(&server, "GET", &format!("/api/v1/datasets/people/versions/{version}"), "").await;
        problem(&server, "GET", &format!("/api/v1/datasets/people/diff?from=v1&to={version}"), "").await;
        problem(&server, "GET", &format!("/api/v1/models/people/versions/{version}"), "").await;
    }
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_refused_with_the_field() {
    let (_folder, server) = with_people().await;
    let versions = "/api/v1/datasets/people/versions";
    let test = "/api/v1/datasets/people/contract/test";
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies = [
        (versions, ""),
        (versions, "{"),
        (versions, "[]"),
        (versions, "null"),
        (versions, r#"{"files": []}"#),
        (versions, r#"{"files": "people.csv"}"#),
        (versions, r#"{"files": [], "fiels": 1}"#),
        (versions, r#"{"files": [{"path": "x.csv", "file_id": "zz"}]}"#),
        (versions, r#"{"files": [{"path": "../x.csv", "file_id": "00"}]}"#),
        (versions, r#"{"files": [], "kind": "tabel"}"#),
        (versions, &deep),
        (test, r#"{"contract": 7}"#),
        (test, r#"{"contract": ""}"#),
        (test, r#"{"contract": "columns: [age]"}"#),
        ("/api/v1/runs/search", r#"{"experiment": "0", "filter": "metrics.auc >"}"#),
        ("/api/v1/runs", r#"{"experiment": 7}"#),
        ("/api/v1/runs/compare", r#"{"runs": 3}"#),
        ("/api/v1/pipelines/people/runs", r#"{"params": []}"#),
        ("/api/v1/models/people/promote", r#"{"version": "one"}"#),
    ];
    for (path, body) in bodies {
        let problem = problem(&server, "POST", path, body).await;
        assert!(problem["field"].is_string(), "{path} {problem}");
    }
    let outside = json!({"files": [{"path": "../../etc/x.csv", "file_id": "0".repeat(64)}]}).to_string();
    assert_eq!(problem(&server, "POST", versions, &outside).await["code"], "invalid");
    let unknown = json!({"files": [{"path": "x.csv", "file_id": "0".repeat(64)}]}).to_string();
    assert!(
        problem(&server, "POST", versions, &unknown).await["detail"]
            .to_string()
            .contains("PUT /api/v1/objects")
    );
    let plain = Request::post(versions).body(Body::from("{}")).unwrap();
    let (status, text) = call(&server, plain).await;
    assert!(status.is_client_error() && text.contains("Content-Type: application/json"), "{text}");
    let (_, listed) = call(&server, get(versions)).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "nothing of that was kept");
}

#[tokio::test]
async fn queries_that_do_not_fit_are_refused_or_kept_within_bounds() {
    let (_folder, server) = with_people().await;
    for path in [
        "/api/v1/datasets/people/versions?limit=many",
        "/api/v1/datasets/people/versions?limt=1",
        "/api/v1/datasets/people/versions?limit=99999999999999999999",
        "/api/v1/datasets/people/versions/v1/rows?limit=-1",
        "/api/v1/datasets/people/versions/v1/rows?offset=-1",
        "/api/v1/datasets/people/diff",
        "/api/v1/audit?limit=x",
        "/api/v1/events?before=x",
        "/api/v1/decisions?kind=nonsense",
        "/api/v1/alerts?open=perhaps",
    ] {
        problem(&server, "GET", path, "").await;
    }
    for path in [
        "/api/v1/datasets/people/versions?limit=-5&offset=-5",
        "/api/v1/datasets/people/versions/v1/rows?limit=1000000",
        "/api/v1/datasets/people/versions/v1/rows?offset=1000000",
        "/api/v1/audit?limit=-1",
        "/api/v1/audit?limit=1000000000",
        "/api/v1/events?limit=-1",
        "/api/v1/decisions?limit=0",
        "/api/v1/evaluations?limit=-3",
        "/api/v1/overview",
        "/api/v1/overview?days=x",
        "/api/v1/triggers",
    ] {
        let (status, text) = call(&server, get(path)).await;
        assert!(status.is_success() || status.is_client_error(), "{path}: {status} {text}");
    }
}

#[tokio::test]
async fn a_contract_that_is_not_right_is_told_with_its_place_and_a_broken_one_with_the_rows() {
    let (_folder, server) = with_people().await;
    let test = "/api/v1/datasets/people/contract/test";
    let body = json!({"contract": "columns:\n  age: {type: int}\n", "path": "rules.yaml"}).to_string();
    let wrong = problem(&server, "POST", test, &body).await;
    assert_eq!((&wrong["field"], &wrong["code"]), (&json!("rules.yaml:2:15"), &json!("invalid")));
    assert!(wrong["detail"].as_str().unwrap().contains("did you mean `integer`?"), "{wrong}");
    let body = json!({"contract": "columns:\n  age: {type: integer, max: 120}\n"}).to_string();
    let (status, text) = send(&server, "POST", test, &body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let trial: Value = serde_json::from_str(&text).unwrap();
    let violation = &trial["items"][0]["violations"][0];
    assert_eq!((&violation["count"], &violation["share"]), (&json!(1), &json!(0.5)));
    assert_eq!(violation["examples"], json!([{"file": "people.csv", "row": 2, "value": "200"}]));
}
