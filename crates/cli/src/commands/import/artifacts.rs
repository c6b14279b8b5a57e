//! The artifacts of the other store, in the folder that its artifact root is on this machine.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use domain::Id;
use domain::registry::import::FilesOf;
use domain::tracking::artifact::{Owner, split};
use domain::tracking::logged_model::{parse_id, public_id};

use crate::failure::{Failure, Result};

/// Bytes read at once.
const BUFFER: usize = 1 << 20;

/// A file that is to come along.
#[derive(Clone, Debug)]
pub struct LocalFile {
    /// Below the folder of its run or logged model.
    pub path: String,
    /// Where it is.
    pub local: PathBuf,
    /// Bytes.
    pub size: u64,
}

/// What a folder holds.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Files by path.
    pub files: Vec<LocalFile>,
    /// What is not taken, and why.
    pub left: Vec<String>,
}

/// The folder of all artifacts, and which run and logged model has which part of it.
pub struct Artifacts {
    root: PathBuf,
    folders: HashMap<Id, PathBuf>,
}

impl Artifacts {
    /// Artifacts below `root`, which must be a folder.
    pub fn open(root: &Path) -> Result<Self> {
        let listed = std::fs::read_dir(root);
        listed.map_err(|error| {
            Failure::file(root, "read", &error)
                .help("--artifacts DIR names the folder that the store's artifact root is on this machine")
                .help("--without-artifacts takes over the records alone")
        })?;
        Ok(Self { root: root.to_owned(), folders: HashMap::new() })
    }

    /// The folder that all of them are in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Finds the folder of a run or logged model by its address in the other store; `name` is the part of the address that
    /// is its own, such as the run's id. The address may begin with anything: only its end is looked for.
    pub fn find(&mut self, id: &Id, name: &str, address: &str) -> Option<&Path> {
        let found = self.locate(name, address)?;
        self.folders.insert(id.clone(), found);
        self.folders.get(id).map(PathBuf::as_path)
    }

    /// The folder at an address of the other store, as far as it is here.
    pub fn locate(&self, name: &str, address: &str) -> Option<PathBuf> {
        let parts = parts(address);
        let own = parts.iter().rposition(|part| part == name)?;
        // From the longest end of the address to the one that begins with the name.
        (0..=own).map(|start| self.root.join(parts[start..].join("/"))).find(|path| path.is_dir())
    }

    /// The folder of a run or logged model that was found.
    pub fn folder(&self, id: &Id) -> Option<&Path> {
        self.folders.get(id).map(PathBuf::as_path)
    }

    /// How many folders were found.
    pub fn found(&self) -> usize {
        self.folders.len()
    }

    /// How many files a version has here.
    pub fn count(&self, of: &FilesOf) -> Option<usize> {
        let (FilesOf::Run { id, path } | FilesOf::LoggedModel { id, path }) = of;
        let folder = self.folder(id)?.join(path);
        folder.is_dir().then(|| tree(&folder).files.len())
    }
}

/// Whose artifacts an address is about.
pub fn owner(address: &str) -> Option<FilesOf> {
    if let Some(id) = address.strip_prefix("models:/").filter(|rest| rest.starts_with("m-")) {
        return Some(FilesOf::LoggedModel { id: parse_id(id)?, path: String::new() });
    }
    if let Some(rest) = address.strip_prefix("runs:/") {
        let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
        return Some(FilesOf::Run { id: Id::parse(id)?, path: path.trim_matches('/').to_owned() });
    }
    let path = parts(address).join("/");
    let (owner, _, rest) = split(&path)?;
    let path = rest.trim_matches('/').to_owned();
    Some(match owner {
        Owner::Run(id) => FilesOf::Run { id, path },
        Owner::LoggedModel(id) => FilesOf::LoggedModel { id, path },
    })
}

/// The last part of a logged model's address that is its own.
pub fn model_folder(id: &Id) -> String {
    public_id(id)
}

