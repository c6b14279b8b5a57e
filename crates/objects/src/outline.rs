//! One pass over a large file: its cuts, the ids of its chunks and its own id, on several threads and in little memory.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use domain::data::{ChunkId, FileId};

use crate::chunk::Chunker;
use crate::{Error, Result};

/// Bytes that are read at a time.
const PIECE: usize = 4 * 1024 * 1024;
/// Pieces that wait for a thread.
const WAITING: usize = 2;

struct Piece {
    bytes: Vec<u8>,
    cuts: Vec<Range<usize>>,
}

/// The file's id and its chunks with their lengths.
pub(crate) fn outline(path: &Path, chunker: Chunker) -> Result<(FileId, Vec<(ChunkId, u32)>)> {
    let (to_file, for_file) = sync_channel(WAITING);
    let (to_chunks, for_chunks) = sync_channel(WAITING);
    thread::scope(|scope| {
        let file = scope.spawn(move || hash_file(&for_file));
        let chunks = scope.spawn(move || hash_chunks(&for_chunks));
        let cut = cut(path, chunker, &[to_file, to_chunks]);
        let file = file.join().expect("hashing does not panic");
        let chunks = chunks.join().expect("hashing does not panic");
        cut.map(|()| (file, chunks))
    })
}

fn hash_file(pieces: &Receiver<Arc<Piece>>) -> FileId {
    let mut hasher = blake3::Hasher::new();
    for piece in pieces {
        hasher.update(&piece.bytes[..piece.cuts.last().map_or(0, |cut| cut.end)]);
    }
    FileId::from_hash(*hasher.finalize().as_bytes())
}

fn hash_chunks(pieces: &Receiver<Arc<Piece>>) -> Vec<(ChunkId, u32)> {
    let mut chunks = Vec::new();
    for piece in pieces {
        chunks.extend(piece.cuts.iter().map(|cut| {
            let length = u32::try_from(cut.len()).expect("a chunk is small");
            (ChunkId::of(&piece.bytes[cut.clone()]), length)
        }));
    }
    chunks
}

fn cut(path: &Path, chunker: Chunker, to: &[SyncSender<Arc<Piece>>]) -> Result<()> {
    let mut source = File::open(path).map_err(Error::at("open", path))?;
    let mut rest = Vec::new();
    loop {
        let mut bytes = Vec::with_capacity(rest.len() + PIECE);
        bytes.append(&mut rest);
        let before = bytes.len();
        source.by_ref().take(PIECE as u64).read_to_end(&mut bytes).map_err(Error::at("read", path))?;
        let end = bytes.len() - before < PIECE;
        let cuts = chunker.cuts(&bytes, end);
        rest.extend(&bytes[cuts.last().map_or(0, |cut| cut.end)..]);
        let piece = Arc::new(Piece { bytes, cuts });
        for thread in to {
            // Who hashes goes on until the senders are gone.
            thread.send(Arc::clone(&piece)).expect("the thread waits for pieces");
        }
        if end {
            return Ok(());
        }
    }
}
