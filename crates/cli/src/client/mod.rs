//! The one way to the platform: HTTP requests, sent to a running server or to the router of a server inside this
//! process. Commands cannot tell which.

mod problem;
mod reference;
mod resolve;

use std::path::Path;

use axum::Router;
use axum::body::Body;
pub use axum::http::Method;
use axum::http::{HeaderMap, Request, header};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;
use tokio_util::io::ReaderStream;
use tower::ServiceExt;

pub use reference::{DataRef, ModelRef, Which, segment};
pub use resolve::{Need, Target, target, token as token_for};

use crate::codes;
use crate::failure::{Failure, Result};
use crate::local::Held;
use crate::output::{Output, Progress};

/// The longest answer that is read whole.
const MAX_ANSWER: usize = 256 << 20;
/// Bytes of a file sent at once.
const CHUNK: usize = 256 << 10;
/// Where MLflow's API is.
const MLFLOW: &str = "/api/2.0/mlflow";
/// How long a connection may take.
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The platform's HTTP API.
pub struct Client {
    transport: Transport,
}

enum Transport {
    Http { http: reqwest::Client, base: String, token: Option<String> },
    InProcess { router: Router, base: Option<String>, held: Option<Held> },
}

/// What is sent.
enum Payload {
    Nothing,
    Json(Value),
    Text(String),
    Stream { bytes: BoxStream<'static, std::io::Result<Bytes>>, length: u64, content_type: &'static str },
}

/// An answer, not yet read.
pub struct Answer {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: BoxStream<'static, Result<Bytes>>,
}

impl Client {
    /// A client of the server at `base`.
    pub fn http(base: &str, token: Option<String>) -> Result<Self> {
        let http = http_client()?;
        Ok(Self { transport: Transport::Http { http, base: base.trim_end_matches('/').to_owned(), token } })
    }

    /// The server's address and the token for it, when the server is another process.
    pub fn elsewhere(&self) -> Option<(&str, Option<&str>)> {
        match &self.transport {
            Transport::Http { base, token, .. } => Some((base, token.as_deref())),
            Transport::InProcess { .. } => None,
        }
    }

    /// A client of a router in this process, which may also be reachable at `base`.
    pub fn in_process(router: Router, base: Option<String>, held: Option<Held>) -> Self {
        Self { transport: Transport::InProcess { router, base, held } }
    }

    /// Address of the server, when it can be reached from elsewhere.
    pub fn base(&self) -> Option<&str> {
        match &self.transport {
            Transport::Http { base, .. } => Some(base),
            Transport::InProcess { base, .. } => base.as_deref(),
        }
    }

    /// Whether the server ends with this command.
    pub fn is_in_process(&self) -> bool {
        matches!(self.transport, Transport::InProcess { .. })
    }

    /// Token that other programs need to speak to the server.
    pub fn token(&self) -> Option<&str> {
        match &self.transport {
            Transport::Http { token, .. } => token.as_deref(),
            Transport::InProcess { .. } => None,
        }
    }

    /// Address of a page, when there is a server that stays.
    pub fn page(&self, path: &str) -> Option<String> {
        match &self.transport {
            Transport::Http { base, .. } => Some(format!("{base}{path}")),
            Transport::InProcess { .. } => None,
        }
    }

