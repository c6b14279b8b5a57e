//! Listing a tree a page at a time, in byte order of the paths, as object stores list.

use std::collections::BTreeMap;

use super::read::{Entry, Kind, Reader, check_depth};
use super::{TreeError, TreeFile};
use crate::data::object_id::TreeId;

/// What to list.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// Only paths that begin so.
    pub prefix: &'a str,
    /// Only what comes after this path.
    pub after: &'a str,
    /// Whether what is in a folder behind the prefix is told as that folder alone.
    pub folders: bool,
    /// Items at the most.
    pub limit: usize,
}

/// A thing of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A file.
    File(TreeFile),
    /// A folder, its path with a slash at the end.
    Folder(String),
}

impl Listed {
    /// What it is sorted by.
    pub fn path(&self) -> &str {
        match self {
            Self::File(file) => file.path.as_str(),
            Self::Folder(path) => path,
        }
    }
}

/// A page of what is below `root`. Nodes of folders that are not on it are not read.
pub fn list<E: From<TreeError>>(
    root: TreeId,
    listing: Listing<'_>,
    load: &mut impl FnMut(TreeId) -> Result<Vec<u8>, E>,
) -> Result<Vec<Listed>, E> {
    let mut lister = Lister { reader: Reader { load }, listing, found: Vec::new() };
    if listing.limit > 0 {
        lister.folder(root, "", 0)?;
    }
    Ok(lister.found)
}

struct Lister<'l, 'a, L> {
    reader: Reader<'l, L>,
    listing: Listing<'a>,
    found: Vec<Listed>,
}

