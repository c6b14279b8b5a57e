//! The store itself.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use domain::data::tree::{self, TreeFile};
use domain::data::{Commit, CommitId, FileId, RelativePath, TreeId};
use futures::{Stream, StreamExt};
use tempfile::NamedTempFile;

use crate::disk::{self, make_folder, sync_folder};
use crate::link::{self, Linked};
use crate::packing::Known;
use crate::packs::Packs;
use crate::reading::hash;
use crate::removal::Freshness;
use crate::upload::Upload;
use crate::{Error, Result};

/// Bytes read or copied at a time.
pub(crate) const BUFFER: usize = 256 * 1024;
/// Pieces of an upload that wait to be written at the most.
const PIECES: usize = 16;

/// A folder of objects by content; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    root: Arc<PathBuf>,
    freshness: Arc<Freshness>,
    packs: Arc<Packs>,
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
        for name in ["files", "trees", "commits", "packs", "recipes", "tmp"] {
            make_folder(&root.join(name))?;
        }
        let unfinished = root.join("tmp");
        for entry in fs::read_dir(&unfinished).map_err(Error::at("list", &unfinished))? {
            let path = entry.map_err(Error::at("list", &unfinished))?.path();
            fs::remove_file(&path).map_err(Error::at("remove", &path))?;
        }
        Ok(Self { root: Arc::new(root.to_owned()), freshness: Arc::default(), packs: Arc::default() })
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

    /// Whether the file is there, whole or in packs.
    pub fn has(&self, id: &FileId) -> bool {
        self.has_whole(id) || self.with_index(|index| index.recipe(id).is_some()).unwrap_or(false)
    }

    /// The bytes of the whole file, when there is one.
    pub fn whole_size(&self, id: &FileId) -> Option<u64> {
        let whole = fs::metadata(self.place("files", &id.to_string())).ok()?;
        whole.is_file().then_some(whole.len())
    }

    pub(crate) fn has_whole(&self, id: &FileId) -> bool {
        self.place("files", &id.to_string()).is_file()
    }

    /// Where the file lies, to be read and never written. One that only packs have is put together first; it then stays whole
    /// for an hour at least.
    pub fn path(&self, id: &FileId) -> Result<PathBuf> {
        self.packs.handed.stored(*id);
        self.whole_or_restored(id)
    }

    /// As [`Store::path`] for a file that lies whole; `None` when only packs have it, and [`Store::read_range`] reads it there.
    pub fn path_if_whole(&self, id: &FileId) -> Result<Option<PathBuf>> {
        self.packs.handed.stored(*id);
        match self.whole(id)? {
            Some(path) => Ok(Some(path)),
            None if self.with_index(|index| index.recipe(id).is_some())? => Ok(None),
            // It may have been put together between the two looks.
            None => self.path(id).map(Some),
        }
    }

    /// The size of a stored file, in bytes.
    pub fn size(&self, id: &FileId) -> Result<u64> {
        let path = self.place("files", &id.to_string());
        let packed = || self.with_index(|index| index.recipe(id).map(|place| place.size));
        if let Some(size) = packed()? {
            return Ok(size);
        }
        match fs::metadata(&path) {
            Ok(found) => Ok(found.len()),
            // It may have been packed and evicted between the two looks.
            Err(source) => packed()?.ok_or_else(|| absent(source, &path, "file", id)),
        }
    }

    /// The bytes of a file, checked against its id. Where the whole file is damaged or not there, packs have a say.
    pub fn read(&self, id: &FileId) -> Result<Vec<u8>> {
        let path = self.place("files", &id.to_string());
        let whole = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => Some(read.map_err(Error::at("read", &path))?),
        };
        match whole {
            Some(bytes) if FileId::of(&bytes) == *id => return Ok(bytes),
            Some(_) => {
                let mended = self.mend(id, path)?;
                return fs::read(&mended).map_err(Error::at("read", &mended));
            }
            None => {}
        }
        let recipe = self.recipe(id)?.ok_or_else(|| missing("file", id))?;
        let mut bytes = Vec::new();
        self.rebuild(&recipe, Known::Anywhere, &mut |piece| {
            bytes.extend(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Reads a file through and checks its bytes against its id; a damaged whole file is mended from packs.
    pub fn verify(&self, id: &FileId) -> Result<()> {
        let path = self.place("files", &id.to_string());
        match hash(&path) {
            Ok(found) if found == *id => Ok(()),
            Ok(_) => self.mend(id, path).map(|_| ()),
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let recipe = self.recipe(id)?.ok_or_else(|| missing("file", id))?;
                self.rebuild(&recipe, Known::Anywhere, &mut |_| Ok(()))
            }
            Err(error) => Err(error),
        }
    }

    /// Puts a whole file that was found damaged together again.
    fn mend(&self, id: &FileId, path: PathBuf) -> Result<PathBuf> {
        self.packs.mark_damaged(*id);
        // What is wrong with packs matters less than that the file is damaged.
        self.restore(id).map_err(|_| Error::Damaged { path, id: *id })
    }

    /// Puts the file at `to`, which must not exist: reflink, else read-only hard link, else copy.
    pub fn link_into(&self, id: &FileId, to: &Path) -> Result<Linked> {
        self.place_at(id, to, false)
    }

    fn place_at(&self, id: &FileId, to: &Path, executable: bool) -> Result<Linked> {
        if !self.has_whole(id)
            && let Some(linked) = self.write_small(id, to, executable)?
        {
            return Ok(linked);
        }
        self.packs.handed.stored(*id);
        let linked = link::link(&self.whole_or_restored(id)?, to, executable);
        self.packs.handed.named(id);
        let linked = linked?;
        if linked == Linked::HardLink && self.with_index(|index| index.is_holder(id))? {
            // The link can be written to by who insists: what others need of the file must not lie there alone.
            let _alone = self.writing();
            if let Err(error) = self.secure(id, Known::InPacks) {
                disk::unlink(to)?;
                return Err(error);
            }
        }
        Ok(linked)
    }

    /// Writes a file of one chunk that only packs have straight to where it is wanted.
    fn write_small(&self, id: &FileId, to: &Path, executable: bool) -> Result<Option<Linked>> {
        let Some(recipe) = self.recipe(id)?.filter(|recipe| recipe.chunker.is_none()) else {
            return Ok(None);
        };
        let mut target = File::create_new(to).map_err(Error::at("make", to))?;
        let written = self.rebuild(&recipe, Known::Anywhere, &mut |bytes| {
            target.write_all(bytes).map_err(Error::at("write", to))
        });
        let done = written.and_then(|()| link::protect(to, executable));
        if done.is_err() {
            // Best effort: the reason is the first error.
            drop(fs::remove_file(to));
        }
        done.map(|()| Some(Linked::Copy))
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
            self.place_at(&file.file_id, &target, file.executable)?;
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
        tree::flatten(*id, &mut |node| self.tree_node(node))
    }

    /// The file at a path of a tree.
    pub fn tree_file(&self, id: &TreeId, path: &RelativePath) -> Result<Option<TreeFile>> {
        tree::find(*id, path, &mut |node| self.tree_node(node))
    }

    /// A page of a tree's files and folders, in byte order of the paths.
    pub fn tree_list(&self, id: &TreeId, listing: tree::Listing<'_>) -> Result<Vec<tree::Listed>> {
        tree::list(*id, listing, &mut |node| self.tree_node(node))
    }

    /// What differs between two trees, in byte order of the paths.
    pub fn tree_diff(&self, before: &TreeId, after: &TreeId) -> Result<Vec<tree::Change>> {
        tree::diff(*before, *after, &mut |node| self.tree_node(node))
    }

    fn tree_node(&self, node: TreeId) -> Result<Vec<u8>> {
        let path = self.place("trees", &node.to_string());
        let bytes = fs::read(&path).map_err(|source| absent(source, &path, "tree", &node))?;
        if TreeId::of(&bytes) == node {
            Ok(bytes)
        } else {
            Err(tree::TreeError::Damaged { id: node, reason: "its bytes are not those of its id" }.into())
        }
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

    pub(crate) fn packs(&self) -> &Packs {
        &self.packs
    }

    fn put_object(&self, kind: &str, id: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.temporary()?;
        disk::write(&mut file, bytes)?;
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
        if fs::metadata(&to).is_ok_and(|found| found.len() == size) {
            return sync_folder(to.parent().expect("an object is in a folder"));
        }
        self.replace(file, kind, id)
    }

    /// As [`Store::keep`], in place of what is there.
    pub(crate) fn replace(&self, file: NamedTempFile, kind: &str, id: &str) -> Result<()> {
        let to = self.place(kind, id);
        let folder = self.folder_for(&to, kind)?;
        disk::settle(&file)?;
        disk::rename(file, &to)?;
        sync_folder(&folder)
    }

    /// The folder of an object, made when it is not there.
    pub(crate) fn folder_for(&self, object: &Path, kind: &str) -> Result<PathBuf> {
        let folder = object.parent().expect("an object is in a folder");
        if !folder.is_dir() {
            make_folder(folder)?;
            sync_folder(&self.root.join(kind))?;
        }
        Ok(folder.to_owned())
    }

    pub(crate) fn place(&self, kind: &str, id: &str) -> PathBuf {
        self.root.join(kind).join(&id[..2]).join(&id[2..])
    }
}

fn absent(source: io::Error, path: &Path, kind: &'static str, id: &impl ToString) -> Error {
    if source.kind() == io::ErrorKind::NotFound { missing(kind, id) } else { Error::at("read", path)(source) }
}

pub(crate) fn missing(kind: &'static str, id: &impl ToString) -> Error {
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
