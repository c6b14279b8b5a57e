//! The address that a tracked command logs to: requests go through to the server, and what is logged while the server is
//! away is kept in a spool and handed over when it is back.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body as Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, RwLock};
use tokio::task::JoinHandle;

use super::handover::{Sender, Sent};
use super::spool::{Body, Call, Closed, Spool, remove};
use crate::codes;
use crate::failure::{Failure, Result};
use crate::output::Output;

/// Bytes of a body that is no file.
const MAX_BODY: usize = 64 << 20;
/// Between two looks whether the server is back.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Answers that are kept for when the server is away.
const KEPT: usize = 1000;
/// Bytes of such an answer.
const MAX_KEPT: usize = 1 << 20;

/// Calls that can be acknowledged before the server has them: each changes nothing when it comes twice.
const LOGGED: [(Method, &str); 8] = [
    (Method::POST, "runs/log-metric"),
    (Method::POST, "runs/log-batch"),
    (Method::POST, "runs/log-parameter"),
    (Method::POST, "runs/set-tag"),
    (Method::POST, "runs/delete-tag"),
    (Method::POST, "runs/update"),
    (Method::POST, "runs/log-inputs"),
    (Method::POST, "runs/outputs"),
];
/// Questions whose last answer does while the server is away.
const ASKED: [&str; 3] = ["runs/get", "experiments/get", "experiments/get-by-name"];
/// MLflow's word for a server that is away.
const AWAY: &str = "TEMPORARILY_UNAVAILABLE";
const ARTIFACTS: &str = "mlflow-artifacts/artifacts/";

/// The address, and what waits.
pub struct Proxy {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    sender: Sender,
    token: Option<String>,
    spool: RwLock<Spool>,
    /// Something was put into the spool.
    kept: Notify,
    /// The spool is empty again.
    drained: Notify,
    answers: Mutex<HashMap<String, Vec<u8>>>,
    patience: Duration,
    uploads: AtomicU64,
    /// The command is over: nothing is taken any more.
    over: AtomicBool,
    /// It was said that the server is away.
    said: AtomicBool,
    out: Output,
}

impl Proxy {
    /// Listens on a free port of this machine. What cannot be kept waits `patience` for a server that is away.
    pub async fn start(
        base: &str,
        token: Option<&str>,
        folder: PathBuf,
        patience: Duration,
        out: &Output,
    ) -> Result<Self> {
        let unheard =
            |error| Failure::new(&codes::INTERNAL, format!("no port could be listened on: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unheard)?;
        let url = format!("http://{}", listener.local_addr().map_err(unheard)?);
        let shared = Arc::new(Shared {
            sender: Sender::new(base, token)?,
            token: token.map(ToOwned::to_owned),
            spool: RwLock::new(Spool::new(folder, base)),
            kept: Notify::new(),
            drained: Notify::new(),
            answers: Mutex::default(),
            patience,
            uploads: AtomicU64::default(),
            over: AtomicBool::new(false),
            said: AtomicBool::new(false),
            out: out.clone(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "cli.run.proxy");
            }
        });
        let draining = tokio::spawn(drain(Arc::clone(&shared)));
        Ok(Self { url, shared, tasks: vec![serving, draining] })
    }

    /// Waits until all is handed over, at most as long as one waits for anything; whether it is.
    pub async fn settle(&self) -> bool {
        self.shared.empty_by(Instant::now() + self.shared.patience).await
    }

    /// Stops. The spool, when something is left in it.
    pub async fn finish(self) -> Result<Option<Spool>> {
        self.shared.over.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.abort();
            // Ended by the abort, as it should be.
            let _ended = task.await;
        }
        let base = self.shared.sender.base().to_owned();
        let mut held = self.shared.spool.write().await;
        let empty = Spool::new(held.folder().to_owned(), &base);
        let spool = std::mem::replace(&mut *held, empty);
        if spool.is_empty() && spool.refused() == 0 {
            let folder = spool.folder().to_owned();
            spool.close().map_err(|error| Failure::file(&folder, "remove", &error))?;
            return Ok(None);
        }
        Ok(Some(spool))
    }
}

