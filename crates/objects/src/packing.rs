//! Files into packs, and whole files out of the way.
//!
//! A file is cut into chunks; those that are not there yet are written to packs in the order of the files, and the recipes
//! follow when all packs are on disk. A large file of which most is new stays where it is: its chunks are read from the
//! whole file, and go into packs when that is evicted or linked.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use domain::data::{ChunkId, FileId};

use crate::chunk::{Chunker, Codec, Encoder, SMALL};
use crate::index::{Index, Place};
use crate::outline::outline;
use crate::pack::{PackEntry, PackId, PackWriter};
use crate::recipe::{self, Recipe, SetId};
use crate::store::{Store, StoredFile, missing};
use crate::{Error, Result, cores, disk};

/// Bytes that are cut, hashed and compressed at a time.
const BATCH: usize = 16 * 1024 * 1024;
/// Bytes of files after which recipes are written, and others get their turn to change packs.
const GROUP: u64 = 256 * 1024 * 1024;
/// Bytes of a set of recipes at the most, unless one alone is larger.
const SET: usize = 8 * 1024 * 1024;
/// Files below this are copied into packs even when all of them is new.
const STAYS: u64 = 1024 * 1024;

/// What [`Store::pack`] did.
#[derive(Debug, Default)]
pub struct PackReport {
    /// Files that can be put together from chunks now, those included that could before.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Chunks that were written.
    pub chunks: u64,
    /// Bytes written to packs and recipes.
    pub stored: u64,
    /// Bytes of new chunks that stay in whole files until these are evicted.
    pub in_place: u64,
    /// Files that are not there or damaged, and why.
    pub refused: Vec<(FileId, Error)>,
}

/// What [`Store::evict`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evicted {
    /// The whole file is gone; so many bytes went into packs before.
    Dropped {
        /// Bytes written to packs and recipes.
        stored: u64,
    },
    /// There was no whole file, only packs have it.
    Absent,
    /// Somebody asked for its path within the last hour and may still read there: it stays.
    InUse,
}

impl Store {
    /// Cuts whole files into chunks, in this order, and stores what is new in packs. The whole files stay, for quick reading,
    /// until [`Store::evict`]. Reads every file; off the async threads.
    pub fn pack(&self, files: &[FileId]) -> Result<PackReport> {
        let mut report = PackReport::default();
        let mut rest = files.iter().peekable();
        while rest.peek().is_some() {
            let _alone = self.writing();
            let mut session = Session::begin(self, Known::Anywhere, report);
            while let Some(file) = rest.next_if(|_| session.bytes < GROUP) {
                match self.is_complete(file)? {
                    Some(size) => session.count(size),
                    None => session.add(*file)?,
                }
            }
            report = session.finish()?.report;
        }
        Ok(report)
    }

    /// Stores files from elsewhere; returns when all are on disk. Those below 64 KiB go straight into packs, in this order,
    /// hashed and compressed on all cores; larger ones are stored whole.
    pub fn put_files(&self, paths: &[PathBuf]) -> Result<Vec<StoredFile>> {
        let mut stored: Vec<Option<StoredFile>> = vec![None; paths.len()];
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for (at, path) in paths.iter().enumerate() {
            let size = fs::metadata(path).map_err(Error::at("open", path))?.len();
            if size < SMALL { small.push(at) } else { large.push(at) }
        }
        {
            let _alone = self.writing();
            let mut session = Session::begin(self, Known::Anywhere, PackReport::default());
            for at in small {
                if !session.small(&paths[at], Origin::Outside(at))? {
                    large.push(at);
                }
            }
            for (at, file) in session.finish()?.outside {
                stored[at] = Some(file);
            }
        }
        for at in large {
            stored[at] = Some(self.put_file(&paths[at])?);
        }
        Ok(stored.into_iter().map(|file| file.expect("every file is small or large")).collect())
    }

