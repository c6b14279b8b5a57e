//! Racing writers of the registry, on both engines, and what its clients are answered.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::{Config, Server};

use crate::{call, get, open};

/// Writers at the same time.
pub(crate) const WRITERS: usize = 24;

/// A server of each engine.
pub(crate) async fn both() -> Vec<(tempfile::TempDir, Arc<Server>)> {
    let mut servers = Vec::new();
    for database in [None, Some(testkit::postgres_url().await)] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { port: 0, database, ..Config::local(folder.path().join("home")) };
        servers.push((folder, Arc::new(Server::open(config).await.unwrap())));
    }
    servers
}

pub(crate) async fn send(server: &Server, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/2.0/mlflow/{path}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, text) = call(server, request).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Sends one body per writer at the same time.
pub(crate) async fn race(
    server: &Arc<Server>,
    path: &'static str,
    body: impl Fn(usize) -> Value,
) -> Vec<(StatusCode, Value)> {
    let writers = (0..WRITERS).map(|number| {
        let (server, body) = (Arc::clone(server), body(number));
        tokio::spawn(async move { send(&server, "POST", path, body).await })
    });
    let writers: Vec<_> = writers.collect();
    let mut answers = Vec::new();
    for writer in writers {
        answers.push(writer.await.unwrap());
    }
    answers
}

