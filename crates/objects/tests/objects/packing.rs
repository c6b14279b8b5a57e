//! Files in packs: they read back, share what they have in common, and come out again.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use domain::data::FileId;
use objects::{Error, Evicted, Linked, Store};
use proptest::prelude::*;

use crate::{file, store};

pub(crate) fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Rows of a table as text.
fn rows(from: usize, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 64);
    let mut row = from;
    while bytes.len() < len {
        let carrier = ["AA", "UA", "DL", "B6", "WN"][row * 7 % 5];
        let line =
            format!("{row},2013-{:02}-{:02},{carrier},{}\n", row % 12 + 1, row % 28 + 1, row * 7919 % 5000);
        bytes.extend(line.as_bytes());
        row += 1;
    }
    bytes
}

fn put(store: &Store, bytes: &[u8]) -> FileId {
    let id = store.put_bytes(bytes).unwrap().id;
    store.named(&id);
    id
}

fn pack_and_evict(store: &Store, file: FileId) -> u64 {
    let report = store.pack(&[file]).unwrap();
    assert!(report.refused.is_empty());
    let Evicted::Dropped { stored } = store.evict(&file).unwrap() else { panic!("it is dropped") };
    report.stored + stored
}

#[derive(Clone, Debug)]
enum Edit {
    Insert(usize, usize),
    Append(usize),
    Delete(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0_usize..2_000_000, 1_usize..20_000).prop_map(|(at, len)| Edit::Insert(at, len)),
        (1_usize..20_000).prop_map(Edit::Append),
        (0_usize..2_000_000, 1_usize..20_000).prop_map(|(at, len)| Edit::Delete(at, len)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn versions_read_back_and_store_what_is_new(
        seed: u64,
        len in 0_usize..2_500_000,
        edits in proptest::collection::vec(edit(), 1..4),
    ) {
        let (_folder, store) = store();
        let first = random(seed, len);
        let mut second = first.clone();
        let mut new = 0;
        for (number, edit) in (1..).zip(&edits) {
            match *edit {
                Edit::Insert(at, len) => {
                    let at = at.min(second.len());
                    second.splice(at..at, random(seed ^ number, len));
                    new += len;
                }
                Edit::Append(len) => {
                    second.extend(random(seed ^ number, len));
                    new += len;
                }
                Edit::Delete(at, len) => {
                    let at = at.min(second.len());
                    second.drain(at..(at + len).min(second.len()));
                }
            }
        }
        let one = put(&store, &first);
        pack_and_evict(&store, one);
        let two = put(&store, &second);
        let stored = pack_and_evict(&store, two);
        prop_assert_eq!(store.read(&one).unwrap(), first);
        prop_assert_eq!(store.read(&two).unwrap(), second);
        // Around each edit some chunks are cut anew; an edited file without cuts of its own is stored again.
        let bound = new + edits.len() * 3 * 256 * 1024 + 8 * 1024;
        prop_assert!(stored as usize <= bound, "{} bytes for {} new ones", stored, new);
        prop_assert_eq!(store.verify_all(&mut |_| {}).unwrap().damaged, []);
    }

    #[test]
    fn a_range_is_the_same_from_wherever_it_is_read(
        seed: u64,
        len in 0_usize..1_500_000,
        ranges in proptest::collection::vec((0_u64..1_600_000, 0_usize..600_000), 1..6),
    ) {
        let (_folder, store) = store();
        let bytes = random(seed, len);
        let id = put(&store, &bytes);
        let expect = |offset: u64, length: usize| {
            let from = (offset as usize).min(len);
            bytes[from..(from + length).min(len)].to_vec()
        };
        for evicted in [None, Some(false), Some(true)] {
            match evicted {
                None => {}
                Some(false) => drop(store.pack(&[id]).unwrap()),
                Some(true) => drop(store.evict(&id).unwrap()),
            }
            for (offset, length) in &ranges {
                prop_assert_eq!(store.read_range(&id, *offset, *length).unwrap(), expect(*offset, *length));
            }
        }
    }
}

/// Bytes stored for a file of 64 MB that grew by a hundredth, and the bytes of that hundredth.
fn grow(make: impl Fn(usize) -> Vec<u8>) -> (u64, u64) {
    let (_folder, store) = store();
    let (size, grown) = (64_000_000, 64_640_000);
    let whole = make(grown);
    let first = put(&store, &whole[..size]);
    let report = store.pack(&[first]).unwrap();
    assert_eq!(report.in_place, size as u64, "it is not copied");
    assert!(report.stored < 100_000, "its recipe is small: {}", report.stored);
    let second = put(&store, &whole[..grown]);
    let stored = pack_and_evict(&store, second);
    assert_eq!(store.read(&second).unwrap(), &whole[..grown]);
    assert!(pack_and_evict(&store, first) > 0, "its chunks go into packs");
    assert_eq!(store.read(&second).unwrap(), &whole[..grown]);
    assert_eq!(store.read(&first).unwrap(), &whole[..size]);
    (stored, (grown - size) as u64)
}

#[test]
fn a_hundredth_appended_stores_little_more_than_that() {
    let (stored, new) = grow(|len| random(7, len));
    assert!(stored as f64 <= new as f64 * 1.2, "{stored} bytes for {new}");
    let (stored, new) = grow(|len| rows(0, len));
    assert!(stored * 2 <= new, "{stored} bytes for {new} of text");
}

#[test]
fn small_files_go_into_packs_in_their_order() {
    let (folder, store) = store();
    let source = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..500).map(|n| source.path().join(format!("{n:04}"))).collect();
    for (n, path) in paths.iter().enumerate() {
        fs::write(path, rows(n, n * 7)).unwrap();
    }
    fs::write(&paths[7], random(1, 300_000)).unwrap();
    let stored = store.put_files(&paths).unwrap();
    assert_eq!(store.put_files(&paths).unwrap(), stored);
    let store = Store::open(folder.path()).unwrap();
    for (path, file) in paths.iter().zip(&stored) {
        assert_eq!(store.read(&file.id).unwrap(), fs::read(path).unwrap());
        assert_eq!(store.size(&file.id).unwrap(), file.size);
        assert!(store.has(&file.id));
    }
    let usage = store.usage().unwrap();
    assert_eq!((usage.whole_files, usage.packs, usage.garbage), (1, 1, 0));
    assert!(usage.compression_ratio() > 1.5 && usage.packed_files >= 490);
    let out = folder.path().join("out");
    assert_eq!(store.link_into(&stored[9].id, &out).unwrap(), Linked::Copy);
    assert_eq!(fs::read(&out).unwrap(), fs::read(&paths[9]).unwrap());
    assert_eq!(
        store.usage().unwrap().whole_files,
        1,
        "a small file is written straight to where it is wanted"
    );
}

