//! Putting a stored file into a working folder without copying it, where the file system can.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::{Error, Result};

/// How a file was put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// Shares its blocks until one side writes.
    Reflink,
    /// Another name of the same read-only file.
    HardLink,
    /// A copy of its own.
    Copy,
}

/// Puts `from` at `to`, read-only. An executable is never a hard link: its mode differs from the stored file's.
pub(crate) fn link(from: &Path, to: &Path, executable: bool) -> Result<Linked> {
    if reflink_copy::reflink(from, to).is_ok() {
        protect(to, executable)?;
        return Ok(Linked::Reflink);
    }
    if !executable {
        match fs::hard_link(from, to) {
            Ok(()) => return Ok(Linked::HardLink),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::at("link to", to)(error));
            }
            // Another file system, or too many links: a copy does it.
            Err(_) => {}
        }
    }
    let mut source = File::open(from).map_err(Error::at("open", from))?;
    let mut target = File::create_new(to).map_err(Error::at("make", to))?;
    io::copy(&mut source, &mut target).map_err(Error::at("write", to))?;
    protect(to, executable)?;
    Ok(Linked::Copy)
}

/// Makes what was put in place read-only.
pub(crate) fn protect(path: &Path, executable: bool) -> Result<()> {
    let mode = if executable { 0o555 } else { 0o444 };
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::at("protect", path))
}
