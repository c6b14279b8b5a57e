//! Files that arrive: noticed by the operating system's notification, made sure of by a scan.
//!
//! A notification is only a hint, so a lost one costs a few seconds and nothing else. A file is taken when the look of
//! its source has not changed for a moment, as a file that is still being written would be refused or, worse, taken
//! in half.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use domain::data::source::Source;
use notify::{RecursiveMode, Watcher};
use tokio::sync::Notify;

/// The time between two scans when nothing is heard.
pub(crate) const SCAN: Duration = Duration::from_secs(3);
/// How long a source must look the same before it is taken.
pub(crate) const QUIET: Duration = Duration::from_millis(400);
/// A source that could not be taken is tried again after this, though it looks the same.
const RETRY: Duration = Duration::from_secs(60);

/// How a source's files look: paths, sizes and times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look(Vec<(PathBuf, u64, Option<SystemTime>)>);

/// The look of the files of `source` below `root`; a folder that is not there has none.
pub(crate) fn look(root: &Path, source: &Source) -> Look {
    let Ok(matcher) = source.matcher() else {
        return Look::default();
    };
    let mut files = Vec::new();
    let mut folders = vec![root.join(source.folder())];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(meta) = path.metadata() else { continue };
            if meta.is_dir() {
                if source.path.contains("**") {
                    folders.push(path);
                }
            } else if path.strip_prefix(root).is_ok_and(|relative| matcher.is_match(relative)) {
                files.push((path, meta.len(), meta.modified().ok()));
            }
        }
    }
    files.sort();
    Look(files)
}

/// What is known of one source.
#[derive(Debug)]
struct Seen {
    look: Look,
    since: Instant,
    /// Whether this look was taken, and when it was tried.
    taken: bool,
    tried: Option<Instant>,
}

/// Which sources are due, from one scan to the next.
#[derive(Default)]
pub(crate) struct Scanner {
    seen: HashMap<(PathBuf, String), Seen>,
}

/// What is to be done about a source now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing: it was taken as it looks.
    No,
    /// It just changed: look again when it has been quiet.
    Soon,
    /// It is to be taken.
    Now,
}

impl Scanner {
    /// Compares the look of a source at `now` with what is known.
    pub fn check(&mut self, root: &Path, name: &str, look: Look, now: Instant) -> Due {
        let key = (root.to_owned(), name.to_owned());
        let Some(seen) = self.seen.get_mut(&key) else {
            // Whatever lies there at the start has been there for a while, unless it says otherwise itself.
            let young = look.0.iter().any(|(_, _, changed)| changed.is_some_and(is_young));
            let seen = Seen { look, since: now, taken: false, tried: None };
            self.seen.insert(key, seen);
            return if young { Due::Soon } else { Due::Now };
        };
        if seen.look != look {
            *seen = Seen { look, since: now, taken: false, tried: None };
            return Due::Soon;
        }
        if seen.taken {
            return Due::No;
        }
        match seen.tried {
            Some(tried) if now.duration_since(tried) < RETRY => Due::No,
            _ if now.duration_since(seen.since) < QUIET => Due::Soon,
            _ => Due::Now,
        }
    }

    /// Remembers that a source was tried as it looked at the last check.
    pub fn tried(&mut self, root: &Path, name: &str, taken: bool, now: Instant) {
        if let Some(seen) = self.seen.get_mut(&(root.to_owned(), name.to_owned())) {
            seen.taken = taken;
            seen.tried = Some(now);
        }
    }
}

fn is_young(changed: SystemTime) -> bool {
    SystemTime::now().duration_since(changed).is_ok_and(|age| age < QUIET)
}

/// Tells `hint` when something changes in a watched folder.
pub(crate) struct Ears {
    watcher: Option<notify::RecommendedWatcher>,
    folders: Vec<PathBuf>,
}

impl Ears {
    pub fn new(hint: Arc<Notify>) -> Self {
        let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is no news, and taking one reads it.
            if event.map_or(true, |event| !event.kind.is_access() || is_closed(&event)) {
                hint.notify_one();
            }
        });
        let watcher = made
            .inspect_err(|error| tracing::warn!(%error, "files are found by scanning only: no notifications"))
            .ok();
        Self { watcher, folders: Vec::new() }
    }

    /// Watches the folder of a source, once it is there.
    pub fn listen(&mut self, root: &Path, source: &Source) {
        let folder = root.join(source.folder());
        let Some(watcher) = &mut self.watcher else { return };
        if !folder.is_dir() {
            // Gone, so the watch is too: it is set anew when the folder is back.
            self.folders.retain(|known| *known != folder);
            return;
        }
        if self.folders.contains(&folder) {
            return;
        }
        let mode =
            if source.path.contains("**") { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        match watcher.watch(&folder, mode) {
            Ok(()) => self.folders.push(folder),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "this folder is scanned only: no notifications");
                self.folders.push(folder);
            }
        }
    }
}

fn is_closed(event: &notify::Event) -> bool {
    use notify::event::{AccessKind, AccessMode, EventKind};
    matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn source() -> Source {
        Source { path: "data/*.csv".to_owned(), ..Source::default() }
    }

    #[test]
    fn a_source_is_taken_once_when_it_is_quiet() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("data")).unwrap();
        let mut scanner = Scanner::default();
        let start = Instant::now();
        assert_eq!(scanner.check(root, "s", look(root, &source()), start), Due::Now);
        scanner.tried(root, "s", true, start);
        assert_eq!(scanner.check(root, "s", look(root, &source()), start), Due::No);

        fs::write(root.join("data/a.csv"), "x\n1\n").unwrap();
        fs::write(root.join("data/notes.txt"), "not one of them").unwrap();
        assert_eq!(scanner.check(root, "s", look(root, &source()), start), Due::Soon);
        fs::write(root.join("data/a.csv"), "x\n1\n2\n").unwrap();
        let later = start + QUIET;
        assert_eq!(scanner.check(root, "s", look(root, &source()), later), Due::Soon);
        let quiet = later + QUIET;
        assert_eq!(scanner.check(root, "s", look(root, &source()), quiet), Due::Now);
        scanner.tried(root, "s", false, quiet);
        assert_eq!(scanner.check(root, "s", look(root, &source()), quiet), Due::No);
        assert_eq!(scanner.check(root, "s", look(root, &source()), quiet + RETRY), Due::Now);
    }

    #[tokio::test]
    async fn a_new_file_is_heard_of() {
        let folder = tempfile::tempdir().unwrap();
        let hint = Arc::new(Notify::new());
        let mut ears = Ears::new(Arc::clone(&hint));
        ears.listen(folder.path(), &source());
        fs::create_dir(folder.path().join("data")).unwrap();
        ears.listen(folder.path(), &source());
        fs::write(folder.path().join("data/a.csv"), "x\n").unwrap();
        tokio::time::timeout(Duration::from_secs(5), hint.notified()).await.unwrap();
    }
}