/// The parts of an address's path; none when one of them leads elsewhere.
fn parts(address: &str) -> Vec<String> {
    let path = match address.split_once("://") {
        Some(("file", rest)) => rest,
        // What stands before the first slash is a host or a bucket.
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => address.split_once(":/").map_or(address, |(_, path)| path),
    };
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let parts: Vec<String> =
        decoded.split('/').filter(|part| !part.is_empty() && *part != ".").map(ToOwned::to_owned).collect();
    if parts.iter().any(|part| part == "..") { Vec::new() } else { parts }
}

/// All files below a folder, by path. Links are not followed: they may lead anywhere.
pub fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::default();
    walk(folder, "", &mut tree);
    tree.files.sort_by(|a, b| a.path.cmp(&b.path));
    tree
}

fn walk(folder: &Path, prefix: &str, tree: &mut Tree) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            tree.left.push(format!("{}: cannot be read: {error}", folder.display()));
            return;
        }
    };
    for entry in entries.filter_map(std::result::Result::ok) {
        let local = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            tree.left.push(format!("{}: its name is not UTF-8", local.display()));
            continue;
        };
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        match entry.metadata() {
            Ok(found) if found.is_dir() => walk(&local, &path, tree),
            Ok(found) if found.is_file() => {
                tree.files.push(LocalFile { path, local, size: found.len() });
            }
            Ok(_) => tree.left.push(format!("{}: it is a link or a device", local.display())),
            Err(error) => tree.left.push(format!("{}: cannot be read: {error}", local.display())),
        }
    }
}

/// The BLAKE3 hash of a file.
pub fn hash(file: &Path) -> Result<String> {
    let unreadable = |error| Failure::file(file, "read", &error);
    let mut opened = std::fs::File::open(file).map_err(unreadable)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = opened.read(&mut buffer).map_err(unreadable)?;
        if read == 0 {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        hasher.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_folder_is_found_by_the_end_of_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("3").join(RUN).join("artifacts");
        std::fs::create_dir_all(&own).unwrap();
        let id = Id::parse(RUN).unwrap();
        let mut artifacts = Artifacts::open(folder.path()).unwrap();
        for address in [
            format!("mlflow-artifacts:/3/{RUN}/artifacts"),
            format!("/home/ada/mlruns/3/{RUN}/artifacts"),
            format!("file:///home/ada/mlruns/3/{RUN}/artifacts"),
            format!("s3://bucket/ml/3/{RUN}/artifacts"),
            format!("./mlruns/3/{RUN}/artifacts"),
        ] {
            assert_eq!(artifacts.find(&id, RUN, &address), Some(own.as_path()), "{address}");
        }
        for address in [format!("/x/../3/{RUN}/artifacts"), format!("/4/{RUN}/artifacts"), String::new()] {
            assert_eq!(artifacts.find(&id, RUN, &address), None, "{address}");
        }
    }

    #[test]
    fn the_address_of_a_version_says_whose_its_files_are() {
        let id = Id::parse(RUN).unwrap();
        let run = |path: &str| Some(FilesOf::Run { id: id.clone(), path: path.to_owned() });
        let model = |path: &str| Some(FilesOf::LoggedModel { id: id.clone(), path: path.to_owned() });
        assert_eq!(owner(&format!("runs:/{RUN}/model")), run("model"));
        assert_eq!(owner(&format!("s3://b/3/{RUN}/artifacts/a/model")), run("a/model"));
        assert_eq!(owner(&format!("models:/m-{RUN}")), model(""));
        assert_eq!(owner(&format!("/srv/mlruns/3/models/m-{RUN}/artifacts")), model(""));
        assert_eq!(owner("models:/churn/3"), None);
        assert_eq!(owner("prompt-template"), None);
    }

    #[test]
    fn links_stay_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/x.txt"), "x").unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("b")).unwrap();
        let tree = tree(folder.path());
        assert_eq!(tree.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a/x.txt"]);
        assert_eq!(tree.left.len(), 1);
        assert_eq!(hash(&folder.path().join("a/x.txt")).unwrap(), blake3::hash(b"x").to_hex().to_string());
    }
}
