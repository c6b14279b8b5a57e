//! The index: where every chunk and every recipe lies, in memory.
//!
//! It is read at first use: from the footers of the packs, or quicker from the file `index`, which holds copies of them and
//! may be old, damaged or gone, and from the sets of recipes. A chunk that no pack has may lie in a whole file.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use domain::data::{ChunkId, FileId};

use crate::chunk::Codec;
use crate::disk;
use crate::pack::{self, Pack, PackEntry, PackId};
use crate::recipe::{self, Recipe, SetId};
use crate::store::Store;
use crate::{Error, Result};

const HEAD: &[u8; 8] = b"VOLIDX1\n";
/// The file `index` is written again when it lacks more packs than this and an eighth of those it has.
const STALE: usize = 8;

/// Where a chunk's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the pack of that number.
    Pack { pack: u32, offset: u32, stored: u32, raw: u32, codec: Codec },
    /// In the whole file of that number.
    Whole { file: u32, offset: u64, raw: u32 },
}

impl Place {
    pub(crate) const fn raw(self) -> u32 {
        match self {
            Self::Pack { raw, .. } | Self::Whole { raw, .. } => raw,
        }
    }
}

/// Where a recipe lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecipePlace {
    pub(crate) set: SetId,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    /// Bytes of the file that it makes.
    pub(crate) size: u64,
}

/// Which pack it is and how large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackInfo {
    pub(crate) id: PackId,
    pub(crate) size: u64,
}

/// Everything that can be found.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By number; `None` once it is removed.
    packs: Vec<Option<PackInfo>>,
    numbers: HashMap<PackId, u32>,
    chunks: HashMap<ChunkId, Place>,
    /// Further places in packs of chunks that have more than one.
    others: HashMap<ChunkId, Vec<Place>>,
    recipes: HashMap<FileId, RecipePlace>,
    /// Further sets that have a recipe of the file: left by a crash, or older than a repair.
    copies: HashMap<FileId, Vec<SetId>>,
    /// Whole files that hold chunks, by number; `None` once they hold none.
    wholes: Vec<Option<FileId>>,
    holders: HashMap<FileId, u32>,
    /// Packs that the file `index` does not have yet.
    unsaved: usize,
}

impl Index {
    pub(crate) fn load(store: &Store) -> Result<Self> {
        let mut index = Self::default();
        let mut copies = read_copies(&store.root().join("index")).unwrap_or_default();
        let mut copied = 0;
        for (id, path) in store.stored("packs")? {
            let pack = match copies.remove(&id) {
                Some(pack) => {
                    copied += 1;
                    pack
                }
                None => match Pack::open(&path, id) {
                    Ok(pack) => pack,
                    // Its chunks are as good as gone: whoever wants them is told, the others are not kept from theirs.
                    Err(Error::DamagedStorage { .. }) => continue,
                    Err(error) => return Err(error),
                },
            };
            index.add_pack(&pack);
        }
        for (set, path) in store.stored("recipes")? {
            let bytes = fs::read(&path).map_err(Error::at("read", &path))?;
            for placed in recipe::decode_set(&bytes).recipes {
                let (offset, length) = (placed.offset, placed.length);
                index.add_recipe(&placed.recipe, set, offset, length, store.has_whole(&placed.recipe.file));
            }
        }
        index.unsaved -= copied;
        index.save_when_stale(store)?;
        Ok(index)
    }

    /// Writes the file `index` again when a start without what it lacks would take long.
    pub(crate) fn save_when_stale(&mut self, store: &Store) -> Result<()> {
        if self.unsaved > STALE + self.packs.len() / 8 {
            self.save(store)?;
            self.unsaved = 0;
        }
        Ok(())
    }

    /// Writes the copies of all footers, for the next start.
    fn save(&self, store: &Store) -> Result<()> {
        let mut bytes = HEAD.to_vec();
        for (id, path) in store.stored("packs")? {
            if self.numbers.contains_key(&id) {
                let Ok(pack) = Pack::open(&path, id) else { continue };
                bytes.extend(pack.id);
                bytes.extend(pack.size.to_le_bytes());
                bytes.extend(pack.body);
                bytes.extend(u32::try_from(pack.entries.len()).expect("as in its footer").to_le_bytes());
                bytes.extend(pack::table(&pack.entries));
            }
        }
        bytes.extend(blake3::hash(&bytes).as_bytes());
        let mut file = store.temporary()?;
        disk::write(&mut file, &bytes)?;
        disk::settle(&file)?;
        disk::rename(file, &store.root().join("index"))?;
        disk::sync_folder(store.root())
    }

