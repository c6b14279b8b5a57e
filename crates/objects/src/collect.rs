//! Taking chunks away that no recipe names any more: packs with much of them are rewritten, and small ones put together.
//!
//! Which files may go is decided in [`crate::Doomed`]; a chunk goes when no recipe is left that names it. Nothing is removed
//! before what stays of it is on disk elsewhere and, when the power goes off between, both are there.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;

use domain::data::{ChunkId, FileId};

use crate::pack::{Pack, PackId};
use crate::packing::Known;
use crate::recipe::{self, Recipe, SetId};
use crate::store::Store;
use crate::{Error, Result, disk};

/// Packs of which this share is garbage are rewritten after a removal.
pub(crate) const MUCH: f64 = 0.25;
/// Packs and sets below this many bytes are put together once there are [`FEW`] of them.
const LITTLE: u64 = 4 * 1024 * 1024;
/// As many packs are rewritten before the old ones go: their room is needed twice for that moment.
const FEW: usize = 16;

/// What [`Store::collect`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Bytes of packs before, less those after.
    pub freed: u64,
    /// Packs that are gone.
    pub packs: u64,
    /// Packs and sets of recipes that are damaged and therefore left as they are: `verify_all` tells more.
    pub damaged: u64,
}

impl Store {
    /// Rewrites every pack of which at least this share of the bytes belongs to no file any more; 0 leaves no byte of a removed
    /// file behind. Reading and storing go on meanwhile.
    pub fn collect(&self, share: f64) -> Result<Collected> {
        let _alone = self.writing();
        self.merge_sets()?;
        self.collect_packs(share)
    }

    pub(crate) fn collect_packs(&self, share: f64) -> Result<Collected> {
        let (live, whole) = self.live(&HashSet::new())?;
        if !whole {
            // A recipe that cannot be read now may be had back: its chunks are not to go.
            return Ok(Collected { damaged: 1, ..Collected::default() });
        }
        let before = self.pack_bytes()?;
        let mut worn = Vec::new();
        let mut little = Vec::new();
        for (id, path) in self.stored("packs")? {
            let Ok(pack) = Pack::open(&path, id) else { continue };
            let held: u64 = pack.entries.iter().map(|entry| u64::from(entry.stored)).sum();
            let garbage = self.garbage(&pack, &live)?;
            if garbage > 0 && garbage as f64 >= share * held as f64 || pack.entries.is_empty() {
                worn.push(id);
            } else if pack.size < LITTLE {
                little.push(id);
            }
        }
        if little.len() >= FEW {
            worn.append(&mut little);
        }
        let mut done = Collected::default();
        for some in worn.chunks(FEW) {
            self.rewrite(some, &live, &mut done)?;
        }
        done.freed = before.saturating_sub(self.pack_bytes()?);
        Ok(done)
    }

    fn pack_bytes(&self) -> Result<u64> {
        self.with_index(|index| index.packs().map(|pack| pack.size).sum())
    }

    /// The chunks that recipes name, those of some files left out, and whether all recipes can be read.
    pub(crate) fn live(&self, without: &HashSet<FileId>) -> Result<(HashSet<ChunkId>, bool)> {
        let (mut live, mut whole) = (HashSet::new(), true);
        for (set, path) in self.stored("recipes")? {
            let bytes = fs::read(&path).map_err(Error::at("read", &path))?;
            whole &= *blake3::hash(&bytes).as_bytes() == set;
            let content = recipe::decode_set(&bytes);
            let kept = content.recipes.iter().filter(|placed| !without.contains(&placed.recipe.file));
            live.extend(kept.flat_map(|placed| placed.recipe.chunks.iter().map(|(id, _)| *id)));
        }
        Ok((live, whole))
    }

    fn garbage(&self, pack: &Pack, live: &HashSet<ChunkId>) -> Result<u64> {
        self.with_index(|index| {
            let here = |id: &ChunkId| {
                let place = index.chunk(id);
                // A chunk that has no place was found damaged: it is no garbage, it may yet be saved.
                place.is_none() || index.is_in(place, &pack.id)
            };
            let garbage = pack.entries.iter().filter(|entry| !live.contains(&entry.id) || !here(&entry.id));
            garbage.map(|entry| u64::from(entry.stored)).sum()
        })
    }

