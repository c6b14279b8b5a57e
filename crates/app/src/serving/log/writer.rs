//! The thread that appends to a deployment's open segment: waiting records go out in one write.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

use super::segment;

/// Appends that may wait before callers are held back.
const QUEUE: usize = 4096;
/// A segment of this many bytes is full.
const FULL: u64 = 32 << 20;
/// A segment of this age is closed.
const OLD: Duration = Duration::from_secs(3600);
/// Bytes that go out in one write at the most, but for a single larger append.
const BATCH: usize = 4 << 20;

struct Append {
    lines: Vec<u8>,
    done: oneshot::Sender<io::Result<()>>,
}

/// A handle to the writing thread of one deployment.
pub(super) struct Writer {
    queue: mpsc::Sender<Append>,
    open: Arc<Mutex<Option<PathBuf>>>,
}

impl Writer {
    pub fn start(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (queue, appends) = mpsc::channel(QUEUE);
        let open = Arc::new(Mutex::new(None));
        let appender =
            Appender { folder: folder.to_owned(), open: Arc::clone(&open), segment: None, opened: 0 };
        std::thread::Builder::new().name("prediction-log".to_owned()).spawn(move || appender.run(appends))?;
        Ok(Self { queue, open })
    }

    /// Hands over whole lines; returns when the operating system has them.
    pub async fn append(&self, lines: Vec<u8>) -> io::Result<()> {
        let (done, written) = oneshot::channel();
        let stopped = || io::Error::other("the prediction log has stopped");
        self.queue.send(Append { lines, done }).await.map_err(|_| stopped())?;
        written.await.map_err(|_| stopped())?
    }

    /// The file that is being written.
    pub fn open_segment(&self) -> Option<PathBuf> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Appender {
    folder: PathBuf,
    open: Arc<Mutex<Option<PathBuf>>>,
    segment: Option<Open>,
    opened: u64,
}

struct Open {
    file: File,
    written: u64,
    since: Instant,
}

impl Appender {
    fn run(mut self, mut appends: mpsc::Receiver<Append>) {
        while let Some(first) = appends.blocking_recv() {
            let mut lines = first.lines;
            let mut waiting = vec![first.done];
            while lines.len() < BATCH {
                let Ok(next) = appends.try_recv() else { break };
                lines.extend_from_slice(&next.lines);
                waiting.push(next.done);
            }
            let result = self.write(&lines);
            if let Err(error) = &result {
                tracing::error!(%error, folder = %self.folder.display(), "predictions are not being logged");
            }
            for done in waiting {
                let answer = match &result {
                    Ok(()) => Ok(()),
                    Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
                };
                // A caller that went away does not need the answer.
                let _gone = done.send(answer);
            }
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut open = match self.segment.take().filter(Open::has_room) {
            Some(open) => open,
            None => self.open_segment()?,
        };
        open.file.write_all(lines)?;
        open.written += lines.len() as u64;
        // After a failed write the file may end in half a line, so it is left behind and a new one is begun.
        self.segment = Some(open);
        Ok(())
    }

    fn open_segment(&mut self) -> io::Result<Open> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        self.opened += 1;
        let name = segment::open_name(now, (u64::from(std::process::id()) << 20) + self.opened);
        let path = self.folder.join(name);
        let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path)?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
        Ok(Open { file, written: 0, since: Instant::now() })
    }
}

impl Open {
    fn has_room(&self) -> bool {
        self.written < FULL && self.since.elapsed() < OLD
    }
}
