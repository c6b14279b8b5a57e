//! What nothing names any more goes from packs too, and nothing else does.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::data::FileId;
use objects::{Evicted, Store};

use crate::packing::random;
use crate::store;

fn remove(store: &Store, file: FileId) {
    assert_eq!(store.doom(&[file]).remove(&HashSet::from([file])).unwrap(), [file]);
    assert!(!store.has(&file));
}

fn packed(store: &Store, bytes: &[u8]) -> FileId {
    let id = store.put_bytes(bytes).unwrap().id;
    store.named(&id);
    store.pack(&[id]).unwrap();
    assert!(matches!(store.evict(&id).unwrap(), Evicted::Dropped { .. }));
    id
}

#[test]
fn a_removed_file_takes_its_chunks_along_and_leaves_those_of_others() {
    let (folder, store) = store();
    let first = random(1, 2_000_000);
    let mut second = first.clone();
    second.truncate(1_000_000);
    second.extend(random(2, 1_000_000));
    let (one, two) = (packed(&store, &first), packed(&store, &second));
    let small = packed(&store, b"small");
    let before = store.usage().unwrap();
    assert!(before.dedup_ratio() > 1.2);
    remove(&store, one);
    let after = store.usage().unwrap();
    assert!(before.pack_bytes - after.pack_bytes > 800_000, "{before:?} {after:?}");
    for store in [store, Store::open(folder.path()).unwrap()] {
        assert!(!store.has(&one));
        assert_eq!(store.read(&two).unwrap(), second);
        assert_eq!(store.read(&small).unwrap(), b"small");
    }
}

#[test]
fn erasure_leaves_no_byte_in_packs() {
    let (folder, store) = store();
    let kept = random(2, 900_000);
    let two = packed(&store, &kept);
    let secret = random(1, 5000);
    let big = [kept.clone(), secret.clone()].concat();
    let one = packed(&store, &secret);
    let three = packed(&store, &big);
    remove(&store, one);
    remove(&store, three);
    store.collect(0.0).unwrap();
    assert_eq!(store.usage().unwrap().garbage, 0);
    for entry in walk(folder.path()) {
        let bytes = std::fs::read(entry).unwrap();
        assert!(!bytes.windows(64).any(|part| part == &secret[1000..1064]));
    }
    assert_eq!(store.read(&two).unwrap(), kept);
}

pub(crate) fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_version_lives_on_when_the_file_that_holds_its_chunks_goes() {
    let (_folder, store) = store();
    let first = random(1, 4_000_000);
    let second = [first.clone(), random(2, 40_000)].concat();
    let one = store.put_bytes(&first).unwrap().id;
    store.named(&one);
    assert_eq!(store.pack(&[one]).unwrap().in_place, 4_000_000);
    let two = packed(&store, &second);
    assert!(store.usage().unwrap().pack_bytes < 500_000, "the rest lies in the first file");
    remove(&store, one);
    assert_eq!(store.read(&two).unwrap(), second);
    let third = [first, random(3, 40_000)].concat();
    let three = packed(&store, &third);
    remove(&store, two);
    assert_eq!(store.read(&three).unwrap(), third);
    assert!(store.verify_all(&mut |_| {}).unwrap().damaged.is_empty());
}

#[test]
fn many_little_packs_and_sets_become_few() {
    let (folder, store) = store();
    let files: Vec<(FileId, Vec<u8>)> = (0..40)
        .map(|n| {
            let bytes = random(n, 3000);
            (packed(&store, &bytes), bytes)
        })
        .collect();
    assert_eq!(store.usage().unwrap().packs, 40);
    store.collect(0.5).unwrap();
    assert!(store.usage().unwrap().packs < 6);
    assert!(walk(&folder.path().join("recipes")).len() < 16);
    for store in [store, Store::open(folder.path()).unwrap()] {
        for (id, bytes) in &files {
            assert_eq!(&store.read(id).unwrap(), bytes);
        }
    }
}

/// Contents that share chunks: every one is a run of the same pieces.
fn content(n: u64) -> Vec<u8> {
    let pieces = (0..3).map(|piece| random((n + piece) % 5, 120_000 + 1000 * (n as usize % 3)));
    pieces.flatten().take(if n.is_multiple_of(4) { 20_000 } else { usize::MAX }).collect()
}

#[test]
fn collection_beside_storing_and_reading_loses_nothing() {
    let (folder, store) = store();
    let contents: Vec<Vec<u8>> = (0..8).map(content).collect();
    let ids: Vec<FileId> = contents.iter().map(|bytes| FileId::of(bytes)).collect();
    // How many records name a file: the model.
    let records: Mutex<HashMap<FileId, u32>> = Mutex::new(HashMap::new());
    let busy = AtomicBool::new(true);
    let out = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3_u64)
            .map(|thread| {
                let (store, records, contents, out) = (&store, &records, &contents, &out);
                scope.spawn(move || {
                    for round in 0..40_u64 {
                        let at = usize::try_from((round * 5 + thread * 3) % 8).unwrap();
                        let file = store.put_bytes(&contents[at]).unwrap().id;
                        *records.lock().unwrap().entry(file).or_default() += 1;
                        store.named(&file);
                        assert_eq!(store.read(&file).unwrap(), contents[at]);
                        if round % 2 == thread % 2 {
                            assert!(store.pack(&[file]).unwrap().refused.is_empty());
                            store.evict(&file).unwrap();
                            assert_eq!(
                                store.read_range(&file, 10_000, 99).unwrap(),
                                &contents[at][10_000..10_099]
                            );
                            let out = out.path().join(format!("{thread}-{round}"));
                            store.link_into(&file, &out).unwrap();
                            assert_eq!(std::fs::read(&out).unwrap(), contents[at]);
                        }
                        assert_eq!(store.read(&file).unwrap(), contents[at]);
                        *records.lock().unwrap().get_mut(&file).unwrap() -= 1;
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while busy.load(Ordering::Relaxed) {
                let doomed = store.doom(&ids);
                let used = records.lock().unwrap().clone();
                let free = |id: &&FileId| used.get(id).is_none_or(|count| *count == 0);
                let unused = doomed.ids().iter().filter(free).copied().collect();
                doomed.remove(&unused).unwrap();
                store.collect(0.0).unwrap();
            }
        });
        let done: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        busy.store(false, Ordering::Relaxed);
        assert!(done.iter().all(Result::is_ok));
    });
    for store in [store, Store::open(folder.path()).unwrap()] {
        assert_eq!(store.verify_all(&mut |_| {}).unwrap().damaged, []);
        for id in &ids {
            assert!(!store.has(id) || store.read(id).is_ok());
        }
        let there: Vec<FileId> = ids.iter().filter(|id| store.has(id)).copied().collect();
        let gone = store.doom(&there).remove(&there.iter().copied().collect()).unwrap();
        assert_eq!(gone.len(), there.len());
        store.collect(0.0).unwrap();
        let usage = store.usage().unwrap();
        assert_eq!((usage.whole_files, usage.packs, usage.packed_files), (0, 0, 0));
    }
}