    /// Copies what is needed of some packs into new ones, then removes them.
    fn rewrite(&self, ids: &[PackId], live: &HashSet<ChunkId>, done: &mut Collected) -> Result<()> {
        let (mut old, mut needed) = (Vec::new(), Vec::new());
        for id in ids {
            let path = self.place("packs", &hex::encode(id));
            let pack = Pack::open(&path, *id)?;
            let wanted: Vec<ChunkId> =
                pack.entries.iter().map(|entry| entry.id).filter(|id| live.contains(id)).collect();
            // Also what another pack has is read: a copy goes only while a good one stays.
            if wanted.iter().all(|id| self.chunk(id, Known::InPacks).is_ok()) {
                needed.extend(wanted);
                old.push((pack, path));
            } else {
                done.damaged += 1;
            }
        }
        let mut seen = HashSet::new();
        let copied: Vec<ChunkId> = self.with_index(|index| {
            let here = |id: &ChunkId| old.iter().any(|(pack, _)| index.is_in(index.chunk(id), &pack.id));
            needed.into_iter().filter(|id| seen.insert(*id) && here(id)).collect()
        })?;
        let made = self.copy_chunks(&copied, Known::Nowhere)?;
        // A crash may have left the very pack that was made now: then it stays.
        old.retain(|(pack, _)| !made.contains(&pack.id));
        for (pack, path) in &old {
            self.change_index(|index| index.remove_pack(pack))?;
            disk::unlink(path)?;
            done.packs += 1;
        }
        Ok(())
    }

    /// Removes the recipes of files. What is removed stays so also after a crash.
    pub(crate) fn drop_recipes(&self, files: &HashSet<FileId>) -> Result<()> {
        let sets: BTreeSet<SetId> =
            self.with_index(|index| files.iter().flat_map(|file| index.sets_of(file)).collect())?;
        self.rewrite_sets(&sets, files)
    }

    /// Puts small sets together, once there are many.
    fn merge_sets(&self) -> Result<()> {
        let mut little = BTreeSet::new();
        for (set, path) in self.stored("recipes")? {
            let bytes = fs::read(&path).map_err(Error::at("read", &path))?;
            // A damaged one stays as it is: more of it may be had back.
            if (bytes.len() as u64) < LITTLE && *blake3::hash(&bytes).as_bytes() == set {
                little.insert(set);
            }
        }
        if little.len() >= FEW { self.rewrite_sets(&little, &HashSet::new()) } else { Ok(()) }
    }

    pub(crate) fn rewrite_sets(&self, sets: &BTreeSet<SetId>, without: &HashSet<FileId>) -> Result<()> {
        let mut kept: HashMap<FileId, Recipe> = HashMap::new();
        for set in sets {
            let path = self.place("recipes", &hex::encode(set));
            let bytes = fs::read(&path).map_err(Error::at("read", &path))?;
            let content = recipe::decode_set(&bytes);
            let recipes = content.recipes.into_iter().map(|placed| placed.recipe);
            kept.extend(
                recipes.filter(|recipe| !without.contains(&recipe.file)).map(|recipe| (recipe.file, recipe)),
            );
        }
        let mut kept: Vec<Recipe> = kept.into_values().collect();
        kept.sort_unstable_by_key(|recipe| recipe.file);
        let (made, _) = self.keep_recipes(&kept)?;
        self.change_index(|index| index.remove_recipes(without))?;
        for set in sets.iter().filter(|set| !made.contains(*set)) {
            let path = self.place("recipes", &hex::encode(set));
            disk::unlink(&path)?;
            // Before a chunk of theirs goes, the recipes must be gone for good.
            disk::sync_folder(path.parent().expect("a set is in a folder"))?;
            self.change_index(|index| index.remove_set(*set))?;
        }
        Ok(())
    }

    /// Copies into packs what recipes of other files need of these whole files.
    pub(crate) fn save_for_others(&self, files: &HashSet<FileId>) -> Result<()> {
        let holders: Vec<FileId> =
            self.with_index(|index| files.iter().filter(|file| index.is_holder(file)).copied().collect())?;
        if holders.is_empty() {
            return Ok(());
        }
        let (live, _) = self.live(files)?;
        let mut needed = Vec::new();
        for holder in holders {
            let Ok(Some(recipe)) = self.recipe(&holder) else { continue };
            let ids = recipe.chunks.into_iter().map(|(id, _)| id).filter(|id| live.contains(id));
            let waiting: Vec<ChunkId> =
                self.with_index(|index| ids.filter(|id| !index.in_pack(id)).collect())?;
            // What cannot be read any more is lost to the others already.
            needed.extend(waiting.into_iter().filter(|id| self.chunk(id, Known::Anywhere).is_ok()));
        }
        self.copy_chunks(&needed, Known::InPacks).map(|_| ())
    }
}
