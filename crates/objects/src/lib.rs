//! Bytes by content: files, trees and commits under their BLAKE3 ids, whole for quick reading and in packs for keeping.
//!
//! `files/ab/<62 digits>` holds a whole file, `packs/…` chunks of many files, `recipes/…` how files are put together from chunks,
//! `trees/…` a tree's nodes, `commits/…` a commit, `index` copies of the packs' footers that can be made again, `tmp/` what is
//! not whole yet, `parts/` uploads in parts. A thing gets its name only after its bytes are on disk, so a crash leaves nothing
//! visible that is not whole. Stored files are read-only. Names, rows and permissions live elsewhere.

mod chunk;
mod collect;
mod cores;
#[cfg(test)]
mod crash;
mod disk;
mod error;
mod index;
mod link;
mod outline;
mod pack;
mod packing;
mod packs;
mod parts;
mod reading;
mod recipe;
mod removal;
mod scrub;
mod store;
mod upload;
mod usage;

pub use collect::Collected;
pub use error::{Error, Result};
pub use link::Linked;
pub use packing::{Evicted, PackReport};
pub use removal::Doomed;
pub use scrub::{Damage, Kind, Progress, Scrub};
pub use store::{Store, StoredFile};
pub use upload::Upload;
pub use usage::Usage;