#[test]
fn the_next_version_of_a_file_writes_only_what_is_new() {
    let (folder, store) = store();
    let first = put(&store, &random(1, 6_000_000));
    let source = folder.path().join("source");
    let mut bytes = random(1, 6_000_000);
    bytes.splice(2_000_000..2_000_000, random(2, 60_000));
    fs::write(&source, &bytes).unwrap();
    let second = store.put_version(&source, &first).unwrap();
    assert_eq!((second.id, second.size), (FileId::of(&bytes), 6_060_000));
    assert!(store.doom(&[second.id]).ids().is_empty(), "it is fresh");
    store.named(&second.id);
    let usage = store.usage().unwrap();
    assert_eq!((usage.whole_files, usage.packed_files), (1, 2));
    assert!(usage.pack_bytes < 600_000, "{usage:?}");
    assert_eq!(store.read(&second.id).unwrap(), bytes);
    // Another file is no next version, whatever is said.
    for (other, whole) in [(random(3, 700_000), true), (b"tiny".to_vec(), false)] {
        fs::write(&source, &other).unwrap();
        let stored = store.put_version(&source, &second.id).unwrap();
        assert_eq!(store.read(&stored.id).unwrap(), other);
        assert_eq!(folder.path().join("files").join(&stored.id.to_string()[..2]).exists(), whole);
        store.named(&stored.id);
        assert_eq!(store.doom(&[stored.id]).ids(), [stored.id]);
    }
}

#[test]
fn a_fresh_file_in_packs_is_not_doomed() {
    let (folder, store) = store();
    let path = folder.path().join("source");
    fs::write(&path, b"weights").unwrap();
    let file = store.put_files(&[path]).unwrap()[0].id;
    assert!(store.doom(&[file]).ids().is_empty());
    store.named(&file);
    assert_eq!(store.doom(&[file]).ids(), [file]);
}

