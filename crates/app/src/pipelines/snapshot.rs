//! The project's files as a content-addressed tree, and which of them a step's code consists of.
//!
//! Left out are data, the home, version control, caches of tools, links, and what the `.gitignore` at the
//! project's root names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use domain::data::{FileId, RelativePath, TreeFile, TreeId};
use domain::pipelines::key::normalize_python;
use domain::pipelines::project::Project;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use objects::Store;
use regex::Regex;

use crate::{Error, Result};

/// The most files of a project, without data.
const MAX_FILES: usize = 20_000;
/// The largest file of a project, without data, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// Folders that are never code.
const SKIPPED: &[&str] = &[
    ".git",
    ".volano",
    ".hg",
    ".venv",
    "venv",
    "__pycache__",
    "node_modules",
    ".ipynb_checkpoints",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
];

/// A project's files.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// The tree's id.
    pub tree: TreeId,
    /// The files by path.
    pub files: BTreeMap<String, FileId>,
}

impl Snapshot {
    /// Stores the files below `root`. Blocking.
    pub fn take(store: &Store, root: &Path, project: &Project) -> Result<Self> {
        let skip = skipped(root, project)?;
        let mut paths = Vec::new();
        walk(root, "", &skip, &mut paths)?;
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let real = root.join(path.as_str());
            let stored = match store.put_file(&real) {
                // What is gone by now was something in passing, not code.
                Err(_) if !real.exists() => continue,
                stored => stored?,
            };
            let executable = is_executable(&real)?;
            files.push(TreeFile { path, file_id: stored.id, size: stored.size, executable });
        }
        let tree = store.put_tree(&files)?;
        Ok(Self { tree, files: by_path(files) })
    }

    /// The files of a stored tree. Blocking.
    pub fn load(store: &Store, tree: &str) -> Result<Self> {
        let tree =
            TreeId::parse(tree).ok_or_else(|| Error::invalid("code_tree", format!("{tree:?} is no tree")))?;
        Ok(Self { tree, files: by_path(store.tree(&tree)?) })
    }

    /// The text of a file. Blocking.
    pub fn text(&self, store: &Store, path: &str) -> Result<String> {
        let id = self.files.get(path).ok_or_else(|| Error::not_found("project file", path))?;
        let bytes = store.read(id)?;
        String::from_utf8(bytes).map_err(|_| Error::invalid(path, "the file is not UTF-8 text"))
    }

    /// What names the content of a file in a step's key: Python without comments, other files byte by byte. Blocking.
    pub fn code_hash(&self, store: &Store, path: &str) -> Result<String> {
        if path.ends_with(".py") {
            let text = normalize_python(&self.text(store, path)?);
            return Ok(blake3::hash(text.as_bytes()).to_hex().to_string());
        }
        let id = self.files.get(path).ok_or_else(|| Error::not_found("project file", path))?;
        Ok(id.to_string())
    }

    /// The project's files that a command line names, and every module of the project that those import. Blocking.
    pub fn closure_of_command(&self, store: &Store, command: &str) -> Result<BTreeSet<String>> {
        let words: Vec<&str> =
            command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
        let mut entries: Vec<String> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let path = word.strip_prefix("./").unwrap_or(word);
            if self.files.contains_key(path) {
                entries.push(path.to_owned());
            } else if at > 0 && words[at - 1] == "-m" {
                entries.extend(self.module("", word));
            }
        }
        self.closure(store, entries)
    }

    /// `entries` and every module of the project that they import, directly or not. Blocking.
    pub fn closure(&self, store: &Store, entries: Vec<String>) -> Result<BTreeSet<String>> {
        let mut waiting = entries;
        let mut found = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            if !found.insert(path.clone()) || !path.ends_with(".py") {
                continue;
            }
            let source = normalize_python(&self.text(store, &path)?);
            waiting.extend(self.imports(&path, &source));
        }
        Ok(found)
    }

    /// The project's files that the source at `path` imports.
    pub fn imports(&self, path: &str, source: &str) -> Vec<String> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let bases = [folder, "", "src"];
        let mut found = Vec::new();
        for import in imports_of(source) {
            if import.level == 0 {
                let base = bases.iter().find(|base| self.exists(base, first_word(&import.module)));
                if let Some(base) = base {
                    found.extend(self.with_packages(base, &import));
                }
            } else {
                let mut base = folder;
                for _ in 1..import.level {
                    base = base.rsplit_once('/').map_or("", |(parent, _)| parent);
                }
                found.extend(self.with_packages(base, &import));
            }
        }
        found
    }

    /// The module, the packages above it, and the names that are modules themselves.
    fn with_packages(&self, base: &str, import: &Import) -> Vec<String> {
        let mut found = Vec::new();
        let mut module = String::new();
        for part in import.module.split('.').filter(|part| !part.is_empty()) {
            if !module.is_empty() {
                module.push('.');
            }
            module.push_str(part);
            found.extend(self.module(base, &module));
        }
        for name in &import.names {
            let inner = if module.is_empty() { name.clone() } else { format!("{module}.{name}") };
            found.extend(self.module(base, &inner));
        }
        found
    }

    fn exists(&self, base: &str, word: &str) -> bool {
        let folder = join(base, word);
        let prefix = format!("{folder}/");
        self.files.contains_key(&format!("{folder}.py"))
            || self.files.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
    }

    fn module(&self, base: &str, module: &str) -> Option<String> {
        let stem = join(base, &module.replace('.', "/"));
        [format!("{stem}.py"), format!("{stem}/__init__.py")]
            .into_iter()
            .find(|path| self.files.contains_key(path))
    }
}

