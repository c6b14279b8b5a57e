//! The home folder: what lives where, and who may use it now.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

/// The format of the folder that this binary reads and writes.
const FORMAT: u32 = 1;

/// An opened home folder; the lock on it lasts as long as the last clone.
#[derive(Clone)]
pub struct Home {
    root: PathBuf,
    objects: Option<PathBuf>,
    _lock: Arc<Flock<File>>,
}

/// How to reach the server that has a home open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunningServer {
    /// Process id.
    pub pid: u32,
    /// `http://HOST:PORT`.
    pub url: String,
    /// Whether it ends with the command that it was started for.
    #[serde(default)]
    pub transient: bool,
}

/// Why a folder cannot be used as a home.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process has it open.
    #[error("the home {} is in use by {by}: stop it, or give another folder with --home", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Process and address, when known.
        by: String,
        /// The server, when it has said where it listens.
        server: Option<RunningServer>,
    },
    /// Written by a newer volano.
    #[error(
        "the home {} has format {found}, this volano knows up to {FORMAT}: use the newer volano that wrote it", path.display()
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: String,
    },
    /// The file system says no.
    #[error("cannot use {} as a home: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Home {
    /// Opens the folder, making it when absent, and locks it for this process.
    pub fn open(root: &Path) -> Result<Self, HomeError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| HomeError::Io { path, source }
        };
        for folder in
            [root.to_owned(), root.join("objects"), root.join("work"), root.join("envs"), root.join("logs")]
        {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(at(&folder))?;
        }
        let root = root.canonicalize().map_err(at(root))?;
        let lock_path = root.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| {
            let server = Self::running_server(&root);
            let by = server.as_ref().map_or_else(
                || "another volano process".to_owned(),
                |server| format!("the server at {} (process {})", server.url, server.pid),
            );
            HomeError::InUse { path: root.clone(), by, server }
        })?;
        check_format(&root)?;
        Ok(Self { root, objects: None, _lock: Arc::new(lock) })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the embedded database lives.
    pub fn database_url(&self) -> String {
        format!("sqlite:{}", self.root.join("volano.db").display())
    }

    /// Bytes by content.
    pub fn objects_dir(&self) -> PathBuf {
        self.objects.clone().unwrap_or_else(|| self.root.join("objects"))
    }

    /// This home with its bytes in another folder.
    #[must_use]
    pub fn with_objects(mut self, folder: PathBuf) -> Self {
        self.objects = Some(folder);
        self
    }

    /// The prediction logs, one folder per deployment.
    pub fn predictions_dir(&self) -> PathBuf {
        self.root.join("predictions")
    }

    /// Model folders that are loaded, and their workers.
    pub fn serving_dir(&self) -> PathBuf {
        self.root.join("serving")
    }

    /// Folders of running steps.
    pub fn work_dir(&self) -> PathBuf {
        self.root.join("work")
    }

    /// What queries spill; empty while none runs.
    pub fn queries_dir(&self) -> PathBuf {
        self.root.join("queries")
    }

    /// What a step run has printed so far; absent until it has begun.
    pub fn step_log(&self, step_run: &domain::Id) -> PathBuf {
        self.root.join("logs").join(format!("{step_run}.log"))
    }

    /// Environments by lock.
    pub fn envs_dir(&self) -> PathBuf {
        self.root.join("envs")
    }

    /// Says where this process serves the home, for commands that find the folder in use.
    pub fn announce(&self, url: &str, transient: bool) -> io::Result<()> {
        let server = RunningServer { pid: std::process::id(), url: url.to_owned(), transient };
        let text = serde_json::to_string(&server).map_err(io::Error::other)?;
        replace(&self.root.join("server.json"), text.as_bytes())
    }

    /// Takes the announcement back.
    pub fn withdraw(&self) {
        // Absent when nothing was announced.
        let _absent = fs::remove_file(self.root.join("server.json"));
    }

    /// The server that announced itself in `root`, whether or not it still lives.
    pub fn running_server(root: &Path) -> Option<RunningServer> {
        let text = fs::read_to_string(root.join("server.json")).ok()?;
        serde_json::from_str(&text).ok()
    }
}

fn check_format(root: &Path) -> Result<(), HomeError> {
    let path = root.join("format");
    let mut text = String::new();
    match File::open(&path).and_then(|mut file| file.read_to_string(&mut text)) {
        Ok(_) => {
            let readable = text.trim().parse::<u32>().is_ok_and(|found| found <= FORMAT);
            if readable {
                return Ok(());
            }
            Err(HomeError::Newer { path: root.to_owned(), found: text.trim().to_owned() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(&path, format!("{FORMAT}\n").as_bytes()).map_err(|source| HomeError::Io { path, source })
        }
        Err(source) => Err(HomeError::Io { path, source }),
    }
}

/// Writes a small file whole or not at all: temporary name, fsync, rename, fsync of the folder.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
