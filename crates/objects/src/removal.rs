//! Taking files away that nothing names any more, beside uploads that may bring the same bytes at the same moment.
//!
//! Who stores a file names it in a record a moment later; until then only this process knows that it is wanted. So every
//! file that is stored, also one that was there already, is *fresh* until its record is there ([`Store::named`]) or an hour
//! has passed. A removal is in two steps: the ids are doomed, the records are asked, then those that nobody stored
//! meanwhile are unlinked under the same lock.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::data::FileId;
use domain::data::object_id::ids_in;

use crate::collect::MUCH;
use crate::disk::{self, entries};
use crate::store::Store;
use crate::{Error, Result};

/// How long a file without a record stays, when nobody says that it has one.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// Fresh files that are known one by one; beyond that nothing is removed until they are old.
const KNOWN: usize = 200_000;

/// What this process has stored and not yet seen named, and what is about to be removed.
#[derive(Debug, Default)]
pub(crate) struct Freshness {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    fresh: HashMap<FileId, Fresh>,
    /// Doomed files, and whether somebody stored them since.
    doomed: HashMap<FileId, bool>,
    /// Too many were stored at once to know them one by one: all are fresh for an hour from here.
    flooded: Option<Instant>,
}

#[derive(Debug)]
struct Fresh {
    /// How many uploads of it are not yet named.
    uploads: u32,
    since: Instant,
}

impl Freshness {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a file is being stored; before anyone looks whether it is there.
    pub(crate) fn stored(&self, id: FileId) {
        let mut state = self.lock();
        if let Some(disturbed) = state.doomed.get_mut(&id) {
            *disturbed = true;
        }
        if state.fresh.len() >= KNOWN {
            state.fresh.retain(|_, fresh| fresh.since.elapsed() < FRESH);
            if state.fresh.len() >= KNOWN {
                state.fresh.clear();
                state.flooded = Some(Instant::now());
            }
        }
        let fresh = state.fresh.entry(id).or_insert(Fresh { uploads: 0, since: Instant::now() });
        fresh.uploads = fresh.uploads.saturating_add(1);
        fresh.since = Instant::now();
    }

    /// Whether it was stored within the last hour and is not yet named.
    pub(crate) fn is_fresh(&self, id: &FileId) -> bool {
        self.lock().is_fresh(id)
    }

    /// Does something to a file unless it is fresh; nobody can make it so meanwhile.
    pub(crate) fn unless_fresh<T>(&self, id: &FileId, work: impl FnOnce() -> T) -> Option<T> {
        let state = self.lock();
        (!state.is_fresh(id)).then(work)
    }

    /// Does something while nothing is removed.
    pub(crate) fn undisturbed<T>(&self, work: impl FnOnce() -> T) -> T {
        let _state = self.lock();
        work()
    }

    /// Ends one [`Freshness::stored`].
    pub(crate) fn named(&self, id: &FileId) {
        let mut state = self.lock();
        if let Some(fresh) = state.fresh.get_mut(id) {
            fresh.uploads = fresh.uploads.saturating_sub(1);
            if fresh.uploads == 0 {
                state.fresh.remove(id);
            }
        }
    }
}

impl State {
    fn is_fresh(&self, id: &FileId) -> bool {
        let young = |since: &Instant| since.elapsed() < FRESH;
        self.flooded.as_ref().is_some_and(young) || self.fresh.get(id).is_some_and(|it| young(&it.since))
    }
}

/// Files that are about to be removed; dropping it lets them be.
#[derive(Debug)]
pub struct Doomed {
    store: Store,
    ids: Vec<FileId>,
}

impl Doomed {
    /// The files that may go: those that were not fresh when they were doomed.
    pub fn ids(&self) -> &[FileId] {
        &self.ids
    }

    /// Removes those of the doomed that are in `unused` and that nobody stored meanwhile, whole and from packs; which ones are
    /// gone now. A file that was not there is gone too. Chunks of theirs that no other file has go with them, at the latest
    /// when a quarter of their pack is such. Waits while files are packed.
    pub fn remove(self, unused: &HashSet<FileId>) -> Result<Vec<FileId>> {
        let _alone = self.store.writing();
        let candidates: HashSet<FileId> = self.ids.iter().filter(|id| unused.contains(id)).copied().collect();
        self.store.save_for_others(&candidates)?;
        let freshness = self.store.freshness();
        // Held while unlinking: who stores the same bytes now waits, and then finds that they are not there.
        let state = freshness.lock();
        let disturbed = |id: &FileId| state.doomed.get(id).copied().unwrap_or(true) || state.is_fresh(id);
        let going: HashSet<FileId> = candidates.into_iter().filter(|id| !disturbed(id)).collect();
        let packed = self.store.with_index(|index| going.iter().any(|id| index.recipe(id).is_some()))?;
        if packed {
            self.store.drop_recipes(&going)?;
        }
        let mut gone = Vec::new();
        for id in self.ids.iter().filter(|id| going.contains(id)) {
            disk::unlink(&self.store.place("files", &id.to_string()))?;
            gone.push(*id);
        }
        if packed {
            self.store.change_index(|index| index.remove_wholes(&going))?;
        }
        drop(state);
        if packed {
            self.store.collect_packs(MUCH)?;
        }
        Ok(gone)
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let mut state = self.store.freshness().lock();
        for id in &self.ids {
            state.doomed.remove(id);
        }
    }
}

