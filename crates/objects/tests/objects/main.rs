//! The store against a real folder.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod collecting;
mod damage;
mod packing;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bytes::Bytes;
use domain::Timestamp;
use domain::data::{Commit, FileId, RelativePath, TreeFile};
use futures::stream;
use objects::{Error, Linked, Store};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

fn file(store: &Store, path: &str, content: &str) -> TreeFile {
    let stored = store.put_bytes(content.as_bytes()).unwrap();
    TreeFile {
        path: RelativePath::parse(path).unwrap(),
        file_id: stored.id,
        size: stored.size,
        executable: path.ends_with(".sh"),
    }
}

fn unfinished(folder: &Path) -> usize {
    fs::read_dir(folder.join("tmp")).unwrap().count()
}

#[test]
fn bytes_come_back_under_their_hash_and_once() {
    let (folder, store) = store();
    let first = store.put_bytes(b"flights").unwrap();
    assert_eq!(first.id, FileId::of(b"flights"));
    let source = folder.path().join("source");
    fs::write(&source, b"flights").unwrap();
    assert_eq!(store.put_file(&source).unwrap(), first);
    assert_eq!(store.read(&first.id).unwrap(), b"flights");
    assert_eq!(store.size(&first.id).unwrap(), 7);
    let mode = fs::metadata(store.path(&first.id).unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
    assert_eq!(unfinished(folder.path()), 0);
    assert!(matches!(store.path(&FileId::of(b"other")), Err(Error::Missing { .. })));
}

#[test]
fn an_altered_file_is_noticed_and_a_shortened_one_is_healed() {
    let (_folder, store) = store();
    let id = store.put_bytes(b"flights").unwrap().id;
    let path = store.path(&id).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, b"FLIGHTS").unwrap();
    assert!(matches!(store.read(&id), Err(Error::Damaged { .. })));
    assert!(matches!(store.verify(&id), Err(Error::Damaged { .. })));
    fs::write(&path, b"fli").unwrap();
    store.put_bytes(b"flights").unwrap();
    store.verify(&id).unwrap();
}

#[tokio::test]
async fn a_stream_is_visible_only_when_whole() {
    let (folder, store) = store();
    let whole = stream::iter([Ok::<_, String>(Bytes::from("fli")), Ok(Bytes::from("ghts"))]);
    assert_eq!(store.put_stream(whole, 7).await.unwrap().id, FileId::of(b"flights"));
    let too_long = stream::iter([Ok::<_, String>(Bytes::from("12345678"))]);
    assert!(matches!(store.put_stream(too_long, 7).await, Err(Error::TooLarge { limit: 7 })));
    let broken = stream::iter([Ok(Bytes::from("half")), Err("gone".to_owned())]);
    assert!(matches!(store.put_stream(broken, 100).await, Err(Error::BrokenOff(_))));
    assert_eq!(unfinished(folder.path()), 0);
    assert!(!store.has(&FileId::of(b"half")));
}

#[test]
fn what_a_crash_left_unfinished_is_cleared_at_start() {
    let (folder, store) = store();
    let kept = store.put_bytes(b"kept").unwrap();
    let mut upload = store.upload(100).unwrap();
    upload.write(b"half").unwrap();
    // As after a crash: nobody removes the temporary file.
    std::mem::forget(upload);
    assert_eq!(unfinished(folder.path()), 1);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(unfinished(folder.path()), 0);
    store.verify(&kept.id).unwrap();
    assert!(!store.has(&FileId::of(b"half")));
}

#[test]
fn a_tree_is_checked_out_read_only() {
    let (folder, store) = store();
    let files = [file(&store, "a/b.csv", "x,y\n"), file(&store, "run.sh", "#!/bin/sh\n")];
    let tree = store.put_tree(&files).unwrap();
    assert!(store.has_tree(&tree));
    assert_eq!(store.tree(&tree).unwrap(), files);
    let out = folder.path().join("out");
    store.checkout(&tree, &out).unwrap();
    assert_eq!(fs::read(out.join("a/b.csv")).unwrap(), b"x,y\n");
    let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("a/b.csv"), mode("run.sh")), (0o444, 0o555));
    let kept = fs::metadata(store.path(&files[1].file_id).unwrap()).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o444, "the stored file keeps its mode");
    assert!(matches!(store.checkout(&tree, &out), Err(Error::Io { .. })), "nothing is overwritten");
}

#[test]
fn a_tree_needs_its_files() {
    let (_folder, store) = store();
    let absent = TreeFile {
        path: RelativePath::parse("a").unwrap(),
        file_id: FileId::of(b"never stored"),
        size: 1,
        executable: false,
    };
    assert!(matches!(store.put_tree(&[absent]), Err(Error::Missing { .. })));
}

#[test]
fn a_link_says_how_it_was_made() {
    let (folder, store) = store();
    let id = store.put_bytes(b"flights").unwrap().id;
    let to = folder.path().join("linked");
    let linked = store.link_into(&id, &to).unwrap();
    assert!(matches!(linked, Linked::Reflink | Linked::HardLink));
    assert_eq!(fs::read(&to).unwrap(), b"flights");
}

#[test]
fn a_commit_reads_back() {
    let (_folder, store) = store();
    let tree = store.put_tree(&[file(&store, "a", "1")]).unwrap();
    let commit = Commit {
        tree,
        parents: Vec::new(),
        author: "ada".to_owned(),
        time_ms: Timestamp::from_millis(5),
        message: String::new(),
        contract: None,
        origin: "upload".to_owned(),
    };
    let id = store.put_commit(&commit).unwrap();
    assert_eq!(store.commit(&id).unwrap(), commit);
}
