//! Handing over what waits to the server that it is for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use tokio_util::io::ReaderStream;

use super::spool::{Body, Call, Closed, Spool};
use crate::args::Globals;
use crate::client::{http_client, token_for};
use crate::codes;
use crate::config::UserFile;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Output, count};
use crate::place;

/// A call that brings no file is away when it takes longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a file sent at once.
const CHUNK: usize = 256 << 10;
/// Bytes of a refusal that are kept.
const MAX_REASON: usize = 2000;

/// Where calls go.
pub struct Sender {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What became of a call.
pub enum Sent {
    /// The server has answered.
    Answer(reqwest::Response),
    /// It is away, and the call was not heard: nobody listens, or what stands before it says so.
    Away,
    /// The connection broke: nobody knows whether the call was heard.
    Broken(String),
}

impl Sender {
    /// Calls go to the server at `base`.
    pub fn new(base: &str, token: Option<&str>) -> Result<Self> {
        Ok(Self { http: http_client()?, base: base.to_owned(), token: token.map(ToOwned::to_owned) })
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a call that changes nothing when it comes twice, for which one does not wait long.
    pub async fn send_again(&self, call: &Call, folder: &Path, headers: Option<&HeaderMap>) -> Sent {
        let limit = matches!(call.body, Body::Text(_)).then_some(CALL_TIMEOUT);
        self.request(call, folder, headers, limit).await
    }

    /// Sends any call; it may take its time.
    pub async fn send(&self, call: &Call, folder: &Path, headers: &HeaderMap) -> Sent {
        self.request(call, folder, Some(headers), None).await
    }

    /// The file of a call is in `folder`; `headers` are those of a client that waits for the answer.
    async fn request(
        &self,
        call: &Call,
        folder: &Path,
        headers: Option<&HeaderMap>,
        limit: Option<Duration>,
    ) -> Sent {
        let method = match call.method.parse() {
            Ok(method) => method,
            Err(error) => return Sent::Broken(format!("{}: {error}", call.method)),
        };
        let mut request = self.http.request(method, format!("{}{}", self.base, call.path));
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        for (name, value) in headers.into_iter().flatten() {
            let own = [
                header::HOST,
                header::CONNECTION,
                header::CONTENT_LENGTH,
                header::TRANSFER_ENCODING,
                header::EXPECT,
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
            ];
            if !own.contains(name) {
                request = request.header(name, value);
            }
        }
        if let Some(kind) = &call.content_type {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let request = match &call.body {
            Body::Text(text) if text.is_empty() && call.method == "GET" => request,
            Body::Text(text) => request.body(text.clone()),
            Body::File(name) => match upload(&folder.join(name)).await {
                Ok((length, body)) => request.header(header::CONTENT_LENGTH, length).body(body),
                Err(error) => return Sent::Broken(format!("{name}: {error}")),
            },
        };
        match request.send().await {
            Ok(answer) if is_away(answer.status().as_u16()) => Sent::Away,
            Ok(answer) => Sent::Answer(answer),
            Err(error) if error.is_connect() => Sent::Away,
            Err(error) => Sent::Broken(cause(&error)),
        }
    }

    /// Hands over the next call of a spool; false when the server is away or does not let us in.
    pub async fn hand_over_next(&self, spool: &mut Spool) -> Result<bool> {
        let folder = spool.folder().to_owned();
        let unusable = |error: std::io::Error| Failure::file(&folder, "use", &error);
        let Some(call) = spool.front().map_err(unusable)? else { return Ok(false) };
        if let Body::File(name) = &call.body
            && !folder.join(name).exists()
        {
            // It was removed because it had been handed over; the note of that was lost.
            spool.pop().map_err(unusable)?;
            return Ok(true);
        }
        let Sent::Answer(answer) = self.send_again(&call, &folder, None).await else { return Ok(false) };
        let status = answer.status().as_u16();
        match status {
            200..300 => spool.pop().map_err(unusable)?,
            // Taken away by the same call before.
            404 if call.path.ends_with("/runs/delete-tag") => spool.pop().map_err(unusable)?,
            401 | 403 | 408 | 429 | 500.. => return Ok(false),
            _ => {
                let mut reason = answer.text().await.unwrap_or_default();
                reason.truncate(reason.floor_char_boundary(MAX_REASON));
                spool.put_aside(&format!("{status}: {reason}")).map_err(unusable)?;
            }
        }
        Ok(true)
    }

    /// Hands over all calls of a spool; how many, and whether none is left.
    async fn hand_over(&self, spool: &mut Spool) -> Result<usize> {
        let before = spool.len();
        while !spool.is_empty() && self.hand_over_next(spool).await? {}
        Ok(before - spool.len())
    }
}

async fn upload(path: &Path) -> std::io::Result<(u64, reqwest::Body)> {
    let file = tokio::fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    Ok((length, reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, CHUNK))))
}

/// What stands before a server says these when there is no server behind it.
fn is_away(status: u16) -> bool {
    let away = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
    away.iter().any(|of| of.as_u16() == status)
}

fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The folder of a new spool.
pub fn new_folder() -> PathBuf {
    let now = chrono::Utc::now().format("%Y%m%dT%H%M%S%3f");
    place::spools().join(format!("{now}-{}", std::process::id()))
}

/// The spools that commands have left.
fn left() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place::spools()).into_iter().flatten();
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("about.json").exists())
        .collect();
    folders.sort();
    folders
}