impl<E: From<TreeError>, L: FnMut(TreeId) -> Result<Vec<u8>, E>> Lister<'_, '_, L> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.listing.limit
    }

    /// Lists a folder. Its entries come by name, and a folder's paths go on with a slash: a folder waits until the names
    /// that come before its slash are told.
    fn folder(&mut self, id: TreeId, path: &str, depth: usize) -> Result<(), E> {
        check_depth(id, depth)?;
        let mut waiting = BTreeMap::new();
        self.node(id, path, depth, &mut waiting)?;
        self.tell(&mut waiting, None, depth)
    }

    fn node(
        &mut self,
        id: TreeId,
        path: &str,
        depth: usize,
        waiting: &mut BTreeMap<String, TreeId>,
    ) -> Result<(), E> {
        check_depth(id, depth)?;
        let entries = self.reader.node(id)?;
        for (at, entry) in entries.iter().enumerate() {
            if self.is_full() {
                return Ok(());
            }
            let full = format!("{path}{}", entry.name);
            let prefix = self.listing.prefix;
            if full.as_str() > prefix && !full.starts_with(prefix) {
                return Ok(());
            }
            match entry.kind {
                // It holds the names up to that of the next one.
                Kind::Node => {
                    let next = entries.get(at + 1).map(|next| format!("{path}{}", next.name));
                    if !self.is_before(path, next.as_deref()) {
                        self.node(entry.tree(), path, depth + 1, waiting)?;
                    }
                }
                Kind::Folder => {
                    self.tell(waiting, Some(&full), depth)?;
                    waiting.insert(format!("{full}/"), entry.tree());
                }
                Kind::File => {
                    self.tell(waiting, Some(&full), depth)?;
                    self.file(entry, &full, id)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, entry: &Entry, full: &str, node: TreeId) -> Result<(), E> {
        let Listing { prefix, after, .. } = self.listing;
        if !self.is_full() && full.starts_with(prefix) && full > after {
            self.found.push(Listed::File(entry.to_file(full, node)?));
        }
        Ok(())
    }

    /// Lists the folders that wait and come before a path, or all of them.
    fn tell(
        &mut self,
        waiting: &mut BTreeMap<String, TreeId>,
        before: Option<&str>,
        depth: usize,
    ) -> Result<(), E> {
        while let Some(first) = waiting.first_entry() {
            if before.is_some_and(|before| first.key().as_str() >= before) {
                return Ok(());
            }
            let (path, id) = first.remove_entry();
            let Listing { prefix, after, folders, .. } = self.listing;
            let inside = path.starts_with(prefix);
            let reached = path.as_str() > after || (after.starts_with(&path) && !(folders && after == path));
            if self.is_full() || !reached || !(inside || prefix.starts_with(&path)) {
                continue;
            }
            if inside && folders && path != prefix {
                self.found.push(Listed::Folder(path));
            } else {
                self.folder(id, &path, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Whether everything in a node of the folder `path`, whose names end before `next`, lies before the page. A folder in it
    /// may reach beyond: one that is the beginning of where the page begins.
    fn is_before(&self, path: &str, next: Option<&str>) -> bool {
        let Some(next) = next else { return false };
        let begin = self.listing.after.max(self.listing.prefix);
        let Some(rest) = begin.strip_prefix(path) else { return next <= begin };
        let name = rest.split('/').next().unwrap_or(rest);
        // A folder named by a part of this name, which goes on with less than a slash, comes after it.
        let least =
            name.char_indices().skip(1).find(|(_, letter)| *letter < '/').map_or(name.len(), |(at, _)| at);
        next <= &begin[..path.len() + least]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Nodes, build};
    use super::*;
    use crate::data::{FileId, RelativePath};

    fn built(paths: &[String]) -> Nodes {
        let file = |path: &String| TreeFile {
            path: RelativePath::parse(path).unwrap(),
            file_id: FileId::of(path.as_bytes()),
            size: 1,
            executable: false,
        };
        build(&paths.iter().map(file).collect::<Vec<_>>()).unwrap()
    }

    fn listed(nodes: &Nodes, listing: Listing<'_>) -> (Vec<String>, usize) {
        let mut read = 0;
        let mut load = |id: TreeId| {
            read += 1;
            Ok::<_, TreeError>(nodes.nodes[&id].clone())
        };
        let found = list(nodes.root, listing, &mut load).unwrap();
        (found.iter().map(|item| item.path().to_owned()).collect(), read)
    }

    /// What an object store lists of these keys.
    fn expected(paths: &[String], listing: Listing<'_>) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for path in paths.iter().filter(|path| path.starts_with(listing.prefix)) {
            let rest = &path[listing.prefix.len()..];
            let key = match rest.find('/').filter(|_| listing.folders) {
                Some(end) => path[..=listing.prefix.len() + end].to_owned(),
                None => path.clone(),
            };
            let reached = key.as_str() > listing.after
                || (listing.after.starts_with(&key) && key.ends_with('/') && listing.after != key);
            if reached && keys.last() != Some(&key) {
                keys.push(key);
            }
        }
        keys.truncate(listing.limit);
        keys
    }

    proptest::proptest! {
        #[test]
        fn a_page_is_what_an_object_store_lists(
            names in proptest::collection::btree_set("[a.]{0,1}[ab](/[ab][-.]{0,1}[ab]{0,1}){0,2}", 0..40),
            prefix in "([ab.]{0,2}/){0,1}[ab]{0,1}", after in "[ab.]{0,2}(/[ab][-.]{0,1}){0,1}/{0,1}",
            folders: bool, limit in 0_usize..12,
        ) {
            let mut paths: Vec<String> = Vec::new();
            for name in names {
                if !paths.iter().any(|known| name.starts_with(&format!("{known}/"))) {
                    paths.retain(|known| !known.starts_with(&format!("{name}/")));
                    paths.push(name);
                }
            }
            paths.sort();
            let listing = Listing { prefix: &prefix, after: &after, folders, limit };
            proptest::prop_assert_eq!(listed(&built(&paths), listing).0, expected(&paths, listing));
        }
    }

    #[test]
    fn pages_of_a_cut_folder_read_the_nodes_that_they_need() {
        let mut paths: Vec<String> = (0..30_000).map(|n| format!("all/{n:05}.png")).collect();
        paths.extend(["all/00001/x".to_owned(), "all/00001-y".to_owned(), "zoo".to_owned()]);
        paths.sort();
        let nodes = built(&paths);
        assert!(nodes.nodes.len() > 20, "{}", nodes.nodes.len());
        let (mut after, mut found) = (String::new(), Vec::new());
        loop {
            let (page, read) =
                listed(&nodes, Listing { prefix: "all/", after: &after, folders: false, limit: 1_000 });
            let Some(last) = page.last() else { break };
            assert!(read <= 8, "{read} nodes for the page after {after:?}");
            after.clone_from(last);
            found.extend(page);
        }
        assert_eq!(found, paths[..paths.len() - 1]);
        let (page, read) = listed(&nodes, Listing { prefix: "all/29", after: "", folders: true, limit: 10 });
        assert_eq!(page[0], "all/29000.png");
        assert!(read <= 8, "{read}");
    }
}
