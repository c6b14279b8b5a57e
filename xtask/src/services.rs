//! What tests need and a fresh machine lacks: PostgreSQL, Chromium, Python packages.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Result, apt, exists, output, program, root, run, target};

/// A private PostgreSQL server, stopped and removed when dropped.
pub struct Postgres {
    folder: PathBuf,
    pg_ctl: PathBuf,
    /// `postgres://…` of a user who may create databases.
    pub url: String,
}

impl Postgres {
    /// Installs the server when it is missing and starts one on a free loopback port.
    pub fn start() -> Result<Self> {
        if binary("initdb").is_none() {
            apt("initdb", &["postgresql"])?;
        }
        let initdb = binary("initdb").ok_or("PostgreSQL was installed but its initdb is not found")?;
        let pg_ctl = initdb.with_file_name("pg_ctl");
        let folder = std::env::temp_dir().join(format!("volano-postgres-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        if is_root()? {
            run(program("chown").arg("postgres").arg(&folder))?;
        }
        let port = free_port()?;
        let data = folder.join("data");
        run(as_owner(&initdb)?
            .arg("-D")
            .arg(&data)
            .args(["-U", "volano", "-A", "trust", "-E", "UTF8"])
            .stdout(Stdio::null()))?;
        // Tests break the client, not the machine: no need to wait for the disk.
        let options = format!("-p {port} -k {} -c fsync=off -c max_connections=300", folder.display());
        run(as_owner(&pg_ctl)?
            .args(["-w", "-D"])
            .arg(&data)
            .arg("-o")
            .arg(options)
            .arg("-l")
            .arg(folder.join("log"))
            .arg("start")
            .stdout(Stdio::null()))?;
        Ok(Self { folder, pg_ctl, url: format!("postgres://volano@127.0.0.1:{port}/postgres") })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = as_owner(&self.pg_ctl).and_then(|mut command| {
            run(command
                .args(["-m", "immediate", "-D"])
                .arg(self.folder.join("data"))
                .arg("stop")
                .stdout(Stdio::null()))
        });
        if let Err(message) = stopped.and_then(|()| {
            fs::remove_dir_all(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))
        }) {
            eprintln!("warning: {message}");
        }
    }
}

/// The system's Chromium, installed when it is missing.
pub fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(PathBuf::from(path));
    }
    for name in ["chromium", "chromium-browser", "google-chrome"] {
        if exists(name) {
            return Ok(PathBuf::from("/usr/bin").join(name));
        }
    }
    apt("chromium", &["chromium"])?;
    Ok(PathBuf::from("/usr/bin/chromium"))
}

/// A Python with the real clients that tests use, made anew when their list changes.
pub fn python() -> Result<PathBuf> {
    plain("test-python", "tests/requirements.txt")
}

/// A Python with a client of MLflow 2.
pub fn python_older() -> Result<PathBuf> {
    plain("test-python-older", "tests/requirements-older.txt")
}

/// A Python with MLflow's small client, and what makes up requests from the API's document.
pub fn python_small() -> Result<PathBuf> {
    plain("test-python-small", "tests/requirements-small.txt")
}

/// A Python with nothing but the packages of a list.
fn plain(name: &str, list: &str) -> Result<PathBuf> {
    environment(name, &[&root().join(list)], |venv| {
        if run(program("python3").args(["-m", "venv"]).arg(venv)).is_err() {
            apt("no-such-program", &["python3-venv"])?;
            run(program("python3").args(["-m", "venv"]).arg(venv))?;
        }
        install(&venv.join("bin/python"), venv, &["-r", list])
    })
}

/// A Python with training frameworks on top of the packages of [`python`], which it shares.
pub fn frameworks(clients: &Path) -> Result<PathBuf> {
    let lists = ["tests/requirements.txt", "tests/frameworks.txt"].map(|list| root().join(list));
    environment("test-frameworks", &[&lists[0], &lists[1]], |venv| {
        run(program(clients).args(["-m", "venv", "--without-pip"]).arg(venv))?;
        let shared = output(program(clients).args(["-c", PACKAGES]))?;
        let own = output(program(venv.join("bin/python")).args(["-c", PACKAGES]))?;
        fs::write(Path::new(own.trim()).join("shared.pth"), shared).map_err(|error| error.to_string())?;
        install(clients, venv, &["-r", "tests/frameworks.txt"])
    })
}

/// A Python of the system with the system's PyTorch, and Lightning beside it.
pub fn networks(clients: &Path) -> Result<PathBuf> {
    let list = root().join("tests/networks.txt");
    environment("test-networks", &[&list], |venv| {
        if run(program(SYSTEM_PYTHON).args(["-c", "import torch"]).stderr(Stdio::null())).is_err() {
            apt("no-such-program", &["python3-torch"])?;
        }
        run(program(SYSTEM_PYTHON)
            .args(["-m", "venv", "--system-site-packages", "--without-pip"])
            .arg(venv))?;
        install(clients, venv, &["-r", "tests/networks.txt"])?;
        install(clients, venv, &["--no-deps", LIGHTNING])
    })
}

/// The interpreter that the system's packages are for.
const SYSTEM_PYTHON: &str = "/usr/bin/python3";
/// The newest that takes PyTorch 1.13; `tests/networks.txt` has what it needs.
const LIGHTNING: &str = "pytorch-lightning==2.2.5";
/// Prints where packages are installed.
const PACKAGES: &str = "import sysconfig; print(sysconfig.get_path('purelib'))";

/// A virtual environment under the target folder, made by `make` when one of the lists is not what it was made from.
fn environment(name: &str, lists: &[&Path], make: impl FnOnce(&Path) -> Result) -> Result<PathBuf> {
    let venv = target().join(name);
    let python = venv.join("bin/python");
    let mut wanted = Vec::new();
    for list in lists {
        wanted.extend(fs::read(list).map_err(|error| format!("{}: {error}", list.display()))?);
    }
    let stamp = venv.join("requirements.installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).map_err(|error| format!("{}: {error}", venv.display()))?;
    }
    make(&venv)?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

/// Installs into `venv` with the pip of `python`.
fn install(python: &Path, venv: &Path, arguments: &[&str]) -> Result {
    run(program(python)
        .args(["-m", "pip", "--python"])
        .arg(venv.join("bin/python"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args(arguments))
}

/// A program of PostgreSQL: on the path, or where Debian keeps its versions.
fn binary(name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin").join(name)).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found.pop().or_else(|| exists(name).then(|| PathBuf::from(name)))
}

/// PostgreSQL refuses to run as root: its own user runs it then.
fn as_owner(program_path: &Path) -> Result<Command> {
    if !is_root()? {
        return Ok(program(program_path));
    }
    let mut command = Command::new("runuser");
    command.current_dir("/").args(["-u", "postgres", "--"]).arg(program_path);
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(output(program("id").arg("-u"))?.trim() == "0")
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}
