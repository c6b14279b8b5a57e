//! Reading what lies in packs: chunks, ranges, and whole files put together again.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use domain::data::{ChunkId, FileId};

use crate::chunk::{self, Codec};
use crate::index::{Index, Place};
use crate::packing::Known;
use crate::recipe::Recipe;
use crate::store::{Store, missing};
use crate::{Error, Result, cores, disk};

/// Chunks that are read at a time when a file is put together.
const AT_ONCE: usize = 64;
/// How often a chunk or recipe is looked for again when its pack or set was rewritten meanwhile.
const TRIES: usize = 8;
/// Bytes that are read and hashed at a time.
const HASHED: usize = 512 * 1024;
/// What the operating system says when a disk cannot read a sector.
const EIO: i32 = 5;

/// What came of looking at one place.
enum Look {
    Right(Vec<u8>),
    Wrong,
    Gone,
}

impl Store {
    /// Opens a file for reading; one that only packs have is put together first.
    pub fn open_file(&self, id: &FileId) -> Result<File> {
        for _ in 0..TRIES {
            let path = self.path(id)?;
            match File::open(&path) {
                // Removed between the two: the next look tells.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => return opened.map_err(Error::at("open", &path)),
            }
        }
        Err(missing("file", id))
    }

    /// Up to `length` bytes of a file from `offset` on, fewer where it ends. Of a file that was packed only the chunks that are
    /// needed are read, each checked against its id; one that was not is read as it is.
    pub fn read_range(&self, id: &FileId, offset: u64, length: usize) -> Result<Vec<u8>> {
        let whole = self.place("files", &id.to_string());
        let recipe = match self.recipe(id)? {
            Some(recipe) => recipe,
            None => match part_of(&whole, offset, length) {
                // It may have been packed and evicted between the two looks.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.recipe(id)?.ok_or_else(|| missing("file", id))?
                }
                read => return read.map_err(Error::at("read", &whole)),
            },
        };
        let end = offset.saturating_add(length as u64).min(recipe.size);
        let mut bytes = Vec::with_capacity(usize::try_from(end.saturating_sub(offset)).unwrap_or(length));
        for (chunk, at, size) in recipe.places() {
            let until = at + u64::from(size);
            if until <= offset || at >= end {
                continue;
            }
            let local = part_of(&whole, at, size as usize).ok();
            let content = match local.filter(|content| ChunkId::of(content) == chunk) {
                Some(content) => content,
                None => self.chunk(&chunk, Known::Anywhere).map_err(|error| unreadable(error, id))?,
            };
            let [from, to] = [offset.max(at), end.min(until)].map(|place| usize::try_from(place - at));
            bytes.extend(&content[from.expect("within a chunk")..to.expect("within a chunk")]);
        }
        Ok(bytes)
    }

    /// The recipe of a file, if it has one.
    pub(crate) fn recipe(&self, id: &FileId) -> Result<Option<Recipe>> {
        for _ in 0..TRIES {
            let Some(place) = self.with_index(|index| index.recipe(id))? else { return Ok(None) };
            let path = self.place("recipes", &hex::encode(place.set));
            match part_of(&path, u64::from(place.offset), place.length as usize) {
                // Rewritten meanwhile: the index knows where it is now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::at("read", &path)(error)),
                Ok(bytes) => {
                    let recipe = Recipe::decode(&bytes).map(|(recipe, _)| recipe);
                    let reason = "a recipe in it is not what was written";
                    let right = recipe.filter(|recipe| recipe.file == *id);
                    return right.map(Some).ok_or(Error::DamagedStorage { path, reason });
                }
            }
        }
        let path = self.root().join("recipes");
        Err(Error::Unreadable { id: *id, path, reason: "the set that holds its recipe is gone" })
    }

    /// The bytes of a chunk, checked, from a place that will do.
    pub(crate) fn chunk(&self, id: &ChunkId, from: Known) -> Result<Vec<u8>> {
        let mut seen = self.root().join("packs");
        for _ in 0..TRIES {
            let resolve = |index: &Index| -> Vec<(Place, Option<PathBuf>)> {
                let places = index.places(id).into_iter().filter(|place| from.admits(index, *place));
                places.map(|place| (place, self.file_of(index, place))).collect()
            };
            let places = self.with_index(resolve)?;
            let (mut wrong, mut moved) = (Vec::new(), false);
            for (place, path) in places {
                let Some(path) = path else {
                    moved = true;
                    continue;
                };
                match look(id, place, &path)? {
                    Look::Right(bytes) => {
                        self.forget(id, &wrong)?;
                        return Ok(bytes);
                    }
                    Look::Wrong => wrong.push(place),
                    Look::Gone => moved = true,
                }
                seen = path;
            }
            self.forget(id, &wrong)?;
            if !moved {
                break;
            }
        }
        let reason = "a piece of it is damaged or gone";
        let lost = || Error::DamagedStorage { path: seen, reason };
        match from {
            Known::Anywhere => self.elsewhere(id)?.ok_or_else(lost),
            _ => Err(lost()),
        }
    }

    fn forget(&self, id: &ChunkId, wrong: &[Place]) -> Result<()> {
        if wrong.is_empty() { Ok(()) } else { self.change_index(|index| index.forget(id, wrong)) }
    }

    fn file_of(&self, index: &Index, place: Place) -> Option<PathBuf> {
        match place {
            Place::Pack { pack, .. } => Some(self.place("packs", &hex::encode(index.pack(pack)?.id))),
            Place::Whole { file, .. } => Some(self.place("files", &index.whole(file)?.to_string())),
        }
    }

    /// Looks for a chunk that is lost where the index has it in every whole file that should have it: slow, and rare.
    fn elsewhere(&self, id: &ChunkId) -> Result<Option<Vec<u8>>> {
        let files: Vec<FileId> = self.with_index(|index| index.recipes().map(|(file, _)| *file).collect())?;
        for file in files.iter().filter(|file| self.has_whole(file)) {
            let Ok(Some(recipe)) = self.recipe(file) else { continue };
            let Some((_, offset, length)) = recipe.places().find(|(chunk, _, _)| chunk == id) else {
                continue;
            };
            let path = self.place("files", &file.to_string());
            if let Ok(bytes) = part_of(&path, offset, length as usize)
                && ChunkId::of(&bytes) == *id
            {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Hands out the bytes of a file from its chunks, in order, and checks that they are the file's.
    pub(crate) fn rebuild(
        &self,
        recipe: &Recipe,
        from: Known,
        sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut hasher = blake3::Hasher::new();
        for some in recipe.chunks.chunks(AT_ONCE) {
            for bytes in cores::each(some, || (), |(), (id, _)| self.chunk(id, from)) {
                let bytes = bytes.map_err(|error| unreadable(error, &recipe.file))?;
                hasher.update(&bytes);
                sink(&bytes)?;
            }
        }
        if hasher.finalize().as_bytes() == recipe.file.as_bytes() {
            return Ok(());
        }
        let (path, reason) = (self.root().join("recipes"), "its pieces do not make it");
        Err(Error::Unreadable { id: recipe.file, path, reason })
    }

    /// Puts a file together from its chunks as a whole file, in place of what is there.
    pub(crate) fn restore(&self, id: &FileId) -> Result<PathBuf> {
        let recipe = self.recipe(id)?.ok_or_else(|| missing("file", id))?;
        let mut file = self.temporary()?;
        self.rebuild(&recipe, Known::Anywhere, &mut |bytes| disk::write(&mut file, bytes))?;
        disk::settle(&file)?;
        let to = self.place("files", &id.to_string());
        let folder = self.folder_for(&to, "files")?;
        self.freshness().undisturbed(|| {
            // Removed while it was put together: then it stays away.
            if self.with_index(|index| index.recipe(id).is_none())? {
                return Err(missing("file", id));
            }
            disk::rename(file, &to)
        })?;
        self.packs().take_damaged(id);
        disk::sync_folder(&folder)?;
        if let Ok(metadata) = fs::metadata(&to) {
            self.packs().saw(*id, &metadata);
        }
        Ok(to)
    }

    /// The whole file, if there is one. One that may have been written to through a link is looked at, and mended from packs.
    pub(crate) fn whole(&self, id: &FileId) -> Result<Option<PathBuf>> {
        let path = self.place("files", &id.to_string());
        let Ok(metadata) = fs::metadata(&path) else { return Ok(None) };
        let Some(size) = self.with_index(|index| index.recipe(id).map(|place| place.size))? else {
            return Ok(metadata.is_file().then_some(path));
        };
        if self.packs().may_be_altered(id, &metadata, size) {
            if hash(&path)? == *id {
                self.packs().saw(*id, &metadata);
            } else if self.restore(id).is_err() {
                // Nothing better is to be had; who reads it through is told.
                self.packs().mark_damaged(*id);
            }
        }
        Ok(Some(path))
    }

    /// Where the file lies whole, put together from packs when it does not.
    pub(crate) fn whole_or_restored(&self, id: &FileId) -> Result<PathBuf> {
        match self.whole(id)? {
            Some(path) => Ok(path),
            None => self.restore(id),
        }
    }
}

/// The id of the bytes of a file on disk. Not mapped into memory: a sector that cannot be read is an error then, no signal.
pub(crate) fn hash(path: &Path) -> Result<FileId> {
    let mut file = File::open(path).map_err(Error::at("open", path))?;
    let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; HASHED]);
    loop {
        match file.read(&mut buffer).map_err(Error::at("read", path))? {
            0 => return Ok(FileId::from_hash(*hasher.finalize().as_bytes())),
            count => hasher.update(&buffer[..count]),
        };
    }
}

fn look(id: &ChunkId, place: Place, path: &Path) -> Result<Look> {
    let (offset, stored, codec) = match place {
        Place::Pack { offset, stored, codec, .. } => (u64::from(offset), stored, codec),
        Place::Whole { offset, raw, .. } => (offset, raw, Codec::Raw),
    };
    match part_of(path, offset, stored as usize) {
        Ok(bytes) => Ok(chunk::decode(id, codec, bytes, place.raw()).map_or(Look::Wrong, Look::Right)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Look::Gone),
        Err(error) if error.raw_os_error() == Some(EIO) => Ok(Look::Wrong),
        Err(error) => Err(Error::at("read", path)(error)),
    }
}

/// Bytes of a file on disk, fewer where it ends.
fn part_of(path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let there = file.metadata()?.len().saturating_sub(offset).min(length as u64);
    let mut bytes = vec![0; usize::try_from(there).unwrap_or(length)];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

/// Says which file it is that cannot be read.
fn unreadable(error: Error, id: &FileId) -> Error {
    match error {
        Error::DamagedStorage { path, reason } => Error::Unreadable { id: *id, path, reason },
        other => other,
    }
}

/// All bytes of a file on disk, for the store's own small objects.
pub(crate) fn read_all(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
