//! Finding the interpreter that environments are made from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{command, on_path, run};
use crate::{Error, Result};

const PROBE_LIMIT: Duration = Duration::from_secs(60);
/// The time to fetch an interpreter with uv.
const FETCH_LIMIT: Duration = Duration::from_secs(600);
/// Prints path, version, platform and the version of pip, or says that it has none.
const PROBE: &str = "\
import sys, sysconfig, platform
print(getattr(sys, '_base_executable', None) or sys.executable)
print(platform.python_version())
print(sysconfig.get_platform())
try:
    import pip
    print(pip.__version__)
except Exception:
    print('none')
";

/// An interpreter of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The program itself, not a wrapper that chooses one.
    pub executable: PathBuf,
    /// The whole version, such as `3.11.7`.
    pub version: String,
    /// The platform of its packages, such as `linux-x86_64`.
    pub platform: String,
    /// Major and minor version of its pip, when it has one.
    pub(crate) pip: Option<(u32, u32)>,
}

impl Python {
    fn is(&self, wanted: &str) -> bool {
        let rest = self.version.strip_prefix(wanted);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The machine's `python3`, or the `wanted` version wherever it is; uv may fetch it.
pub(crate) async fn find(wanted: Option<&str>) -> Result<Python> {
    let default = on_path("python3").or_else(|| on_path("python"));
    let Some(wanted) = wanted else {
        let path = default.ok_or(Error::PythonMissing)?;
        return ask(&path).await;
    };
    check_version(wanted)?;
    let mut found = None;
    if let Some(path) = default {
        let python = ask(&path).await?;
        if python.is(wanted) {
            return Ok(python);
        }
        found = Some(python.version);
    }
    let minor = wanted.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    if let Some(path) = on_path(&format!("python{minor}")) {
        // A version manager's wrapper may be there for a version that is not.
        if let Ok(python) = ask(&path).await
            && python.is(wanted)
        {
            return Ok(python);
        }
    }
    match from_uv(wanted).await? {
        Some(python) => Ok(python),
        None => Err(Error::PythonVersion { wanted: wanted.to_owned(), found }),
    }
}

fn check_version(wanted: &str) -> Result<()> {
    let parts: Vec<&str> = wanted.split('.').collect();
    let numbers = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if numbers && (2..=3).contains(&parts.len()) {
        return Ok(());
    }
    Err(Error::Requirements {
        place: "python".to_owned(),
        reason: format!("{wanted:?} is not a Python version: write it as 3.11 or 3.11.7"),
    })
}

async fn from_uv(wanted: &str) -> Result<Option<Python>> {
    let Some(uv) = on_path("uv") else { return Ok(None) };
    for fetch in [false, true] {
        if fetch {
            let mut install = command(&uv);
            install.args(["python", "install", wanted]);
            let done = run(install, "fetching Python", FETCH_LIMIT, |_| {}).await?;
            if !done.status.success() {
                return Ok(None);
            }
        }
        let mut find = command(&uv);
        find.args(["python", "find", wanted]);
        let done = run(find, "finding Python", PROBE_LIMIT, |_| {}).await?;
        let path = done.tail.lines().last().map(PathBuf::from);
        if let (true, Some(path)) = (done.status.success(), path) {
            return ask(&path).await.map(Some);
        }
    }
    Ok(None)
}

async fn ask(path: &Path) -> Result<Python> {
    let mut probe = command(path);
    probe.args(["-c", PROBE]);
    let done = run(probe, "asking Python for its version", PROBE_LIMIT, |_| {}).await?;
    let broken = || Error::PythonBroken { path: path.to_owned(), reason: done.tail.clone() };
    let mut lines = done.tail.lines();
    let (Some(executable), Some(version), Some(platform), Some(pip), true) =
        (lines.next(), lines.next(), lines.next(), lines.next(), done.status.success())
    else {
        return Err(broken());
    };
    Ok(Python {
        executable: PathBuf::from(executable),
        version: version.to_owned(),
        platform: platform.to_owned(),
        pip: pip_version(pip),
    })
}

fn pip_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_machines_python_is_found_with_its_version() {
        let python = find(None).await.unwrap();
        assert!(python.executable.is_absolute());
        assert!(python.version.starts_with("3."), "{python:?}");
        let again = find(Some(&python.version)).await.unwrap();
        assert_eq!(again, python);
    }

    #[tokio::test]
    async fn a_version_that_is_not_there_is_named_with_the_way_out() {
        let text = find(Some("3.999")).await.unwrap_err().to_string();
        assert!(text.starts_with("Python 3.999 is wanted and not on this machine"), "{text}");
        let text = find(Some("three")).await.unwrap_err().to_string();
        assert!(text.contains("write it as 3.11"), "{text}");
    }

    #[test]
    fn a_version_matches_by_whole_parts() {
        let python = Python {
            executable: PathBuf::from("/p"),
            version: "3.11.7".to_owned(),
            platform: "linux-x86_64".to_owned(),
            pip: None,
        };
        assert!(python.is("3.11") && python.is("3.11.7"));
        assert!(!python.is("3.1") && !python.is("3.11.70"));
    }
}