    /// Reads `/api/v1{path}`.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.json(Method::GET, &format!("/api/v1{path}"), Payload::Nothing).await
    }

    /// Reads `/api/v1{path}` with query parameters; those without a value are left out.
    pub async fn query(&self, path: &str, query: &[(&str, Option<String>)]) -> Result<Value> {
        self.get(&with_query(path, query)).await
    }

    /// Sends `body` to `/api/v1{path}`.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.json(Method::POST, &format!("/api/v1{path}"), Payload::Json(body)).await
    }

    /// Sends a JSON text to `/api/v1{path}`.
    pub async fn post_text(&self, path: &str, text: String) -> Result<Value> {
        self.json(Method::POST, &format!("/api/v1{path}"), Payload::Text(text)).await
    }

    /// Replaces `/api/v1{path}`.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.json(Method::PUT, &format!("/api/v1{path}"), Payload::Json(body)).await
    }

    /// Deletes `/api/v1{path}`.
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.json(Method::DELETE, &format!("/api/v1{path}"), Payload::Nothing).await
    }

    /// Calls MLflow's API, which is where runs, experiments and models are changed: one way for all clients. The fields
    /// of a GET go into the query.
    pub async fn mlflow(&self, method: Method, call: &str, body: Value) -> Result<Value> {
        let path = format!("{MLFLOW}/{call}");
        if method != Method::GET {
            return self.json(method, &path, Payload::Json(body)).await;
        }
        let fields = body.as_object().into_iter().flatten();
        let query: Vec<(&str, Option<String>)> =
            fields.map(|(key, value)| (key.as_str(), Some(crate::json::plain(value)))).collect();
        self.json(method, &with_query(&path, &query), Payload::Nothing).await
    }

    /// Sends `body` to a path that is not under `/api/v1`, and leaves the answer to be read.
    pub async fn post_raw(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(Method::POST, path, Payload::Json(body)).await
    }

    /// Opens a path that is not under `/api/v1`, to be read as it comes.
    pub async fn open(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, Payload::Nothing).await
    }

    /// Sends a file with PUT to `path` (from the root), with a bar.
    pub async fn put_file(&self, path: &str, file: &Path, out: &Output, label: &str) -> Result<Value> {
        let unreadable = |error| Failure::file(file, "read", &error);
        let length = tokio::fs::metadata(file).await.map_err(unreadable)?.len();
        let progress = Progress::bytes(out, label, length);
        self.send_file(path, file, move |sent| progress.advance(sent)).await
    }

    /// Sends a file with PUT to `path` (from the root), saying how many bytes went.
    pub async fn send_file(
        &self,
        path: &str,
        file: &Path,
        went: impl Fn(u64) + Send + 'static,
    ) -> Result<Value> {
        let unreadable = |error| Failure::file(file, "read", &error);
        let opened = tokio::fs::File::open(file).await.map_err(unreadable)?;
        let length = opened.metadata().await.map_err(unreadable)?.len();
        let bytes = ReaderStream::with_capacity(opened, CHUNK)
            .inspect_ok(move |chunk| went(chunk.len() as u64))
            .boxed();
        let payload = Payload::Stream { bytes, length, content_type: "application/octet-stream" };
        self.json(Method::PUT, path, payload).await
    }

    /// Sends bytes with PUT to `path` (below `/api/v1`).
    pub async fn put_bytes(&self, path: &str, bytes: Bytes) -> Result<Value> {
        let length = bytes.len() as u64;
        let bytes = futures::stream::once(std::future::ready(Ok(bytes))).boxed();
        let payload = Payload::Stream { bytes, length, content_type: "application/octet-stream" };
        self.json(Method::PUT, &format!("/api/v1{path}"), payload).await
    }

    /// Stops a server that lives in this process, in good order.
    pub async fn close(self) {
        if let Transport::InProcess { held: Some(held), .. } = self.transport {
            held.close().await;
        }
    }

    async fn json(&self, method: Method, path: &str, payload: Payload) -> Result<Value> {
        let answer = self.send(method, path, payload).await?;
        answer.json().await
    }

    async fn send(&self, method: Method, path: &str, payload: Payload) -> Result<Answer> {
        tracing::debug!(%method, path, "cli.request.send");
        let (status, answer) = match &self.transport {
            Transport::Http { http, base, token } => {
                over_http(http, base, token.as_deref(), method, path, payload).await?
            }
            Transport::InProcess { router, .. } => in_process(router.clone(), method, path, payload).await?,
        };
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let bytes = answer.bytes().await?;
        Err(problem::failure(status, &bytes))
    }
}

/// What speaks HTTP: no redirects, no proxies.
pub fn http_client() -> Result<reqwest::Client> {
    // Absent only before the first client; a second installation changes nothing.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("volano/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Failure::new(&codes::UNREACHABLE, format!("no client could be made: {error}")))
}

impl Answer {
    /// The whole body.
    pub async fn bytes(self) -> Result<Vec<u8>> {
        let mut whole = Vec::new();
        let mut body = self.body;
        while let Some(chunk) = body.next().await {
            whole.extend_from_slice(&chunk?);
            if whole.len() > MAX_ANSWER {
                let message = format!("the answer is larger than {} MiB", MAX_ANSWER >> 20);
                return Err(Failure::new(&codes::INTERNAL, message));
            }
        }
        Ok(whole)
    }

