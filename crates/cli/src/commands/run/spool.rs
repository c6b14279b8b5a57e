//! Calls that wait on disk for a server that is away.
//!
//! A spool is a folder: `about.json` says for which server, `calls` has a line for each call, appended and synced before the
//! call is acknowledged, `done` the number of the last one that was handed over, and files that are uploaded lie beside. A
//! line that was not written whole was never acknowledged; a call whose `done` was lost is handed over again, which changes
//! nothing: points, params, tags, ends, inputs, outputs and files are the same when they come twice in their order.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const ABOUT: &str = "about.json";
const CALLS: &str = "calls";
const DONE: &str = "done";
const REFUSED: &str = "refused";
const LOCK: &str = "lock";

/// For which server a spool is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its address.
    pub server: String,
}

/// A call that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its place in the order; unique in its spool.
    #[serde(default)]
    pub number: u64,
    /// `POST`, `PATCH`, `PUT`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The type of its body.
    pub content_type: Option<String>,
    /// What it brings.
    #[serde(flatten)]
    pub body: Body,
}

/// What a call brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A text.
    Text(String),
    /// A file in the spool's folder.
    File(String),
}

/// A folder of calls that wait. It is made with the first of them.
pub struct Spool {
    folder: PathBuf,
    about: About,
    open: Option<Open>,
}

struct Open {
    calls: File,
    /// Number, and start and length of the line.
    waiting: VecDeque<(u64, u64, usize)>,
    end: u64,
    next: u64,
    refused: usize,
    _lock: File,
}