    /// Stores the bytes of several files; returns when all are on disk. Those below 64 KiB go straight into packs, in this
    /// order; larger ones are stored whole.
    pub fn put_many(&self, files: &[Bytes]) -> Result<Vec<StoredFile>> {
        let mut stored = BTreeMap::new();
        {
            let _alone = self.writing();
            let mut session = Session::begin(self, Known::Anywhere, PackReport::default());
            for (at, bytes) in files.iter().enumerate().filter(|(_, bytes)| (bytes.len() as u64) < SMALL) {
                session.push(bytes, Origin::Outside(at))?;
            }
            stored.extend(session.finish()?.outside);
        }
        for (at, bytes) in files.iter().enumerate().filter(|(_, bytes)| (bytes.len() as u64) >= SMALL) {
            stored.insert(at, self.put_bytes(bytes)?);
        }
        Ok(stored.into_values().collect())
    }

    /// Stores a file from elsewhere of which `earlier` is an earlier state; returns when it is on disk. What both have in common
    /// is read but not written: only new chunks are stored, in packs. When most of it is new it is stored whole.
    pub fn put_version(&self, path: &Path, earlier: &FileId) -> Result<StoredFile> {
        if fs::metadata(path).map_err(Error::at("open", path))?.len() < SMALL {
            return Ok(self.put_files(&[path.to_owned()])?[0]);
        }
        // An earlier state that is gone or damaged has nothing in common with it.
        self.pack(&[*earlier])?;
        match self.put_difference(path)? {
            Some(stored) => Ok(stored),
            None => {
                let stored = self.put_file(path)?;
                self.pack(&[stored.id])?;
                Ok(stored)
            }
        }
    }

    /// Stores what is new in a file in packs; `None` when that is most of it, or when it changes at this moment.
    fn put_difference(&self, path: &Path) -> Result<Option<StoredFile>> {
        let (file, chunks) = outline(path, Chunker::CURRENT)?;
        let recipe = Recipe::of_many(file, Chunker::CURRENT, chunks);
        let size = recipe.size;
        let _alone = self.writing();
        let mut session = Session::begin(self, Known::Anywhere, PackReport::default());
        let new = session.unknown(&recipe)?;
        if total(&new) * 2 > size {
            return Ok(None);
        }
        // Nothing is removed while this is written, so it counts as stored from here on.
        self.wanted(&file);
        let written = session.read_chunks(&new, path).and_then(|()| {
            session.recipes.push(recipe);
            session.finish()
        });
        match written {
            Ok(_) => Ok(Some(StoredFile { id: file, size })),
            Err(error) => {
                self.named(&file);
                if matches!(error, Error::DamagedStorage { .. }) { Ok(None) } else { Err(error) }
            }
        }
    }

    /// Drops a whole file after its bytes were read back from elsewhere; the chunks that only it has go into packs first.
    pub fn evict(&self, file: &FileId) -> Result<Evicted> {
        let _alone = self.writing();
        let path = self.place("files", &file.to_string());
        if !path.is_file() {
            let packed = self.with_index(|index| index.recipe(file).is_some())?;
            return if packed { Ok(Evicted::Absent) } else { Err(missing("file", file)) };
        }
        if self.packs().handed.is_fresh(file) {
            return Ok(Evicted::InUse);
        }
        let mut stored = self.secure(file, Known::Outside(*file))?;
        let recipe = self.recipe(file)?.ok_or_else(|| missing("file", file))?;
        let read_back = || self.rebuild(&recipe, Known::Outside(*file), &mut |_| Ok(()));
        if read_back().is_err() {
            // What turned out to be damaged is forgotten now, and stored from the whole file.
            stored += self.secure(file, Known::Outside(*file))?;
            read_back()?;
        }
        let dropped = self.packs().handed.unless_fresh(file, || disk::unlink(&path));
        dropped.unwrap_or(Ok(false))?;
        if path.is_file() { Ok(Evicted::InUse) } else { Ok(Evicted::Dropped { stored }) }
    }