#[test]
fn a_file_that_only_packs_have_is_put_together_when_it_is_wanted() {
    let (folder, store) = store();
    let files: Vec<_> = [("a/b.csv", 400), ("run.sh", 90_000), ("c", 0)]
        .map(|(path, rows)| file(&store, path, &"1,2,3\n".repeat(rows)))
        .to_vec();
    let tree = store.put_tree(&files).unwrap();
    for file in &files {
        pack_and_evict(&store, file.file_id);
        assert_eq!(store.evict(&file.file_id).unwrap(), Evicted::Absent);
    }
    assert_eq!(store.usage().unwrap().whole_files, 0);
    assert_eq!(store.put_tree(&files).unwrap(), tree);
    let out = folder.path().join("out");
    store.checkout(&tree, &out).unwrap();
    for file in &files {
        let path = out.join(file.path.as_str());
        assert_eq!(FileId::of(&fs::read(&path).unwrap()), file.file_id);
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if file.executable { 0o555 } else { 0o444 });
    }
    let id = files[1].file_id;
    let mut bytes = Vec::new();
    store.open_file(&id).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(FileId::of(&bytes), id);
    assert_eq!(FileId::of(&fs::read(store.path(&id).unwrap()).unwrap()), id);
    assert_eq!(store.evict(&id).unwrap(), Evicted::InUse, "somebody may read at the path");
    store.verify(&id).unwrap();
    let absent = FileId::of(b"absent");
    assert!(matches!(store.evict(&absent), Err(Error::Missing { .. })));
    assert!(matches!(store.read_range(&absent, 0, 1), Err(Error::Missing { .. })));
    assert!(matches!(store.pack(&[absent]).unwrap().refused[..], [(_, Error::Missing { .. })]));
}

#[test]
fn the_index_is_made_again_when_it_is_lost_or_damaged() {
    let (folder, store) = store();
    let mut files = Vec::new();
    for n in 0..12 {
        let bytes = random(n, 5000);
        let id = put(&store, &bytes);
        pack_and_evict(&store, id);
        files.push((id, bytes));
    }
    let index = folder.path().join("index");
    let right = fs::read(&index).unwrap();
    for damaged in
        [None, Some(b"nonsense".to_vec()), Some(right[..right.len() - 1].to_vec()), Some(right.clone())]
    {
        fs::remove_file(&index).unwrap();
        if let Some(bytes) = damaged {
            fs::write(&index, bytes).unwrap();
        }
        let store = Store::open(folder.path()).unwrap();
        for (id, bytes) in &files {
            assert_eq!(&store.read(id).unwrap(), bytes);
        }
        assert!(index.exists());
    }
}

fn overwrite(path: &std::path::Path, at: usize, with: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_edit_of_a_linked_file_never_reaches_what_the_store_gives() {
    let (folder, store) = store();
    let bytes = random(1, 3_000_000);
    let id = put(&store, &bytes);
    assert_eq!(store.pack(&[id]).unwrap().in_place, 3_000_000);
    let to = folder.path().join("linked");
    if store.link_into(&id, &to).unwrap() != Linked::HardLink {
        return;
    }
    overwrite(&to, 1_000_000, b"edited");
    // A path, a link, a range and the bytes: all are as they were.
    let other = folder.path().join("other");
    store.link_into(&id, &other).unwrap();
    assert_eq!(fs::read(&other).unwrap(), bytes);
    assert_eq!(fs::read(store.path(&id).unwrap()).unwrap(), bytes);
    overwrite(&other, 1_000_000, b"edited");
    assert_eq!(store.read_range(&id, 999_990, 100).unwrap(), &bytes[999_990..1_000_090]);
    assert_eq!(store.read(&id).unwrap(), bytes);
    assert_eq!(&fs::read(&to).unwrap()[1_000_000..1_000_006], b"edited", "the working copy is left alone");
    assert!(store.verify_all(&mut |_| {}).unwrap().damaged.is_empty());
}

#[test]
fn a_damaged_file_is_healed_by_its_own_bytes() {
    let (_folder, store) = store();
    let id = put(&store, b"flights");
    overwrite(&store.path(&id).unwrap(), 0, b"F");
    assert!(matches!(store.read(&id), Err(Error::Damaged { .. })));
    put(&store, b"flights");
    assert_eq!(store.read(&id).unwrap(), b"flights");
}
