//! What can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

use domain::data::FileId;
use domain::data::tree::TreeError;

/// Result of a store function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no object of that id.
    #[error("the store has no {kind} {id}")]
    Missing {
        /// `file`, `tree` or `commit`.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// The bytes are not those that the id names.
    #[error("the stored file {} is damaged: its bytes are no longer those of {id}; restore it from a backup or add the data again", path.display())]
    Damaged {
        /// Where it lies.
        path: PathBuf,
        /// What it should be.
        id: FileId,
    },
    /// More bytes came than were allowed.
    #[error("the upload is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The sender broke off.
    #[error("the upload broke off: {0}")]
    BrokenOff(String),
    /// A set of files is not a tree, or a stored node is damaged.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A stored commit is damaged.
    #[error("the stored commit {0} is damaged: restore it from a backup")]
    DamagedCommit(String),
    /// A file that lies in packs cannot be put together.
    #[error("the file {id} cannot be put together: {reason}; restore {} from a backup or add the data again", path.display())]
    Unreadable {
        /// The file.
        id: FileId,
        /// What is damaged or gone.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A pack, a set of recipes or a file changed under the store's hands.
    #[error("{} is damaged: {reason}; restore it from a backup or add the data again", path.display())]
    DamagedStorage {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The disk is full.
    #[error("the disk that holds {} is full: free some space, then try again", path.display())]
    Full {
        /// Where the bytes were to go.
        path: PathBuf,
    },
    /// The file system says no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: names what was tried and where.
    pub(crate) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { action, path, source },
        }
    }
}
