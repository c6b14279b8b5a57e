//! Recipes: which chunks make a file. They lie in sets, one file for the recipes that were made together.
//!
//! ```text
//! "VOLRECP1" | count u32 | per recipe: file id 32, length u32 | check 16 | recipes
//! recipe: file id 32, size u64, kind u8 | for kind 1: min, average, max u32, count u32, per chunk: id 32, length u32 | check 16
//! ```
//! Kind 0 is a file of one chunk, whose id is the file's; kind 1 was cut by FastCDC 2020. A check is the start of the BLAKE3 of
//! what precedes it, and a set is named by the BLAKE3 of all its bytes. Ids stand twice, so that damage can be named.

use domain::data::{ChunkId, FileId};

use crate::chunk::{Chunker, MAX_CHUNK};

/// The hash that names a set.
pub(crate) type SetId = [u8; 32];

const HEAD: &[u8; 8] = b"VOLRECP1";
const CHECK: usize = 16;
const ONE: u8 = 0;
const CUT: u8 = 1;

/// How a file is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) file: FileId,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// How it was cut; `None` for one chunk.
    pub(crate) chunker: Option<Chunker>,
    /// Its chunks in order, with their lengths.
    pub(crate) chunks: Vec<(ChunkId, u32)>,
}

impl Recipe {
    /// The recipe of a file that is one chunk.
    pub(crate) fn of_one(file: FileId, size: u32) -> Self {
        let chunk = ChunkId::from_hash(*file.as_bytes());
        Self { file, size: u64::from(size), chunker: None, chunks: vec![(chunk, size)] }
    }

    /// The recipe of a file that was cut.
    pub(crate) fn of_many(file: FileId, chunker: Chunker, chunks: Vec<(ChunkId, u32)>) -> Self {
        let size = chunks.iter().map(|(_, length)| u64::from(*length)).sum();
        Self { file, size, chunker: Some(chunker), chunks }
    }