impl Shared {
    /// Whether the spool is empty by then.
    async fn empty_by(&self, until: Instant) -> bool {
        loop {
            let drained = self.drained.notified();
            if self.spool.read().await.is_empty() {
                return true;
            }
            self.kept.notify_one();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || tokio::time::timeout(left, drained).await.is_err() {
                return self.spool.read().await.is_empty();
            }
        }
    }

    /// Says once that the server is away, until it is back.
    fn say_away(&self) {
        if !self.said.swap(true, Ordering::SeqCst) {
            let base = self.sender.base();
            self.out.warn(format_args!("the server {base} is away: what is logged is kept until it is back"));
        }
    }

    fn say_back(&self) {
        if self.said.swap(false, Ordering::SeqCst) {
            self.out.done("the server is back: what was kept is handed over");
        }
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page of another site, and whoever lacks the token, may not use the token that goes along.
    fn may(&self, headers: &HeaderMap) -> bool {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        let here = host.starts_with("127.0.0.1:") || host.starts_with("localhost:");
        let signed = match &self.token {
            Some(token) => text(header::AUTHORIZATION) == Some(&format!("Bearer {token}")),
            None => true,
        };
        here && signed && !headers.contains_key(header::ORIGIN)
    }
}

/// Hands over what waits, as soon as the server answers again.
async fn drain(shared: Arc<Shared>) {
    loop {
        shared.kept.notified().await;
        let mut pause = FIRST_PAUSE;
        loop {
            // One call at a time, so that new ones can be put behind the others meanwhile.
            let mut spool = shared.spool.write().await;
            let sent = shared.sender.hand_over_next(&mut spool).await;
            let empty = spool.is_empty();
            drop(spool);
            match sent {
                Ok(true) if empty => break,
                Ok(true) => pause = FIRST_PAUSE,
                Ok(false) | Err(_) if empty => break,
                Ok(false) | Err(_) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        shared.say_back();
        shared.drained.notify_waiters();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if shared.over.load(Ordering::SeqCst) {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, AWAY, "the tracked command is over");
    }
    if !shared.may(&parts.headers) {
        return refusal(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "this address is for the tracked command only",
        );
    }
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let mut call = Call {
        number: 0,
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        content_type: content_type.and_then(|value| value.to_str().ok()).map(ToOwned::to_owned),
        body: Body::Text(String::new()),
    };
    let upload = parts.method == Method::PUT;
    if upload {
        match receive(&shared, body).await {
            Ok(name) => call.body = Body::File(name),
            Err(response) => return response,
        }
    } else {
        let bytes = match axum::body::to_bytes(body, MAX_BODY).await {
            Ok(bytes) => bytes,
            Err(error) => {
                return refusal(
                    StatusCode::BAD_REQUEST,
                    "BAD_REQUEST",
                    &format!("the body is not readable: {error}"),
                );
            }
        };
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => call.body = Body::Text(text),
            // Traces come as bytes.
            Err(_) => match receive(&shared, Bytes::from(bytes)).await {
                Ok(name) => call.body = Body::File(name),
                Err(response) => return response,
            },
        }
    }
    let response = if may_wait(&parts.method, &parts.uri) {
        keep(&shared, call.clone(), &parts.headers).await
    } else {
        pass(&shared, &call, &parts.uri, &parts.headers).await
    };
    if let (Body::File(name), Ok(false)) = (&call.body, response.as_ref().map(|done| done.kept)) {
        // Handed over: the copy is not needed any more.
        let folder = shared.spool.read().await.folder().to_owned();
        if let Err(error) = remove(&folder.join(name)) {
            tracing::warn!(%error, "cli.run.proxy");
        }
    }
    response.map_or_else(|failed| failed, |done| done.response)
}

struct Done {
    response: Response,
    /// Whether it waits in the spool.
    kept: bool,
}

fn passed(response: Response) -> Done {
    Done { response, kept: false }
}

/// Whether a call can be acknowledged before the server has it.
fn may_wait(method: &Method, uri: &Uri) -> bool {
    let call = call_of(uri);
    LOGGED.iter().any(|(of, name)| of == method && *name == call)
        || (*method == Method::PUT && uri.path().contains(&format!("/{ARTIFACTS}")))
}

/// `runs/log-metric` of `/api/2.0/mlflow/runs/log-metric`.
fn call_of(uri: &Uri) -> &str {
    uri.path().split_once("/mlflow/").map_or("", |(_, call)| call)
}

/// Takes an upload into a file of the spool's folder; its name.
async fn receive(shared: &Shared, body: Bytes) -> std::result::Result<String, Response> {
    use std::io::Write;
    let number = shared.uploads.fetch_add(1, Ordering::Relaxed);
    let name = format!("upload-{number}");
    let (path, mut file) = shared.spool.write().await.new_file(&name).map_err(|closed| full(&closed))?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let written = match piece {
            Ok(piece) => file.write_all(&piece),
            Err(error) => Err(std::io::Error::other(error)),
        };
        if let Err(error) = written {
            // Half an upload is of no use to anybody.
            let _removed = remove(&path);
            return Err(full(&Closed::Io(error)));
        }
    }
    Ok(name)
}

/// Sends a call when nothing waits before it and the server answers; else puts it behind what waits.
async fn keep(shared: &Shared, call: Call, headers: &HeaderMap) -> std::result::Result<Done, Response> {
    let spool = shared.spool.read().await;
    if spool.is_empty()
        && let Sent::Answer(answer) = shared.sender.send_again(&call, spool.folder(), Some(headers)).await
    {
        return Ok(Done { response: pass_answer(answer), kept: false });
    }
    drop(spool);
    let acknowledged = acknowledgement(&call);
    let mut spool = shared.spool.write().await;
    spool.push(call).map_err(|closed| full(&closed))?;
    drop(spool);
    shared.say_away();
    shared.kept.notify_one();
    Ok(Done { response: axum::Json(acknowledged).into_response(), kept: true })
}

/// What the client reads of an answer that the server has not given yet.
fn acknowledgement(call: &Call) -> Value {
    let Body::Text(text) = &call.body else { return json!({}) };
    if !call.path.ends_with("/runs/update") {
        return json!({});
    }
    let asked: Value = serde_json::from_str(text).unwrap_or_default();
    let id = if asked["run_id"].is_string() { &asked["run_id"] } else { &asked["run_uuid"] };
    let status = asked["status"].as_str().unwrap_or("RUNNING");
    json!({"run_info": {
        "run_id": id, "run_uuid": id, "status": status, "end_time": asked["end_time"],
        "run_name": asked["run_name"], "lifecycle_stage": "active",
    }})
}

/// Sends a call that cannot be acknowledged beforehand, after all that waits; waits for the server when it is away.
async fn pass(
    shared: &Shared,
    call: &Call,
    uri: &Uri,
    headers: &HeaderMap,
) -> std::result::Result<Done, Response> {
    let until = Instant::now() + shared.patience;
    let known =
        ASKED.contains(&call_of(uri)).then(|| call_of(uri).to_owned() + uri.query().unwrap_or_default());
    let mut pause = FIRST_PAUSE;
    loop {
        let last = known.as_ref().and_then(|known| shared.answers().get(known).cloned());
        let empty = shared.spool.read().await.is_empty();
        if empty || (last.is_none() && shared.empty_by(until).await) {
            let folder = shared.spool.read().await.folder().to_owned();
            match (shared.sender.send(call, &folder, headers).await, known.as_ref()) {
                (Sent::Answer(answer), None) => return Ok(passed(pass_answer(answer))),
                (Sent::Answer(answer), Some(known)) => {
                    return Ok(passed(remember(shared, known.clone(), answer).await));
                }
                (Sent::Broken(why), _) if call.method != "GET" => {
                    let reason = format!(
                        "the connection to the tracking server {} broke ({why}): it is not known whether the call was \
                         heard, so it is not made again",
                        shared.sender.base()
                    );
                    return Ok(passed(refusal(StatusCode::FAILED_DEPENDENCY, AWAY, &reason)));
                }
                (Sent::Away | Sent::Broken(_), _) => shared.say_away(),
            }
        }
        if let Some(last) = last {
            // What was last known of a run is enough for a client that only wants to go on logging.
            return Ok(passed(([(header::CONTENT_TYPE, "application/json")], last).into_response()));
        }
        if Instant::now() >= until {
            let seconds = shared.patience.as_secs();
            let reason = format!(
                "the tracking server {} is away, and this call cannot wait for it any longer ({seconds} s): what was \
                 logged is kept, but nothing can be read or made until the server is back",
                shared.sender.base()
            );
            // A status that MLflow's client does not try again by itself: it was waited for already.
            return Ok(passed(refusal(StatusCode::FAILED_DEPENDENCY, AWAY, &reason)));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE).min(until.saturating_duration_since(Instant::now()));
    }
}

/// Passes an answer on and keeps it for when the server is away.
async fn remember(shared: &Shared, question: String, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let bytes = match answer.bytes().await {
        Ok(bytes) => bytes,
        Err(error) => return refusal(StatusCode::BAD_GATEWAY, AWAY, &error.to_string()),
    };
    if status.is_success() && bytes.len() <= MAX_KEPT {
        let mut answers = shared.answers();
        if answers.len() < KEPT || answers.contains_key(&question) {
            answers.insert(question, bytes.to_vec());
        }
    }
    let status = StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

fn pass_answer(answer: reqwest::Response) -> Response {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::builder().status(status);
    for (name, value) in answer.headers() {
        if ![header::CONNECTION, header::TRANSFER_ENCODING].contains(name) {
            response = response.header(name, value);
        }
    }
    let body = Bytes::from_stream(answer.bytes_stream());
    response.body(body).unwrap_or_else(|error| {
        refusal(
            StatusCode::BAD_GATEWAY,
            "INTERNAL_ERROR",
            &format!("the answer cannot be passed on: {error}"),
        )
    })
}

fn full(closed: &Closed) -> Response {
    let why = match closed {
        Closed::Busy => "another command has the spool open".to_owned(),
        Closed::Io(error) => error.to_string(),
    };
    let reason = format!("the server is away and the call could not be kept on disk: {why}");
    refusal(StatusCode::INSUFFICIENT_STORAGE, "INTERNAL_ERROR", &reason)
}

fn refusal(status: StatusCode, code: &str, reason: &str) -> Response {
    (status, axum::Json(json!({"error_code": code, "message": reason}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_come_twice_is_acknowledged_beforehand() {
        let waits = |method: Method, path: &str| may_wait(&method, &path.parse().unwrap());
        assert!(waits(Method::POST, "/api/2.0/mlflow/runs/log-metric"));
        assert!(waits(Method::PUT, "/api/2.0/mlflow-artifacts/artifacts/1/a/artifacts/x.txt"));
        assert!(!waits(Method::POST, "/api/2.0/mlflow/runs/create"));
        assert!(!waits(Method::POST, "/api/2.0/mlflow/runs/log-model"));
        assert!(!waits(Method::PUT, "/api/2.0/mlflow-artifacts/mpu/part/1/2"));
        assert!(!waits(Method::GET, "/api/2.0/mlflow/runs/get"));
    }

    #[test]
    fn the_end_of_a_run_is_acknowledged_in_the_form_that_the_client_reads() {
        let call = Call {
            number: 0,
            method: "POST".to_owned(),
            path: "/api/2.0/mlflow/runs/update".to_owned(),
            content_type: None,
            body: Body::Text(r#"{"run_id": "ab", "status": "FINISHED", "end_time": 5}"#.to_owned()),
        };
        let info = acknowledgement(&call)["run_info"].clone();
        assert_eq!((info["run_id"].as_str(), info["status"].as_str()), (Some("ab"), Some("FINISHED")));
    }
}
