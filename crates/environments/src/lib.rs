//! Python environments by content: one folder per set of requirements, shared by steps and model workers.
//!
//! An environment is named by what it is made of ([`Key`]), built beside its final place and renamed there whole, so
//! that it either exists complete or not at all. A lock file per key keeps builders apart (also those of other
//! processes) and users known, so that [`Environments::collect`] never takes one away that is in use.

mod build;
mod collect;
mod command;
mod error;
mod python;
mod requirements;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

pub use collect::Collected;
pub use error::Error;
pub use python::Python;
pub use requirements::Requirements;

/// How long a build may take before it is given up.
pub const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How often a waiter looks whether another builder has finished.
const LOCK_POLL: Duration = Duration::from_millis(100);
/// The record of what an environment holds, inside its folder.
const RECORD: &str = "volano-environment.json";

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an environment is to hold.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The wanted Python, `3.11` or `3.11.7`; absent: the machine's `python3`.
    pub python: Option<String>,
    /// The packages.
    pub requirements: Requirements,
    /// Modules that must be importable before the environment counts as built.
    pub imports: Vec<String>,
}

impl Spec {
    /// The machine's Python with `requirements`.
    pub fn new(requirements: Requirements) -> Self {
        Self { python: None, requirements, imports: Vec::new() }
    }
}

/// An environment's name: 64 hexadecimal digits of the BLAKE3 hash of Python version, platform and requirements.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// Takes 64 hexadecimal digits; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let valid =
            text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        valid.then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(python: &Python, requirements: &Requirements) -> Self {
        let mut hash = blake3::Hasher::new_derive_key("volano environment 1");
        for part in [&python.version, &python.platform, requirements.normalised()] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().to_hex().to_string())
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an environment was made of and what came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The whole Python version, such as `3.11.7`.
    pub python: String,
    /// The platform, such as `linux-x86_64`.
    pub platform: String,
    /// The requirements as they were normalised.
    pub requirements: String,
    /// `uv` or `pip`.
    pub installer: String,
    /// Every installed distribution as `name==version`, sorted.
    pub packages: Vec<String>,
}

/// A built environment; it is not collected while a clone of this lives.
#[derive(Clone, Debug)]
pub struct Env {
    /// Its name.
    pub key: Key,
    /// The interpreter inside.
    pub python: PathBuf,
    folder: PathBuf,
    lock: PathBuf,
    _in_use: Arc<Flock<File>>,
}

impl Env {
    /// The environment's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder to put first on `PATH`.
    pub fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// The lock file; a process that outlives this one holds the environment by [`hold`].
    pub fn lock_path(&self) -> &Path {
        &self.lock
    }

    /// What the environment holds.
    pub fn record(&self) -> Result<Record> {
        let path = self.folder.join(RECORD);
        let text = fs::read_to_string(&path).map_err(Error::at(&path))?;
        serde_json::from_str(&text).map_err(|error| Error::at(&path)(io::Error::other(error)))
    }
}

/// Keeps the environment of a lock file from being collected for as long as the answer lives.
pub fn hold(lock: &Path) -> io::Result<Flock<File>> {
    let file = OpenOptions::new().read(true).open(lock)?;
    Flock::lock(file, FlockArg::LockShared).map_err(|(_, errno)| errno.into())
}

/// What a build is doing now, for people who wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process builds the same environment.
    Waiting,
    /// The empty environment is being made.
    Creating,
    /// Packages are being installed; the installer's newest line.
    Installing(String),
    /// The wanted modules are being imported.
    Probing,
    /// It is complete.
    Ready,
}

/// The environments below one folder; cheap to clone.
#[derive(Clone)]
pub struct Environments {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    /// Interpreters that were found, by wish, as asking one costs a process.
    found: Mutex<Vec<(Option<String>, Python)>>,
}

impl Environments {
    /// The environments below `root`, which is made when needed.
    pub fn new(root: PathBuf) -> Self {
        Self { inner: Arc::new(Inner { root, found: Mutex::new(Vec::new()) }) }
    }

    /// The Python that an environment for `wanted` would use.
    pub async fn python(&self, wanted: Option<&str>) -> Result<Python> {
        let mut found = self.inner.found.lock().await;
        let known =
            found.iter().find(|(wish, python)| wish.as_deref() == wanted && python.executable.exists());
        if let Some((_, python)) = known {
            return Ok(python.clone());
        }
        let python = python::find(wanted).await?;
        found.retain(|(wish, _)| wish.as_deref() != wanted);
        found.push((wanted.map(ToOwned::to_owned), python.clone()));
        Ok(python)
    }

    /// The name that `spec` has on this machine, built or not.
    pub async fn key(&self, spec: &Spec) -> Result<Key> {
        let python = self.python(spec.python.as_deref()).await?;
        Ok(Key::of(&python, &spec.requirements))
    }

    /// The environment called `key`, when it is built.
    pub fn get(&self, key: &Key) -> Result<Option<Env>> {
        self.open(key)
    }

    /// The environment of `spec`: the one that is there, or a new one.
    ///
    /// A build that is not awaited to its end is killed and leaves nothing.
    pub async fn ensure(&self, spec: &Spec, progress: impl Fn(Progress) + Send + Sync) -> Result<Env> {
        let python = self.python(spec.python.as_deref()).await?;
        let key = Key::of(&python, &spec.requirements);
        let root = &self.inner.root;
        fs::create_dir_all(root).map_err(Error::at(root))?;
        let mut told = false;
        loop {
            if let Some(env) = self.open(&key)? {
                progress(Progress::Ready);
                return Ok(env);
            }
            if let Some(_building) = self.lock(&key, FlockArg::LockExclusiveNonblock)? {
                if !root.join(key.as_str()).exists() {
                    build::build(root, &key, spec, &python, &progress).await?;
                }
                continue;
            }
            if !told {
                progress(Progress::Waiting);
                told = true;
            }
            tokio::time::sleep(LOCK_POLL).await;
        }
    }

    fn open(&self, key: &Key) -> Result<Option<Env>> {
        let folder = self.inner.root.join(key.as_str());
        if !folder.exists() {
            return Ok(None);
        }
        let Some(in_use) = self.lock(key, FlockArg::LockSharedNonblock)? else {
            return Ok(None);
        };
        // It may have been collected between the look and the lock.
        if !folder.exists() {
            return Ok(None);
        }
        // The time of the last use is what collection goes by.
        in_use.set_modified(SystemTime::now()).map_err(Error::at(&folder))?;
        Ok(Some(Env {
            key: key.clone(),
            python: folder.join("bin/python"),
            lock: self.lock_path(key),
            folder,
            _in_use: Arc::new(in_use),
        }))
    }

    fn lock_path(&self, key: &Key) -> PathBuf {
        self.inner.root.join(format!("{key}.lock"))
    }

    /// `None` when somebody else holds it.
    fn lock(&self, key: &Key, how: FlockArg) -> Result<Option<Flock<File>>> {
        let path = self.lock_path(key);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::at(&path))?;
        match Flock::lock(file, how) {
            Ok(lock) => Ok(Some(lock)),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(Error::at(&path)(errno.into())),
        }
    }
}

#[cfg(test)]
mod tests;