    pub(crate) fn chunk(&self, id: &ChunkId) -> Option<Place> {
        self.chunks.get(id).copied()
    }

    /// All places in packs and the one in a whole file, the likeliest first.
    pub(crate) fn places(&self, id: &ChunkId) -> Vec<Place> {
        let others = self.others.get(id).into_iter().flatten();
        self.chunks.get(id).into_iter().chain(others).copied().collect()
    }

    /// Whether a pack has it.
    pub(crate) fn in_pack(&self, id: &ChunkId) -> bool {
        matches!(self.chunks.get(id), Some(Place::Pack { .. }))
    }

    /// Whether a place is in that pack.
    pub(crate) fn is_in(&self, place: Option<Place>, pack: &PackId) -> bool {
        matches!(place, Some(Place::Pack { pack: number, .. }) if self.numbers.get(pack) == Some(&number))
    }

    /// Whether a place is in one of these whole files.
    pub(crate) fn is_in_any(&self, place: Place, wholes: &HashSet<FileId>) -> bool {
        matches!(place, Place::Whole { file, .. } if self.whole(file).is_none_or(|file| wholes.contains(&file)))
    }

    pub(crate) fn recipe(&self, file: &FileId) -> Option<RecipePlace> {
        self.recipes.get(file).copied()
    }

    pub(crate) fn recipes(&self) -> impl Iterator<Item = (&FileId, &RecipePlace)> {
        self.recipes.iter()
    }

    pub(crate) fn packs(&self) -> impl Iterator<Item = PackInfo> {
        self.packs.iter().flatten().copied()
    }

    pub(crate) fn pack(&self, number: u32) -> Option<PackInfo> {
        self.packs.get(number as usize).copied().flatten()
    }

    pub(crate) fn whole(&self, number: u32) -> Option<FileId> {
        self.wholes.get(number as usize).copied().flatten()
    }

    /// Whether chunks that no pack has lie in this whole file.
    pub(crate) fn is_holder(&self, file: &FileId) -> bool {
        self.holders.contains_key(file)
    }

