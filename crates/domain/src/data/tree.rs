//! Trees: the canonical form of a set of files, so that equal sets have equal ids.
//!
//! A folder is a node: a header line, then one line per entry in byte order of the names. A folder of more
//! than [`MAX_NODE_ENTRIES`] entries is cut into nodes at places that the names themselves decide, below an index
//! node: one changed file in a million rewrites a leaf and its indexes, nothing else.
//!
//! ```text
//! volano-tree 1
//! f - 1024 <64 hex digits of the file id> 15 2013-01.parquet
//! f x 77 <file id> 6 run.sh
//! t - 9000 <tree id> 3 sub
//! ```

mod list;
mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::object_id::{FileId, TreeId};
use super::relative_path::RelativePath;

pub use list::{Listed, Listing, list};
pub use read::{Change, diff, find, flatten};

/// Entries that one node may hold before its folder is cut.
pub const MAX_NODE_ENTRIES: usize = 4096;
/// One name in so many ends a node when a folder is cut.
const CUT_ONE_IN: u16 = 1024;
const FOLDER: &str = "volano-tree 1";
const INDEX: &str = "volano-tree-index 1";

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeFile {
    /// Where it is, below the root.
    pub path: RelativePath,
    /// Its bytes.
    pub file_id: FileId,
    /// Their number.
    pub size: u64,
    /// Whether it may be executed.
    #[serde(default)]
    pub executable: bool,
}

/// A tree as nodes: the root's id and every node's canonical bytes by id.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// The tree's id.
    pub root: TreeId,
    /// All its nodes, the root included.
    pub nodes: BTreeMap<TreeId, Vec<u8>>,
}

/// Why files do not make a tree, or bytes are not a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Two files of one path, or a file where another has a folder.
    #[error("the path {0:?} is there twice")]
    Twice(String),
    /// The bytes are not canonical.
    #[error("the tree node {id} is damaged: {reason}")]
    Damaged {
        /// The node.
        id: TreeId,
        /// What is wrong.
        reason: &'static str,
    },
}

enum Child<'a> {
    File(&'a TreeFile),
    Folder(Vec<(Vec<&'a str>, &'a TreeFile)>),
}

/// Makes the nodes of a set of files, in any order.
pub fn build(files: &[TreeFile]) -> Result<Nodes, TreeError> {
    let mut nodes = BTreeMap::new();
    let entries = files.iter().map(|file| (file.path.parts().collect::<Vec<_>>(), file)).collect();
    let (root, _) = folder(entries, 0, &mut nodes)?;
    Ok(Nodes { root, nodes })
}

fn folder(
    entries: Vec<(Vec<&str>, &TreeFile)>,
    depth: usize,
    nodes: &mut BTreeMap<TreeId, Vec<u8>>,
) -> Result<(TreeId, u64), TreeError> {
    let mut children: BTreeMap<&str, Child<'_>> = BTreeMap::new();
    for (parts, file) in entries {
        let twice = || TreeError::Twice(file.path.to_string());
        let name = parts[depth];
        if parts.len() == depth + 1 {
            if children.insert(name, Child::File(file)).is_some() {
                return Err(twice());
            }
        } else {
            match children.entry(name).or_insert_with(|| Child::Folder(Vec::new())) {
                Child::Folder(inner) => inner.push((parts, file)),
                Child::File(_) => return Err(twice()),
            }
        }
    }
    let mut lines = Vec::with_capacity(children.len());
    for (name, child) in children {
        let (kind, mode, size, id) = match child {
            Child::File(file) => {
                let mode = if file.executable { 'x' } else { '-' };
                ('f', mode, file.size, file.file_id.to_string())
            }
            Child::Folder(inner) => {
                let (id, size) = folder(inner, depth + 1, nodes)?;
                ('t', '-', size, id.to_string())
            }
        };
        let text = format!("{kind} {mode} {size} {id} {} {name}\n", name.len());
        lines.push(Line { name: name.to_owned(), size, text });
    }
    Ok(store(FOLDER, lines, 0, nodes))
}

struct Line {
    name: String,
    size: u64,
    text: String,
}

