//! One file of the log: reading, sealing, compacting.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use domain::serving::Prediction;
use domain::{Id, Timestamp};

use super::Span;

const OPEN: &str = "open-";
const LINES: &str = "jsonl";
const PARQUET: &str = "parquet";

/// A file of the log and the times that its name holds.
pub(super) struct Segment {
    path: PathBuf,
    form: Form,
}

enum Form {
    /// Being written, or left by a killed server.
    Open,
    /// Complete: times of its first and last record.
    Lines(i64, i64),
    /// Complete and compacted.
    Parquet(i64, i64),
}

/// The segments of a folder; other files are passed over. A segment whose compacted form is there already is left out.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Segment>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if let Some(form) = parse(&path) {
            segments.push(Segment { path, form });
        }
    }
    segments.retain(|segment| {
        !matches!(segment.form, Form::Lines(..)) || !segment.path.with_extension(PARQUET).exists()
    });
    segments.sort_by_key(|segment| segment.path.clone());
    Ok(segments)
}

/// The name of a segment that is opened at `now`; `number` tells apart those of one millisecond.
pub(super) fn open_name(now: i64, number: u64) -> String {
    format!("{OPEN}{now:015}-{number}.{LINES}")
}

fn parse(path: &Path) -> Option<Form> {
    let stem = path.file_stem()?.to_str()?;
    let extension = path.extension()?.to_str()?;
    if let Some(rest) = stem.strip_prefix(OPEN) {
        let whole = extension == LINES && rest.contains('-');
        return whole.then_some(Form::Open);
    }
    let mut parts = stem.split('-');
    let (first, last) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    match extension {
        LINES => Some(Form::Lines(first, last)),
        PARQUET => Some(Form::Parquet(first, last)),
        _ => None,
    }
}

impl Segment {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn is_open(&self) -> bool {
        matches!(self.form, Form::Open)
    }

    /// The latest time that a record here can have.
    pub fn last(&self) -> Timestamp {
        match self.form {
            Form::Open => Timestamp::from_millis(i64::MAX),
            Form::Lines(_, last) | Form::Parquet(_, last) => Timestamp::from_millis(last),
        }
    }

    /// Whether a record inside `span` can be here.
    pub fn may_hold(&self, span: Span) -> bool {
        let first = match self.form {
            // Records are written when they are answered, which is after the time that they bear.
            Form::Open => i64::MIN,
            Form::Lines(first, _) | Form::Parquet(first, _) => first,
        };
        first < span.to.millis() && span.from <= self.last()
    }

    /// The records inside `span`, in the order in which they were answered.
    pub fn read(&self, span: Span) -> io::Result<Vec<Prediction>> {
        let inside = |record: &Prediction| record.time_ms >= span.from && record.time_ms < span.to;
        let mut records = self.records(|_| true)?;
        records.retain(inside);
        Ok(records)
    }

    /// The record of that id.
    pub fn find(&self, id: &Id) -> io::Result<Option<Prediction>> {
        // The id as text is looked for before a line is parsed: most lines hold another.
        let mut found = self.records(|line| contains(line, id.as_str().as_bytes()))?;
        found.retain(|record| record.id == *id);
        Ok(found.pop())
    }

    fn records(&self, wanted: impl Fn(&[u8]) -> bool) -> io::Result<Vec<Prediction>> {
        let mut records = Vec::new();
        if matches!(self.form, Form::Parquet(..)) {
            return super::parquet::read(&self.path, wanted);
        }
        self.lines(|line| {
            if wanted(line) {
                records.extend(serde_json::from_slice::<Prediction>(line).ok());
            }
        })?;
        Ok(records)
    }

    /// Calls `each` with every whole line. The last one may be torn: its answer never went out.
    fn lines(&self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(1 << 16, File::open(&self.path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if line.last() == Some(&b'\n') {
                each(&line[..line.len() - 1]);
            }
            line.clear();
        }
        Ok(())
    }

    /// Gives the file its final name; an empty one is removed, which is `None`.
    ///
    /// Names change under `names` held for writing, so that no reader misses a file between listing and opening.
    pub fn seal(self, names: &RwLock<()>) -> io::Result<Option<Self>> {
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        self.lines(|line| {
            if let Ok(record) = serde_json::from_slice::<Prediction>(line) {
                first = first.min(record.time_ms.millis());
                last = last.max(record.time_ms.millis());
            }
        })?;
        if first > last {
            fs::remove_file(&self.path)?;
            return Ok(None);
        }
        let sealed = sealed_name(&self.path, first, last);
        File::open(&self.path)?.sync_all()?;
        let _held = names.write().unwrap_or_else(PoisonError::into_inner);
        fs::rename(&self.path, &sealed)?;
        Ok(Some(Self { path: sealed, form: Form::Lines(first, last) }))
    }

    /// Turns sealed lines into Parquet; false when they are already.
    pub fn compact(self, names: &RwLock<()>) -> io::Result<bool> {
        if !matches!(self.form, Form::Lines(..)) {
            return Ok(false);
        }
        let records = self.records(|_| true)?;
        super::parquet::write(&self.path.with_extension(PARQUET), &records)?;
        let _held = names.write().unwrap_or_else(PoisonError::into_inner);
        // The compacted form has taken over: listing leaves the lines out from here on.
        fs::remove_file(&self.path)?;
        Ok(true)
    }
}

fn sealed_name(open: &Path, first: i64, last: i64) -> PathBuf {
    let stem = open.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let unique = stem.strip_prefix(OPEN).unwrap_or(stem);
    open.with_file_name(format!("{first:015}-{last:015}-{unique}.{LINES}"))
}

/// Whether `needle` is somewhere in `line`.
fn contains(line: &[u8], needle: &[u8]) -> bool {
    line.windows(needle.len()).any(|window| window == needle)
}
