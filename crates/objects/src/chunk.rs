//! Chunks: where a file is cut, and how a piece is kept.
//!
//! Cuts follow the content (FastCDC 2020), so that what is inserted or appended moves only the cuts near it.

use std::ops::Range;

use domain::data::ChunkId;
use fastcdc::v2020::FastCDC;

use crate::{Error, Result};

/// Files below this many bytes are one chunk.
pub(crate) const SMALL: u64 = 64 * 1024;
/// No chunk is larger, whatever chunker cut it; a length above this is damage.
pub(crate) const MAX_CHUNK: u32 = 16 * 1024 * 1024;
/// How hard zstd tries.
const LEVEL: i32 = 3;
/// Chunks from here on are tried on a sample first.
const SAMPLED: usize = 16 * 1024;
/// Bytes of the sample.
const SAMPLE: usize = 4 * 1024;
/// What does not shrink below this share (of 100) is kept as it is.
const WORTH: usize = 97;

/// Where FastCDC 2020 cuts: sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunker {
    pub(crate) min: u32,
    pub(crate) average: u32,
    pub(crate) max: u32,
}

impl Chunker {
    /// How new files are cut.
    pub(crate) const CURRENT: Self = Self { min: 16 * 1024, average: 64 * 1024, max: 256 * 1024 };

    /// The chunks that are certain in a buffer from `start`: all of them when the buffer reaches the file's `end`, else those
    /// that what follows cannot change. The rest, from the last chunk's end, belongs to the next call.
    pub(crate) fn cuts(self, buffer: &[u8], end: bool) -> Vec<Range<usize>> {
        let [min, average, max] = [self.min, self.average, self.max].map(|size| size as usize);
        let cutter = FastCDC::new(buffer, min, average, max);
        let (mut cuts, mut at) = (Vec::new(), 0);
        while at < buffer.len() && (end || buffer.len() - at >= max) {
            let (_, cut) = cutter.cut(at, buffer.len() - at);
            cuts.push(at..cut);
            at = cut;
        }
        cuts
    }
}

/// How a chunk's bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Raw = 0,
    Zstd = 1,
}

impl Codec {
    pub(crate) const fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Raw),
            1 => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Compresses chunks, one after the other.
pub(crate) struct Encoder(zstd::bulk::Compressor<'static>);

impl Encoder {
    pub(crate) fn new() -> Result<Self> {
        let compressor = zstd::bulk::Compressor::new(LEVEL);
        Ok(Self(compressor.map_err(Error::at("compress", std::path::Path::new("a chunk")))?))
    }

    /// The bytes as they are kept; `None` for as they are, because they are compressed already or as good as random.
    pub(crate) fn encode(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        if raw.len() >= SAMPLED {
            let middle = raw.len() / 2;
            self.shrunk(&raw[middle..middle + SAMPLE])?;
        }
        self.shrunk(raw)
    }

    fn shrunk(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        let stored = self.0.compress(raw).ok()?;
        (stored.len() < raw.len() * WORTH / 100).then_some(stored)
    }
}

/// The chunk's bytes from what is kept of it; `None` when they are not those of its id.
pub(crate) fn decode(id: &ChunkId, codec: Codec, stored: Vec<u8>, raw: u32) -> Option<Vec<u8>> {
    let bytes = match codec {
        Codec::Raw => stored,
        Codec::Zstd => zstd::bulk::decompress(&stored, raw.min(MAX_CHUNK) as usize).ok()?,
    };
    (bytes.len() == raw as usize && ChunkId::of(&bytes) == *id).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn random(seed: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn cuts_are_the_same_however_the_bytes_arrive(seed: u64, len in 0_usize..2_000_000, step in 1_usize..700_000) {
            let bytes = random(seed, len);
            let at_once = Chunker::CURRENT.cuts(&bytes, true);
            let (mut pieces, mut from, mut to) = (Vec::new(), 0, 0);
            while from < len {
                to = (to + step).min(len);
                let cuts = Chunker::CURRENT.cuts(&bytes[from..to], to == len);
                pieces.extend(cuts.iter().map(|cut| from + cut.start..from + cut.end));
                from = pieces.last().map_or(0, |cut| cut.end);
            }
            prop_assert_eq!(&pieces, &at_once);
            prop_assert!(at_once.iter().rev().skip(1).all(|cut| (16 * 1024..=256 * 1024).contains(&cut.len())));
        }

        #[test]
        fn what_is_kept_reads_back(seed: u64, len in 0_usize..100_000, repeated in 1_usize..100_000) {
            let bytes: Vec<u8> = random(seed, repeated).into_iter().cycle().take(len).collect();
            let id = ChunkId::of(&bytes);
            let encoded = Encoder::new().unwrap().encode(&bytes);
            let (codec, stored) = encoded.map_or((Codec::Raw, bytes.clone()), |stored| (Codec::Zstd, stored));
            prop_assert_eq!(decode(&id, codec, stored, u32::try_from(len).unwrap()), Some(bytes));
        }
    }

    #[test]
    fn random_bytes_are_kept_as_they_are_and_text_shrinks() {
        let mut encoder = Encoder::new().unwrap();
        assert_eq!(encoder.encode(&random(1, 64 * 1024)), None);
        let text = b"2013-01-01,JFK,LAX,2475\n".repeat(1000);
        assert!(encoder.encode(&text).unwrap().len() * 10 < text.len());
    }
}