    /// Sees to it that every chunk of a whole file is where `known` says; how many bytes were written.
    pub(crate) fn secure(&self, file: &FileId, known: Known) -> Result<u64> {
        let path = self.place("files", &file.to_string());
        let mut session = Session::begin(self, known, PackReport::default());
        match self.recipe(file)? {
            Some(recipe) => {
                let new = session.unknown(&recipe)?;
                session.read_chunks(&new, &path)?;
            }
            None => session.add(*file)?,
        }
        let done = session.finish().map_err(|error| match error {
            Error::DamagedStorage { .. } => {
                self.packs().mark_damaged(*file);
                Error::Damaged { path, id: *file }
            }
            other => other,
        })?;
        if let Some((_, error)) = done.report.refused.into_iter().next() {
            return Err(error);
        }
        self.change_index(|index| index.release(file))?;
        Ok(done.report.stored)
    }

    /// Writes chunks to packs, apart from those that are known; which packs were made.
    pub(crate) fn copy_chunks(&self, chunks: &[ChunkId], known: Known) -> Result<Vec<PackId>> {
        let mut session = Session::begin(self, known, PackReport::default());
        for id in chunks {
            let bytes = self.chunk(id, Known::Anywhere)?;
            session.push(&bytes, Origin::Chunk(*id))?;
        }
        Ok(session.finish()?.packs)
    }

    /// The size of a file whose recipe is there with all its chunks.
    fn is_complete(&self, file: &FileId) -> Result<Option<u64>> {
        let Ok(Some(recipe)) = self.recipe(file) else { return Ok(None) };
        let complete = |index: &Index| recipe.chunks.iter().all(|(id, _)| index.chunk(id).is_some());
        Ok(self.with_index(complete)?.then_some(recipe.size))
    }

    /// Makes recipes durable and known; in which sets, and their bytes.
    pub(crate) fn keep_recipes(&self, recipes: &[Recipe]) -> Result<(Vec<SetId>, u64)> {
        let (mut made, mut stored, mut rest) = (Vec::new(), 0, recipes);
        while !rest.is_empty() {
            let mut length = 0;
            let fits = |recipe: &&Recipe| {
                length += 128 + recipe.chunks.len() * 36;
                length <= SET
            };
            let (set, after) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            rest = after;
            let bytes = recipe::encode_set(set);
            let id = *blake3::hash(&bytes).as_bytes();
            let mut file = self.temporary()?;
            disk::write(&mut file, &bytes)?;
            self.replace(file, "recipes", &hex::encode(id))?;
            stored += bytes.len() as u64;
            made.push(id);
            self.change_index(|index| {
                for placed in recipe::decode_set(&bytes).recipes {
                    let whole = self.has_whole(&placed.recipe.file);
                    index.add_recipe(&placed.recipe, id, placed.offset, placed.length, whole);
                }
            })?;
        }
        Ok((made, stored))
    }
}

/// Where a chunk has to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// In a pack or in a whole file.
    Anywhere,
    /// In a pack, or in a whole file other than this.
    Outside(FileId),
    /// In a pack.
    InPacks,
    /// It is to be stored again wherever it lies.
    Nowhere,
}

impl Known {
    /// Whether a place will do.
    pub(crate) fn admits(self, index: &Index, place: Place) -> bool {
        match (self, place) {
            (Self::Nowhere, _) | (Self::InPacks, Place::Whole { .. }) => false,
            (Self::Outside(file), Place::Whole { file: number, .. }) => index.whole(number) != Some(file),
            (Self::Anywhere, Place::Whole { .. }) | (_, Place::Pack { .. }) => true,
        }
    }
}

/// Where the bytes of a piece come from.
#[derive(Clone, Copy)]
enum Origin {
    /// A stored file that is one chunk.
    Whole(FileId),
    /// The file of that number that is being put.
    Outside(usize),
    /// A chunk of a file whose recipe is known.
    Chunk(ChunkId),
}

/// Files that are being packed; nothing of them can be found before [`Session::finish`].
struct Session<'a> {
    store: &'a Store,
    known: Known,
    writer: Option<PackWriter>,
    /// Chunks that the index does not know yet.
    fresh: HashSet<ChunkId>,
    recipes: Vec<Recipe>,
    /// Files that were read.
    bytes: u64,
    buffer: Vec<u8>,
    pieces: Vec<(Range<usize>, Origin)>,
    done: Done,
}

