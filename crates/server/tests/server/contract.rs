//! Contracts over HTTP: what is learned, tried and remembered.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::Server;

use crate::open;
use crate::trash::{done, own};

async fn add(server: &Server, content: &str) {
    let request = Request::put("/api/v1/objects").body(Body::from(content.to_owned())).unwrap();
    let (status, stored) = crate::call(server, request).await;
    assert_eq!(status, StatusCode::OK, "{stored}");
    let stored: Value = serde_json::from_str(&stored).unwrap();
    let body = json!({"files": [{"path": "part.csv", "file_id": stored["file_id"]}]});
    done(server, "POST", "/datasets/people/versions", body).await;
}

#[tokio::test]
async fn a_contract_is_learned_tried_and_remembered() {
    let (_folder, server) = open().await;
    add(&server, "id,age\n1,30\n2,41\n").await;
    add(&server, "id,age\n1,31\n2,80\n").await;
    let infer = "/datasets/people/contract/infer";
    let learned = done(&server, "POST", infer, json!({"last": 2})).await;
    assert_eq!(learned["versions"], json!(["people@v1", "people@v2"]));
    assert_eq!(learned["changes"], Value::Null);
    assert!(
        learned["text"].as_str().unwrap().contains("age: {type: integer, nullable: false, min: 25"),
        "{learned}"
    );
    assert!(learned["words"].as_array().unwrap().iter().any(|rule| rule["says"] == "is never missing"));
    let known = "columns:\n  age: {type: integer, max: 50}\n";
    let learned = done(&server, "POST", infer, json!({"from": 1, "to": 2, "contract": known})).await;
    let changes = learned["changes"].as_array().unwrap();
    let max = changes.iter().find(|change| change["rule"] == "max").unwrap();
    assert_eq!((&max["change"], &max["before"]), (&json!("loosened"), &json!("50")));
    for (body, field) in [
        (json!({"from": 1}), "from"),
        (json!({"from": 2, "to": 1}), "from"),
        (json!({"last": 101}), "last"),
        (json!({"contract": "columns: {age: {mostly: 3}}"}), "contracts/people.yaml:1:25"),
    ] {
        let (status, problem) = own(&server, "POST", infer, body).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{problem}");
    }
    let test = "/datasets/people/contract/test";
    let trial = done(&server, "POST", test, json!({"contract": known, "since": "1d"})).await;
    let rule = &trial["rules"][0];
    assert_eq!(
        (&rule["rule"], &rule["versions"], &rule["first"]),
        (&json!("range"), &json!(1), &json!("people@v2"))
    );
    assert_eq!(trial["items"].as_array().unwrap().len(), 2);
    let (status, problem) = own(&server, "POST", test, json!({"contract": known, "since": "long"})).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("since")));
    let history = done(&server, "GET", "/datasets/people/contract/history?limit=1", Value::Null).await;
    let checks = history["items"].as_array().unwrap();
    assert_eq!((checks.len(), &checks[0]["version"]), (1, &json!("people@v2")));
    assert_eq!((&checks[0]["outcome"], &checks[0]["contract"]), (&json!("unchecked"), &Value::Null));
}