fn by_path(files: Vec<TreeFile>) -> BTreeMap<String, FileId> {
    files.into_iter().map(|file| (file.path.as_str().to_owned(), file.file_id)).collect()
}

fn join(base: &str, rest: &str) -> String {
    if base.is_empty() { rest.to_owned() } else { format!("{base}/{rest}") }
}

fn first_word(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

/// One import statement: dots before the name, the module, the names behind `import`.
#[derive(Debug, PartialEq)]
struct Import {
    level: usize,
    module: String,
    names: Vec<String>,
}

fn imports_of(source: &str) -> Vec<Import> {
    static PLAIN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^[ \t]*import[ \t]+([^\n;]+)").expect("the pattern is right"));
    static FROM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(?:\(([^)]*)\)|([^\n;]+))")
            .expect("the pattern is right")
    });
    let names = |list: &str| -> Vec<String> {
        list.split(',')
            .filter_map(|item| item.split_whitespace().next())
            .map(ToOwned::to_owned)
            .filter(|name| name != "*" && name != "\\")
            .collect()
    };
    let mut imports = Vec::new();
    for found in PLAIN.captures_iter(source) {
        let modules = names(&found[1]);
        imports.extend(modules.into_iter().map(|module| Import { level: 0, module, names: Vec::new() }));
    }
    for found in FROM.captures_iter(source) {
        let list = found.get(3).or_else(|| found.get(4)).map_or("", |list| list.as_str());
        imports.push(Import { level: found[1].len(), module: found[2].to_owned(), names: names(list) });
    }
    imports
}

fn skipped(root: &Path, project: &Project) -> Result<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    let mut add = |pattern: &str| {
        // A pattern that cannot be read names nothing; the parser has refused those of the project file.
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
            builder.add(glob);
        }
    };
    for source in &project.data {
        add(&source.path);
    }
    let ignored = match fs::read_to_string(root.join(".gitignore")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable(&root.join(".gitignore"), &error)),
    };
    for line in ignored.lines().map(str::trim) {
        // Comments, and exceptions (which would only bring files back), are passed over.
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let pattern = line.trim_end_matches('/');
        match pattern.strip_prefix('/') {
            Some(anchored) => add(anchored),
            None if pattern.contains('/') => add(pattern),
            None => add(&format!("**/{pattern}")),
        }
    }
    builder.build().map_err(|error| Error::invalid(".gitignore", error.to_string()))
}

