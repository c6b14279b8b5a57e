//! Bytes by content: files, trees and commits under their BLAKE3 ids, in a folder of whole files.
//!
//! `files/ab/<62 digits>` holds a file, `trees/…` a tree's nodes, `commits/…` a commit, `tmp/` what is not whole yet, `parts/` uploads in parts.
//! A thing gets its name only after its bytes and its folder are on disk, so a crash leaves nothing visible
//! that is not whole. Stored files are read-only. Names, rows and permissions live elsewhere.

mod error;
mod link;
mod parts;
mod removal;
mod store;
mod upload;

pub use error::{Error, Result};
pub use link::Linked;
pub use removal::Doomed;
pub use store::{Store, StoredFile};
pub use upload::Upload;
