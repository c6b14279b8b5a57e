//! The store itself.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use domain::data::tree::{self, TreeFile};
use domain::data::{Commit, CommitId, FileId, TreeId};
use futures::{Stream, StreamExt};
use tempfile::NamedTempFile;

use crate::link::{self, Linked};
use crate::removal::Freshness;
use crate::upload::Upload;
use crate::{Error, Result};

/// Bytes read or copied at a time.
pub(crate) const BUFFER: usize = 256 * 1024;
/// Pieces of an upload that wait to be written at the most.
const PIECES: usize = 16;
/// Stored files may be read, never written: links to them share the mode.
const READ_ONLY: u32 = 0o444;

/// A folder of objects by content; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    root: Arc<PathBuf>,
    freshness: Arc<Freshness>,
}

/// A file that is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The hash of its bytes.
    pub id: FileId,
    /// Their number.
    pub size: u64,
}

impl Store {
    /// Opens the folder, making it when absent, and clears what a crash left unfinished.
    ///
    /// The caller holds the home's lock: nobody else writes here.
    pub fn open(root: &Path) -> Result<Self> {
        for name in ["files", "trees", "commits", "tmp"] {
            make_folder(&root.join(name))?;
        }
        let unfinished = root.join("tmp");
        for entry in fs::read_dir(&unfinished).map_err(Error::at("list", &unfinished))? {
            let path = entry.map_err(Error::at("list", &unfinished))?.path();
            fs::remove_file(&path).map_err(Error::at("remove", &path))?;
        }
        Ok(Self { root: Arc::new(root.to_owned()), freshness: Arc::default() })
    }

