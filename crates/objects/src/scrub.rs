//! Reading everything, to find what is damaged before somebody needs it, and mending what can be mended.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::data::object_id::ids_in;
use domain::data::{ChunkId, CommitId, FileId, TreeId};

use crate::chunk;
use crate::index;
use crate::pack::{HEAD, Pack};
use crate::packing::Known;
use crate::reading::{hash, read_all};
use crate::recipe;
use crate::store::Store;
use crate::{Error, Result, cores, disk};

/// Objects that are read between two reports of progress.
const AT_ONCE: usize = 32;

/// What sort of thing is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A whole file.
    File,
    /// A pack of chunks.
    Pack,
    /// A set of recipes.
    Recipes,
    /// The copies of the packs' footers.
    Index,
    /// A tree's node.
    Tree,
    /// A commit.
    Commit,
}

/// A damaged object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What it is.
    pub kind: Kind,
    /// Where it lies or should lie.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: &'static str,
    /// Files that cannot be read any more because of it.
    pub unreadable: Vec<FileId>,
    /// Whether it was put right again.
    pub mended: bool,
}

/// How far a scrub is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Objects that were read.
    pub objects: u64,
    /// All objects.
    pub of_objects: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// All bytes.
    pub of_bytes: u64,
}

/// What [`Store::verify_all`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrub {
    /// Objects that were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is damaged; empty when all is well.
    pub damaged: Vec<Damage>,
}

/// An object that is to be read.
struct Item {
    kind: Kind,
    hash: [u8; 32],
    path: PathBuf,
    size: u64,
}

/// What reading it showed.
#[derive(Default)]
struct Seen {
    wrong: Option<&'static str>,
    /// Chunks of a pack that are not what they should be.
    chunks: Vec<ChunkId>,
    /// Files that a tree names, or whose recipe is lost.
    files: Vec<FileId>,
    /// The tree that a commit names.
    tree: Option<TreeId>,
}