    /// All sets that have a recipe of the file.
    pub(crate) fn sets_of<'a>(&'a self, file: &FileId) -> impl Iterator<Item = SetId> + 'a {
        let copies = self.copies.get(file).into_iter().flatten();
        self.recipes.get(file).map(|place| &place.set).into_iter().chain(copies).copied()
    }

    /// Takes a pack in. A chunk that is there already in another gets a further place.
    pub(crate) fn add_pack(&mut self, pack: &Pack) {
        if self.numbers.contains_key(&pack.id) {
            return;
        }
        let number = u32::try_from(self.packs.len()).expect("fewer packs than numbers");
        self.numbers.insert(pack.id, number);
        self.unsaved += 1;
        self.packs.push(Some(PackInfo { id: pack.id, size: pack.size }));
        for (PackEntry { id, raw, stored, codec }, offset) in pack.places() {
            let place = Place::Pack { pack: number, offset, stored, raw, codec };
            match self.chunks.insert(id, place) {
                Some(other @ Place::Pack { .. }) => self.others.entry(id).or_default().push(other),
                Some(Place::Whole { .. }) | None => {}
            }
        }
    }

    /// Forgets a pack; its chunks stay where they have another place.
    pub(crate) fn remove_pack(&mut self, pack: &Pack) {
        let Some(number) = self.numbers.remove(&pack.id) else { return };
        self.packs[number as usize] = None;
        let here = |place: &Place| matches!(place, Place::Pack { pack, .. } if *pack == number);
        for entry in &pack.entries {
            let others = self.others.remove(&entry.id).unwrap_or_default();
            let mut left: Vec<Place> = others.into_iter().filter(|place| !here(place)).collect();
            if self.chunks.get(&entry.id).is_some_and(here) {
                match left.pop() {
                    Some(place) => self.chunks.insert(entry.id, place),
                    None => self.chunks.remove(&entry.id),
                };
            }
            if !left.is_empty() {
                self.others.insert(entry.id, left);
            }
        }
    }

    /// Forgets a pack whose footer cannot be relied on, wherever its chunks are.
    pub(crate) fn lose_pack(&mut self, id: &PackId) {
        let Some(number) = self.numbers.remove(id) else { return };
        self.packs[number as usize] = None;
        let here = |place: &Place| matches!(place, Place::Pack { pack, .. } if *pack == number);
        self.others.values_mut().for_each(|places| places.retain(|place| !here(place)));
        let others = &mut self.others;
        self.chunks.retain(|id, place| {
            if here(place) {
                match others.get_mut(id).and_then(Vec::pop) {
                    Some(other) => *place = other,
                    None => return false,
                }
            }
            true
        });
        self.others.retain(|_, places| !places.is_empty());
    }

    /// The chunks that are read from a pack.
    pub(crate) fn chunks_in(&self, id: &PackId) -> Vec<ChunkId> {
        self.chunks.iter().filter(|(_, place)| self.is_in(Some(**place), id)).map(|(id, _)| *id).collect()
    }

    /// Forgets places that turned out to be damaged, so that the chunk is stored anew when it comes.
    pub(crate) fn forget(&mut self, id: &ChunkId, damaged: &[Place]) {
        let mut left = self.places(id);
        left.retain(|place| !damaged.contains(place));
        self.others.remove(id);
        match left.split_first() {
            None => {
                self.chunks.remove(id);
            }
            Some((first, others)) => {
                self.chunks.insert(*id, *first);
                if !others.is_empty() {
                    self.others.insert(*id, others.to_vec());
                }
            }
        }
    }

    /// Takes a recipe in. When its file lies there whole, the chunks that are nowhere else are in it.
    pub(crate) fn add_recipe(&mut self, recipe: &Recipe, set: SetId, offset: u32, length: u32, whole: bool) {
        let place = RecipePlace { set, offset, length, size: recipe.size };
        if let Some(other) = self.recipes.insert(recipe.file, place).filter(|other| other.set != set) {
            self.copies.entry(recipe.file).or_default().push(other.set);
        }
        if whole && recipe.chunks.iter().any(|(id, _)| !self.chunks.contains_key(id)) {
            let file = u32::try_from(self.wholes.len()).expect("fewer files than numbers");
            self.wholes.push(Some(recipe.file));
            self.holders.insert(recipe.file, file);
            for (id, offset, raw) in recipe.places() {
                self.chunks.entry(id).or_insert(Place::Whole { file, offset, raw });
            }
        }
    }

    /// Forgets recipes.
    pub(crate) fn remove_recipes(&mut self, files: &HashSet<FileId>) {
        for file in files {
            self.recipes.remove(file);
            self.copies.remove(file);
        }
    }

    /// Says that packs have all that this whole file held.
    pub(crate) fn release(&mut self, file: &FileId) {
        if let Some(number) = self.holders.remove(file) {
            self.wholes[number as usize] = None;
        }
    }

    /// Forgets what lay in whole files that are gone.
    pub(crate) fn remove_wholes(&mut self, files: &HashSet<FileId>) {
        let gone = |(n, id): (u32, &Option<FileId>)| id.is_some_and(|id| files.contains(&id)).then_some(n);
        let gone: HashSet<u32> = (0..).zip(&self.wholes).filter_map(gone).collect();
        if !gone.is_empty() {
            self.chunks.retain(|_, place| !matches!(place, Place::Whole { file, .. } if gone.contains(file)));
            files.iter().for_each(|file| self.release(file));
        }
    }

    /// Says that a set is gone; its recipes were taken in again from another or removed.
    pub(crate) fn remove_set(&mut self, set: SetId) {
        self.copies.retain(|_, sets| {
            sets.retain(|other| *other != set);
            !sets.is_empty()
        });
    }
}

/// The copies of footers in the file `index`; `None` when it is not there or not whole.
fn read_copies(path: &Path) -> Option<HashMap<PackId, Pack>> {
    let bytes = fs::read(path).ok()?;
    let (content, check) = bytes.split_last_chunk::<32>()?;
    let mut rest = content.strip_prefix(HEAD)?;
    if blake3::hash(content).as_bytes() != check {
        return None;
    }
    let mut packs = HashMap::new();
    while let Some((head, after)) = rest.split_first_chunk::<76>() {
        let count = u32::from_le_bytes(*head.last_chunk()?) as usize;
        let (table, after) = after.split_at_checked(pack::table_length(count))?;
        let id = *head.first_chunk()?;
        let size = u64::from_le_bytes(head[32..40].try_into().ok()?);
        packs
            .insert(id, Pack { id, size, entries: pack::parse(table)?, body: head[40..72].try_into().ok()? });
        rest = after;
    }
    rest.is_empty().then_some(packs)
}

/// Whether the file `index` is whole; `None` when there is none.
pub(crate) fn is_whole(path: &Path) -> Option<bool> {
    path.exists().then(|| read_copies(path).is_some())
}
