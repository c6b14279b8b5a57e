//! What the store takes on disk, and what it holds.

use std::collections::HashSet;
use std::fs;

use crate::pack::Pack;
use crate::recipe;
use crate::store::Store;
use crate::{Error, Result};

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Whole files.
    pub whole_files: u64,
    /// Their bytes.
    pub whole_bytes: u64,
    /// Packs.
    pub packs: u64,
    /// Their bytes, footers included.
    pub pack_bytes: u64,
    /// Files that have a recipe.
    pub packed_files: u64,
    /// The bytes of these files, each as large as it reads.
    pub referenced_bytes: u64,
    /// The recipes' bytes on disk.
    pub recipe_bytes: u64,
    /// The bytes of the chunks that recipes name, each chunk once, before compression.
    pub unique_bytes: u64,
    /// The bytes of chunks in packs before compression.
    pub raw_in_packs: u64,
    /// The bytes of chunks in packs as they are kept.
    pub stored_in_packs: u64,
    /// The bytes of chunks in packs that no recipe names.
    pub garbage: u64,
}

impl Usage {
    /// How many times the bytes of packed files there would be without sharing chunks; 1 when there are none.
    pub fn dedup_ratio(&self) -> f64 {
        ratio(self.referenced_bytes, self.unique_bytes)
    }

    /// How many times smaller compression makes the chunks in packs; 1 when there are none.
    pub fn compression_ratio(&self) -> f64 {
        ratio(self.raw_in_packs, self.stored_in_packs)
    }
}

fn ratio(before: u64, after: u64) -> f64 {
    if after == 0 { 1.0 } else { before as f64 / after as f64 }
}

impl Store {
    /// Adds everything up. Reads folders, footers and recipes, no content.
    pub fn usage(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        let size = |path: &std::path::Path| match fs::metadata(path) {
            // Removed a moment ago.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(|found| Some(found.len())).map_err(Error::at("read", path)),
        };
        for (_, path) in self.stored("files")? {
            if let Some(size) = size(&path)? {
                usage.whole_files += 1;
                usage.whole_bytes += size;
            }
        }
        let (mut files, mut live) = (HashSet::new(), HashSet::new());
        for (_, path) in self.stored("recipes")? {
            let Ok(bytes) = fs::read(&path) else { continue };
            usage.recipe_bytes += bytes.len() as u64;
            for placed in recipe::decode_set(&bytes).recipes {
                if files.insert(placed.recipe.file) {
                    usage.packed_files += 1;
                    usage.referenced_bytes += placed.recipe.size;
                }
                for (id, length) in placed.recipe.chunks {
                    if live.insert(id) {
                        usage.unique_bytes += u64::from(length);
                    }
                }
            }
        }
        for (id, path) in self.stored("packs")? {
            let Ok(pack) = Pack::open(&path, id) else { continue };
            usage.packs += 1;
            usage.pack_bytes += pack.size;
            for entry in &pack.entries {
                usage.raw_in_packs += u64::from(entry.raw);
                usage.stored_in_packs += u64::from(entry.stored);
                if !live.contains(&entry.id) {
                    usage.garbage += u64::from(entry.stored);
                }
            }
        }
        Ok(usage)
    }
}
