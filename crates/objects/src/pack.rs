//! Packs: many chunks in one file, with a footer that says what lies where.
//!
//! ```text
//! "VOLPACK1" | chunks back to back | footer | entries u32 | BLAKE3 of footer and entries | "VOLPACKF"
//! footer: per chunk  id 32, raw length u32, stored length u32, codec u8;  then BLAKE3 of all that precedes the footer
//! ```
//! Numbers are little-endian. A pack is named by the hash in its trailer, and never changes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use domain::data::ChunkId;
use tempfile::NamedTempFile;

use crate::chunk::{Codec, MAX_CHUNK};
use crate::disk;
use crate::store::Store;
use crate::{Error, Result};

/// A pack is closed once it holds this many bytes.
const FULL: u32 = 32 * 1024 * 1024;
/// Bytes gathered before they are written.
const BUFFERED: usize = 1024 * 1024;
pub(crate) const HEAD: &[u8; 8] = b"VOLPACK1";
const TAIL: &[u8; 8] = b"VOLPACKF";
const ENTRY: usize = 41;
/// Entries, check and magic.
const TRAILER: usize = 4 + 32 + 8;

/// The hash that names a pack.
pub(crate) type PackId = [u8; 32];

/// A chunk of a pack, as its footer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackEntry {
    pub(crate) id: ChunkId,
    pub(crate) raw: u32,
    pub(crate) stored: u32,
    pub(crate) codec: Codec,
}

/// A pack that is there.
#[derive(Debug)]
pub(crate) struct Pack {
    pub(crate) id: PackId,
    /// Bytes of the file.
    pub(crate) size: u64,
    pub(crate) entries: Vec<PackEntry>,
    /// The hash of all that precedes the footer.
    pub(crate) body: [u8; 32],
}

impl Pack {
    /// Its entries with the offsets of their bytes in the file.
    pub(crate) fn places(&self) -> impl Iterator<Item = (PackEntry, u32)> {
        let mut at = u32::try_from(HEAD.len()).expect("eight");
        self.entries.iter().map(move |entry| {
            let offset = at;
            at = at.saturating_add(entry.stored);
            (*entry, offset)
        })
    }

    /// Reads the footer of a pack that was named `id`.
    pub(crate) fn open(path: &Path, id: PackId) -> Result<Self> {
        let damaged =
            || Error::DamagedStorage { path: path.to_owned(), reason: "its footer is not what was written" };
        let file = File::open(path).map_err(Error::at("open", path))?;
        let size = file.metadata().map_err(Error::at("read", path))?.len();
        let mut trailer = [0; TRAILER];
        let trailer_at = size.checked_sub(TRAILER as u64).ok_or_else(damaged)?;
        file.read_exact_at(&mut trailer, trailer_at).map_err(Error::at("read", path))?;
        let count = u32::from_le_bytes(trailer[..4].try_into().expect("four bytes"));
        let length = count as usize * ENTRY + 32;
        let footer_at = trailer_at.checked_sub(length as u64).ok_or_else(damaged)?;
        let mut footer = vec![0; length];
        file.read_exact_at(&mut footer, footer_at).map_err(Error::at("read", path))?;
        if trailer[36..] != *TAIL || trailer[4..36] != id || check(&footer, count) != id {
            return Err(damaged());
        }
        let entries = parse(&footer[..length - 32]).ok_or_else(damaged)?;
        let held: u64 = entries.iter().map(|entry| u64::from(entry.stored)).sum();
        if held + HEAD.len() as u64 != footer_at {
            return Err(damaged());
        }
        Ok(Self { id, size, entries, body: footer[length - 32..].try_into().expect("32 bytes") })
    }
}

/// The entries as they are kept.
pub(crate) fn table(entries: &[PackEntry]) -> Vec<u8> {
    let mut table = Vec::with_capacity(entries.len() * ENTRY + 32);
    for entry in entries {
        table.extend(entry.id.as_bytes());
        table.extend(entry.raw.to_le_bytes());
        table.extend(entry.stored.to_le_bytes());
        table.push(entry.codec as u8);
    }
    table
}

/// Reads [`table`] back.
pub(crate) fn parse(table: &[u8]) -> Option<Vec<PackEntry>> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    let entry = |bytes: &[u8]| {
        let id = ChunkId::from_hash(bytes[..32].try_into().expect("32 bytes"));
        let (raw, stored) = (number(&bytes[32..36]), number(&bytes[36..40]));
        let codec = Codec::of(bytes[40])?;
        (raw <= MAX_CHUNK).then_some(PackEntry { id, raw, stored, codec })
    };
    table.len().is_multiple_of(ENTRY).then(|| table.chunks_exact(ENTRY).map(entry).collect())?
}

/// The bytes that one entry takes in [`table`].
pub(crate) const fn table_length(entries: usize) -> usize {
    entries * ENTRY
}

fn check(footer: &[u8], count: u32) -> PackId {
    *blake3::Hasher::new().update(footer).update(&count.to_le_bytes()).finalize().as_bytes()
}

/// A pack that is being written; dropping it leaves nothing.
pub(crate) struct PackWriter {
    file: NamedTempFile,
    buffer: Vec<u8>,
    body: blake3::Hasher,
    entries: Vec<PackEntry>,
    at: u32,
}

impl PackWriter {
    pub(crate) fn begin(store: &Store) -> Result<Self> {
        let mut writer = Self {
            file: store.temporary()?,
            buffer: Vec::with_capacity(BUFFERED),
            body: blake3::Hasher::new(),
            entries: Vec::new(),
            at: 0,
        };
        writer.append(HEAD)?;
        Ok(writer)
    }

    /// Adds a chunk, as it is to be kept.
    pub(crate) fn add(&mut self, entry: PackEntry, stored: &[u8]) -> Result<()> {
        self.append(stored)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Whether it is time for the next pack.
    pub(crate) const fn is_full(&self) -> bool {
        self.at >= FULL
    }

    /// Makes it durable under its name.
    pub(crate) fn finish(mut self, store: &Store) -> Result<Pack> {
        let body = *self.body.finalize().as_bytes();
        let mut footer = table(&self.entries);
        footer.extend(body);
        let count = u32::try_from(self.entries.len()).expect("a pack holds fewer chunks than bytes");
        let id = check(&footer, count);
        self.buffer.extend(&footer);
        self.buffer.extend(count.to_le_bytes());
        self.buffer.extend(id);
        self.buffer.extend(TAIL);
        disk::write(&mut self.file, &self.buffer)?;
        let size = u64::from(self.at) + footer.len() as u64 + TRAILER as u64;
        store.replace(self.file, "packs", &hex::encode(id))?;
        Ok(Pack { id, size, entries: self.entries, body })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.body.update(bytes);
        self.buffer.extend(bytes);
        self.at += u32::try_from(bytes.len()).expect("a chunk is smaller than a pack");
        if self.buffer.len() >= BUFFERED {
            disk::write(&mut self.file, &self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}
