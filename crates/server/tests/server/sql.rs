//! Queries over data versions: answers in every form, and what is refused.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::Server;
use tower::ServiceExt;

use crate::open;
use crate::trash::{done, own};

async fn add(server: &Server, name: &str, content: &str) {
    let request = Request::put("/api/v1/objects").body(Body::from(content.to_owned())).unwrap();
    let (status, stored) = crate::call(server, request).await;
    assert_eq!(status, StatusCode::OK, "{stored}");
    let stored: Value = serde_json::from_str(&stored).unwrap();
    let body = json!({"files": [{"path": "part.csv", "file_id": stored["file_id"]}]});
    done(server, "POST", &format!("/datasets/{name}/versions"), body).await;
}

/// Two versions of `people` and one of `city-names`.
async fn with_data() -> (tempfile::TempDir, Server) {
    let (folder, server) = open().await;
    add(&server, "people", "id,city,age\n1,ber,30\n2,par,41\n").await;
    add(&server, "people", "id,city,age\n1,ber,31\n2,par,41\n3,,7\n").await;
    add(&server, "city-names", "city,name\nber,Berlin\npar,\"Paris, France\"\n").await;
    (folder, server)
}

async fn ask(server: &Server, body: Value) -> Value {
    done(server, "POST", "/data/sql", body).await
}