    /// The whole body as JSON; an empty one is null.
    pub async fn json(self) -> Result<Value> {
        let bytes = self.bytes().await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(&codes::UNREACHABLE, format!("the answer is not JSON: {error}"))
                .help("is this the address of a Volano server? see: volano config show --origin")
        })
    }
}

async fn over_http(
    http: &reqwest::Client,
    base: &str,
    token: Option<&str>,
    method: Method,
    path: &str,
    payload: Payload,
) -> Result<(u16, Answer)> {
    let mut request = http.request(method, format!("{base}{path}"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let request = match payload {
        Payload::Nothing => request,
        Payload::Json(value) => request.json(&value),
        Payload::Text(text) => request.header(header::CONTENT_TYPE, "application/json").body(text),
        Payload::Stream { bytes, length, content_type } => request
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(bytes)),
    };
    let answer = request.send().await.map_err(|error| unreachable_server(base, &error))?;
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let base = base.to_owned();
    let body = answer.bytes_stream().map_err(move |error| unreachable_server(&base, &error)).boxed();
    Ok((status, Answer { headers, body }))
}

async fn in_process(router: Router, method: Method, path: &str, payload: Payload) -> Result<(u16, Answer)> {
    let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
    let request = match payload {
        Payload::Nothing => request.body(Body::empty()),
        Payload::Json(value) => {
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(value.to_string()))
        }
        Payload::Text(text) => {
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(text))
        }
        Payload::Stream { bytes, length, content_type } => request
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_LENGTH, length)
            .body(Body::from_stream(bytes)),
    };
    let request = request.map_err(|error| Failure::new(&codes::VALUE, format!("{path}: {error}")))?;
    let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let body = answer
        .into_body()
        .into_data_stream()
        .map_err(|error| Failure::new(&codes::INTERNAL, format!("the answer broke off: {error}")))
        .boxed();
    Ok((status, Answer { headers, body }))
}

fn unreachable_server(base: &str, error: &reqwest::Error) -> Failure {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let why = if error.is_timeout() { "it takes too long".to_owned() } else { cause.to_string() };
    Failure::new(&codes::UNREACHABLE, format!("the server at {base} does not answer: {why}"))
        .help("start it            volano server")
        .help("where it comes from volano config show --origin")
}

fn with_query(path: &str, query: &[(&str, Option<String>)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", segment(value.as_deref()?))))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use axum::Json;
    use axum::http::StatusCode;
    use axum::routing::{get, put};
    use serde_json::json;

    use super::*;

    fn fake() -> Client {
        let router = Router::new()
            .route("/api/v1/datasets", get(|| async { Json(json!({"items": []})) }))
            .route("/api/v1/objects", put(|body: Bytes| async move { Json(json!({"size": body.len()})) }))
            .route(
                "/api/v1/models/churm",
                get(|| async {
                    let problem = json!({"title": "not found", "status": 404, "code": "not_found",
                        "detail": "there is no model \"churm\"", "help": "did you mean \"churn\"?"});
                    (StatusCode::NOT_FOUND, Json(problem))
                }),
            );
        Client::in_process(router, None, None)
    }

    #[tokio::test]
    async fn a_router_in_this_process_answers_as_a_server_does() {
        let client = fake();
        assert_eq!(client.get("/datasets").await.unwrap(), json!({"items": []}));
        let failure = client.get("/models/churm").await.unwrap_err();
        assert_eq!(failure.code().id, "E0401");
        assert_eq!(failure.exit().number(), 1);
        assert_eq!(failure.message(), "there is no model \"churm\"");
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_is_said_to_be_unreachable() {
        let client = Client::http("http://127.0.0.1:1", None).unwrap();
        let failure = client.get("/server").await.unwrap_err();
        assert_eq!(failure.code().id, "E0121");
    }

    #[test]
    fn query_values_are_escaped_and_absent_ones_left_out() {
        let path = with_query("/audit", &[("noun", None), ("id", Some("a b&c".to_owned()))]);
        assert_eq!(path, "/audit?id=a%20b%26c");
    }
}