impl Store {
    /// Reads every whole file, chunk, recipe, tree and commit and compares it with its name. What is damaged and can be had
    /// from elsewhere in the store is mended; the rest is named, with the files that cannot be read for it.
    pub fn verify_all(&self, progress: &mut dyn FnMut(Progress)) -> Result<Scrub> {
        let items = self.items()?;
        let mut at = Progress {
            objects: 0,
            of_objects: items.len() as u64,
            bytes: 0,
            of_bytes: items.iter().map(|item| item.size).sum(),
        };
        let mut bad = Vec::new();
        let (mut named, mut trees) = (HashSet::new(), HashSet::new());
        for some in items.chunks(AT_ONCE) {
            let seen = cores::each(some, || (), |(), item| self.look_at(item));
            for (item, seen) in some.iter().zip(seen) {
                let seen = seen?;
                at.objects += 1;
                at.bytes += item.size;
                trees.extend(seen.tree);
                if item.kind == Kind::Tree {
                    named.extend(seen.files.iter().copied());
                }
                if seen.wrong.is_some() {
                    bad.push((item, seen));
                }
            }
            progress(at);
        }
        let mut damaged = self.judge(bad)?;
        let gone = |kind, path, reason, unreadable| Damage { kind, path, reason, unreadable, mended: false };
        let known: HashSet<FileId> = damaged.iter().flat_map(|damage| &damage.unreadable).copied().collect();
        for file in named.into_iter().filter(|file| !known.contains(file) && !self.has(file)) {
            let path = self.place("files", &file.to_string());
            damaged.push(gone(Kind::File, path, "a tree names it, and it is not there", vec![file]));
        }
        for tree in trees.into_iter().filter(|tree| !self.has_tree(tree)) {
            let path = self.place("trees", &tree.to_string());
            damaged.push(gone(Kind::Tree, path, "a commit names it, and it is not there", Vec::new()));
        }
        damaged.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Scrub { objects: at.objects, bytes: at.bytes, damaged })
    }

    fn items(&self) -> Result<Vec<Item>> {
        let kinds = [
            ("files", Kind::File),
            ("packs", Kind::Pack),
            ("recipes", Kind::Recipes),
            ("trees", Kind::Tree),
            ("commits", Kind::Commit),
        ];
        let mut items = Vec::new();
        let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        for (folder, kind) in kinds {
            let stored = self.stored(folder)?.into_iter();
            items.extend(stored.map(|(hash, path)| Item { kind, hash, size: size(&path), path }));
        }
        let path = self.root().join("index");
        if path.exists() {
            items.push(Item { kind: Kind::Index, hash: [0; 32], size: size(&path), path });
        }
        Ok(items)
    }

    fn look_at(&self, item: &Item) -> Result<Seen> {
        let seen = match item.kind {
            Kind::File => hash(&item.path).map(|id| {
                let wrong = (id.as_bytes() != &item.hash).then_some("its bytes are not those of its id");
                Seen { wrong, ..Seen::default() }
            }),
            Kind::Pack => look_at_pack(item),
            Kind::Recipes => look_at_set(item),
            Kind::Index => {
                let wrong =
                    (index::is_whole(&item.path) == Some(false)).then_some("it is not what was written");
                Ok(Seen { wrong, ..Seen::default() })
            }
            Kind::Tree => bytes_of(item).map(|bytes| {
                let wrong = (TreeId::of(&bytes).as_bytes() != &item.hash)
                    .then_some("its bytes are not those of its id");
                // What a damaged node names is no evidence.
                let files = if wrong.is_none() { files_of(&bytes) } else { Vec::new() };
                Seen { wrong, files, ..Seen::default() }
            }),
            Kind::Commit => match self.commit(&CommitId::from_hash(item.hash)) {
                Ok(commit) => Ok(Seen { tree: Some(commit.tree), ..Seen::default() }),
                Err(Error::DamagedCommit(_)) => {
                    Ok(Seen { wrong: Some("its bytes are not those of its id"), ..Seen::default() })
                }
                Err(error) => Err(error),
            },
        };
        match seen {
            // Removed since it was listed.
            Err(_) if !item.path.exists() => Ok(Seen::default()),
            Err(Error::Io { action: "read", .. }) => {
                Ok(Seen { wrong: Some("the disk cannot read it"), ..Seen::default() })
            }
            seen => seen,
        }
    }

    /// Mends what can be mended, and says which files the rest makes unreadable.
    fn judge(&self, mut bad: Vec<(&Item, Seen)>) -> Result<Vec<Damage>> {
        if bad.is_empty() && self.incomplete(&HashSet::new())?.is_empty() {
            return Ok(Vec::new());
        }
        let _alone = self.writing();
        // Some may have been rewritten or removed by now.
        bad.retain(|(item, _)| item.path.exists());
        let mut broken: HashSet<FileId> = HashSet::new();
        for (item, _) in bad.iter().filter(|(item, _)| item.kind == Kind::File) {
            let file = FileId::from_hash(item.hash);
            self.packs().mark_damaged(file);
            if self.restore(&file).is_err() {
                broken.insert(file);
            }
        }
        for id in bad.iter().flat_map(|(_, seen)| &seen.chunks) {
            // Reading it makes the index forget the damaged place, and find a better one. That there is none is seen below.
            drop(self.chunk(id, Known::Anywhere));
        }
        let unreadable = self.incomplete(&broken)?;
        let lost: HashSet<ChunkId> = unreadable.values().flatten().copied().collect();
        let footer_lost = |item: &Item| item.kind == Kind::Pack && Pack::open(&item.path, item.hash).is_err();
        let mut damaged = Vec::new();
        let mut explained: HashSet<FileId> = HashSet::new();
        for (item, seen) in &bad {
            let reason = seen.wrong.expect("only what is wrong is judged");
            let file = FileId::from_hash(item.hash);
            let (files, mended) = match item.kind {
                Kind::File => (self.hurt_by_file(&file, &broken, &unreadable)?, !broken.contains(&file)),
                Kind::Pack if footer_lost(item) && !unreadable.is_empty() => {
                    // Which of the lost chunks it held is not known.
                    (unreadable.keys().copied().collect(), false)
                }
                Kind::Pack => {
                    let hurt =
                        unreadable.iter().filter(|(_, lost)| seen.chunks.iter().any(|id| lost.contains(id)));
                    let files: Vec<FileId> = hurt.map(|(file, _)| *file).collect();
                    let mended =
                        !seen.chunks.iter().any(|id| lost.contains(id)) && self.mend_pack(item, seen)?;
                    (files, mended)
                }
                Kind::Recipes => self.mend_set(item, seen, &broken)?,
                Kind::Index => (Vec::new(), disk::unlink(&item.path)?),
                Kind::Tree | Kind::Commit => (Vec::new(), false),
            };
            explained.extend(&files);
            let mut unreadable = files;
            unreadable.sort_unstable();
            damaged.push(Damage { kind: item.kind, path: item.path.clone(), reason, unreadable, mended });
        }
        let mut rest: Vec<FileId> = unreadable.into_keys().filter(|file| !explained.contains(file)).collect();
        if !rest.is_empty() {
            rest.sort_unstable();
            let (path, reason) = (self.root().join("packs"), "chunks that recipes name are in no pack");
            damaged.push(Damage { kind: Kind::Pack, path, reason, unreadable: rest, mended: false });
        }
        Ok(damaged)
    }

    /// The files that can be had neither whole nor from chunks, with the chunks that they lack.
    fn incomplete(&self, broken: &HashSet<FileId>) -> Result<HashMap<FileId, Vec<ChunkId>>> {
        let files: Vec<FileId> = self.with_index(|index| index.recipes().map(|(file, _)| *file).collect())?;
        let mut incomplete = HashMap::new();
        for file in files.into_iter().filter(|file| broken.contains(file) || !self.has_whole(file)) {
            // A recipe that cannot be read is told with its set.
            let Ok(Some(recipe)) = self.recipe(&file) else { continue };
            let doubtful: Vec<ChunkId> = self.with_index(|index| {
                let ids = recipe.chunks.iter().map(|(id, _)| *id);
                ids.filter(|id| index.chunk(id).is_none_or(|place| index.is_in_any(place, broken))).collect()
            })?;
            let lost: Vec<ChunkId> =
                doubtful.into_iter().filter(|id| self.chunk(id, Known::Anywhere).is_err()).collect();
            if !lost.is_empty() {
                incomplete.insert(file, lost);
            }
        }
        Ok(incomplete)
    }

    fn hurt_by_file(
        &self,
        file: &FileId,
        broken: &HashSet<FileId>,
        unreadable: &HashMap<FileId, Vec<ChunkId>>,
    ) -> Result<Vec<FileId>> {
        if !broken.contains(file) {
            return Ok(Vec::new());
        }
        let held: HashSet<ChunkId> = match self.recipe(file) {
            Ok(Some(recipe)) => recipe.chunks.into_iter().map(|(id, _)| id).collect(),
            _ => HashSet::new(),
        };
        let others = unreadable.iter().filter(|(_, lost)| lost.iter().any(|id| held.contains(id)));
        let all: BTreeSet<FileId> = others.map(|(file, _)| *file).chain([*file]).collect();
        Ok(all.into_iter().collect())
    }

    /// Stores what is read from a damaged pack, or lay there, in another one; whether the pack could go.
    fn mend_pack(&self, item: &Item, seen: &Seen) -> Result<bool> {
        let (live, whole) = self.live(&HashSet::new())?;
        let mut needed: BTreeSet<ChunkId> =
            self.with_index(|index| index.chunks_in(&item.hash))?.into_iter().collect();
        needed.extend(&seen.chunks);
        let needed: Vec<ChunkId> = needed.into_iter().filter(|id| live.contains(id)).collect();
        if !whole || needed.iter().any(|id| self.chunk(id, Known::Anywhere).is_err()) {
            return Ok(false);
        }
        let made = self.copy_chunks(&needed, Known::Nowhere)?;
        if made.contains(&item.hash) {
            // Written anew under its name, and whole again.
            return Ok(true);
        }
        self.change_index(|index| index.lose_pack(&item.hash))?;
        disk::unlink(&item.path)
    }

    /// Writes what can be read of a damaged set anew; the files that are lost with it, and whether it could go.
    fn mend_set(&self, item: &Item, seen: &Seen, broken: &HashSet<FileId>) -> Result<(Vec<FileId>, bool)> {
        let there = |file: &FileId| {
            self.has_whole(file) && !broken.contains(file)
                || self.with_index(|index| index.sets_of(file).any(|set| set != item.hash)).unwrap_or(false)
        };
        let lost: Vec<FileId> = seen.files.iter().filter(|file| !there(file)).copied().collect();
        if !lost.is_empty() {
            return Ok((lost, false));
        }
        let bytes = read_all(&item.path).map_err(Error::at("read", &item.path))?;
        if recipe::decode_set(&bytes).recipes.is_empty() && seen.files.is_empty() {
            return Ok((lost, false));
        }
        // The lost ones' files lie there whole: they count as never packed.
        self.rewrite_sets(&BTreeSet::from([item.hash]), &seen.files.iter().copied().collect())?;
        // Another set may still have the recipe of one.
        self.forget_index();
        Ok((lost, true))
    }
}