/// `volano run --replay`: hands over everything that waits.
pub async fn replay(globals: &Globals, out: &Output) -> Result<Exit> {
    let (mut done, mut waiting) = (0, 0);
    for folder in left() {
        let (handed, rest) = replay_one(&folder, globals, None, out).await?;
        done += handed;
        waiting += rest;
    }
    let number = |value: usize| count(i64::try_from(value).unwrap_or(i64::MAX));
    if waiting > 0 {
        let message = format!(
            "{} calls wait in {}: their server does not take them",
            number(waiting),
            place::spools().display()
        );
        return Err(Failure::new(&codes::UNREACHABLE, message)
            .help("start the server, then once more    volano run --replay")
            .help("it has another address now          volano run --replay --server URL"));
    }
    match done {
        0 => out.done("nothing waits to be handed over"),
        done => out.done(format_args!("{} calls were handed over", number(done))),
    }
    Ok(Exit::Done)
}

/// Before a run: hands over what waits for the server at `base`, when it is there.
pub async fn replay_for(base: &str, globals: &Globals, out: &Output) -> Result<()> {
    for folder in left() {
        let (handed, rest) = replay_one(&folder, globals, Some(base), out).await?;
        if handed > 0 {
            out.done(format_args!("{handed} calls of an earlier run were handed over"));
        }
        if rest > 0 {
            out.warn(format_args!("{rest} calls of an earlier run still wait: volano run --replay"));
        }
    }
    Ok(())
}

/// Hands over one spool, when it is for `only`; how many calls went and how many wait.
async fn replay_one(
    folder: &Path,
    globals: &Globals,
    only: Option<&str>,
    out: &Output,
) -> Result<(usize, usize)> {
    let mut spool = match Spool::left(folder) {
        Ok(spool) => spool,
        // Its own command hands it over.
        Err(Closed::Busy) => return Ok((0, 0)),
        Err(Closed::Io(error)) => {
            out.warn(format_args!("{} cannot be used: {error}", folder.display()));
            return Ok((0, 0));
        }
    };
    if only.is_some_and(|only| only != spool.server()) {
        return Ok((0, 0));
    }
    let user = UserFile::load()?;
    let server = if only.is_none() { globals.server.as_deref() } else { None };
    let base = server.unwrap_or(spool.server()).trim_end_matches('/').to_owned();
    let sender = Sender::new(&base, token_for(&user, &base).as_deref())?;
    let refused = spool.refused();
    let handed = sender.hand_over(&mut spool).await?;
    let waiting = spool.len();
    if spool.refused() > refused || (waiting == 0 && refused > 0 && handed > 0) {
        warn_refused(&spool, out);
    }
    spool.close().map_err(|error| Failure::file(folder, "remove", &error))?;
    Ok((handed, waiting))
}

/// Says that calls were refused and where they are.
pub fn warn_refused(spool: &Spool, out: &Output) {
    out.warn(format_args!(
        "the server refused {} calls that had waited; they are kept with its reasons in {}",
        spool.refused(),
        spool.folder().join("refused").display()
    ));
}