/// Stores the lines as one node, or cut into nodes below an index.
fn store(
    header: &str,
    lines: Vec<Line>,
    level: usize,
    nodes: &mut BTreeMap<TreeId, Vec<u8>>,
) -> (TreeId, u64) {
    let total = lines.iter().map(|line| line.size).sum();
    if lines.len() <= MAX_NODE_ENTRIES {
        return (node(header, &lines, nodes), total);
    }
    let mut index = Vec::new();
    let mut piece = Vec::new();
    let mut lines = lines.into_iter().peekable();
    while let Some(line) = lines.next() {
        let cut = ends_node(&line.name, level) || piece.len() + 1 == MAX_NODE_ENTRIES;
        piece.push(line);
        if cut || lines.peek().is_none() {
            let id = node(header, &piece, nodes);
            let size = piece.iter().map(|line| line.size).sum();
            let name = piece[0].name.clone();
            let text = format!("n - {size} {id} {} {name}\n", name.len());
            index.push(Line { name, size, text });
            piece.clear();
        }
    }
    let (id, _) = store(INDEX, index, level + 1, nodes);
    (id, total)
}

/// Whether a name ends its node: its hash decides, with other digits on every level.
fn ends_node(name: &str, level: usize) -> bool {
    let hash = blake3::hash(name.as_bytes());
    let at = (level * 2) % 32;
    u16::from_le_bytes([hash.as_bytes()[at], hash.as_bytes()[at + 1]]).is_multiple_of(CUT_ONE_IN)
}

