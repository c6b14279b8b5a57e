//! Uploads in parts: numbered pieces in a folder of their own, which live through a restart, put together into a file.
//!
//! `parts/<upload>/<number>` is a piece that is whole and on disk; what is still coming has a name that begins with a dot.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;

use bytes::Bytes;
use domain::Id;
use domain::data::FileId;
use futures::{Stream, StreamExt};
use tempfile::NamedTempFile;

use crate::disk::{make_folder, sync_folder};
use crate::store::{BUFFER, Store, StoredFile, off_thread};
use crate::{Error, Result};

/// A piece that is being written.
struct Piece {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    size: u64,
}

impl Store {
    fn parts(&self, upload: &Id) -> PathBuf {
        self.root().join("parts").join(upload.as_str())
    }

    /// Stores one piece of an upload, at most `limit` bytes; a piece of that number that is there already is replaced.
    /// Returns when it is on disk.
    pub async fn put_part<S, E>(
        &self,
        upload: &Id,
        number: i64,
        mut stream: S,
        limit: u64,
    ) -> Result<StoredFile>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let folder = self.parts(upload);
        let place = folder.clone();
        let mut piece = off_thread(move || {
            make_folder(&place)?;
            let file = tempfile::Builder::new()
                .prefix(".part")
                .tempfile_in(&place)
                .map_err(Error::at("make a file in", &place))?;
            Ok(Piece { file, hasher: blake3::Hasher::new(), size: 0 })
        })
        .await?;
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|error| Error::BrokenOff(error.to_string()))?;
            piece.size = piece.size.saturating_add(bytes.len() as u64);
            if piece.size > limit {
                return Err(Error::TooLarge { limit });
            }
            piece = off_thread(move || {
                piece.hasher.update(&bytes);
                piece.file.write_all(&bytes).map_err(Error::at("write", piece.file.path()))?;
                Ok(piece)
            })
            .await?;
        }
        off_thread(move || {
            let Piece { file, hasher, size } = piece;
            file.as_file().sync_all().map_err(Error::at("write", file.path()))?;
            let to = folder.join(number.to_string());
            file.persist(&to).map_err(|error| Error::at("write", &to)(error.error))?;
            sync_folder(&folder)?;
            Ok(StoredFile { id: FileId::from_hash(*hasher.finalize().as_bytes()), size })
        })
        .await
    }

    /// Puts pieces together, in this order, into one stored file; each must still be what it was when it was stored.
    /// The pieces stay until [`Store::drop_parts`].
    pub async fn assemble(&self, upload: &Id, pieces: Vec<(i64, StoredFile)>) -> Result<StoredFile> {
        let (store, folder) = (self.clone(), self.parts(upload));
        off_thread(move || {
            let mut whole = store.upload(u64::MAX)?;
            let mut buffer = vec![0; BUFFER];
            for (number, piece) in pieces {
                let path = folder.join(number.to_string());
                let mut file = File::open(&path).map_err(Error::at("open", &path))?;
                let mut hasher = blake3::Hasher::new();
                loop {
                    let count = file.read(&mut buffer).map_err(Error::at("read", &path))?;
                    if count == 0 {
                        break;
                    }
                    hasher.update(&buffer[..count]);
                    whole.write(&buffer[..count])?;
                }
                if hasher.finalize().as_bytes() != piece.id.as_bytes() {
                    return Err(Error::Damaged { path, id: piece.id });
                }
            }
            whole.finish()
        })
        .await
    }

    /// Removes all pieces of an upload; none there is no error.
    pub async fn drop_parts(&self, upload: &Id) -> Result<()> {
        let folder = self.parts(upload);
        off_thread(move || match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::at("remove", &folder)(error))
            }
            _ => Ok(()),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &'static str) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Unpin {
        futures::stream::iter([Ok(Bytes::from_static(text.as_bytes()))])
    }

    #[tokio::test]
    async fn pieces_live_through_a_restart_and_become_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let upload = Id::parse(&"a".repeat(32)).unwrap();
        let store = Store::open(folder.path()).unwrap();
        let second = store.put_part(&upload, 2, bytes("world"), 100).await.unwrap();
        let first = store.put_part(&upload, 1, bytes("hello "), 100).await.unwrap();
        let store = Store::open(folder.path()).unwrap();
        let whole = store.assemble(&upload, vec![(1, first), (2, second)]).await.unwrap();
        assert_eq!(store.read(&whole.id).unwrap(), b"hello world");
        store.drop_parts(&upload).await.unwrap();
        store.drop_parts(&upload).await.unwrap();
        assert!(!folder.path().join("parts").join(upload.as_str()).exists());
    }

    #[tokio::test]
    async fn a_piece_that_changed_or_is_too_large_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let upload = Id::parse(&"b".repeat(32)).unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(matches!(
            store.put_part(&upload, 1, bytes("abc"), 2).await,
            Err(Error::TooLarge { limit: 2 })
        ));
        let piece = store.put_part(&upload, 1, bytes("abc"), 3).await.unwrap();
        fs::write(folder.path().join("parts").join(upload.as_str()).join("1"), "abd").unwrap();
        assert!(matches!(store.assemble(&upload, vec![(1, piece)]).await, Err(Error::Damaged { .. })));
        let left = fs::read_dir(folder.path().join("parts").join(upload.as_str())).unwrap().count();
        assert_eq!(left, 1);
    }
}