    /// Stores a copy of the file at `path`; returns when it is on disk. Reads the source once.
    pub fn put_file(&self, path: &Path) -> Result<StoredFile> {
        let mut source = File::open(path).map_err(Error::at("open", path))?;
        let mut upload = self.upload(u64::MAX)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let count = source.read(&mut buffer).map_err(Error::at("read", path))?;
            if count == 0 {
                return upload.finish();
            }
            upload.write(&buffer[..count])?;
        }
    }

    /// Stores bytes; returns when they are on disk.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<StoredFile> {
        let mut upload = self.upload(u64::MAX)?;
        upload.write(bytes)?;
        upload.finish()
    }

    /// Stores what a stream brings, at most `limit` bytes; returns when it is on disk. A stream that fails or
    /// is dropped leaves nothing.
    pub async fn put_stream<S, E>(&self, mut stream: S, limit: u64) -> Result<StoredFile>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let (pieces, mut arriving) = tokio::sync::mpsc::channel::<Bytes>(PIECES);
        let store = self.clone();
        // One thread writes and hashes while the next pieces arrive; a thread for each would cost more than the bytes.
        let written = tokio::task::spawn_blocking(move || {
            let mut upload = store.upload(limit)?;
            while let Some(bytes) = arriving.blocking_recv() {
                upload.write(&bytes)?;
            }
            Ok(upload)
        });
        let mut broken = None;
        while let Some(bytes) = stream.next().await {
            match bytes {
                Ok(bytes) => {
                    // Nobody takes it any more when writing failed: the reason comes from there.
                    if pieces.send(bytes).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    broken = Some(Error::BrokenOff(error.to_string()));
                    break;
                }
            }
        }
        drop(pieces);
        let upload = joined(written).await?;
        match broken {
            Some(error) => Err(error),
            None => off_thread(move || upload.finish()).await,
        }
    }

    /// Begins an upload of at most `limit` bytes, written piece by piece.
    pub fn upload(&self, limit: u64) -> Result<Upload> {
        Upload::begin(self.clone(), limit)
    }

    /// Whether the file is there.
    pub fn has(&self, id: &FileId) -> bool {
        self.place("files", &id.to_string()).is_file()
    }

    /// Where the file lies, to be read and never written.
    pub fn path(&self, id: &FileId) -> Result<PathBuf> {
        let path = self.place("files", &id.to_string());
        if path.is_file() { Ok(path) } else { Err(missing("file", id)) }
    }

    /// The size of a stored file, in bytes.
    pub fn size(&self, id: &FileId) -> Result<u64> {
        let path = self.path(id)?;
        Ok(fs::metadata(&path).map_err(Error::at("read", &path))?.len())
    }

    /// The bytes of a file, checked against its id.
    pub fn read(&self, id: &FileId) -> Result<Vec<u8>> {
        let path = self.path(id)?;
        let bytes = fs::read(&path).map_err(Error::at("read", &path))?;
        if FileId::of(&bytes) == *id { Ok(bytes) } else { Err(Error::Damaged { path, id: *id }) }
    }

    /// Reads a file through and checks its bytes against its id.
    pub fn verify(&self, id: &FileId) -> Result<()> {
        let path = self.path(id)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_mmap(&path).map_err(Error::at("read", &path))?;
        if hasher.finalize().as_bytes() == id.as_bytes() {
            Ok(())
        } else {
            Err(Error::Damaged { path, id: *id })
        }
    }

    /// Puts the file at `to`, which must not exist: reflink, else read-only hard link, else copy.
    pub fn link_into(&self, id: &FileId, to: &Path) -> Result<Linked> {
        link::link(&self.path(id)?, to, false)
    }

    /// Puts every file of a tree below the folder `to`, making it and its folders.
    pub fn checkout(&self, tree: &TreeId, to: &Path) -> Result<()> {
        self.checkout_files(&self.tree(tree)?, to)
    }

    /// Puts files below the folder `to`, making it and its folders.
    pub fn checkout_files(&self, files: &[TreeFile], to: &Path) -> Result<()> {
        for file in files {
            let target = to.join(file.path.as_str());
            let folder = target.parent().expect("a file is in a folder");
            fs::create_dir_all(folder).map_err(Error::at("make the folder", folder))?;
            link::link(&self.path(&file.file_id)?, &target, file.executable)?;
        }
        fs::create_dir_all(to).map_err(Error::at("make the folder", to))
    }

    /// Stores a set of files, whose bytes must be here, as a tree.
    pub fn put_tree(&self, files: &[TreeFile]) -> Result<TreeId> {
        for file in files {
            self.freshness.stored(file.file_id);
        }
        if let Some(file) = files.iter().find(|file| !self.has(&file.file_id)) {
            return Err(missing("file", &file.file_id));
        }
        let built = tree::build(files)?;
        for (id, bytes) in &built.nodes {
            self.put_object("trees", &id.to_string(), bytes)?;
        }
        Ok(built.root)
    }

    /// Whether the tree is there.
    pub fn has_tree(&self, id: &TreeId) -> bool {
        self.place("trees", &id.to_string()).is_file()
    }

    /// The files of a tree, in byte order of their paths.
    pub fn tree(&self, id: &TreeId) -> Result<Vec<TreeFile>> {
        tree::flatten(*id, &mut |node: TreeId| {
            let path = self.place("trees", &node.to_string());
            let bytes = fs::read(&path).map_err(|source| absent(source, &path, "tree", &node))?;
            if TreeId::of(&bytes) == node {
                Ok(bytes)
            } else {
                Err(tree::TreeError::Damaged { id: node, reason: "its bytes are not those of its id" }.into())
            }
        })
    }

    /// Stores a commit.
    pub fn put_commit(&self, commit: &Commit) -> Result<CommitId> {
        let id = commit.id();
        self.put_object("commits", &id.to_string(), &commit.encode())?;
        Ok(id)
    }

    /// Reads a commit.
    pub fn commit(&self, id: &CommitId) -> Result<Commit> {
        let path = self.place("commits", &id.to_string());
        let bytes = fs::read(&path).map_err(|source| absent(source, &path, "commit", id))?;
        Commit::decode(&bytes)
            .filter(|commit| commit.id() == *id)
            .ok_or_else(|| Error::DamagedCommit(id.to_string()))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    fn put_object(&self, kind: &str, id: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.temporary()?;
        file.write_all(bytes).map_err(Error::at("write", file.path()))?;
        self.keep(file, kind, id, bytes.len() as u64)
    }

    /// A new file without a name, gone when dropped.
    pub(crate) fn temporary(&self) -> Result<NamedTempFile> {
        let folder = self.root.join("tmp");
        NamedTempFile::new_in(&folder).map_err(Error::at("make a file in", &folder))
    }

    /// Gives a finished file its name: bytes on disk, read-only, renamed, folder on disk.
    ///
    /// What is there already stays, unless its size betrays it as damaged. The folder is synced all the same:
    /// whoever made it may not have come that far.
    pub(crate) fn keep(&self, file: NamedTempFile, kind: &str, id: &str, size: u64) -> Result<()> {
        let to = self.place(kind, id);
        let folder = to.parent().expect("an object is in a folder");
        if fs::metadata(&to).is_ok_and(|found| found.len() == size) {
            return sync_folder(folder);
        }
        if !folder.is_dir() {
            make_folder(folder)?;
            sync_folder(&self.root.join(kind))?;
        }
        let mode = fs::Permissions::from_mode(READ_ONLY);
        fs::set_permissions(file.path(), mode).map_err(Error::at("protect", file.path()))?;
        file.as_file().sync_all().map_err(Error::at("write", file.path()))?;
        file.persist(&to).map_err(|error| Error::at("write", &to)(error.error))?;
        sync_folder(folder)
    }

    pub(crate) fn place(&self, kind: &str, id: &str) -> PathBuf {
        self.root.join(kind).join(&id[..2]).join(&id[2..])
    }
}

pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::at("make the folder", path))
}

pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::at("write", path))
}

fn absent(source: io::Error, path: &Path, kind: &'static str, id: &impl ToString) -> Error {
    if source.kind() == io::ErrorKind::NotFound { missing(kind, id) } else { Error::at("read", path)(source) }
}

fn missing(kind: &'static str, id: &impl ToString) -> Error {
    Error::Missing { kind, id: id.to_string() }
}

pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    joined(tokio::task::spawn_blocking(work)).await
}

async fn joined<T>(task: tokio::task::JoinHandle<Result<T>>) -> Result<T> {
    task.await.unwrap_or_else(|error| Err(Error::BrokenOff(error.to_string())))
}