fn node(header: &str, lines: &[Line], nodes: &mut BTreeMap<TreeId, Vec<u8>>) -> TreeId {
    let mut bytes = format!("{header}\n").into_bytes();
    for line in lines {
        bytes.extend_from_slice(line.text.as_bytes());
    }
    let id = TreeId::of(&bytes);
    nodes.insert(id, bytes);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str) -> TreeFile {
        TreeFile {
            path: RelativePath::parse(path).unwrap(),
            file_id: FileId::of(content.as_bytes()),
            size: content.len() as u64,
            executable: path.ends_with(".sh"),
        }
    }

    fn read_back(built: &Nodes) -> Vec<TreeFile> {
        flatten(built.root, &mut |id| Ok::<_, TreeError>(built.nodes[&id].clone())).unwrap()
    }

    #[test]
    fn a_tree_reads_back_and_its_id_is_for_ever() {
        let files = [file("a/b.txt", "1"), file("a/run.sh", "22"), file("z", "333")];
        let built = build(&files).unwrap();
        assert_eq!(read_back(&built), files);
        assert_eq!(
            built.root.to_string(),
            "0a1365fec0b3292c2e306706411ac13b6b1b3383ebeb17c18458f7c52d60ac8b"
        );
        let reversed: Vec<_> = files.iter().rev().cloned().collect();
        assert_eq!(build(&reversed).unwrap().root, built.root);
    }

    #[test]
    fn one_path_twice_is_refused() {
        assert!(build(&[file("a", "1"), file("a", "2")]).is_err());
        assert!(build(&[file("a", "1"), file("a/b", "2")]).is_err());
        assert!(build(&[file("a/b", "1"), file("a", "2")]).is_err());
    }

    #[test]
    fn one_changed_file_of_many_rewrites_few_nodes() {
        let mut files: Vec<_> = (0..20_000).map(|n| file(&format!("f{n:05}"), "x")).collect();
        let before = build(&files).unwrap();
        assert_eq!(read_back(&before), files);
        files[10_000] = file("f10000", "changed");
        let after = build(&files).unwrap();
        let new = after.nodes.keys().filter(|id| !before.nodes.contains_key(id));
        assert_eq!(new.count(), 2, "a leaf and the index");
        files.insert(5_000, file("f04999b", "inserted"));
        let inserted = build(&files).unwrap();
        let new = inserted.nodes.keys().filter(|id| !after.nodes.contains_key(id));
        assert!(new.count() <= 4);
    }

    /// Nodes of several trees that counts how many are read.
    fn counted(trees: &[&Nodes]) -> (BTreeMap<TreeId, Vec<u8>>, std::cell::Cell<usize>) {
        let nodes = trees.iter().flat_map(|tree| tree.nodes.clone()).collect();
        (nodes, std::cell::Cell::new(0))
    }

    #[test]
    fn a_file_is_found_by_the_nodes_on_its_way() {
        let mut files: Vec<_> = (0..20_000).map(|n| file(&format!("d/f{n:05}"), "x")).collect();
        files.push(file("d.txt", "y"));
        let built = build(&files).unwrap();
        let (nodes, reads) = counted(&[&built]);
        let look = |path: &str| {
            let path = RelativePath::parse(path).unwrap();
            find(built.root, &path, &mut |id| {
                reads.set(reads.get() + 1);
                Ok::<_, TreeError>(nodes[&id].clone())
            })
        };
        for wanted in [&files[0], &files[9_999], &files[19_999], &files[20_000]] {
            assert_eq!(look(wanted.path.as_str()).unwrap().as_ref(), Some(wanted));
        }
        for absent in ["d", "d/f", "d/f00000/x", "d/f20000", "a", "z"] {
            assert_eq!(look(absent).unwrap(), None, "{absent}");
        }
        assert!(reads.get() <= 30, "{} nodes read", reads.get());
    }

    #[test]
    fn a_difference_reads_what_differs() {
        let mut files: Vec<_> = (0..50_000).map(|n| file(&format!("d{}/f{n:05}", n % 3), "x")).collect();
        let before = build(&files).unwrap();
        files[30_000] = file("d0/f30000", "changed");
        files.remove(7);
        files.push(file("new/one", "1"));
        let after = build(&files).unwrap();
        let (nodes, reads) = counted(&[&before, &after]);
        let changes = diff(before.root, after.root, &mut |id| {
            reads.set(reads.get() + 1);
            Ok::<_, TreeError>(nodes[&id].clone())
        });
        let paths: Vec<_> = changes
            .unwrap()
            .iter()
            .map(|change| (change.path().to_owned(), change.before.is_some(), change.after.is_some()))
            .collect();
        let expected = [("d0/f30000", true, true), ("d1/f00007", true, false), ("new/one", false, true)];
        assert_eq!(paths, expected.map(|(path, was, is)| (path.to_owned(), was, is)));
        assert!(reads.get() <= 16, "{} of {} nodes read", reads.get(), nodes.len());
    }

    proptest::proptest! {
        #[test]
        fn differences_and_finds_are_those_of_the_lists(
            paths in proptest::collection::btree_map("[ab]{1,2}(/[ab]{1,2}){0,2}", (0_u8..3, 0_u8..3), 0..40)
        ) {
            let side = |pick: fn(&(u8, u8)) -> u8| {
                let mut files: Vec<TreeFile> = Vec::new();
                for (path, contents) in &paths {
                    let free = !files.iter().any(|known| path.starts_with(&format!("{}/", known.path)));
                    if pick(contents) > 0 && free {
                        files.push(file(path, &pick(contents).to_string()));
                    }
                }
                (build(&files).unwrap(), files)
            };
            let ((before, was), (after, is)) = (side(|c| c.0), side(|c| c.1));
            let (nodes, _) = counted(&[&before, &after]);
            let mut load = |id: TreeId| Ok::<_, TreeError>(nodes[&id].clone());
            let by_path = |files: &[TreeFile]| -> BTreeMap<String, TreeFile> {
                files.iter().map(|file| (file.path.to_string(), file.clone())).collect()
            };
            let (was, is) = (by_path(&was), by_path(&is));
            let mut expected = BTreeMap::new();
            for path in was.keys().chain(is.keys()) {
                let change = Change { before: was.get(path).cloned(), after: is.get(path).cloned() };
                if change.before != change.after {
                    expected.insert(path.clone(), change);
                }
            }
            let found = diff(before.root, after.root, &mut load).unwrap();
            proptest::prop_assert_eq!(found, expected.into_values().collect::<Vec<_>>());
            for path in paths.keys() {
                let wanted = RelativePath::parse(path).unwrap();
                proptest::prop_assert_eq!(find(after.root, &wanted, &mut load).unwrap(), is.get(path).cloned());
            }
        }
    }

    #[test]
    fn every_other_form_of_a_node_is_refused() {
        let built = build(&[file("a", "1"), file("b", "2")]).unwrap();
        let good = String::from_utf8(built.nodes[&built.root].clone()).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        let swapped = format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]);
        let bad = [
            String::new(),
            good.replace("volano-tree 1", "volano-tree 2"),
            good.replace("f - 1", "f - 01"),
            good.replace("f - 1", "q - 1"),
            good.replace(" 1 a", " 1 /"),
            good.trim_end().to_owned(),
            swapped,
        ];
        for text in bad {
            let read = flatten(built.root, &mut |_| Ok::<_, TreeError>(text.clone().into_bytes()));
            assert!(read.is_err(), "{text}");
        }
    }
}