/// A logged model to register.
async fn logged(server: &Server) -> String {
    let (_, model) =
        send(server, "POST", "logged-models", json!({"experiment_id": "0", "name": "net"})).await;
    model["model"]["info"]["model_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_writers_of_one_name_exactly_one_wins() {
    for (_folder, server) in both().await {
        let answers = race(&server, "registered-models/create", |_| json!({"name": "churn"})).await;
        let won = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
        assert_eq!(won, 1, "{answers:?}");
        let lost = answers.iter().filter(|(status, _)| *status != StatusCode::OK);
        for (status, body) in lost {
            assert_eq!(*status, StatusCode::BAD_REQUEST, "{body}");
            assert_eq!(body["error_code"], "RESOURCE_ALREADY_EXISTS", "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_writers_of_versions_leave_no_hole_and_those_of_an_alias_one_target() {
    for (_folder, server) in both().await {
        let model = logged(&server).await;
        send(&server, "POST", "registered-models/create", json!({"name": "churn"})).await;
        let source = format!("models:/{model}");
        let answers = race(
            &server,
            "model-versions/create",
            |_| json!({"name": "churn", "source": source, "model_id": model}),
        )
        .await;
        let mut numbers: Vec<usize> = answers
            .iter()
            .map(|(status, body)| {
                assert_eq!(*status, StatusCode::OK, "{body}");
                body["model_version"]["version"].as_str().unwrap().parse().unwrap()
            })
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=WRITERS).collect::<Vec<_>>());

        let answers = race(
            &server,
            "registered-models/alias",
            |number| json!({"name": "churn", "alias": "champion", "version": (number + 1).to_string()}),
        )
        .await;
        assert!(answers.iter().all(|(status, _)| *status == StatusCode::OK), "{answers:?}");
        let (_, text) = call(&server, get("/api/v1/models/churn/aliases/champion/history")).await;
        let history: Value = serde_json::from_str(&text).unwrap();
        let moves = history["items"].as_array().unwrap();
        assert_eq!(moves.len(), WRITERS);
        for pair in moves.windows(2) {
            assert_eq!(
                pair[0]["previous"], pair[1]["version"],
                "each move starts where the one before ended"
            );
        }
        let (_, text) = call(&server, get("/api/v1/models/churn")).await;
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["aliases"], json!([{"alias": "champion", "version": moves[0]["version"]}]));
    }
}

#[tokio::test]
async fn an_alias_keeps_the_reason_of_each_move() {
    let (_folder, server) = open().await;
    let model = logged(&server).await;
    send(&server, "POST", "registered-models/create", json!({"name": "churn"})).await;
    let version = json!({"name": "churn", "source": format!("models:/{model}"), "model_id": model});
    for _ in 0..2 {
        send(&server, "POST", "model-versions/create", version.clone()).await;
    }
    let promote = |body: Value| {
        Request::post("/api/v1/models/churn/promote")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    call(&server, promote(json!({"version": 1}))).await;
    let (status, _) = call(&server, promote(json!({"version": 2, "reason": "fewer false alarms"}))).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = call(&server, promote(json!({"version": 2, "reason": "r".repeat(2001)}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let request = Request::delete("/api/v1/models/churn/aliases/champion?reason=retired");
    let (status, _) = call(&server, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (_, text) = call(&server, get("/api/v1/models/churn/history")).await;
    let history: Value = serde_json::from_str(&text).unwrap();
    let said: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["change"].clone(), one["previous"].clone(), one["version"].clone(), one["reason"].clone())
        })
        .collect();
    assert_eq!(
        said,
        [
            (json!("removed"), json!(2), json!(null), json!("retired")),
            (json!("set"), json!(1), json!(2), json!("fewer false alarms")),
            (json!("set"), json!(null), json!(1), json!("")),
        ]
    );
}

#[tokio::test]
async fn what_mlflow_refuses_is_refused_in_its_words() {
    let (_folder, server) = open().await;
    let model = logged(&server).await;
    send(&server, "POST", "registered-models/create", json!({"name": "churn"})).await;
    let invalid = "INVALID_PARAMETER_VALUE";
    let cases = [
        (
            "POST",
            "registered-models/create",
            json!({"name": "a/b"}),
            400,
            invalid,
            "Invalid model name 'a/b'. Names cannot contain '/' or ':'.",
        ),
        (
            "POST",
            "registered-models/create",
            json!({"name": " "}),
            400,
            invalid,
            "Missing value for required parameter 'name'.",
        ),
        (
            "POST",
            "registered-models/create",
            json!({"name": "churn", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}),
            400,
            "RESOURCE_ALREADY_EXISTS",
            "Tried to create a prompt with name 'churn', but the name is already taken by a registered model. MLflow does not allow creating a model and a prompt with the same name.",
        ),
        (
            "POST",
            "model-versions/create",
            json!({"name": "churn", "source": format!("models:/{model}")}),
            400,
            invalid,
            &format!(
                "Invalid model version source: 'models:/{model}'. The model_id request parameter must identify the resource that contains the source."
            ),
        ),
        (
            "POST",
            "model-versions/create",
            json!({"name": "churn", "source": "/etc/passwd"}),
            400,
            invalid,
            "Invalid model version source: '/etc/passwd'. To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.",
        ),
        (
            "POST",
            "registered-models/alias",
            json!({"name": "churn", "alias": "v1", "version": "1"}),
            400,
            invalid,
            "Version alias name 'v1' is reserved.",
        ),
        (
            "POST",
            "registered-models/alias",
            json!({"name": "churn", "alias": "a", "version": "1"}),
            404,
            "RESOURCE_DOES_NOT_EXIST",
            "Model Version (name=churn, version=1) not found",
        ),
        (
            "POST",
            "model-versions/set-tag",
            json!({"name": "churn", "version": "x", "key": "k"}),
            400,
            invalid,
            "Parameter 'version' must be an integer, got 'x'.",
        ),
        (
            "PATCH",
            "webhooks/none",
            json!({"name": "x"}),
            404,
            "RESOURCE_DOES_NOT_EXIST",
            "Webhook with ID none not found.",
        ),
        (
            "POST",
            "webhooks",
            json!({"name": "x", "url": "http://8.8.8.8/", "events": [{"entity": "PROMPT", "action": "CREATED"}]}),
            400,
            invalid,
            "Invalid webhook URL scheme: 'http'. Allowed schemes are: https.",
        ),
        (
            "POST",
            "webhooks",
            json!({"name": "x", "url": "https://8.8.8.8/", "events": [{"entity": "PROMPT", "action": "SET"}]}),
            400,
            invalid,
            "Invalid action 'set' for entity 'prompt'. Valid actions are: ['created']",
        ),
        (
            "POST",
            "experiments/search-datasets",
            json!({}),
            400,
            invalid,
            "SearchDatasets request must specify at least one experiment_id.",
        ),
    ];
    for (method, path, body, status, code, message) in cases {
        let (found, answer) = send(&server, method, path, body.clone()).await;
        assert_eq!(found.as_u16(), status, "{path} {body}: {answer}");
        assert_eq!(
            (&answer["error_code"], &answer["message"]),
            (&json!(code), &json!(message)),
            "{path} {body}"
        );
    }
    let (status, text) = call(&server, Request::post("/graphql").body(Body::from("{}")).unwrap()).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(text.contains("GraphQL"), "{text}");
}

#[tokio::test]
async fn a_download_may_ask_for_a_part() {
    let (_folder, server) = open().await;
    let (_, run) = send(&server, "POST", "runs/create", json!({"experiment_id": "0", "start_time": 1})).await;
    let id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let place = format!("/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/notes/a.txt");
    call(&server, Request::put(&place).body(Body::from("0123456789")).unwrap()).await;
    let ask = |range: &str| Request::get(&place).header("range", range).body(Body::empty()).unwrap();
    let (status, text) = call(&server, ask("bytes=2-4")).await;
    assert_eq!((status, text.as_str()), (StatusCode::PARTIAL_CONTENT, "234"));
    let (status, _) = call(&server, ask("bytes=10-")).await;
    assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
    let (status, text) = call(&server, ask("bytes=x")).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "0123456789"));
    let upload = format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={id}&path=notes/b.txt");
    let (status, _) = call(&server, Request::post(&upload).body(Body::from("small")).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let large = Body::from(vec![0; 10 * 1024 * 1024 + 1]);
    let (status, text) = call(&server, Request::post(&upload).body(large).unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
}