fn bytes_of(item: &Item) -> Result<Vec<u8>> {
    read_all(&item.path).map_err(Error::at("read", &item.path))
}

fn look_at_pack(item: &Item) -> Result<Seen> {
    let bytes: Vec<u8> = match bytes_of(item) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(Seen::default());
        }
        read => read?,
    };
    let pack = match Pack::open(&item.path, item.hash) {
        Err(Error::DamagedStorage { reason, .. }) => {
            return Ok(Seen { wrong: Some(reason), ..Seen::default() });
        }
        opened => opened?,
    };
    let mut seen = Seen::default();
    let mut end = HEAD.len();
    for (entry, offset) in pack.places() {
        let from = offset as usize;
        end = from + entry.stored as usize;
        let stored = bytes.get(from..end).unwrap_or_default().to_vec();
        if chunk::decode(&entry.id, entry.codec, stored, entry.raw).is_none() {
            seen.chunks.push(entry.id);
        }
    }
    let body = bytes.get(..end).unwrap_or_default();
    if !seen.chunks.is_empty() {
        seen.wrong = Some("a chunk in it is not that of its id");
    } else if *blake3::hash(body).as_bytes() != pack.body || !body.starts_with(HEAD) {
        seen.wrong = Some("it is not what was written, though every chunk in it is");
    }
    Ok(seen)
}

fn look_at_set(item: &Item) -> Result<Seen> {
    let bytes = bytes_of(item)?;
    if *blake3::hash(&bytes).as_bytes() == item.hash {
        return Ok(Seen::default());
    }
    let files = recipe::decode_set(&bytes).lost;
    let wrong = if files.is_empty() {
        "it is not what was written"
    } else {
        "a recipe in it is not what was written"
    };
    Ok(Seen { wrong: Some(wrong), files, ..Seen::default() })
}

/// The files that a tree's node names: lines that begin with `f`.
fn files_of(bytes: &[u8]) -> Vec<FileId> {
    let text = String::from_utf8_lossy(bytes);
    let files = text.lines().filter(|line| line.starts_with("f "));
    // The id is the first of a line; a name may look like one too.
    files.filter_map(|line| ids_in(line).next()).collect()
}