impl Store {
    /// Says that a file that was just stored has its record, so that from now on the records tell whether it is used.
    pub fn named(&self, id: &FileId) {
        self.freshness().named(id);
    }

    /// Says that a file that is there is about to get another record; [`Store::named`] ends it.
    pub fn wanted(&self, id: &FileId) {
        self.freshness().stored(*id);
    }

    /// Dooms files, apart from those that are fresh or doomed already. The caller then asks the records which of them are
    /// used, and calls [`Doomed::remove`].
    pub fn doom(&self, ids: &[FileId]) -> Doomed {
        let mut state = self.freshness().lock();
        let mut doomed = Vec::with_capacity(ids.len());
        for id in ids {
            if !state.is_fresh(id) && !state.doomed.contains_key(id) {
                state.doomed.insert(*id, false);
                doomed.push(*id);
            }
        }
        Doomed { store: self.clone(), ids: doomed }
    }

    /// Which of these files some tree names. Reads every tree.
    pub fn in_trees(&self, ids: &HashSet<FileId>) -> Result<HashSet<FileId>> {
        let root = self.root().join("trees");
        let mut found = HashSet::new();
        for folder in entries(&root)? {
            for path in entries(&folder)? {
                let bytes = std::fs::read(&path).map_err(Error::at("read", &path))?;
                let text = String::from_utf8_lossy(&bytes);
                found.extend(ids_in(&text).filter(|id| ids.contains(id)));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        (folder, store)
    }

    fn all(ids: &[FileId]) -> HashSet<FileId> {
        ids.iter().copied().collect()
    }

    #[test]
    fn a_named_file_can_go_and_a_fresh_one_stays() {
        let (_folder, store) = store();
        let file = store.put_bytes(b"weights").unwrap().id;
        assert!(store.doom(&[file]).ids().is_empty());
        store.named(&file);
        let doomed = store.doom(&[file]);
        assert_eq!(doomed.ids(), [file]);
        assert!(doomed.remove(&HashSet::new()).unwrap().is_empty());
        assert!(store.has(&file));
        assert_eq!(store.doom(&[file]).remove(&all(&[file])).unwrap(), [file]);
        assert!(!store.has(&file));
    }

    #[test]
    fn a_file_that_is_stored_again_between_the_two_steps_stays() {
        let (_folder, store) = store();
        let file = store.put_bytes(b"weights").unwrap().id;
        store.named(&file);
        let doomed = store.doom(&[file]);
        store.put_bytes(b"weights").unwrap();
        store.named(&file);
        assert!(doomed.remove(&all(&[file])).unwrap().is_empty());
        assert_eq!(store.read(&file).unwrap(), b"weights");
    }

    #[test]
    fn a_file_of_two_uploads_is_fresh_until_both_are_named() {
        let (_folder, store) = store();
        let file = store.put_bytes(b"weights").unwrap().id;
        store.put_bytes(b"weights").unwrap();
        store.named(&file);
        assert!(store.doom(&[file]).ids().is_empty());
        store.named(&file);
        assert_eq!(store.doom(&[file]).ids(), [file]);
    }

    #[test]
    fn writers_and_removals_that_race_lose_no_file() {
        let (_folder, store) = store();
        let names: Vec<Vec<u8>> = (0..8_u8).map(|number| vec![number; 10]).collect();
        let records = std::sync::Arc::new(Mutex::new(HashSet::new()));
        std::thread::scope(|scope| {
            for bytes in &names {
                let (store, records) = (store.clone(), std::sync::Arc::clone(&records));
                scope.spawn(move || {
                    for _ in 0..200 {
                        let file = store.put_bytes(bytes).unwrap().id;
                        records.lock().unwrap().insert(file);
                        store.named(&file);
                        assert_eq!(&store.read(&file).unwrap(), bytes);
                        records.lock().unwrap().remove(&file);
                    }
                    let file = store.put_bytes(bytes).unwrap().id;
                    records.lock().unwrap().insert(file);
                    store.named(&file);
                });
            }
            for _ in 0..2 {
                let (store, records, names) = (store.clone(), std::sync::Arc::clone(&records), &names);
                scope.spawn(move || {
                    for _ in 0..400 {
                        let ids: Vec<FileId> = names.iter().map(|bytes| FileId::of(bytes)).collect();
                        let doomed = store.doom(&ids);
                        let used = records.lock().unwrap().clone();
                        let unused = all(doomed.ids()).difference(&used).copied().collect();
                        doomed.remove(&unused).unwrap();
                    }
                });
            }
        });
        for bytes in &names {
            assert_eq!(&store.read(&FileId::of(bytes)).unwrap(), bytes);
        }
    }

    #[test]
    fn a_file_of_a_tree_is_found_there() {
        let (_folder, store) = store();
        let file = store.put_bytes(b"rows").unwrap();
        let path = domain::data::RelativePath::parse("a/b.csv").unwrap();
        let of_tree = domain::data::TreeFile { path, file_id: file.id, size: file.size, executable: false };
        store.put_tree(&[of_tree]).unwrap();
        let other = FileId::of(b"other");
        assert_eq!(store.in_trees(&all(&[file.id, other])).unwrap(), all(&[file.id]));
    }
}
