//! Steps on the disk, in the order that a crash may interrupt at any place: written, synced, named, folder synced.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, Result};

/// Stored files may be read, never written: links to them share the mode.
const READ_ONLY: u32 = 0o444;

/// Adds bytes to a file that has no name yet.
pub(crate) fn write(file: &mut NamedTempFile, bytes: &[u8]) -> Result<()> {
    step("write", file.path())?;
    file.write_all(bytes).map_err(Error::at("write", file.path()))
}

/// Makes a finished file read-only and its bytes durable.
pub(crate) fn settle(file: &NamedTempFile) -> Result<()> {
    step("write", file.path())?;
    let mode = fs::Permissions::from_mode(READ_ONLY);
    fs::set_permissions(file.path(), mode).map_err(Error::at("protect", file.path()))?;
    file.as_file().sync_all().map_err(Error::at("write", file.path()))?;
    #[cfg(test)]
    faults::settled(file.path());
    Ok(())
}

/// Gives a settled file its name, in place of what has it now; the name is durable after [`sync_folder`].
pub(crate) fn rename(file: NamedTempFile, to: &Path) -> Result<()> {
    step("write", to)?;
    #[cfg(test)]
    faults::named(file.path(), to);
    file.persist(to).map_err(|error| Error::at("write", to)(error.error))?;
    Ok(())
}

/// Removes a file; whether it was there.
pub(crate) fn unlink(path: &Path) -> Result<bool> {
    step("remove", path)?;
    #[cfg(test)]
    faults::removed();
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::at("remove", path)(error)),
    }
}

/// Makes a folder with those above it, for this user only.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::at("make the folder", path))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    step("write", path)?;
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::at("write", path))?;
    #[cfg(test)]
    faults::synced(path);
    Ok(())
}

/// What a folder holds; none when it is not there.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || Error::at("list", folder);
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(unreadable())?,
    };
    read.map(|entry| Ok(entry.map_err(unreadable())?.path())).collect()
}

/// The hash that a stored object's path spells, as `ab/<62 digits>`.
pub(crate) fn hash_of(path: &Path) -> Option<[u8; 32]> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent()?.file_name()?.to_str()?;
    let mut hash = [0; 32];
    hex::decode_to_slice(format!("{folder}{name}"), &mut hash).ok()?;
    Some(hash)
}

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it fails")]
fn step(_action: &'static str, _path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use faults::step;

/// The power goes off after so many steps of a thread, and steps in the wrong order are noticed.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::{Cell, RefCell};
    use std::collections::HashSet;

    use super::*;

    thread_local! {
        static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
        /// Files whose bytes are durable and that have no name yet.
        static SETTLED: RefCell<HashSet<PathBuf>> = RefCell::default();
        /// Folders with names that are not durable yet.
        static PENDING: RefCell<HashSet<PathBuf>> = RefCell::default();
    }

    /// Lets so many steps through, then none; `None` lets all through.
    pub(crate) fn after(steps: Option<u32>) {
        LEFT.set(steps);
        PENDING.take();
    }

    pub(crate) fn step(action: &'static str, path: &Path) -> Result<()> {
        match LEFT.get() {
            None => Ok(()),
            Some(0) => Err(Error::at(action, path)(io::Error::other("the power is off"))),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
        }
    }

    pub(super) fn settled(file: &Path) {
        SETTLED.with_borrow_mut(|settled| settled.insert(file.to_owned()));
    }

    pub(super) fn named(file: &Path, to: &Path) {
        assert!(SETTLED.with_borrow_mut(|settled| settled.remove(file)), "{} is not on disk", to.display());
        let folder = to.parent().expect("a file is in a folder").to_owned();
        PENDING.with_borrow_mut(|pending| pending.insert(folder));
    }

    pub(super) fn synced(folder: &Path) {
        PENDING.with_borrow_mut(|pending| pending.remove(folder));
    }

    pub(super) fn removed() {
        PENDING.with_borrow(|pending| assert!(pending.is_empty(), "removed before {pending:?} is on disk"));
    }
}