/// Why a spool is not opened.
#[derive(Debug)]
pub enum Closed {
    /// A command that runs has it.
    Busy,
    /// The disk says no.
    Io(io::Error),
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Spool {
    /// A spool that will be at `folder`.
    pub fn new(folder: PathBuf, server: &str) -> Self {
        Self { folder, about: About { server: server.to_owned() }, open: None }
    }

    /// The spool that was left at `folder`.
    pub fn left(folder: &Path) -> Result<Self, Closed> {
        let text = fs::read_to_string(folder.join(ABOUT))?;
        let about = serde_json::from_str(&text).map_err(io::Error::other)?;
        let mut spool = Self { folder: folder.to_owned(), about, open: None };
        spool.open()?;
        Ok(spool)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// For which server it is.
    pub fn server(&self) -> &str {
        &self.about.server
    }

    /// How many calls wait.
    pub fn len(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.waiting.len())
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many the server refused.
    pub fn refused(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.refused)
    }

    /// A new file beside the calls, for what is uploaded.
    pub fn new_file(&mut self, name: &str) -> Result<(PathBuf, File), Closed> {
        self.open()?;
        let path = self.folder.join(name);
        let file = private().write(true).create_new(true).open(&path)?;
        Ok((path, file))
    }

    /// Puts a call at the end. When this returns it is on disk.
    pub fn push(&mut self, mut call: Call) -> Result<(), Closed> {
        if let Body::File(name) = &call.body {
            File::open(self.folder.join(name))?.sync_all()?;
        }
        let open = self.open()?;
        call.number = open.next;
        let mut line = serde_json::to_vec(&call).map_err(io::Error::other)?;
        line.push(b'\n');
        open.calls.write_all_at(&line, open.end)?;
        open.calls.sync_data()?;
        open.waiting.push_back((call.number, open.end, line.len()));
        open.end += line.len() as u64;
        open.next += 1;
        Ok(())
    }

    /// The call that is next.
    pub fn front(&self) -> io::Result<Option<Call>> {
        let Some(open) = &self.open else { return Ok(None) };
        let Some((_, start, length)) = open.waiting.front() else { return Ok(None) };
        let mut line = vec![0; *length];
        open.calls.read_exact_at(&mut line, *start)?;
        serde_json::from_slice(&line).map(Some).map_err(io::Error::other)
    }

    /// The call that was next is handed over.
    pub fn pop(&mut self) -> io::Result<()> {
        let call = self.front()?;
        let Some(open) = &mut self.open else { return Ok(()) };
        let Some((number, ..)) = open.waiting.pop_front() else { return Ok(()) };
        // Not synced: at the worst the call is handed over once more.
        fs::write(self.folder.join(DONE), number.to_string())?;
        if let Some(Call { body: Body::File(name), .. }) = call {
            remove(&self.folder.join(name))?;
        }
        if open.waiting.is_empty() {
            open.calls.set_len(0)?;
            open.end = 0;
        }
        Ok(())
    }

    /// The call that was next is refused by the server for good: it is put aside with the reason.
    pub fn put_aside(&mut self, reason: &str) -> io::Result<()> {
        let Some(call) = self.front()? else { return Ok(()) };
        let mut file = private().append(true).create(true).open(self.folder.join(REFUSED))?;
        let line = serde_json::json!({"reason": reason, "call": call});
        writeln!(file, "{line}")?;
        file.sync_data()?;
        if let Some(open) = &mut self.open {
            open.refused += 1;
        }
        self.pop()
    }

    /// Removes the folder when nothing waits in it and nothing was put aside.
    pub fn close(self) -> io::Result<()> {
        if self.open.is_some() && self.is_empty() && self.refused() == 0 {
            return fs::remove_dir_all(&self.folder);
        }
        Ok(())
    }

    fn open(&mut self) -> Result<&mut Open, Closed> {
        let open = match self.open.take() {
            Some(open) => open,
            None => open(&self.folder, &self.about)?,
        };
        Ok(self.open.insert(open))
    }
}

fn open(folder: &Path, about: &About) -> Result<Open, Closed> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let lock = private().write(true).create(true).truncate(false).open(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Closed::Busy),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let place = folder.join(ABOUT);
    if !place.exists() {
        app::home::replace(&place, &serde_json::to_vec(about).map_err(io::Error::other)?)?;
    }
    let path = folder.join(CALLS);
    let mut calls = private().read(true).write(true).create(true).truncate(false).open(&path)?;
    let mut text = Vec::new();
    calls.seek(SeekFrom::Start(0))?;
    calls.read_to_end(&mut text)?;
    let done: u64 = match fs::read_to_string(folder.join(DONE)) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    let (mut waiting, mut end, mut next) = (VecDeque::new(), 0, done + 1);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let Ok(call) = serde_json::from_slice::<Call>(line) else { break };
        if line.last() != Some(&b'\n') {
            break;
        }
        if call.number > done {
            waiting.push_back((call.number, end, line.len()));
        }
        next = next.max(call.number + 1);
        end += line.len() as u64;
    }
    // What was not written whole was never acknowledged.
    calls.set_len(end)?;
    // The folder and its files are there after a loss of power too.
    File::open(folder)?.sync_all()?;
    if let Some(parent) = folder.parent() {
        File::open(parent)?.sync_all()?;
    }
    let refused = match fs::read_to_string(folder.join(REFUSED)) {
        Ok(text) => text.lines().count(),
        Err(_) => 0,
    };
    Ok(Open { calls, waiting, end, next, refused, _lock: lock })
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Removes a file; one that is gone is no error.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &str) -> Call {
        let body = Body::Text("{}".to_owned());
        Call { number: 0, method: "POST".to_owned(), path: path.to_owned(), content_type: None, body }
    }

    fn paths(spool: &mut Spool) -> Vec<String> {
        let mut paths = Vec::new();
        while let Some(call) = spool.front().unwrap() {
            paths.push(call.path);
            spool.pop().unwrap();
        }
        paths
    }

    #[test]
    fn calls_come_back_in_their_order_after_a_kill_and_half_a_line_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("spool/1");
        let mut spool = Spool::new(place.clone(), "http://127.0.0.1:1");
        assert!(!place.exists());
        for path in ["/a", "/b", "/c"] {
            spool.push(call(path)).unwrap();
        }
        assert!(matches!(Spool::left(&place), Err(Closed::Busy)));
        spool.pop().unwrap();
        drop(spool);
        let mut calls = OpenOptions::new().append(true).open(place.join(CALLS)).unwrap();
        calls.write_all(b"{\"number\":4,\"method\":\"POST\",\"pa").unwrap();
        let mut spool = Spool::left(&place).unwrap();
        assert_eq!((spool.len(), spool.server()), (2, "http://127.0.0.1:1"));
        spool.push(call("/d")).unwrap();
        assert_eq!(spool.front().unwrap().unwrap().number, 2);
        assert_eq!(paths(&mut spool), ["/b", "/c", "/d"]);
        spool.close().unwrap();
        assert!(!place.exists());
    }

    #[test]
    fn what_is_put_aside_keeps_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("1");
        let mut spool = Spool::new(place.clone(), "http://127.0.0.1:1");
        spool.push(call("/a")).unwrap();
        spool.put_aside("no such run").unwrap();
        assert!(spool.is_empty());
        spool.close().unwrap();
        let spool = Spool::left(&place).unwrap();
        assert_eq!((spool.len(), spool.refused()), (0, 1));
    }
}