#[derive(Default)]
struct Done {
    report: PackReport,
    outside: Vec<(usize, StoredFile)>,
    packs: Vec<PackId>,
}

impl<'a> Session<'a> {
    fn begin(store: &'a Store, known: Known, report: PackReport) -> Self {
        Self {
            store,
            known,
            writer: None,
            fresh: HashSet::new(),
            recipes: Vec::new(),
            bytes: 0,
            buffer: Vec::new(),
            pieces: Vec::new(),
            done: Done { report, ..Done::default() },
        }
    }

    fn count(&mut self, size: u64) {
        self.done.report.files += 1;
        self.done.report.bytes += size;
    }

    fn refuse(&mut self, file: FileId) {
        let path = self.store.place("files", &file.to_string());
        let error = if path.is_file() {
            self.store.packs().mark_damaged(file);
            Error::Damaged { path, id: file }
        } else {
            missing("file", &file)
        };
        self.done.report.refused.push((file, error));
    }

    /// Takes a stored whole file.
    fn add(&mut self, file: FileId) -> Result<()> {
        let path = self.store.place("files", &file.to_string());
        let Ok(metadata) = fs::metadata(&path) else {
            self.refuse(file);
            return Ok(());
        };
        if metadata.len() < SMALL && self.small(&path, Origin::Whole(file))? {
            return Ok(());
        }
        self.large(file, &path, &metadata)
    }

    /// Takes a file of one chunk; whether it is one.
    fn small(&mut self, path: &Path, origin: Origin) -> Result<bool> {
        let mut source = File::open(path).map_err(Error::at("open", path))?.take(SMALL);
        let from = self.buffer.len();
        source.read_to_end(&mut self.buffer).map_err(Error::at("read", path))?;
        let to = self.buffer.len();
        if to - from >= usize::try_from(SMALL).expect("it is small") {
            self.buffer.truncate(from);
            return Ok(false);
        }
        self.bytes += (to - from) as u64;
        self.pieces.push((from..to, origin));
        self.flush_when_full()?;
        Ok(true)
    }

    /// Takes a file of many chunks: cut and checked in a first pass, stored in a second unless it stays where it is.
    fn large(&mut self, file: FileId, path: &Path, metadata: &Metadata) -> Result<()> {
        self.flush()?;
        let (id, chunks) = outline(path, Chunker::CURRENT)?;
        let recipe = Recipe::of_many(id, Chunker::CURRENT, chunks);
        let size = recipe.size;
        self.bytes += size;
        if id != file {
            self.refuse(file);
            return Ok(());
        }
        self.store.packs().saw(file, metadata);
        let new = self.unknown(&recipe)?;
        let new_bytes = total(&new);
        // Another name of the file could be written to: then it must not be the only one that has them.
        let stays =
            self.known == Known::Anywhere && size >= STAYS && new_bytes * 2 > size && metadata.nlink() == 1;
        if stays {
            self.done.report.in_place += new_bytes;
            self.fresh.extend(new.iter().map(|(id, _, _)| *id));
        } else {
            self.read_chunks(&new, path)?;
        }
        self.count(size);
        self.recipes.push(recipe);
        Ok(())
    }

    /// The chunks that have to be stored, with their places in the file, each once.
    fn unknown(&self, recipe: &Recipe) -> Result<Vec<(ChunkId, u64, u32)>> {
        let mut seen = HashSet::new();
        self.store.with_index(|index| {
            recipe.places().filter(|(id, _, _)| !self.is_known(index, id) && seen.insert(*id)).collect()
        })
    }

    fn is_known(&self, index: &Index, id: &ChunkId) -> bool {
        index.chunk(id).is_some_and(|place| self.known.admits(index, place)) || self.fresh.contains(id)
    }

    fn read_chunks(&mut self, chunks: &[(ChunkId, u64, u32)], path: &Path) -> Result<()> {
        if chunks.is_empty() {
            return Ok(());
        }
        let source = File::open(path).map_err(Error::at("open", path))?;
        for (id, offset, length) in chunks {
            let from = self.buffer.len();
            self.buffer.resize(from + *length as usize, 0);
            source.read_exact_at(&mut self.buffer[from..], *offset).map_err(Error::at("read", path))?;
            self.pieces.push((from..self.buffer.len(), Origin::Chunk(*id)));
            self.flush_when_full()?;
        }
        Ok(())
    }

