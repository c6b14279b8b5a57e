//! Merging two sets of files that came from one: by path, both sides' changes, and where they cannot both be kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::tree::TreeFile;

/// What a merge gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// The files of both sides, in order of their paths; of a conflict the file as it is on `ours`.
    pub files: Vec<TreeFile>,
    /// Paths where both sides changed, and not alike.
    pub conflicts: Vec<Conflict>,
}

/// A path that both sides changed in ways of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Where.
    pub path: String,
    /// What happened on each side.
    pub kind: ConflictKind,
}

/// How two sides differ at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Both changed the file.
    BothChanged,
    /// Both added a file of that path.
    BothAdded,
    /// Ours removed what theirs changed.
    RemovedByUs,
    /// Theirs removed what ours changed.
    RemovedByThem,
    /// One side has a file where the other has a folder.
    FileAndFolder,
}

impl ConflictKind {
    /// In words, `ours` and `theirs` being names of branches.
    pub fn words(self, ours: &str, theirs: &str) -> String {
        match self {
            Self::BothChanged => format!("changed on {ours} and on {theirs}"),
            Self::BothAdded => format!("added on {ours} and on {theirs}, with other bytes"),
            Self::RemovedByUs => format!("removed on {ours}, changed on {theirs}"),
            Self::RemovedByThem => format!("changed on {ours}, removed on {theirs}"),
            Self::FileAndFolder => "a file on one side, a folder on the other".to_owned(),
        }
    }
}

/// Merges what `ours` and `theirs` made of `base`; paths of each are unique, in any order.
///
/// Three-way by path: a side that left a path as it was yields to the other.
pub fn merge(base: &[TreeFile], ours: &[TreeFile], theirs: &[TreeFile]) -> Merge {
    let [base, ours, theirs] = [base, ours, theirs].map(by_path);
    let paths: BTreeSet<&str> =
        [&base, &ours, &theirs].into_iter().flat_map(|side| side.keys().copied()).collect();
    let mut merged = Merge::default();
    for path in paths {
        let [was, our, their] = [&base, &ours, &theirs].map(|side| side.get(path).copied());
        let [was_what, our_what, their_what] = [was, our, their].map(|file| file.map(content));
        let kept = if our_what == their_what || their_what == was_what {
            our
        } else if our_what == was_what {
            their
        } else {
            let kind = match (was, our, their) {
                (_, None, _) => ConflictKind::RemovedByUs,
                (_, _, None) => ConflictKind::RemovedByThem,
                (None, ..) => ConflictKind::BothAdded,
                (Some(_), ..) => ConflictKind::BothChanged,
            };
            merged.conflicts.push(Conflict { path: path.to_owned(), kind });
            our
        };
        merged.files.extend(kept.cloned());
    }
    refuse_files_as_folders(&mut merged);
    merged
}

/// A file whose path is a folder of another file: one side made the file, the other the folder.
fn refuse_files_as_folders(merged: &mut Merge) {
    let files: BTreeSet<&str> = merged.files.iter().map(|file| file.path.as_str()).collect();
    let folders = merged.files.iter().flat_map(|file| {
        let path = file.path.as_str();
        path.match_indices('/').map(move |(at, _)| &path[..at])
    });
    let both: BTreeSet<&str> = folders.filter(|folder| files.contains(folder)).collect();
    let both: Vec<Conflict> = both
        .into_iter()
        .map(|path| Conflict { path: path.to_owned(), kind: ConflictKind::FileAndFolder })
        .collect();
    merged.conflicts.extend(both);
}

fn by_path(files: &[TreeFile]) -> BTreeMap<&str, &TreeFile> {
    files.iter().map(|file| (file.path.as_str(), file)).collect()
}

fn content(file: &TreeFile) -> (super::FileId, bool) {
    (file.file_id, file.executable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{FileId, RelativePath};
    use super::*;

    fn files(of: &[(&str, &str)]) -> Vec<TreeFile> {
        of.iter()
            .map(|(path, bytes)| TreeFile {
                path: RelativePath::parse(path).unwrap(),
                file_id: FileId::of(bytes.as_bytes()),
                size: bytes.len() as u64,
                executable: false,
            })
            .collect()
    }

    fn conflicts(merge: &Merge) -> Vec<(&str, ConflictKind)> {
        merge.conflicts.iter().map(|conflict| (conflict.path.as_str(), conflict.kind)).collect()
    }

    #[test]
    fn both_sides_changes_are_kept() {
        let base = files(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")]);
        let ours = files(&[("a", "2"), ("b", "1"), ("d", "1"), ("new", "1"), ("same", "x")]);
        let theirs = files(&[("a", "1"), ("b", "2"), ("c", "1"), ("same", "x"), ("other", "1")]);
        let merge = merge(&base, &ours, &theirs);
        assert_eq!(merge.conflicts, []);
        assert_eq!(
            merge.files,
            files(&[("a", "2"), ("b", "2"), ("new", "1"), ("other", "1"), ("same", "x")])
        );
    }

    #[test]
    fn what_cannot_both_be_kept_is_named() {
        let base = files(&[("changed", "1"), ("gone", "1"), ("kept", "1")]);
        let ours = files(&[("changed", "2"), ("kept", "2"), ("added", "1"), ("x", "file")]);
        let theirs = files(&[("changed", "3"), ("gone", "2"), ("added", "2"), ("x/y", "1")]);
        let merge = merge(&base, &ours, &theirs);
        assert_eq!(
            conflicts(&merge),
            [
                ("added", ConflictKind::BothAdded),
                ("changed", ConflictKind::BothChanged),
                ("gone", ConflictKind::RemovedByUs),
                ("kept", ConflictKind::RemovedByThem),
                ("x", ConflictKind::FileAndFolder),
            ]
        );
    }

    fn side() -> impl Strategy<Value = Vec<TreeFile>> {
        proptest::collection::btree_map("[a-e]", "[0-2]", 0..5).prop_map(|map| {
            files(&map.iter().map(|(path, bytes)| (path.as_str(), bytes.as_str())).collect::<Vec<_>>())
        })
    }

    proptest! {
        #[test]
        fn merging_is_the_same_either_way_and_a_side_that_did_nothing_yields(base in side(), a in side(), b in side()) {
            let (one, two) = (merge(&base, &a, &b), merge(&base, &b, &a));
            prop_assert_eq!(one.conflicts.len(), two.conflicts.len());
            if one.conflicts.is_empty() {
                prop_assert_eq!(&one.files, &two.files);
            }
            prop_assert_eq!(merge(&base, &base, &b), Merge { files: b.clone(), conflicts: vec![] });
            prop_assert_eq!(merge(&base, &a, &base), Merge { files: a.clone(), conflicts: vec![] });
            prop_assert_eq!(merge(&base, &a, &a), Merge { files: a.clone(), conflicts: vec![] });
        }
    }
}
