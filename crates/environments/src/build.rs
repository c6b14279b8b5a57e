//! Building one environment: beside its final place, then renamed there whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Finished, command, on_path, run};
use crate::{BUILD_LIMIT, Error, Key, Progress, Python, RECORD, Record, Result, Spec};

const PROBE_LIMIT: Duration = Duration::from_secs(300);
/// The first pip that installs into another interpreter's environment.
const PIP_WITH_PYTHON: (u32, u32) = (22, 3);
/// Scripts longer than this are programs, not launchers that name their interpreter.
const SCRIPT_LIMIT: u64 = 1024 * 1024;
const FREEZE: &str = "\
import importlib.metadata as m, re
names = {(re.sub(r'[-_.]+', '-', d.metadata['Name']).lower(), d.version) for d in m.distributions() if d.metadata['Name']}
print('\\n'.join(sorted(f'{n}=={v}' for n, v in names)), file=open('FILE', 'w'))
";

/// The folder of a build; gone when dropped unless it was renamed.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Absent after the rename.
        let _absent = fs::remove_dir_all(&self.0);
    }
}

enum Installer {
    Uv(PathBuf),
    /// Pip of the interpreter that the environment is made from.
    OuterPip,
    /// Pip inside the environment, for interpreters with an old pip or none.
    InnerPip,
}

impl Installer {
    fn choose(python: &Python) -> Self {
        match (on_path("uv"), python.pip) {
            (Some(uv), _) => Self::Uv(uv),
            (None, Some(version)) if version >= PIP_WITH_PYTHON => Self::OuterPip,
            _ => Self::InnerPip,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Uv(_) => "uv",
            Self::OuterPip | Self::InnerPip => "pip",
        }
    }
}

/// Builds `key` below `root`; the caller holds the key's lock.
pub(crate) async fn build(
    root: &Path,
    key: &Key,
    spec: &Spec,
    python: &Python,
    progress: &(impl Fn(Progress) + Sync),
) -> Result<()> {
    // A name of its own: an installer that outlived a killed server may still write into the last one.
    let unique =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let scratch = Scratch(root.join(format!("{key}.{}-{unique}.tmp", std::process::id())));
    let folder = &scratch.0;
    fs::create_dir(folder).map_err(Error::at(folder))?;
    let installer = Installer::choose(python);
    progress(Progress::Creating);
    create(folder, python, &installer).await?;
    if !spec.requirements.is_empty() {
        install(folder, python, &installer, spec, progress).await?;
    }
    progress(Progress::Probing);
    for module in &spec.imports {
        import(folder, module).await?;
    }
    let record = Record {
        python: python.version.clone(),
        platform: python.platform.clone(),
        requirements: spec.requirements.normalised().to_owned(),
        installer: installer.name().to_owned(),
        packages: freeze(folder).await?,
    };
    let (from, to) = (folder.clone(), root.join(key.as_str()));
    let root = root.to_owned();
    tokio::task::spawn_blocking(move || finish(&root, &from, &to, &record))
        .await
        .map_err(|error| Error::at(&scratch.0)(io::Error::other(error)))?
}

async fn create(folder: &Path, python: &Python, installer: &Installer) -> Result<()> {
    let (tool, mut make) = match installer {
        Installer::Uv(uv) => {
            let mut make = command(uv);
            make.args(["venv", "--quiet", "--allow-existing", "--python"]).arg(&python.executable);
            ("uv venv", make)
        }
        Installer::OuterPip => {
            let mut make = command(&python.executable);
            make.args(["-m", "venv", "--without-pip"]);
            ("python -m venv", make)
        }
        Installer::InnerPip => {
            let mut make = command(&python.executable);
            make.args(["-m", "venv"]);
            ("python -m venv", make)
        }
    };
    make.arg(folder);
    let done = run(make, "making the environment", BUILD_LIMIT, |_| {}).await?;
    if done.status.success() {
        return Ok(());
    }
    Err(Error::Create { tool: tool.to_owned(), tail: done.tail })
}

