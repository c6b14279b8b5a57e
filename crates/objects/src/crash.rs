//! The power goes off after every single step that the store takes on the disk.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use domain::data::{FileId, RelativePath, TreeFile};

use crate::Result;
use crate::disk::faults;
use crate::store::Store;

/// What the store said is done.
#[derive(Default)]
struct Said {
    kept: HashMap<FileId, Vec<u8>>,
    removed: HashSet<FileId>,
}

fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

impl Said {
    fn put(&mut self, store: &Store, bytes: Vec<u8>) -> Result<FileId> {
        // From here on it may be there.
        self.removed.remove(&FileId::of(&bytes));
        let file = store.put_bytes(&bytes)?.id;
        store.named(&file);
        self.kept.insert(file, bytes);
        Ok(file)
    }

    fn remove(&mut self, store: &Store, file: FileId) -> Result<()> {
        // From here on it may be gone.
        self.kept.remove(&file);
        let gone = store.doom(&[file]).remove(&HashSet::from([file]))?;
        assert_eq!(gone, [file]);
        self.removed.insert(file);
        Ok(())
    }
}

fn second() -> Vec<u8> {
    let mut second = random(1, 1_500_000);
    second.splice(700_000..700_010, random(2, 90_000));
    second
}

/// A life of a store: versions of a large file, small files, all that moves them about.
fn life(store: &Store, source: &Path, said: &mut Said) -> Result<()> {
    for file in store.put_files(&[source.join("tiny"), source.join("empty")])? {
        said.kept.insert(file.id, store.read(&file.id)?);
        store.named(&file.id);
    }
    let first = random(1, 1_500_000);
    let second = second();
    let one = said.put(store, first)?;
    let small = said.put(store, b"small".repeat(100))?;
    let medium = said.put(store, random(3, 200_000))?;
    assert_eq!(store.pack(&[one, small, medium])?.files, 3);
    let two = said.put(store, second)?;
    let path = RelativePath::parse("a/b").expect("a path");
    store.put_tree(&[TreeFile { path, file_id: two, size: store.size(&two)?, executable: false }])?;
    store.named(&two);
    store.pack(&[two])?;
    store.evict(&two)?;
    let third = store.put_version(&source.join("third"), &two)?.id;
    said.kept.insert(third, store.read(&third)?);
    store.named(&third);
    // Most chunks of the second and third lie in the first's whole file.
    said.remove(store, one)?;
    store.evict(&small)?;
    store.evict(&medium)?;
    store.restore(&medium)?;
    said.remove(store, medium)?;
    let again = said.put(store, random(3, 200_000))?;
    store.pack(&[again])?;
    store.evict(&again)?;
    store.collect(0.0)?;
    store.read(&two)?;
    Ok(())
}

fn check(folder: &Path, said: &Said, steps: u32) {
    let store = Store::open(folder).expect("it opens");
    for (file, bytes) in &said.kept {
        assert!(store.has(file), "{file} is gone after {steps} steps");
        assert_eq!(&store.read(file).expect("it reads"), bytes, "after {steps} steps");
    }
    for file in &said.removed {
        let kept = said.kept.contains_key(file);
        assert_eq!(store.has(file), kept, "after {steps} steps {file} is there or not");
    }
    let scrub = store.verify_all(&mut |_| {}).expect("it can be read");
    assert_eq!(scrub.damaged, [], "after {steps} steps");
    // Whatever was interrupted can be done again.
    let files: Vec<FileId> = said.kept.keys().copied().collect();
    assert!(store.pack(&files).expect("it packs").refused.is_empty());
    for file in &files {
        store.evict(file).expect("it evicts");
    }
    store.collect(0.0).expect("it collects");
    for (file, bytes) in &said.kept {
        assert_eq!(&store.read(file).expect("it reads"), bytes, "after {steps} steps and a collection");
    }
    assert_eq!(store.usage().expect("it adds up").garbage, 0);
    assert_eq!(store.verify_all(&mut |_| {}).expect("it can be read").damaged, [], "after {steps} steps");
}

#[test]
fn the_power_may_go_off_at_any_step() {
    let source = tempfile::tempdir().expect("a folder");
    let third = [second(), random(4, 30_000)].concat();
    for (name, bytes) in [("tiny", b"tiny".to_vec()), ("empty", Vec::new()), ("third", third)] {
        std::fs::write(source.path().join(name), bytes).expect("it is written");
    }
    let mut steps = 0;
    loop {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("it opens");
        let mut said = Said::default();
        faults::after(Some(steps));
        let lived = life(&store, source.path(), &mut said);
        faults::after(None);
        drop(store);
        check(folder.path(), &said, steps);
        if lived.is_ok() {
            break;
        }
        steps += 1;
    }
    assert!(steps > 80, "only {steps} steps were taken");
}
