//! Bad input to MLflow's calls, and what a connection must bear: refused with 400, 404 or 413 in MLflow's form and with the
//! name of the field, never with a 5xx, without much memory, and without harm to others.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::registry::both;
use crate::{call, get, open};

const API: &str = "/api/2.0/mlflow";

fn request(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

async fn post(server: &Server, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let (status, text) = call(server, request(Method::POST, &format!("{API}/{path}"), body)).await;
    (status, serde_json::from_str(&text).unwrap())
}

/// Sends what must be refused; the sentence names `field`.
async fn refused(server: &Server, path: &str, body: impl Into<Body>, field: &str) {
    let (status, answer) = post(server, path, body).await;
    let shown = format!("{path} {field}: {status} {answer}");
    assert!([400, 404, 413].contains(&status.as_u16()), "{shown}");
    assert!(
        answer["error_code"].is_string() && answer["message"].as_str().unwrap().contains(field),
        "{shown}"
    );
}

async fn make_run(server: &Server) -> String {
    let (_, made) = post(server, "runs/create", json!({"experiment_id": "0"}).to_string()).await;
    made["run"]["info"]["run_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bad_values_are_refused_by_the_name_of_their_field() {
    let (_folder, server) = open().await;
    let run = make_run(&server).await;
    let long = "k".repeat(10_000);
    let metric = |change: Value| {
        let mut point = json!({"run_id": run, "key": "m", "value": 1, "timestamp": 1});
        point.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        point.to_string()
    };
    let cases = [
        ("experiments/create", json!({"name": long}).to_string(), "'name'"),
        (
            "experiments/create",
            json!({"name": "x", "artifact_location": "/etc"}).to_string(),
            "artifact_location",
        ),
        (
            "experiments/create",
            json!({"name": "y", "artifact_location": "mlflow-artifacts:/../x"}).to_string(),
            "artifact_location",
        ),
        ("runs/create", json!({"experiment_id": "99999999999999999999"}).to_string(), "experiment ID"),
        ("runs/create", json!({"experiment_id": "0", "start_time": 1e30}).to_string(), "start_time"),
        ("runs/log-metric", metric(json!({"key": long})), "Metric name"),
        ("runs/log-metric", metric(json!({"step": "9223372036854775808"})), "step"),
        ("runs/log-metric", metric(json!({"timestamp": 1e300})), "timestamp"),
        ("runs/log-metric", metric(json!({"value": {"a": 1}})), "value"),
        ("runs/log-metric", metric(json!({"key": "../../etc/passwd"})), "name"),
        ("runs/log-parameter", json!({"run_id": run, "key": "p", "value": 0.5}).to_string(), "value"),
        ("runs/log-parameter", json!({"run_id": run, "key": "p\u{0}", "value": ""}).to_string(), "key"),
        (
            "runs/log-batch",
            json!({"run_id": run, "tags": [{"key": "t", "value": []}]}).to_string(),
            "tags[0].value",
        ),
        ("runs/search", json!({"experiment_ids": ["0"], "filter": "metrics.a >"}).to_string(), "comparison"),
        ("runs/search", json!({"experiment_ids": ["0"], "order_by": ["color"]}).to_string(), "color"),
    ];
    for (path, body, field) in cases {
        refused(&server, path, body, field).await;
    }
    for token in ["NaN", "Infinity", "1e999"] {
        let body = format!(r#"{{"run_id":"{run}","key":"p","value":{token}}}"#);
        refused(&server, "runs/log-parameter", body, "JSON").await;
    }
    let path = format!("{API}/artifacts/list?run_id={run}&path=..%2F..%2Fetc");
    let (status, text) = call(&server, get(&path)).await;
    assert!(status == 400 && text.contains("Invalid path"), "{text}");
}

/// What is wrong with the answer to a call that must be refused with a word of what is wrong, if anything.
async fn not_refused(server: &Server, method: Method, path: &str, body: Value, word: &str) -> Option<String> {
    let (status, text) = call(server, request(method.clone(), path, body.to_string())).await;
    let told = [400, 404, 413].contains(&status.as_u16()) && serde_json::from_str::<Value>(&text).is_ok();
    let shown = |text: &str| text.chars().take(200).collect::<String>();
    (!told || !text.contains(word))
        .then(|| format!("{method} {path} {} {word}: {status} {}", shown(&body.to_string()), shown(&text)))
}

#[tokio::test]
async fn bad_values_of_models_data_sets_and_scorers_are_refused_by_name() {
    let (_folder, server) = open().await;
    let (_, made) = post(&server, "datasets/create", json!({"name": "d"}).to_string()).await;
    let dataset = format!("datasets/{}", made["dataset"]["dataset_id"].as_str().unwrap());
    let (records, tags) = (format!("{dataset}/records"), format!("{dataset}/tags"));
    let long = "n".repeat(10_000);
    let scorer = |change: Value| {
        let mut body = json!({"experiment_id": "0", "name": "s", "serialized_scorer": "{}"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let mut wrong = Vec::new();
    let (post, patch, put, delete) = (Method::POST, Method::PATCH, Method::PUT, Method::DELETE);
    let cases = [
        (&post, "registered-models/create", json!({"name": long}), "name"),
        (&post, "registered-models/create", json!({"name": "a/b"}), "name"),
        (&post, "registered-models/create", json!({"name": ["a"]}), "'name'"),
        (
            &post,
            "registered-models/create",
            json!({"name": "m", "tags": [{"key": "k".repeat(251), "value": ""}]}),
            "key",
        ),
        (&post, "registered-models/create", json!({"name": "m", "tags": {"k": "v"}}), "'tags'"),
        (&post, "model-versions/create", json!({"name": "m", "source": "../../etc/passwd"}), "source"),
        (&post, "model-versions/create", json!({"name": "m", "source": "file:///etc/passwd"}), "source"),
        (&post, "model-versions/create", json!({"name": "m", "source": "s3://bucket/model"}), "source"),
        (&post, "registered-models/alias", json!({"name": "m", "alias": "a b", "version": "1"}), "alias"),
        (&post, "registered-models/alias", json!({"name": "m", "alias": "a", "version": "x"}), "version"),
        (&post, "logged-models", json!({"experiment_id": "0", "name": "a/b"}), "name"),
        (&post, "logged-models", json!({"experiment_id": "0", "name": long}), "name"),
        (&post, "logged-models", json!({"experiment_id": "x"}), "experiment"),
        (&post, "logged-models/search", json!({"experiment_ids": ["0"], "max_results": 1e20}), "max_results"),
        (&post, "datasets/create", json!({"name": long}), "'name'"),
        (&post, "datasets/create", json!({"name": 5}), "'name'"),
        (&post, "datasets/create", json!({"name": "x", "tags": "[]"}), "tags"),
        (
            &post,
            "datasets/create",
            json!({"name": "x", "tags": json!({"k": {"a": 1}}).to_string()}),
            "tags.k",
        ),
        (&post, "datasets/create", json!({"name": "x", "tags": json!({"k\u{0}": "v"}).to_string()}), "tags"),
        (&post, "datasets/create", json!({"name": "x", "experiment_ids": vec!["0"; 1001]}), "experiment_ids"),
        (&post, &records, json!({"records": "[{}, {\"inputs\": 5}]"}), "records[1].inputs"),
        (&post, &records, json!({"records": "[{\"inputs\": {\"x\": NaN}}]"}), "records"),
        (&post, &records, json!({"records": "[".repeat(100_000)}), "records"),
        (&post, &records, json!({"records": format!("[{}]", vec!["{}"; 50_001].join(","))}), "50000"),
        (&post, &records, json!({"records": [{}]}), "'records'"),
        (&delete, &records, json!({"dataset_record_ids": "dr-1"}), "dataset_record_ids"),
        (&patch, &tags, json!({"tags": json!({"k": "v".repeat(5001)}).to_string()}), "tags.k"),
        (&post, "scorers/register", scorer(json!({"name": long})), "'name'"),
        (&post, "scorers/register", scorer(json!({"experiment_id": "../0"})), "experiment ID"),
        (&post, "scorers/register", scorer(json!({"serialized_scorer": "{"})), "serialized_scorer"),
        (
            &post,
            "scorers/register",
            scorer(json!({"serialized_scorer": "{\"a\":".repeat(50_000)})),
            "serialized_scorer",
        ),
        (
            &put,
            "scorers/online-config",
            json!({"experiment_id": "0", "name": "s", "sample_rate": "NaN"}),
            "sample_rate",
        ),
        (&delete, "scorers/delete", json!({"experiment_id": "0", "name": "s", "version": 1.5}), "version"),
    ];
    for (method, path, body, word) in cases {
        wrong.extend(not_refused(&server, method.clone(), &format!("{API}/{path}"), body, word).await);
    }
    for path in ["..%2F..%2Fetc%2Fpasswd", "0/..%252F..%252Fetc", "%2Fetc%2Fpasswd", "0/a%5Cb", "0/x%00y"] {
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{path}");
        wrong.extend(not_refused(&server, Method::PUT, &path, json!({}), "path").await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn bad_values_of_the_own_api_are_refused_by_the_name_of_their_field() {
    for (_folder, server) in both().await {
        let (_, run) = call(&server, request(Method::POST, "/api/v1/runs", r#"{"experiment": "own"}"#)).await;
        let run: Value = serde_json::from_str(&run).unwrap();
        let batch = format!("/api/v1/runs/{}/batch", run["id"].as_str().unwrap());
        let mut wrong = Vec::new();
        let (runs, search) = ("/api/v1/runs".to_owned(), "/api/v1/runs/search".to_owned());
        let long = "k".repeat(10_000);
        let cases = [
            (&runs, json!({"experiment": long}), "name"),
            (&runs, json!({"experiment": 5}), "experiment"),
            (&runs, json!({"experiment": "a\u{0}b"}), "experiment"),
            (&runs, json!({"name": "a\u{0}b"}), "name"),
            (&runs, json!({"colour": "red"}), "colour"),
            (&runs, json!({"start_ms": 1e30}), "start_ms"),
            (&runs, json!({"tags": {"a;b": "x"}}), "tags"),
            (&runs, json!({"tags": {"k": "a\u{0}b"}}), "tags"),
            (&search, json!({"filter": "metrics.a >"}), "comparison"),
            (&search, json!({"order_by": ["color"]}), "color"),
            (&search, json!({"max_results": -1}), "max_results"),
            (&search, json!({"page_token": "!"}), "page token"),
            (&search, json!({"filter": "tags.t = 'a\u{0}b'"}), "filter"),
            (&batch, json!({"metrics": [{"key": "m", "value": "x"}]}), "metrics"),
            (&batch, json!({"metrics": [{"key": "../m", "value": 1}]}), "metrics[0]"),
            (&batch, json!({"params": "x"}), "params"),
            (&batch, json!({"params": {"p": 5}}), "params"),
            (&batch, json!({"params": {"p": "a\u{0}b"}}), "params"),
            (&batch, json!({"tags": {&long: "x"}}), "tags"),
        ];
        for (path, body, word) in cases {
            wrong.extend(not_refused(&server, Method::POST, path, body, word).await);
        }
        for path in ["/api/v1/runs/..%2F..%2Fetc", "/api/v1/runs/%00", "/api/v1/runs/x/metrics"] {
            wrong.extend(not_refused(&server, Method::GET, path, json!({}), "code").await);
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        for body in ["{", "[]", "\u{0}", "{\"experiment\": \"\\ud83c\"}", "{\"start_ms\": NaN}"] {
            let (status, text) = call(&server, request(Method::POST, &runs, body)).await;
            assert!(status.is_client_error() && text.contains("code"), "{body}: {status} {text}");
        }
    }
}

#[tokio::test]
async fn broken_and_monstrous_bodies_are_refused() {
    let (_folder, server) = open().await;
    let run = make_run(&server).await;
    refused(&server, "runs/search", b"{\"filter\": \"\xff\"}".to_vec(), "JSON").await;
    refused(&server, "runs/search", "[".repeat(100_000), "recursion").await;
    refused(&server, "runs/search", "{\"a\":".repeat(100_000), "recursion").await;
    let tags = vec![r#"{"key":"t","value":"v"}"#; 1_000_000].join(",");
    let body = format!(r#"{{"run_id":"{run}","tags":[{tags}]}}"#);
    refused(&server, "runs/log-batch", body, "'tags'").await;
    let typed = |kind: &str| {
        let request = Request::post(format!("{API}/runs/search")).header("content-type", kind);
        request.body(Body::from("{}")).unwrap()
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let (status, text) = call(&server, typed(kind)).await;
        assert!(status == 400 && text.contains("Content-Type"), "{kind}: {text}");
    }
}

#[tokio::test]
async fn every_method_of_http_gets_an_answer() {
    let (_folder, server) = open().await;
    for method in ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"] {
        for path in
            ["/api/2.0/mlflow/runs/search", "/api/2.0/mlflow/nothing", "/api/v1/runs/search", "/health"]
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let (status, text) = call(&server, request(method.clone(), path, "{}")).await;
            assert!(!status.is_server_error(), "{method} {path}: {status} {text}");
        }
    }
    let renamed = json!({"name": "nobody", "description": "x"}).to_string();
    let (status, text) =
        call(&server, request(Method::PATCH, &format!("{API}/registered-models/update"), renamed)).await;
    assert!(status == 404 && text.contains("nobody"), "a PATCH carries a body: {text}");
    let deleted = json!({"name": "nobody"}).to_string();
    let (status, text) =
        call(&server, request(Method::DELETE, &format!("{API}/registered-models/delete"), deleted)).await;
    assert!(status == 404 && text.contains("nobody"), "a DELETE carries a body: {text}");
}

/// Resident bytes of this process, in which the server runs.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Reads one answer with a `content-length`.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let got = stream.read(&mut buffer).await.unwrap();
        read.extend_from_slice(&buffer[..got]);
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                return text.into_owned();
            }
        }
        assert!(got > 0, "the connection ended early: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_a_gigabyte_is_refused_with_flat_memory_while_others_are_served() {
    const CHUNK: usize = 1 << 20;
    let (_folder, server) = open().await;
    let listening = server.bind().await.unwrap();
    let address = listening.url().trim_start_matches("http://").to_owned();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(listening, async {
        stopped.await.unwrap();
    }));
    let head = |length: &str| {
        format!(
            "POST {API}/runs/log-batch HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
        )
    };
    let other = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";

    // The length is announced: the refusal comes before the body.
    let mut announced = TcpStream::connect(&address).await.unwrap();
    announced.write_all(head(&format!("content-length: {}", 1 << 30)).as_bytes()).await.unwrap();
    let refusal = answer(&mut announced).await;
    assert!(refusal.starts_with("HTTP/1.1 413") && refusal.contains("error_code"), "{refusal}");

    // It is not announced: the refusal comes when the body is too long, and the rest is read away.
    let before = resident();
    let mut chunked = TcpStream::connect(&address).await.unwrap();
    chunked.write_all(head("transfer-encoding: chunked").as_bytes()).await.unwrap();
    let mut neighbour = TcpStream::connect(&address).await.unwrap();
    let chunk = [format!("{CHUNK:x}\r\n").as_bytes(), &vec![b' '; CHUNK], b"\r\n"].concat();
    for number in 0..256 {
        chunked.write_all(&chunk).await.unwrap();
        if number % 64 == 0 {
            neighbour.write_all(other.as_bytes()).await.unwrap();
            assert!(answer(&mut neighbour).await.starts_with("HTTP/1.1 200"));
        }
    }
    chunked.write_all(b"0\r\n\r\n").await.unwrap();
    let refusal = answer(&mut chunked).await;
    assert!(refusal.starts_with("HTTP/1.1 413"), "{refusal}");
    let grown = resident().saturating_sub(before);
    assert!(grown < 200 << 20, "{grown} bytes more");

    // The connection that was refused carries the next request.
    chunked.write_all(other.as_bytes()).await.unwrap();
    assert!(answer(&mut chunked).await.starts_with("HTTP/1.1 200"));
    drop((announced, chunked, neighbour));
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_24_who_make_an_experiment_of_one_name_one_wins() {
    let (_folder, server) = open().await;
    let router = server.router();
    let writers: Vec<_> = (0..24)
        .map(|_| {
            let router = router.clone();
            tokio::spawn(async move {
                let body = json!({"name": "raced"}).to_string();
                let request = request(Method::POST, &format!("{API}/experiments/create"), body);
                let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
                let status = response.status();
                let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
                (status, serde_json::from_slice::<Value>(&bytes).unwrap())
            })
        })
        .collect();
    let mut won = 0;
    for writer in writers {
        let (status, answer) = writer.await.unwrap();
        if status.is_success() {
            won += 1;
        } else {
            assert_eq!(answer["error_code"], "RESOURCE_ALREADY_EXISTS", "{answer}");
            assert_eq!(answer["message"], "Experiment(name=raced) already exists.");
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn no_run_is_seen_twice_or_missed_while_runs_are_made() {
    let (_folder, server) = open().await;
    for _ in 0..5 {
        make_run(&server).await;
    }
    let mut seen: Vec<String> = Vec::new();
    let mut token = Value::Null;
    loop {
        let body = json!({"experiment_ids": ["0"], "max_results": 2, "page_token": token}).to_string();
        let (_, page) = post(&server, "runs/search", body).await;
        let runs = page["runs"].as_array().unwrap();
        seen.extend(runs.iter().map(|run| run["info"]["run_id"].as_str().unwrap().to_owned()));
        // Newest first: a new run would push the others on by one.
        let newer = json!({"experiment_id": "0", "start_time": 5 + seen.len()}).to_string();
        post(&server, "runs/create", newer).await;
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}