async fn refused(server: &Server, body: Value) -> Value {
    let (status, problem) = own(server, "POST", "/data/sql", body.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {problem}");
    problem
}

async fn file(server: &Server, body: Value, accept: &str) -> (String, Vec<u8>) {
    let request = Request::post("/api/v1/data/sql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, accept)
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = server.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let media = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    (media, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn versions_and_data_sets_meet_in_one_query() {
    let (_folder, server) = with_data().await;
    let sql = "SELECT a.id, c.name, b.age - a.age AS older FROM people@v1 a JOIN people b ON a.id = b.id \
               JOIN city-names@latest c ON c.city = a.city ORDER BY a.id";
    let answer = ask(&server, json!({"sql": sql})).await;
    assert_eq!(
        answer,
        json!({
            "columns": [
                {"name": "id", "type": "integer"},
                {"name": "name", "type": "text"},
                {"name": "older", "type": "integer"},
            ],
            "rows": [[1, "Berlin", 1], [2, "Paris, France", 0]],
            "truncated": false,
            "total": 2,
        })
    );
    let commit = done(&server, "GET", "/datasets/people/versions/v1", Value::Null).await;
    let commit = &commit["commit"].as_str().unwrap()[..10];
    let count = |at: &str| json!({"sql": format!("select count(*) as n from people@{at}")});
    for (at, rows) in [("v1", 2), ("v2", 3), ("latest", 3), (commit, 2), ("2999-01-01", 3)] {
        assert_eq!(ask(&server, count(at)).await["rows"], json!([[rows]]), "{at}");
    }
    let described = ask(&server, json!({"sql": "DESCRIBE \"people@v2\""})).await;
    assert_eq!(described["rows"][2][0], "age");
}

#[tokio::test]
async fn every_form_holds_the_same_rows() {
    let (_folder, server) = with_data().await;
    let sql = "SELECT id, city, age FROM people@v2 ORDER BY id";
    let csv = b"id,city,age\n1,ber,31\n2,par,41\n3,,7\n";
    let (media, bytes) = file(&server, json!({"sql": sql}), "text/csv").await;
    assert_eq!((media.as_str(), bytes.as_slice()), ("text/csv", csv.as_slice()));
    let (media, bytes) = file(&server, json!({"sql": sql, "format": "csv", "limit": 1}), "*/*").await;
    assert_eq!((media.as_str(), bytes.as_slice()), ("text/csv", b"id,city,age\n1,ber,31\n".as_slice()));
    let parquet = "application/vnd.apache.parquet";
    let (media, bytes) = file(&server, json!({"sql": sql}), parquet).await;
    assert_eq!(
        (media.as_str(), &bytes[..4], &bytes[bytes.len() - 4..]),
        (parquet, &b"PAR1"[..], &b"PAR1"[..])
    );
    let arrow = "application/vnd.apache.arrow.stream";
    let (media, bytes) = file(&server, json!({"sql": sql}), arrow).await;
    assert_eq!((media.as_str(), &bytes[..4]), (arrow, &[0xff; 4][..]));
}

#[tokio::test]
async fn a_document_has_a_limit_and_says_that_there_is_more() {
    let (_folder, server) = with_data().await;
    let sql = "select value from generate_series(1, 5000)";
    let answer = ask(&server, json!({"sql": sql})).await;
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1000);
    assert_eq!((&answer["truncated"], &answer["total"]), (&json!(true), &Value::Null));
    let answer = ask(&server, json!({"sql": sql, "limit": 2, "count": true})).await;
    assert_eq!((&answer["rows"], &answer["total"]), (&json!([[1], [2]]), &json!(5000)));
    let problem = refused(&server, json!({"sql": sql, "limit": 10_001})).await;
    assert_eq!(problem["field"], "limit");
    assert!(problem["detail"].as_str().unwrap().contains("ask for csv, parquet or arrow"), "{problem}");
    let (_, csv) =
        file(&server, json!({"sql": "select value from generate_series(1, 20000)"}), "text/csv").await;
    assert_eq!(csv.iter().filter(|byte| **byte == b'\n').count(), 20_001);
}

#[tokio::test]
async fn faults_are_told_at_their_place() {
    let (_folder, server) = with_data().await;
    let cases = [
        ("select agee from people", "sql:1:8", "there is no column \"agee\": did you mean age?", [7, 11]),
        (
            "select *\nfrom peple@v1",
            "sql:2:6",
            "there is no data set \"peple\": did you mean people?",
            [14, 22],
        ),
        ("select * from zzz", "sql:1:15", "the data sets are city-names, people", [14, 17]),
        ("select * from people@v9", "sql:1:15", "the newest are people@v2, people@v1", [14, 23]),
        ("select * from people@v0", "sql:1:15", "names no data version: write people@v3", [14, 23]),
        ("select * from people wher id", "sql:1:27", "expected", [26, 28]),
        ("delete from people", "sql:1:1", "DELETE is not allowed", [0, 6]),
        ("select * from '/etc/passwd'", "sql:1:15", "volano data add FILE", [14, 15]),
        ("select * from read_csv('/etc/passwd')", "sql:1:15", "cannot be read", [14, 22]),
    ];
    for (sql, field, words, [start, end]) in cases {
        for format in ["json", "csv", "parquet"] {
            let problem = refused(&server, json!({"sql": sql, "format": format})).await;
            assert_eq!(problem["field"], field, "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
            assert_eq!(problem["span"], json!({"start": start, "end": end}), "{problem}");
        }
    }
    for body in [json!({"sql": ""}), json!({"sql": "select 1; select 2"})] {
        assert_eq!(refused(&server, body).await["field"], "sql");
    }
    assert_eq!(refused(&server, json!({"sql": "select 1", "format": "xml"})).await["field"], "format");
}

#[tokio::test]
async fn nothing_changes_and_nothing_is_left_behind() {
    let (folder, server) = with_data().await;
    let audit = done(&server, "GET", "/audit", Value::Null).await;
    ask(&server, json!({"sql": "select * from people order by age"})).await;
    refused(&server, json!({"sql": "drop table people"})).await;
    let response = {
        let sql = "select value from generate_series(1, 100000000000)";
        let request = Request::post("/api/v1/data/sql")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(json!({"sql": sql, "format": "csv"}).to_string()))
            .unwrap();
        server.router().oneshot(request).await.unwrap()
    };
    let queries = folder.path().join("home/queries");
    let running = || std::fs::read_dir(&queries).unwrap().count();
    assert_eq!(running(), 1);
    // The client goes away.
    drop(response);
    let begun = std::time::Instant::now();
    while running() > 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "the query goes on");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&queries).unwrap().permissions().mode() & 0o077, 0);
    assert_eq!(done(&server, "GET", "/audit", Value::Null).await, audit);
}
