//! A flipped bit anywhere is noticed, named, and mended where the bytes can be had from elsewhere.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use domain::Timestamp;
use domain::data::{Commit, FileId, RelativePath, TreeFile};
use objects::{Error, Kind, Store};
use proptest::prelude::*;

use crate::collecting::walk;
use crate::packing::random;
use crate::store;

/// A store with something of everything.
fn filled(store: &Store) -> HashMap<FileId, Vec<u8>> {
    let mut contents = vec![
        random(1, 1_300_000),
        [random(1, 1_300_000), random(2, 50_000)].concat(),
        b"only whole".to_vec(),
        b"a,b\n1,2\n".repeat(40_000),
        Vec::new(),
    ];
    contents.extend((0..20).map(|n| random(100 + n, 900 + 100 * n as usize)));
    let ids: Vec<FileId> = contents.iter().map(|bytes| store.put_bytes(bytes).unwrap().id).collect();
    ids.iter().for_each(|id| store.named(id));
    // The first stays where it is and holds most of the second; the third is never packed.
    store.pack(&ids[..1]).unwrap();
    store.pack(&ids[1..2]).unwrap();
    for id in &ids[4..] {
        store.pack(&[*id]).unwrap();
    }
    store.pack(&ids[3..]).unwrap();
    for id in ids[1..2].iter().chain(&ids[4..]) {
        store.evict(id).unwrap();
    }
    let files: Vec<TreeFile> = ids
        .iter()
        .zip(&contents)
        .enumerate()
        .map(|(n, (id, bytes))| TreeFile {
            path: RelativePath::parse(&format!("f{n}")).unwrap(),
            file_id: *id,
            size: bytes.len() as u64,
            executable: false,
        })
        .collect();
    let commit = Commit {
        tree: store.put_tree(&files).unwrap(),
        parents: Vec::new(),
        author: "ada".to_owned(),
        time_ms: Timestamp::from_millis(5),
        message: String::new(),
        contract: None,
        origin: "upload".to_owned(),
    };
    store.put_commit(&commit).unwrap();
    ids.iter().for_each(|id| store.named(id));
    ids.into_iter().zip(contents).collect()
}

fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The files that cannot be read; what can be read is right.
fn unreadable(store: &Store, contents: &HashMap<FileId, Vec<u8>>) -> BTreeSet<FileId> {
    let mut bad = BTreeSet::new();
    for (id, bytes) in contents {
        match store.read(id) {
            Ok(read) => assert_eq!(&read, bytes),
            Err(
                Error::Damaged { .. }
                | Error::Unreadable { .. }
                | Error::DamagedStorage { .. }
                | Error::Missing { .. },
            ) => {
                bad.insert(*id);
            }
            Err(error) => panic!("{error}"),
        }
    }
    bad
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_and_named() {
    let (folder, store) = store();
    let contents = filled(&store);
    assert!(unreadable(&store, &contents).is_empty());
    assert_eq!(store.verify_all(&mut |_| {}).unwrap().damaged, []);
    drop(store);
    let files = walk(folder.path());
    assert!(files.iter().any(|path| path.ends_with("index")));
    let nonempty: Vec<_> =
        files.iter().filter(|path| fs::metadata(path).unwrap().len() > 0).cloned().collect();
    let place = (0..nonempty.len(), any::<prop::sample::Index>(), any::<bool>());
    let config = ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((file, at, read_first) in place)| {
        let path = nonempty[file].strip_prefix(folder.path()).unwrap();
        let copy = tempfile::tempdir().unwrap();
        for file in &files {
            let to = copy.path().join(file.strip_prefix(folder.path()).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(file, to).unwrap();
        }
        let damaged = copy.path().join(path);
        flip(&damaged, at.index(8 * usize::try_from(fs::metadata(&damaged).unwrap().len()).unwrap()));
        let store = Store::open(copy.path()).unwrap();
        let bad = if read_first { Some(unreadable(&store, &contents)) } else { None };
        let scrub = store.verify_all(&mut |_| {}).unwrap();
        let of_whole = path.starts_with("files");
        // Reading mends a whole file, and a lost index is made anew.
        let mended_by_reading = read_first && bad.as_ref().unwrap().is_empty() && (of_whole || path.ends_with("index"));
        let found = scrub.damaged.iter().find(|damage| damage.path == damaged);
        prop_assert!(found.is_some() || mended_by_reading || path.ends_with("index"), "{:?} is not in {:?}", path, scrub);
        let named: BTreeSet<FileId> = scrub.damaged.iter().flat_map(|damage| &damage.unreadable).copied().collect();
        let after = unreadable(&store, &contents);
        prop_assert_eq!(&named, &after, "{:?}", scrub);
        if let Some(bad) = bad {
            prop_assert_eq!(&bad, &after, "what reading misses is what is named");
        }
        // What was mended stays so, what was not is found again.
        let again = store.verify_all(&mut |_| {}).unwrap();
        let left: Vec<_> = scrub.damaged.iter().filter(|damage| !damage.mended).map(|damage| &damage.path).collect();
        prop_assert_eq!(again.damaged.iter().map(|damage| &damage.path).collect::<Vec<_>>(), left);
        // The bytes themselves heal everything but trees and commits.
        for id in &after {
            let id = store.put_bytes(&contents[id]).unwrap().id;
            store.named(&id);
        }
        prop_assert!(unreadable(&store, &contents).is_empty());
    });
}

#[test]
fn a_damaged_whole_file_is_mended_from_packs_and_a_pack_from_whole_files() {
    let (folder, store) = store();
    let bytes = random(1, 700_000);
    let id = store.put_bytes(&bytes).unwrap().id;
    store.named(&id);
    store.pack(&[id]).unwrap();
    let whole = store.path(&id).unwrap();
    flip(&whole, 8_000);
    let scrub = store.verify_all(&mut |_| {}).unwrap();
    assert_eq!(scrub.damaged.len(), 1);
    assert!(scrub.damaged[0].mended && scrub.damaged[0].kind == Kind::File && scrub.damaged[0].path == whole);
    assert_eq!(fs::read(&whole).unwrap(), bytes);
    let pack = walk(&folder.path().join("packs")).remove(0);
    flip(&pack, 800_000);
    let scrub = store.verify_all(&mut |_| {}).unwrap();
    assert_eq!(scrub.damaged.len(), 1);
    assert!(
        scrub.damaged[0].mended
            && scrub.damaged[0].kind == Kind::Pack
            && scrub.damaged[0].unreadable.is_empty()
    );
    assert_eq!(store.verify_all(&mut |_| {}).unwrap().damaged, []);
    fs::remove_file(&whole).unwrap();
    assert_eq!(store.read(&id).unwrap(), bytes);
}

#[test]
fn progress_ends_with_everything_read() {
    let (_folder, store) = store();
    filled(&store);
    let mut last = None;
    store
        .verify_all(&mut |progress| {
            assert!(progress.bytes <= progress.of_bytes);
            last = Some(progress);
        })
        .unwrap();
    let last = last.unwrap();
    assert_eq!((last.objects, last.bytes), (last.of_objects, last.of_bytes));
}
