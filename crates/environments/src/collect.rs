//! Taking away environments that nobody has used for a while.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::fcntl::FlockArg;

use crate::{BUILD_LIMIT, Environments, Error, Key, Result};

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Environments that are gone.
    pub removed: Vec<Key>,
    /// Environments that stay.
    pub kept: usize,
}

impl Environments {
    /// Removes environments whose last use is longer ago than `unused_for`; never one that is in use.
    ///
    /// Remains of builds that were killed go as well. Blocks on file work: call it off the async threads.
    pub fn collect(&self, unused_for: Duration) -> Result<Collected> {
        let root = &self.inner.root;
        let mut collected = Collected::default();
        if !root.exists() {
            return Ok(collected);
        }
        for entry in fs::read_dir(root).map_err(Error::at(root))? {
            let entry = entry.map_err(Error::at(root))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".tmp") || name.ends_with(".gone") {
                remove_remains(&entry.path())?;
            } else if let Some(key) = Key::parse(&name) {
                if self.remove(&key, unused_for)? {
                    collected.removed.push(key);
                } else {
                    collected.kept += 1;
                }
            }
        }
        Ok(collected)
    }

    fn remove(&self, key: &Key, unused_for: Duration) -> Result<bool> {
        let Some(alone) = self.lock(key, FlockArg::LockExclusiveNonblock)? else {
            return Ok(false);
        };
        let folder = self.inner.root.join(key.as_str());
        let used = alone.metadata().and_then(|meta| meta.modified()).map_err(Error::at(&folder))?;
        if age(used) < unused_for {
            return Ok(false);
        }
        // Renamed first: an environment is there whole or not at all, also for a removal that is interrupted.
        let gone = self.inner.root.join(format!("{key}.gone"));
        fs::rename(&folder, &gone).map_err(Error::at(&folder))?;
        fs::remove_dir_all(&gone).map_err(Error::at(&gone))?;
        Ok(true)
    }
}

/// A build in progress is younger than its limit.
fn remove_remains(path: &Path) -> Result<()> {
    let changed = path.metadata().and_then(|meta| meta.modified()).map_err(Error::at(path))?;
    if path.extension().is_some_and(|ext| ext == "tmp") && age(changed) < BUILD_LIMIT {
        return Ok(());
    }
    fs::remove_dir_all(path).map_err(Error::at(path))
}

fn age(time: SystemTime) -> Duration {
    SystemTime::now().duration_since(time).unwrap_or_default()
}
