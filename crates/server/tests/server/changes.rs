//! What people change and look at on the page: runs, experiments, models, webhooks.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::{Config, Server};
use tower::ServiceExt;

use crate::{call, get, open};

async fn send(server: &Server, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, text) = call(server, request).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn ok(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = send(server, method, path, body).await;
    assert!(status.is_success(), "{method} {path}: {status} {answer}");
    answer
}

async fn read(server: &Server, path: &str) -> Value {
    ok(server, "GET", path, Value::Null).await
}

async fn upload(server: &Server, place: &str, bytes: impl Into<Body>) {
    let request =
        Request::put(format!("/api/2.0/mlflow-artifacts/artifacts/{place}")).body(bytes.into()).unwrap();
    assert_eq!(call(server, request).await.0, StatusCode::OK);
}

async fn run(server: &Server) -> String {
    ok(server, "POST", "/runs", json!({"name": "first"})).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_run_is_renamed_noted_deleted_and_restored() {
    let (_folder, server) = open().await;
    let id = run(&server).await;
    let path = format!("/runs/{id}");
    assert_eq!(ok(&server, "PATCH", &path, json!({"name": "second"})).await["name"], "second");
    let tags = format!("{path}/tags");
    let noted = ok(&server, "PUT", &tags, json!({"key": "mlflow.note.content", "value": "# why"})).await;
    assert_eq!(noted["tags"]["mlflow.note.content"], "# why");
    let without = ok(&server, "PUT", &tags, json!({"key": "mlflow.note.content", "value": null})).await;
    assert!(without["tags"].get("mlflow.note.content").is_none());
    assert_eq!(
        send(&server, "PUT", &tags, json!({"key": "", "value": "x"})).await.0,
        StatusCode::BAD_REQUEST
    );

    let child =
        ok(&server, "POST", "/runs", json!({"name": "child", "tags": {"mlflow.parentRunId": id}})).await;
    let links = read(&server, &format!("{path}/links")).await;
    assert_eq!(links["deleted"], false);
    assert_eq!(links["children"][0]["id"], child["id"]);
    let above = read(&server, &format!("/runs/{}/links", child["id"].as_str().unwrap())).await;
    assert_eq!(above["parent"]["name"], "second");

    ok(&server, "DELETE", &path, Value::Null).await;
    assert_eq!(read(&server, &format!("{path}/links")).await["deleted"], true);
    assert_eq!(send(&server, "PATCH", &path, json!({"name": "third"})).await.0, StatusCode::CONFLICT);
    ok(&server, "POST", &format!("{path}/restore"), Value::Null).await;
    assert_eq!(read(&server, &format!("{path}/links")).await["deleted"], false);
}

#[tokio::test]
async fn an_experiment_is_found_by_name_and_keeps_its_notes() {
    let (_folder, server) = open().await;
    ok(&server, "POST", "/runs", json!({"experiment": "late flights"})).await;
    let tag = json!({"key": "mlflow.note.content", "value": "what we try"});
    ok(&server, "PUT", "/experiments/late%20flights/tags", tag).await;
    let found = read(&server, "/experiments/late%20flights").await;
    assert_eq!(found["tags"]["mlflow.note.content"], "what we try");
    assert_eq!(
        read(&server, &format!("/experiments/{}", found["id"].as_str().unwrap())).await["name"],
        "late flights"
    );
    assert_eq!(send(&server, "GET", "/experiments/none", Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_html_file_is_shown_in_a_sandbox_without_origin_or_scripts() {
    let (_folder, server) = open().await;
    let id = run(&server).await;
    upload(&server, &format!("0/{id}/artifacts/report.html"), "<script>alert(1)</script>").await;
    upload(&server, &format!("0/{id}/artifacts/notes.txt"), "text").await;
    let shown = get(&format!("/api/v1/runs/{id}/artifact/page?path=report.html"));
    let response = server.router().oneshot(shown).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let policies: Vec<_> = response.headers().get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1);
    let policy = header("content-security-policy");
    assert!(policy.starts_with("sandbox;"), "{policy}");
    for word in ["default-src 'none'", "form-action 'none'", "frame-ancestors 'self'"] {
        assert!(policy.contains(word), "{policy}");
    }
    for word in ["allow-scripts", "allow-same-origin", "script-src"] {
        assert!(!policy.contains(word), "{policy}");
    }
    assert_eq!(header("x-content-type-options"), "nosniff");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], b"<script>alert(1)</script>");

    for path in ["notes.txt", "../x.html", "%2e%2e/x.html", ""] {
        let (status, _) = call(&server, get(&format!("/api/v1/runs/{id}/artifact/page?path={path}"))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
    }
    let download = get(&format!("/api/v1/runs/{id}/artifact?path=report.html"));
    let response = server.router().oneshot(download).await.unwrap();
    let disposition = response.headers().get("content-disposition").unwrap();
    assert!(disposition.to_str().unwrap().starts_with("attachment"));
}

#[tokio::test]
async fn rows_of_a_table_are_shown_and_what_is_none_is_refused() {
    let (_folder, server) = open().await;
    let id = run(&server).await;
    upload(&server, &format!("0/{id}/artifacts/t.csv"), "a,b\n1,x\n2,\n3,z\n").await;
    upload(&server, &format!("0/{id}/artifacts/t.parquet"), "this is no parquet").await;
    upload(&server, &format!("0/{id}/artifacts/t.txt"), "text").await;
    let rows = read(&server, &format!("/runs/{id}/artifact/rows?path=t.csv&offset=1&limit=1")).await;
    assert_eq!(rows, json!({"columns": ["a", "b"], "rows": [[2, null]], "total": 3}));
    for (path, words) in [("t.parquet", "t.parquet"), ("t.txt", "is no table")] {
        let at = format!("/runs/{id}/artifact/rows?path={path}");
        let (status, problem) = send(&server, "GET", &at, Value::Null).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
}

const MLMODEL: &str = r#"flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.12.1}
  sklearn: {sklearn_version: 1.5.0}
signature:
  inputs: '[{"type": "double", "name": "hour", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
"#;

#[tokio::test]
async fn a_model_is_registered_described_and_looked_into() {
    let (_folder, server) = open().await;
    let id = run(&server).await;
    upload(&server, &format!("0/{id}/artifacts/model/MLmodel"), MLMODEL).await;
    upload(
        &server,
        &format!("0/{id}/artifacts/model/requirements.txt"),
        "# made\nmlflow==3.17.2\n\nscikit-learn\n",
    )
    .await;
    let source = format!("runs:/{id}/model");
    let version =
        ok(&server, "POST", "/models/late/versions", json!({"source": source, "description": "one"})).await;
    assert_eq!(
        (&version["version"], &version["run"], &version["stage"]),
        (&json!(1), &json!(id), &json!("None"))
    );
    let refused = json!({"source": "file:///etc"});
    assert_eq!(send(&server, "POST", "/models/late/versions", refused).await.0, StatusCode::BAD_REQUEST);

    let described = ok(&server, "PATCH", "/models/late", json!({"description": "**late** flights"})).await;
    assert_eq!(described["description"], "**late** flights");
    let described = ok(&server, "PATCH", "/models/late/versions/1", json!({"description": "two"})).await;
    assert_eq!(described["description"], "two");
    let tagged = ok(&server, "PUT", "/models/late/tags", json!({"key": "team", "value": "ops"})).await;
    assert_eq!(tagged["tags"], json!({"team": "ops"}));
    let tagged =
        ok(&server, "PUT", "/models/late/versions/1/tags", json!({"key": "a/b", "value": "c"})).await;
    assert_eq!(tagged["tags"], json!({"a/b": "c"}));
    let removed =
        ok(&server, "PUT", "/models/late/versions/1/tags", json!({"key": "a/b", "value": null})).await;
    assert_eq!(removed["tags"], json!({}));

    let contents = read(&server, "/models/late/versions/1/contents").await;
    assert_eq!(contents["inputs"], json!([{"name": "hour", "type": "double", "required": true}]));
    assert_eq!(contents["outputs"][0]["type"], "float32 (-1, 2)");
    assert_eq!(contents["flavors"][1], json!({"name": "sklearn", "version": "1.5.0"}));
    assert_eq!(contents["requirements"], json!(["mlflow==3.17.2", "scikit-learn"]));
    assert_eq!(contents["files"][0]["path"], "MLmodel");
    let (status, text) = call(&server, get("/api/v1/models/late/versions/1/file?path=MLmodel")).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, MLMODEL));
    for path in ["none", "../MLmodel", ""] {
        let (status, _) =
            call(&server, get(&format!("/api/v1/models/late/versions/1/file?path={path}"))).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(read(&server, &format!("/runs/{id}/links")).await["versions"][0]["name"], "late");
}

#[tokio::test]
async fn a_webhook_is_made_tested_paused_and_removed_and_its_secret_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let outgoing_allow = vec!["127.0.0.1".to_owned()];
    let config = Config { port: 0, outgoing_allow, ..Config::local(folder.path().join("home")) };
    let server = Server::open(config).await.unwrap();
    let known = read(&server, "/webhooks").await;
    assert!(known["events"].as_array().unwrap().contains(&json!("model_version_alias.created")));
    // Nobody listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let new = json!({"name": "chat", "url": format!("http://127.0.0.1:{free}/x"), "secret": "s3cret!",
        "events": ["registered_model.created"]});
    let made = ok(&server, "POST", "/webhooks", new).await;
    assert_eq!(made["signed"], true);
    assert!(!made.to_string().contains("s3cret!"));
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    let tested = ok(&server, "POST", &format!("{path}/test"), json!({})).await;
    assert_eq!(tested["success"], false);
    assert!(!tested["error"].as_str().unwrap().is_empty());
    assert_eq!(ok(&server, "PATCH", &path, json!({"status": "disabled"})).await["status"], "disabled");
    let unsigned = ok(&server, "PATCH", &path, json!({"secret": ""})).await;
    assert_eq!((&unsigned["signed"], &unsigned["status"]), (&json!(false), &json!("disabled")));
    for bad in [
        json!({"status": "asleep"}),
        json!({"events": []}),
        json!({"events": ["nothing"]}),
        json!({"colour": "red"}),
    ] {
        assert_eq!(send(&server, "PATCH", &path, bad.clone()).await.0, StatusCode::BAD_REQUEST, "{bad}");
    }
    ok(&server, "DELETE", &path, Value::Null).await;
    assert_eq!(send(&server, "DELETE", &path, Value::Null).await.0, StatusCode::NOT_FOUND);
}