    fn push(&mut self, bytes: &[u8], origin: Origin) -> Result<()> {
        let from = self.buffer.len();
        self.buffer.extend(bytes);
        self.pieces.push((from..self.buffer.len(), origin));
        self.flush_when_full()
    }

    fn flush_when_full(&mut self) -> Result<()> {
        if self.buffer.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Hashes and compresses what waits, on all cores, and writes what is new, in order.
    fn flush(&mut self) -> Result<()> {
        let (buffer, pieces) = (std::mem::take(&mut self.buffer), std::mem::take(&mut self.pieces));
        let ready = self.store.with_index(|index| {
            cores::each(
                &pieces,
                || Encoder::new().ok(),
                |encoder, (range, _)| {
                    let raw = &buffer[range.clone()];
                    let id = ChunkId::of(raw);
                    let known = self.is_known(index, &id);
                    let encode = |encoder: &mut Encoder| encoder.encode(raw);
                    (id, known, if known { None } else { encoder.as_mut().and_then(encode) })
                },
            )
        })?;
        for ((range, origin), (id, known, encoded)) in pieces.into_iter().zip(ready) {
            let raw = &buffer[range];
            let length = u32::try_from(raw.len()).expect("a chunk is small");
            let file = FileId::from_hash(*id.as_bytes());
            match origin {
                Origin::Whole(expected) if expected != file => {
                    self.refuse(expected);
                    continue;
                }
                Origin::Chunk(expected) if expected != id => {
                    let (path, reason) =
                        (self.store.root().join("files"), "a file changed while it was read");
                    return Err(Error::DamagedStorage { path, reason });
                }
                Origin::Outside(at) => {
                    self.store.wanted(&file);
                    self.done.outside.push((at, StoredFile { id: file, size: u64::from(length) }));
                }
                Origin::Whole(_) | Origin::Chunk(_) => {}
            }
            if !known && self.fresh.insert(id) {
                self.write(id, raw, encoded.as_deref())?;
            }
            if !matches!(origin, Origin::Chunk(_)) {
                self.count(u64::from(length));
                self.recipes.push(Recipe::of_one(file, length));
            }
        }
        // Kept for its memory.
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }

    fn write(&mut self, id: ChunkId, raw: &[u8], encoded: Option<&[u8]>) -> Result<()> {
        let (codec, bytes) = encoded.map_or((Codec::Raw, raw), |bytes| (Codec::Zstd, bytes));
        let [raw, stored] = [raw, bytes].map(|bytes| u32::try_from(bytes.len()).expect("a chunk is small"));
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => PackWriter::begin(self.store)?,
        };
        writer.add(PackEntry { id, raw, stored, codec }, bytes)?;
        self.done.report.chunks += 1;
        self.writer = Some(writer);
        if self.writer.as_ref().is_some_and(PackWriter::is_full) { self.close_pack() } else { Ok(()) }
    }

    fn close_pack(&mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let pack = writer.finish(self.store)?;
        self.done.report.stored += pack.size;
        self.done.packs.push(pack.id);
        self.store.change_index(|index| index.add_pack(&pack))
    }

    fn finish(mut self) -> Result<Done> {
        self.flush()?;
        self.close_pack()?;
        let mut twice = HashSet::new();
        let store = self.store;
        self.recipes.retain(|recipe| {
            let known = || matches!(store.recipe(&recipe.file), Ok(Some(known)) if known == *recipe);
            twice.insert(recipe.file) && !known()
        });
        self.done.report.stored += self.store.keep_recipes(&self.recipes)?.1;
        self.store.change_index(|index| index.save_when_stale(self.store))??;
        Ok(self.done)
    }
}

/// The bytes of some chunks.
fn total(chunks: &[(ChunkId, u64, u32)]) -> u64 {
    chunks.iter().map(|(_, _, length)| u64::from(*length)).sum()
}
