//! Deleted things: what the unmodified client sees of them, and purges of a server that is killed.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::durability::{Server, free_port};
use crate::live::{passes, passes_on};

/// Runs that are purged.
const RUNS: i64 = 60;
/// Runs that are gone when the server is killed, each time.
const KILLED_AT: [i64; 4] = [1, 10, 25, 45];
/// The longest wait for a purge to come further.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn the_unmodified_client_sees_deleted_things_come_back_whole_and_purged_ones_never() {
    passes("VOLANO_TEST_PYTHON", "trash.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unmodified_client_sees_the_same_in_postgresql() {
    passes_on("VOLANO_TEST_PYTHON", "trash.py", Some(testkit::postgres_url().await)).await;
}

fn ok(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = server.send(method, path, Some(body)).unwrap();
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// Waits until a purge is finished or has taken so many runs.
fn came_to(server: &Server, id: &str, runs: i64) -> Value {
    let started = Instant::now();
    loop {
        let purge = server.get(&format!("/trash/purges/{id}"));
        if purge["state"] == "finished" || purge["freed"]["runs"].as_i64().unwrap() >= runs {
            return purge;
        }
        assert!(started.elapsed() < PATIENCE, "the purge does not go on: {purge}");
        std::thread::yield_now();
    }
}

#[test]
fn a_purge_goes_on_after_each_kill_and_takes_what_the_preview_said() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    fs::write(folder.path().join("volano.yaml"), "project: bin\n").unwrap();
    let server = Server::start(folder.path(), port);
    for number in 0..RUNS {
        let made = ok(&server, "POST", "/api/v1/runs", &json!({"experiment": "bin"}));
        let id = made["id"].as_str().unwrap();
        let points: Vec<Value> =
            (0..100).map(|step| json!({"key": "loss", "value": 0.5, "step": step})).collect();
        let batch = json!({"metrics": points, "params": {"number": number.to_string()}});
        ok(&server, "POST", &format!("/api/v1/runs/{id}/batch"), &batch);
        // Every second file is the same.
        let content = json!({"content": number / 2});
        let place = format!("{}/{id}/artifacts/a.json", made["experiment"].as_str().unwrap());
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{place}");
        // The answer to an upload is empty.
        assert!(server.send("PUT", &path, Some(&content)).is_err());
    }
    let experiments = server.get("/experiments");
    let bin = experiments["items"].as_array().unwrap().iter().find(|item| item["name"] == "bin").unwrap();
    ok(&server, "POST", "/api/2.0/mlflow/experiments/delete", &json!({"experiment_id": bin["id"]}));
    let preview = ok(&server, "POST", "/api/v1/trash/preview", &json!({}));
    assert_eq!(preview["freed"]["runs"], RUNS, "{preview}");
    assert_eq!(preview["freed"]["points"], RUNS * 100);
    assert_eq!(preview["freed"]["files"], RUNS / 2);
    let purge = ok(&server, "POST", "/api/v1/trash/purges", &json!({}));
    let id = purge["id"].as_str().unwrap();
    let mut server = server;
    let mut interrupted = 0;
    for runs in KILLED_AT {
        let seen = came_to(&server, id, runs);
        interrupted += i32::from(seen["state"] != "finished");
        server.kill();
        server = Server::start(folder.path(), port);
    }
    assert!(interrupted > 0, "the purge was never under way when the server was killed");
    let finished = came_to(&server, id, i64::MAX);
    assert_eq!(finished["freed"], preview["freed"]);
    assert_eq!(server.get("/trash")["items"], json!([]));
    let verdict = server.get("/audit/verify");
    assert_eq!(verdict["intact"], true, "{verdict}");
    let left = fs::read_dir(folder.path().join(".volano/objects/files")).unwrap();
    let left: usize = left.map(|folder| fs::read_dir(folder.unwrap().path()).unwrap().count()).sum();
    assert_eq!(left, 0, "files are left");
}
