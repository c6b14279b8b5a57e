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
    let venv = target().join("test-python");
    let python = venv.join("bin/python");
    let wanted = fs::read(root().join("tests/requirements.txt"))
        .map_err(|error| format!("tests/requirements.txt: {error}"))?;
    let stamp = venv.join("requirements.installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).map_err(|error| format!("{}: {error}", venv.display()))?;
    }
    if run(program("python3").args(["-m", "venv"]).arg(&venv)).is_err() {
        apt("no-such-program", &["python3-venv"])?;
        run(program("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    run(program(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        "tests/requirements.txt",
    ]))?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
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