    /// Its chunks with their places in the file.
    pub(crate) fn places(&self) -> impl Iterator<Item = (ChunkId, u64, u32)> {
        let mut at = 0;
        self.chunks.iter().map(move |(id, length)| {
            let offset = at;
            at += u64::from(*length);
            (*id, offset, *length)
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(80 + self.chunks.len() * 36);
        bytes.extend(self.file.as_bytes());
        bytes.extend(self.size.to_le_bytes());
        match self.chunker {
            None => bytes.push(ONE),
            Some(Chunker { min, average, max }) => {
                bytes.push(CUT);
                let count = u32::try_from(self.chunks.len()).expect("no file has so many chunks");
                for number in [min, average, max, count] {
                    bytes.extend(number.to_le_bytes());
                }
                for (id, length) in &self.chunks {
                    bytes.extend(id.as_bytes());
                    bytes.extend(length.to_le_bytes());
                }
            }
        }
        bytes.extend(check(&bytes));
        bytes
    }

    /// Reads the recipe at the start of the bytes, and how many it takes; `None` when they are not one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut rest = bytes;
        let file = FileId::from_hash(take(&mut rest)?);
        let size = u64::from_le_bytes(take(&mut rest)?);
        let [kind] = take(&mut rest)?;
        let recipe = match kind {
            ONE => Self::of_one(file, u32::try_from(size).ok().filter(|size| *size <= MAX_CHUNK)?),
            CUT => {
                let [min, average, max, count] = [(); 4].map(|()| take(&mut rest).map(u32::from_le_bytes));
                let chunker = Some(Chunker { min: min?, average: average?, max: max? });
                let list = rest.get(..(count? as usize).checked_mul(36)?)?;
                rest = &rest[list.len()..];
                let chunks = list.chunks_exact(36).map(|mut part| {
                    let id = ChunkId::from_hash(take(&mut part).expect("32 of 36 bytes"));
                    (id, u32::from_le_bytes(take(&mut part).expect("4 of 36 bytes")))
                });
                Self { file, size, chunker, chunks: chunks.collect() }
            }
            _ => return None,
        };
        let length = bytes.len() - rest.len();
        let total: u64 = recipe.chunks.iter().map(|(_, length)| u64::from(*length)).sum();
        (take(&mut rest)? == check(&bytes[..length]) && total == recipe.size)
            .then_some((recipe, length + CHECK))
    }
}

/// A recipe of a set, with where it lies there.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) recipe: Recipe,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

/// What can be read of a set.
#[derive(Debug, Default)]
pub(crate) struct SetContent {
    pub(crate) recipes: Vec<Placed>,
    /// Files whose recipe is damaged.
    pub(crate) lost: Vec<FileId>,
}

/// The bytes of a set.
pub(crate) fn encode_set(recipes: &[Recipe]) -> Vec<u8> {
    let encoded: Vec<Vec<u8>> = recipes.iter().map(Recipe::encode).collect();
    let mut bytes = HEAD.to_vec();
    bytes.extend(u32::try_from(recipes.len()).expect("a set is small").to_le_bytes());
    for (recipe, record) in recipes.iter().zip(&encoded) {
        bytes.extend(recipe.file.as_bytes());
        bytes.extend(u32::try_from(record.len()).expect("a recipe is small").to_le_bytes());
    }
    bytes.extend(check(&bytes));
    bytes.extend(encoded.iter().flatten());
    bytes
}

/// Reads a set, also a damaged one as far as it goes; whether it is whole is told by its name.
pub(crate) fn decode_set(bytes: &[u8]) -> SetContent {
    let mut content = SetContent::default();
    let place = |recipe, offset: usize, length: usize| {
        let [offset, length] = [offset, length].map(|number| u32::try_from(number).expect("a set is small"));
        Placed { recipe, offset, length }
    };
    let Some(head) = header(bytes) else {
        // The count may be what is damaged: the first record is looked for wherever one could begin.
        let mut starts = (0..=bytes.len() / 36).map(|count| 12 + count * 36 + CHECK);
        let whole = |at: &usize| bytes.get(*at..).and_then(Recipe::decode).is_some();
        let mut at = starts.find(whole).unwrap_or(bytes.len());
        while let Some((recipe, length)) = bytes.get(at..).and_then(Recipe::decode) {
            content.recipes.push(place(recipe, at, length));
            at += length;
        }
        return content;
    };
    let mut at = 12 + head.len() * 36 + CHECK;
    for (file, length) in head {
        let record = bytes.get(at..at + length).and_then(Recipe::decode);
        match record.filter(|(recipe, taken)| recipe.file == file && *taken == length) {
            Some((recipe, length)) => content.recipes.push(place(recipe, at, length)),
            None => content.lost.push(file),
        }
        at += length;
    }
    content
}

fn header(bytes: &[u8]) -> Option<Vec<(FileId, usize)>> {
    let count = u32::from_le_bytes(bytes.get(8..12)?.try_into().expect("four bytes")) as usize;
    let end = 12 + count.checked_mul(36)?;
    let (head, check_there) = (bytes.get(..end)?, bytes.get(end..end + CHECK)?);
    (check_there == check(head) && head.starts_with(HEAD)).then(|| {
        let entries = head[12..].chunks_exact(36);
        entries
            .map(|mut part| {
                let file = FileId::from_hash(take(&mut part).expect("32 of 36 bytes"));
                (file, u32::from_le_bytes(take(&mut part).expect("4 of 36 bytes")) as usize)
            })
            .collect()
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk::<N>()?;
    *rest = others;
    Some(*first)
}

fn check(bytes: &[u8]) -> [u8; CHECK] {
    *blake3::hash(bytes).as_bytes().first_chunk().expect("a hash is 32 bytes")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn recipes() -> Vec<Recipe> {
        let chunk = |n: u8| (ChunkId::of(&[n]), 70_000 + u32::from(n));
        vec![
            Recipe::of_one(FileId::of(b"one"), 3),
            Recipe::of_many(FileId::of(b"many"), Chunker::CURRENT, (0..4).map(chunk).collect()),
            Recipe::of_many(FileId::of(b"none"), Chunker::CURRENT, Vec::new()),
            Recipe::of_one(FileId::of(b""), 0),
        ]
    }

    #[test]
    fn a_set_reads_back() {
        let set = encode_set(&recipes());
        let content = decode_set(&set);
        assert!(content.lost.is_empty());
        for placed in &content.recipes {
            let part = &set[placed.offset as usize..][..placed.length as usize];
            assert_eq!(Recipe::decode(part), Some((placed.recipe.clone(), part.len())));
        }
        assert_eq!(content.recipes.into_iter().map(|placed| placed.recipe).collect::<Vec<_>>(), recipes());
    }

    #[test]
    fn whichever_bit_of_a_set_flips_every_file_is_named_and_no_recipe_is_wrong() {
        let (right, set) = (recipes(), encode_set(&recipes()));
        let all: BTreeSet<FileId> = right.iter().map(|recipe| recipe.file).collect();
        for bit in 0..set.len() * 8 {
            let mut damaged = set.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let content = decode_set(&damaged);
            assert!(content.recipes.iter().all(|placed| right.contains(&placed.recipe)), "bit {bit}");
            let read = content.recipes.iter().map(|placed| placed.recipe.file);
            assert_eq!(read.chain(content.lost.iter().copied()).collect::<BTreeSet<_>>(), all, "bit {bit}");
            assert!(content.lost.len() <= 1, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_reading_them_ends(bytes: Vec<u8>, cut in 0_usize..500, at in 0_usize..500, byte: u8) {
            decode_set(&bytes);
            let mut set = encode_set(&recipes());
            let at = at % set.len();
            set[at] = byte;
            set.truncate(set.len().saturating_sub(cut));
            let right = recipes();
            prop_assert!(decode_set(&set).recipes.iter().all(|placed| right.contains(&placed.recipe)));
        }
    }
}
