//! Reading trees: all files, one file, and what differs between two, of which only the nodes that differ are read.

use std::collections::{BTreeMap, BTreeSet};

use super::{FOLDER, INDEX, TreeError, TreeFile};
use crate::data::object_id::{FileId, TreeId};
use crate::data::relative_path::RelativePath;

/// Folders within folders at the most; paths are at most 1024 bytes, so no set of files comes near.
const MAX_DEPTH: usize = 600;

/// A path at which two trees differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file of the first tree, absent when it was added.
    pub before: Option<TreeFile>,
    /// The file of the second tree, absent when it was removed.
    pub after: Option<TreeFile>,
}

impl Change {
    /// Where it is.
    pub fn path(&self) -> &str {
        self.after.as_ref().or(self.before.as_ref()).map_or("", |file| file.path.as_str())
    }
}

/// The files below `root`, in byte order of their paths; `load` fetches a node's bytes by id.
pub fn flatten<E: From<TreeError>>(
    root: TreeId,
    load: &mut impl FnMut(TreeId) -> Result<Vec<u8>, E>,
) -> Result<Vec<TreeFile>, E> {
    let mut files = Vec::new();
    Reader { load }.walk(root, "", 0, &mut files)?;
    Ok(files)
}

/// The file at `path` below `root`: the nodes on the way to it are read, no others.
pub fn find<E: From<TreeError>>(
    root: TreeId,
    path: &RelativePath,
    load: &mut impl FnMut(TreeId) -> Result<Vec<u8>, E>,
) -> Result<Option<TreeFile>, E> {
    let mut reader = Reader { load };
    let mut at = root;
    let mut parts = path.parts().peekable();
    while let Some(name) = parts.next() {
        let Some(entry) = reader.entry(at, name)? else { return Ok(None) };
        match (entry.kind, parts.peek()) {
            (Kind::File, None) => return entry.to_file(path.as_str(), at).map(Some).map_err(E::from),
            (Kind::Folder, Some(_)) => at = entry.tree(),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// What differs between the files below two roots, in byte order of the paths; what they share is not read.
pub fn diff<E: From<TreeError>>(
    before: TreeId,
    after: TreeId,
    load: &mut impl FnMut(TreeId) -> Result<Vec<u8>, E>,
) -> Result<Vec<Change>, E> {
    let mut changes = Vec::new();
    Reader { load }.differ([before, after], "", 0, &mut changes)?;
    changes.sort_by(|a, b| a.path().cmp(b.path()));
    Ok(changes)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A piece of a folder that was cut.
    Node,
}

/// A line of a node.
pub(super) struct Entry {
    pub kind: Kind,
    executable: bool,
    size: u64,
    hash: [u8; 32],
    pub name: String,
}

impl Entry {
    pub fn tree(&self) -> TreeId {
        TreeId::from_hash(self.hash)
    }

    pub fn to_file(&self, path: &str, node: TreeId) -> Result<TreeFile, TreeError> {
        let plain = |_| TreeError::Damaged { id: node, reason: "a name is not plain" };
        Ok(TreeFile {
            path: RelativePath::parse(path).map_err(plain)?,
            file_id: FileId::from_hash(self.hash),
            size: self.size,
            executable: self.executable,
        })
    }

    /// Whether two entries of one name hold the same.
    fn same(&self, other: &Self) -> bool {
        (self.kind, self.executable, self.hash) == (other.kind, other.executable, other.hash)
    }
}

pub(super) struct Reader<'l, L> {
    pub load: &'l mut L,
}

impl<E: From<TreeError>, L: FnMut(TreeId) -> Result<Vec<u8>, E>> Reader<'_, L> {
    /// The entries of a node: those of an index are all nodes, of a folder none is.
    pub fn node(&mut self, id: TreeId) -> Result<Vec<Entry>, E> {
        let bytes = (self.load)(id)?;
        parse(&bytes).map_err(|reason| TreeError::Damaged { id, reason }.into())
    }

    fn walk(&mut self, id: TreeId, prefix: &str, depth: usize, files: &mut Vec<TreeFile>) -> Result<(), E> {
        check_depth(id, depth)?;
        for entry in self.node(id)? {
            let path = format!("{prefix}{}", entry.name);
            match entry.kind {
                Kind::Node => self.walk(entry.tree(), prefix, depth + 1, files)?,
                Kind::Folder => self.walk(entry.tree(), &format!("{path}/"), depth + 1, files)?,
                Kind::File => files.push(entry.to_file(&path, id)?),
            }
        }
        Ok(())
    }

    /// The entry of a name in a folder, whether it was cut or not.
    fn entry(&mut self, folder: TreeId, name: &str) -> Result<Option<Entry>, E> {
        let mut at = folder;
        for _ in 0..MAX_DEPTH {
            let mut entries = self.node(at)?;
            // An index names each node by its first entry.
            let end = entries.partition_point(|entry| entry.name.as_str() <= name);
            let Some(entry) = end.checked_sub(1).map(|place| entries.swap_remove(place)) else {
                return Ok(None);
            };
            if entry.kind != Kind::Node {
                return Ok((entry.name == name).then_some(entry));
            }
            at = entry.tree();
        }
        Err(too_deep(folder).into())
    }

    fn differ(
        &mut self,
        [before, after]: [TreeId; 2],
        prefix: &str,
        depth: usize,
        changes: &mut Vec<Change>,
    ) -> Result<(), E> {
        if before == after {
            return Ok(());
        }
        check_depth(after, depth)?;
        let [mut was, is] = self.unshared([before, after])?;
        for (name, entry) in is {
            let path = format!("{prefix}{name}");
            match was.remove(&name) {
                Some(known) if known.same(&entry) => {}
                Some(known) if known.kind == Kind::Folder && entry.kind == Kind::Folder => {
                    self.differ([known.tree(), entry.tree()], &format!("{path}/"), depth + 1, changes)?;
                }
                Some(known) if known.kind == Kind::File && entry.kind == Kind::File => changes.push(Change {
                    before: Some(known.to_file(&path, before)?),
                    after: Some(entry.to_file(&path, after)?),
                }),
                known => {
                    let gone = self.below(known, &path, depth)?;
                    changes.extend(gone.into_iter().map(|file| Change { before: Some(file), after: None }));
                    let came = self.below(Some(entry), &path, depth)?;
                    changes.extend(came.into_iter().map(|file| Change { before: None, after: Some(file) }));
                }
            }
        }
        for (name, entry) in was {
            let gone = self.below(Some(entry), &format!("{prefix}{name}"), depth)?;
            changes.extend(gone.into_iter().map(|file| Change { before: Some(file), after: None }));
        }
        Ok(())
    }

    /// The files of an entry: itself, or all below it.
    fn below(&mut self, entry: Option<Entry>, path: &str, depth: usize) -> Result<Vec<TreeFile>, E> {
        let mut files = Vec::new();
        match entry {
            Some(entry) if entry.kind == Kind::Folder => {
                self.walk(entry.tree(), &format!("{path}/"), depth + 1, &mut files)?;
            }
            Some(entry) => {
                let id = entry.tree();
                files.push(entry.to_file(path, id)?);
            }
            None => {}
        }
        Ok(files)
    }

    /// The entries of two folders by name, without those of nodes that both have.
    fn unshared(&mut self, folders: [TreeId; 2]) -> Result<[BTreeMap<String, Entry>; 2], E> {
        let mut found = [BTreeMap::new(), BTreeMap::new()];
        let mut open = folders.map(|id| BTreeSet::from([id]));
        for _ in 0..MAX_DEPTH {
            let shared: Vec<TreeId> = open[0].intersection(&open[1]).copied().collect();
            for (nodes, entries) in open.iter_mut().zip(&mut found) {
                let mut below = BTreeSet::new();
                for id in nodes.iter().filter(|id| !shared.contains(id)) {
                    for entry in self.node(*id)? {
                        if entry.kind == Kind::Node {
                            below.insert(entry.tree());
                        } else {
                            entries.insert(entry.name.clone(), entry);
                        }
                    }
                }
                *nodes = below;
            }
            if open.iter().all(BTreeSet::is_empty) {
                return Ok(found);
            }
        }
        Err(too_deep(folders[1]).into())
    }
}

fn too_deep(id: TreeId) -> TreeError {
    TreeError::Damaged { id, reason: "it is nested too deep" }
}

pub(super) fn check_depth(id: TreeId, depth: usize) -> Result<(), TreeError> {
    if depth > MAX_DEPTH { Err(too_deep(id)) } else { Ok(()) }
}

/// The entries of a node, or what is wrong with its bytes.
fn parse(bytes: &[u8]) -> Result<Vec<Entry>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text")?;
    let (header, mut rest) = text.split_once('\n').ok_or("it has no header")?;
    if header != FOLDER && header != INDEX {
        return Err("its header is not one of a tree");
    }
    let mut entries: Vec<Entry> = Vec::new();
    while !rest.is_empty() {
        let (entry, after) = line(rest).ok_or("an entry is malformed")?;
        if (entry.kind == Kind::Node) != (header == INDEX) {
            return Err("an entry is of no known kind");
        }
        if entries.last().is_some_and(|last| last.name >= entry.name) {
            return Err("its entries are not in order");
        }
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

/// Reads one line: `kind mode size id length name`.
fn line(text: &str) -> Option<(Entry, &str)> {
    let mut fields = text.splitn(6, ' ');
    let kind = match fields.next()? {
        "f" => Kind::File,
        "t" => Kind::Folder,
        "n" => Kind::Node,
        _ => return None,
    };
    let mode = fields.next()?;
    let size = number(fields.next()?)?;
    let id = fields.next()?;
    let length = usize::try_from(number(fields.next()?)?).ok()?;
    let rest = fields.next()?;
    let name = rest.get(..length)?;
    let after = rest.get(length..)?.strip_prefix('\n')?;
    let lower_case = id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let plain = !name.is_empty() && !name.contains('/');
    let entry = Entry {
        kind,
        executable: match mode {
            "x" => true,
            "-" => false,
            _ => return None,
        },
        size,
        hash: *FileId::parse(id).filter(|_| lower_case && plain)?.as_bytes(),
        name: name.to_owned(),
    };
    Some((entry, after))
}

/// A decimal number in its only form.
fn number(text: &str) -> Option<u64> {
    let value: u64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}
