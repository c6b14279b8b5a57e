//! An upload: bytes that arrive piece by piece and become visible only when whole.

use domain::data::FileId;
use tempfile::NamedTempFile;

use crate::store::{Store, StoredFile};
use crate::{Error, Result, disk};

/// An unfinished file; dropping it removes it.
pub struct Upload {
    store: Store,
    file: NamedTempFile,
    hasher: blake3::Hasher,
    size: u64,
    limit: u64,
}

impl Upload {
    pub(crate) fn begin(store: Store, limit: u64) -> Result<Self> {
        Ok(Self { file: store.temporary()?, store, hasher: blake3::Hasher::new(), size: 0, limit })
    }

    /// Adds bytes at the end; an error when that exceeds the limit.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        self.hasher.update(bytes);
        disk::write(&mut self.file, bytes)
    }

    /// Makes the file visible under the hash of its bytes; returns when that is on disk.
    pub fn finish(self) -> Result<StoredFile> {
        let id = FileId::from_hash(*self.hasher.finalize().as_bytes());
        self.store.wanted(&id);
        if self.store.packs().take_damaged(&id) {
            self.store.replace(self.file, "files", &id.to_string())?;
        } else {
            self.store.keep(self.file, "files", &id.to_string(), self.size)?;
        }
        Ok(StoredFile { id, size: self.size })
    }
}
