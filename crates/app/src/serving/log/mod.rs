//! The prediction log: what was asked and answered, in append-only files below `predictions/DEPLOYMENT/`.
//!
//! A record is handed to the operating system before its answer goes out, so that a killed server loses none. Lines
//! go to an open segment; a full or old one is sealed, and sealed ones become Parquet. File names hold the times of
//! the first and last record, ids hold their own time: finding one needs no index.
//!
//! ```text
//!   open-T-N.jsonl ──full, old, or left by a killed server──► MIN-MAX-N.jsonl ──compacted──► MIN-MAX-N.parquet
//! ```

mod parquet;
mod segment;
mod writer;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use domain::serving::Prediction;
use domain::{Id, Name, Timestamp};

use segment::Segment;
use writer::Writer;

/// All deployments' logs below one folder.
pub(crate) struct PredictionLog {
    root: PathBuf,
    writers: Mutex<HashMap<Name, Arc<Writer>>>,
    /// Held for reading while files are listed and read, for writing while one gets another name.
    names: RwLock<()>,
}

/// What to look for in a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// From this time on.
    pub from: Timestamp,
    /// Up to, not including, this time.
    pub to: Timestamp,
}

impl PredictionLog {
    pub fn new(root: PathBuf) -> Self {
        Self { root, writers: Mutex::default(), names: RwLock::default() }
    }

    /// Appends the records and returns when the operating system has them.
    pub async fn append(&self, deployment: &Name, records: &[Prediction]) -> io::Result<()> {
        let mut lines = Vec::with_capacity(records.len() * 512);
        for record in records {
            serde_json::to_writer(&mut lines, record).map_err(io::Error::other)?;
            lines.push(b'\n');
        }
        self.writer(deployment)?.append(lines).await
    }

    fn writer(&self, deployment: &Name) -> io::Result<Arc<Writer>> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writers.get(deployment) {
            return Ok(Arc::clone(writer));
        }
        let writer = Arc::new(Writer::start(&self.folder(deployment))?);
        writers.insert(deployment.clone(), Arc::clone(&writer));
        Ok(writer)
    }

    /// The record of that id; reads only the files whose times include the id's.
    pub fn get(&self, id: &Id) -> io::Result<Option<Prediction>> {
        let _names = self.names();
        for folder in self.folders()? {
            let time = id.created();
            for segment in segment::list(&folder)? {
                if !segment.may_hold(Span { from: time, to: time.plus_millis(1) }) {
                    continue;
                }
                if let Some(found) = segment.find(id)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// The newest `limit` records inside `span`, newest first.
    pub fn newest(&self, deployment: &Name, span: Span, limit: usize) -> io::Result<Vec<Prediction>> {
        let _names = self.names();
        let mut segments = overlapping(&self.folder(deployment), span)?;
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.last()));
        let mut found: Vec<Prediction> = Vec::new();
        for segment in segments {
            // Everything further on is older than what is there.
            let enough = found.len() >= limit && found[limit - 1].time_ms > segment.last();
            if enough {
                break;
            }
            found.extend(segment.read(span)?);
            found.sort_by(|a, b| b.id.cmp(&a.id));
            found.truncate(limit);
        }
        Ok(found)
    }

    /// All records inside `span`, oldest first; `None` when they are more than `limit`.
    pub fn window(&self, deployment: &Name, span: Span, limit: usize) -> io::Result<Option<Vec<Prediction>>> {
        let _names = self.names();
        let mut found = Vec::new();
        for segment in overlapping(&self.folder(deployment), span)? {
            found.extend(segment.read(span)?);
            if found.len() > limit {
                return Ok(None);
            }
        }
        found.sort_by(|a: &Prediction, b| a.id.cmp(&b.id));
        Ok(Some(found))
    }

    /// Seals what a killed server left open and turns sealed segments into Parquet; returns how many were compacted.
    pub fn tidy(&self, deployment: &Name) -> io::Result<usize> {
        let folder = self.folder(deployment);
        let open = self.open_segment(deployment);
        let mut compacted = 0;
        for segment in segment::list(&folder)? {
            if segment.is_open() && open.as_deref() == Some(segment.path()) {
                continue;
            }
            let sealed = if segment.is_open() { segment.seal(&self.names)? } else { Some(segment) };
            if let Some(sealed) = sealed {
                compacted += usize::from(sealed.compact(&self.names)?);
            }
        }
        Ok(compacted)
    }

    fn names(&self) -> RwLockReadGuard<'_, ()> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_segment(&self, deployment: &Name) -> Option<PathBuf> {
        let writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.get(deployment).and_then(|writer| writer.open_segment())
    }

    fn folder(&self, deployment: &Name) -> PathBuf {
        self.root.join(deployment.as_str())
    }

    fn folders(&self) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(&self.root) {
            Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn overlapping(folder: &Path, span: Span) -> io::Result<Vec<Segment>> {
    let mut segments = segment::list(folder)?;
    segments.retain(|segment| segment.may_hold(span));
    Ok(segments)
}

#[cfg(test)]
mod tests;
