//! What the store knows about its packs while it runs, and who may change them.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use domain::data::FileId;

use crate::Result;
use crate::index::Index;
use crate::removal::Freshness;
use crate::store::Store;

/// Files whose state is remembered at the most.
const REMEMBERED: usize = 200_000;

/// Shared by all clones of a store.
#[derive(Debug, Default)]
pub(crate) struct Packs {
    /// Held by who adds or removes packs and recipes; readers and uploads do without.
    writing: Mutex<()>,
    /// Read from the disk at first use.
    index: RwLock<Option<Index>>,
    /// Whole files whose path was given away: they are not evicted for an hour.
    pub(crate) handed: Freshness,
    /// How whole files looked when their bytes were last seen to be right.
    seen: Mutex<HashMap<FileId, Stamp>>,
    /// Whole files that were found damaged: who brings their bytes again replaces them.
    damaged: Mutex<HashSet<FileId>>,
}

/// What changes when a file is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { inode: metadata.ino(), size: metadata.len(), modified }
    }
}

impl Packs {
    /// Says that the bytes of a whole file that looks so are right.
    pub(crate) fn saw(&self, id: FileId, metadata: &Metadata) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        seen.insert(id, Stamp::of(metadata));
    }

    /// Whether a whole file of `size` bytes may have been written to, through another name of it, since it was last seen.
    pub(crate) fn may_be_altered(&self, id: &FileId, metadata: &Metadata, size: u64) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let unseen = || metadata.nlink() > 1;
        metadata.len() != size || seen.get(id).map_or_else(unseen, |stamp| *stamp != Stamp::of(metadata))
    }

    pub(crate) fn mark_damaged(&self, id: FileId) {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Whether the whole file was found damaged; from here on it counts as mended.
    pub(crate) fn take_damaged(&self, id: &FileId) -> bool {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).remove(id)
    }
}

impl Store {
    /// One at a time changes what packs and recipes there are.
    pub(crate) fn writing(&self) -> MutexGuard<'_, ()> {
        self.packs().writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn with_index<T>(&self, look: impl FnOnce(&Index) -> T) -> Result<T> {
        {
            let index = self.packs().index.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(index) = &*index {
                return Ok(look(index));
            }
        }
        self.change_index(|index| look(index))
    }

    pub(crate) fn change_index<T>(&self, change: impl FnOnce(&mut Index) -> T) -> Result<T> {
        let mut index = self.packs().index.write().unwrap_or_else(PoisonError::into_inner);
        if index.is_none() {
            *index = Some(Index::load(self)?);
        }
        Ok(change(index.as_mut().expect("just loaded")))
    }

    /// Lets the index be read from the disk again.
    pub(crate) fn forget_index(&self) {
        *self.packs().index.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The objects of a kind: their hashes and paths, in the order of the hashes.
    pub(crate) fn stored(&self, kind: &str) -> Result<Vec<([u8; 32], PathBuf)>> {
        let mut found = Vec::new();
        for folder in crate::disk::entries(&self.root().join(kind))? {
            if folder.is_dir() {
                let paths = crate::disk::entries(&folder)?.into_iter();
                found.extend(paths.filter_map(|path| Some((crate::disk::hash_of(&path)?, path))));
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}
