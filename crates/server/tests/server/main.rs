//! A server as its clients meet it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bad_input;
mod changes;
mod contract;
mod download;
mod evaluation;
mod fuzz;
mod refusals;
mod registry;
mod relocate;
mod run_lists;
mod sql;
mod tracking;
mod trash;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use server::{Config, Error, Server};
use tower::ServiceExt;

async fn open() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(Config { port: 0, ..Config::local(folder.path().join("home")) }).await.unwrap();
    (folder, server)
}

async fn call(server: &Server, request: Request<Body>) -> (StatusCode, String) {
    let response = server.router().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn an_unknown_route_is_a_problem_document() {
    let (_folder, server) = open().await;
    let (status, body) = call(&server, get("/api/v1/nonsense")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["code"], "not_found");
}

#[tokio::test]
async fn a_page_of_another_site_reads_nothing_by_name_and_writes_nothing() {
    let (_folder, server) = open().await;
    let rebound = Request::get("/api/v1/audit").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(call(&server, rebound).await.0, StatusCode::FORBIDDEN);
    let foreign = Request::post("/api/v1/audit")
        .header("host", "127.0.0.1:5000")
        .header("origin", "https://evil.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(call(&server, foreign).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_forged_token_is_refused_and_a_step_may_not_read_the_audit_log() {
    let (_folder, server) = open().await;
    let with = |token: &str| {
        Request::get("/api/v1/audit")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(call(&server, with("vst_forged")).await.0, StatusCode::UNAUTHORIZED);
    let step = server.app().system().new_id();
    let token = server.app().tokens().for_step(&step);
    assert_eq!(call(&server, with(&token)).await.0, StatusCode::FORBIDDEN);
    let mut altered = token.clone();
    altered.replace_range(4..5, if &token[4..5] == "0" { "1" } else { "0" });
    assert_eq!(call(&server, with(&altered)).await.0, StatusCode::UNAUTHORIZED);
    let (status, body) = call(&server, get("/api/v1/audit")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("governance.permission.refuse"), "{body}");
}

#[tokio::test]
async fn a_step_reads_data_with_its_own_key_and_learns_no_other() {
    let (_folder, server) = open().await;
    let key = async |request| -> serde_json::Value {
        let (status, body) = call(&server, request).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    };
    let local = key(get("/api/v1/data/s3")).await;
    assert_eq!(local["access_key_id"], "local");
    let token = server.app().tokens().for_step(&server.app().system().new_id());
    let with = Request::get("/api/v1/data/s3").header("authorization", format!("Bearer {token}"));
    let step = key(with.body(Body::empty()).unwrap()).await;
    let part = |name: &str| step[name].as_str().unwrap().to_owned();
    assert_eq!(format!("{}_{}", part("access_key_id"), part("secret_access_key")), token);
}

#[tokio::test]
async fn metrics_count_requests_by_route() {
    let (_folder, server) = open().await;
    call(&server, get("/api/v1/audit")).await;
    let (_, body) = call(&server, get("/metrics")).await;
    assert!(body.contains("route=\"/api/v1/audit\",status=\"200\"} 1"), "{body}");
    assert!(body.contains("volano_resident_memory_bytes"));
}

#[tokio::test]
async fn a_home_in_use_a_taken_port_and_an_open_address_are_refused_in_one_line() {
    let (folder, server) = open().await;
    let Err(Error::Home(error)) = Server::open(Config::local(folder.path().join("home"))).await else {
        panic!("the home is locked");
    };
    assert!(error.to_string().contains("in use"), "{error}");

    let listening = server.bind().await.unwrap();
    let port = listening.url().rsplit(':').next().unwrap().parse().unwrap();
    let second = tempfile::tempdir().unwrap();
    let other = Server::open(Config { port, ..Config::local(second.path()) }).await.unwrap();
    assert!(matches!(other.bind().await, Err(Error::PortInUse { port: taken, .. }) if taken == port));

    let third = tempfile::tempdir().unwrap();
    let open = Config { host: "0.0.0.0".to_owned(), port: 0, ..Config::local(third.path()) };
    let open = Server::open(open).await.unwrap();
    assert!(matches!(open.bind().await, Err(Error::Open { .. })));
}

#[tokio::test]
async fn a_stopped_server_answers_what_it_accepted_and_frees_its_home() {
    let (folder, server) = open().await;
    let home = folder.path().join("home");
    let listening = server.bind().await.unwrap();
    let url = listening.url().to_owned();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(listening, async {
        stopped.await.unwrap();
    }));
    while app::Home::running_server(&home.canonicalize().unwrap()).is_none() {
        tokio::task::yield_now().await;
    }
    let address = url.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    drop(stream);
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(app::Home::running_server(&home).is_none());
    Server::open(Config { port: 0, ..Config::local(home) }).await.unwrap();
}