fn walk(root: &Path, folder: &str, skip: &GlobSet, found: &mut Vec<RelativePath>) -> Result<()> {
    let real = root.join(folder);
    let mut entries = fs::read_dir(&real)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(|error| unreadable(&real, &error))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned) else {
            continue;
        };
        let path = join(folder, &name);
        let kind = entry.file_type().map_err(|error| unreadable(&entry.path(), &error))?;
        if SKIPPED.contains(&name.as_str()) || skip.is_match(&path) {
            continue;
        }
        if kind.is_dir() {
            if !is_home(&entry.path()) {
                walk(root, &path, skip, found)?;
            }
        } else if kind.is_file() {
            let size = entry.metadata().map_err(|error| unreadable(&entry.path(), &error))?.len();
            if size > MAX_FILE_BYTES {
                let reason = format!(
                    "has {size} bytes, code files have at most {MAX_FILE_BYTES}: declare it below `data:` or name it in .gitignore"
                );
                return Err(Error::invalid(path, reason));
            }
            // A name that no path of ours can hold is none of the project's.
            found.extend(RelativePath::parse(&path));
        }
        if found.len() > MAX_FILES {
            let reason = format!(
                "has more than {MAX_FILES} files: declare data below `data:` or name folders in .gitignore"
            );
            return Err(Error::invalid(root.display().to_string(), reason));
        }
    }
    Ok(())
}

/// Whether the folder is a home, whatever it is called: it changes while it is looked at.
fn is_home(folder: &Path) -> bool {
    folder.join("format").is_file() && folder.join("objects").is_dir() && folder.join("work").is_dir()
}

fn is_executable(path: &Path) -> Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    Ok(metadata.permissions().mode() & 0o100 != 0)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::invalid(path.display().to_string(), format!("cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(files: &[(&str, &str)]) -> (tempfile::TempDir, Store, Snapshot) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let text = "project: x\ndata: {d: {path: data/*.csv}}\n";
        let project = Project::parse(text, "volano.yaml").unwrap();
        let store = Store::open(&folder.path().join("objects")).unwrap();
        let snapshot = Snapshot::take(&store, &root, &project).unwrap();
        (folder, store, snapshot)
    }

    #[test]
    fn data_caches_and_ignored_files_are_not_code() {
        let (_folder, store, taken) = snapshot(&[
            ("volano.yaml", ""),
            (".gitignore", "# x\n*.log\nbuild/\n/only-here\nsub/deep\n"),
            ("src/a.py", "x"),
            ("data/a.csv", "1"),
            ("data/readme.md", "1"),
            (".volano/volano.db", "1"),
            ("src/__pycache__/a.pyc", "1"),
            ("x.log", "1"),
            ("build/x", "1"),
            ("only-here", "1"),
            ("sub/only-here", "1"),
            ("sub/deep/x", "1"),
        ]);
        let paths: Vec<_> = taken.files.keys().map(String::as_str).collect();
        assert_eq!(paths, [".gitignore", "data/readme.md", "src/a.py", "sub/only-here", "volano.yaml"]);
        let loaded = Snapshot::load(&store, &taken.tree.to_string()).unwrap();
        assert_eq!(loaded.files, taken.files);
    }

    #[test]
    fn the_code_of_a_command_is_its_script_and_what_that_imports() {
        let (_folder, store, taken) = snapshot(&[
            (
                "src/train.py",
                "import os, helpers.io as h\nfrom model import (\n  build,  # why\n  net)\nfrom .near import x\n",
            ),
            ("src/helpers/__init__.py", ""),
            ("src/helpers/io.py", "from . import deep\nfrom ..outer import y\n"),
            ("src/helpers/deep.py", ""),
            ("src/outer.py", ""),
            ("src/near.py", ""),
            ("src/unused.py", ""),
            ("model/__init__.py", "from .net import build\n"),
            ("model/net.py", "import pandas\n"),
            ("config/train.toml", ""),
            ("tool.py", ""),
        ]);
        let found =
            taken.closure_of_command(&store, "python ./src/train.py --config 'config/train.toml'").unwrap();
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(
            found,
            [
                "config/train.toml",
                "model/__init__.py",
                "model/net.py",
                "src/helpers/__init__.py",
                "src/helpers/deep.py",
                "src/helpers/io.py",
                "src/near.py",
                "src/outer.py",
                "src/train.py",
            ]
        );
        let module = taken.closure_of_command(&store, "python -m model.net").unwrap();
        assert_eq!(module.into_iter().collect::<Vec<_>>(), ["model/net.py"]);
    }

    #[test]
    fn a_comment_in_python_does_not_change_the_code() {
        let (_a, store_a, a) = snapshot(&[("a.py", "x = 1\n")]);
        let (_b, store_b, b) = snapshot(&[("a.py", "# why\nx = 1  # so\n")]);
        assert_ne!(a.tree, b.tree);
        assert_eq!(a.code_hash(&store_a, "a.py").unwrap(), b.code_hash(&store_b, "a.py").unwrap());
    }
}
