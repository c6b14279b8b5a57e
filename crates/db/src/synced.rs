//! Commits that wait to be on disk: their sync runs while the next group is written.
//!
//! The writing connection has `synchronous = NORMAL`, in which SQLite syncs its log before it moves pages into the database
//! and not with each commit (<https://www.sqlite.org/pragma.html#pragma_synchronous>). Here the log is synced after each
//! group, and only then are its callers answered: the same promise as `FULL`, without a pause of the writer.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::governance::audit_event::AuditEvent;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::writer::{Answer, Committed};

/// Callers whose writes are committed, each with its event, when it has one.
type Group = Vec<(Answer, Option<Box<AuditEvent>>)>;

/// The file that commits are appended to, as something that can be synced.
#[derive(Clone)]
pub(crate) struct Log(Arc<File>);

impl Log {
    /// Opens the log of a database that a connection has open: SQLite makes it and keeps it until the last one closes.
    pub(crate) fn open(database: &Path) -> io::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let log = File::options().read(true).append(true).open(PathBuf::from(name))?;
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(Self(Arc::new(log)))
    }

    async fn sync(&self) -> io::Result<()> {
        let file = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || file.sync_data()).await?
    }
}

/// The task that syncs.
pub(crate) struct Synced {
    groups: mpsc::Sender<Group>,
    task: JoinHandle<()>,
}

/// The right to hand over one group.
pub(crate) struct Turn<'a>(mpsc::Permit<'a, Group>);

impl Turn<'_> {
    /// Hands over a committed group; its callers are answered when it is on disk.
    pub(crate) fn take(self, group: Group) {
        self.0.send(group);
    }
}

impl Synced {
    pub(crate) fn spawn(log: Log) -> Self {
        let (groups, waiting) = mpsc::channel(1);
        Self { groups, task: tokio::spawn(sync_all(log, waiting)) }
    }

    /// Waits until the group before is being synced; `None` after a sync that failed.
    pub(crate) async fn turn(&self) -> Option<Turn<'_>> {
        self.groups.reserve().await.ok().map(Turn)
    }

    /// Returns when everything is synced.
    pub(crate) async fn close(self) {
        drop(self.groups);
        if self.task.await.is_err() {
            tracing::error!("the last writes may not be on disk");
        }
    }
}

async fn sync_all(log: Log, mut groups: mpsc::Receiver<Group>) {
    while let Some(group) = groups.recv().await {
        if let Err(error) = log.sync().await {
            // What a failed sync left out is not written by a later one either: nothing after it could be promised.
            tracing::error!(%error, "the database could not be synced");
            groups.close();
            group.into_iter().for_each(|(answer, _)| answer(Committed::No));
            while let Some(group) = groups.recv().await {
                group.into_iter().for_each(|(answer, _)| answer(Committed::No));
            }
            return;
        }
        for (answer, event) in group {
            answer(Committed::Yes(event));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    fn answer(told: &Sender<bool>) -> (Answer, Option<Box<AuditEvent>>) {
        let told = told.clone();
        (Box::new(move |committed| told.send(matches!(committed, Committed::Yes(_))).unwrap()), None)
    }

    #[tokio::test]
    async fn callers_are_answered_when_their_group_is_synced() {
        let synced = Synced::spawn(Log(Arc::new(tempfile::tempfile().unwrap())));
        let (told, heard) = channel();
        for _ in 0..3 {
            synced.turn().await.unwrap().take(vec![answer(&told), answer(&told)]);
        }
        synced.close().await;
        drop(told);
        assert_eq!(heard.iter().collect::<Vec<_>>(), [true; 6]);
    }

    #[tokio::test]
    async fn after_a_sync_that_failed_nothing_is_promised() {
        // A pipe cannot be synced.
        let (reader, _writer) = std::io::pipe().unwrap();
        let synced = Synced::spawn(Log(Arc::new(File::from(OwnedFd::from(reader)))));
        let (told, heard) = channel();
        let mut handed = 0;
        while let Some(turn) = synced.turn().await {
            turn.take(vec![answer(&told)]);
            handed += 1;
        }
        synced.close().await;
        drop(told);
        assert!(handed > 0);
        assert_eq!(heard.iter().collect::<Vec<_>>(), vec![false; handed]);
    }
}