async fn install(
    folder: &Path,
    python: &Python,
    installer: &Installer,
    spec: &Spec,
    progress: &(impl Fn(Progress) + Sync),
) -> Result<()> {
    let file = folder.join("requirements.txt");
    fs::write(&file, spec.requirements.normalised()).map_err(Error::at(&file))?;
    let inside = folder.join("bin/python");
    let mut install = match installer {
        Installer::Uv(uv) => {
            let mut install = command(uv);
            install.args(["pip", "install", "--python"]).arg(&inside);
            install
        }
        Installer::OuterPip => {
            let mut install = command(&python.executable);
            install.args(["-m", "pip", "--python"]).arg(&inside).arg("install");
            install
        }
        Installer::InnerPip => {
            let mut install = command(&inside);
            install.args(["-m", "pip", "install"]);
            install
        }
    };
    if !matches!(installer, Installer::Uv(_)) {
        install.args(["--no-input", "--disable-pip-version-check", "--no-warn-script-location"]);
    }
    install.arg("-r").arg(&file);
    let done = run(install, "installing the requirements", BUILD_LIMIT, |line| {
        progress(Progress::Installing(line.trim().to_owned()));
    })
    .await?;
    if done.status.success() {
        return Ok(());
    }
    Err(why_not_installed(&done))
}

fn why_not_installed(done: &Finished) -> Error {
    let tail = done.tail.clone();
    let after = |marker: &str| {
        tail.lines()
            .find_map(|line| line.split_once(marker))
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .map(|word| word.trim_matches(['`', '\'', '"', ',', ':']).to_owned())
    };
    let missing = after("No matching distribution found for ").or_else(|| {
        let unknown = tail.contains("was not found in the package registry");
        unknown.then(|| after("Because ")).flatten()
    });
    let reason = if missing.is_some() {
        "no package index that this machine uses has it: check the name, the version and the index settings"
    } else if tail.contains("ResolutionImpossible") || tail.contains("No solution found") {
        "the requirements contradict one another"
    } else {
        "the installer gave up"
    };
    Error::Install { package: missing, reason: reason.to_owned(), tail }
}

async fn import(folder: &Path, module: &str) -> Result<()> {
    let mut probe = command(&folder.join("bin/python"));
    // The name is an argument, never part of the program.
    probe.args(["-c", "import importlib, sys; importlib.import_module(sys.argv[1])"]).arg(module);
    let done = run(probe, "importing the wanted modules", PROBE_LIMIT, |_| {}).await?;
    if done.status.success() {
        return Ok(());
    }
    Err(Error::Probe { module: module.to_owned(), tail: done.tail })
}

async fn freeze(folder: &Path) -> Result<Vec<String>> {
    let file = folder.join("freeze.txt");
    let mut list = command(&folder.join("bin/python"));
    list.args(["-c", &FREEZE.replace("FILE", "freeze.txt")]).current_dir(folder);
    let done = run(list, "listing the packages", PROBE_LIMIT, |_| {}).await?;
    if !done.status.success() {
        return Err(Error::Probe { module: "importlib.metadata".to_owned(), tail: done.tail });
    }
    let text = fs::read_to_string(&file).map_err(Error::at(&file))?;
    Ok(text.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect())
}

/// Writes the record, points launchers at the final place, makes everything durable and renames.
fn finish(root: &Path, from: &Path, to: &Path, record: &Record) -> Result<()> {
    relocate(from, to)?;
    let path = from.join(RECORD);
    let text =
        serde_json::to_string_pretty(record).map_err(|error| Error::at(&path)(io::Error::other(error)))?;
    let mut file = File::create(&path).map_err(Error::at(&path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::at(&path))?;
    // One call instead of one fsync for each of some ten thousand files.
    nix::unistd::syncfs(&file).map_err(|errno| Error::at(from)(errno.into()))?;
    fs::rename(from, to).map_err(Error::at(to))?;
    File::open(root).and_then(|folder| folder.sync_all()).map_err(Error::at(root))
}

/// Launchers in `bin/` name their interpreter by its whole path, which the rename changes.
fn relocate(from: &Path, to: &Path) -> Result<()> {
    let bin = from.join("bin");
    let (old, new) = (from.display().to_string(), to.display().to_string());
    for entry in fs::read_dir(&bin).map_err(Error::at(&bin))? {
        let entry = entry.map_err(Error::at(&bin))?;
        let path = entry.path();
        let meta = entry.metadata().map_err(Error::at(&path))?;
        if !meta.is_file() || meta.len() > SCRIPT_LIMIT {
            continue;
        }
        let bytes = fs::read(&path).map_err(Error::at(&path))?;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        if text.contains(&old) {
            // Written over in place, which keeps the permission to execute.
            fs::write(&path, text.replace(&old, &new)).map_err(Error::at(&path))?;
        }
    }
    Ok(())
}
