//! Large artifacts: uploads in parts, and parts of downloads.

use std::io::SeekFrom;
use std::path::PathBuf;

use bytes::Bytes;
use db::tracking::artifact_upload::{self, Part, Upload};
use domain::data::FileId;
use domain::governance::role::Permission;
use domain::{Id, Timestamp};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use objects::StoredFile;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::artifact::{Artifacts, PACKED_BUFFER, Place, Stored, packed_part};
use crate::{Context, Error, Result};

/// Most parts of an upload.
pub const MAX_PARTS: i64 = 10_000;
/// Most bytes of a part.
const MAX_PART: u64 = 5 * 1024 * 1024 * 1024;
/// An upload that nobody goes on with for so long is cleared away, in milliseconds.
const ABANDONED_MS: i64 = 24 * 60 * 60 * 1000;
/// Uploads that are cleared away at a time.
const CLEARED: i64 = 100;
/// Bytes read at a time.
const BUFFER: usize = 256 * 1024;

/// A part as the client lists it when it asks for the whole.
#[derive(Clone, Debug)]
pub struct ListedPart {
    /// Its number, from 1.
    pub number: i64,
    /// The tag that its upload was answered with; not checked when empty.
    pub tag: String,
}

impl Artifacts<'_> {
    /// Begins an upload in parts to a place; its id.
    pub async fn begin_parts(&self, ctx: &Context, place: &str, parts: i64) -> Result<Id> {
        if !(1..=MAX_PARTS).contains(&parts) {
            let reason = format!("num_parts must be between 1 and {MAX_PARTS}, but got {parts}");
            return Err(Error::invalid("num_parts", reason));
        }
        let place = self.check_place(ctx, place).await?;
        let upload = Upload {
            id: ctx.new_id(),
            place,
            actor: ctx.actor.name.clone(),
            done: false,
            touched: ctx.now(),
        };
        let id = upload.id.clone();
        self.app()
            .bookkeep(move |conn| Box::pin(async move { Ok(artifact_upload::insert(conn, &upload).await?) }))
            .await?;
        Ok(id)
    }

    /// Stores a part; its tag. A part that comes again replaces what came before.
    pub async fn put_part<S, E>(&self, ctx: &Context, id: &Id, number: i64, stream: S) -> Result<String>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        if !(1..=MAX_PARTS).contains(&number) {
            let reason = format!("a part's number is between 1 and {MAX_PARTS}, but got {number}");
            return Err(Error::invalid("part_number", reason));
        }
        let upload = self.own(ctx, id).await?;
        if upload.done {
            return Err(Error::conflict("upload", id, "the upload is complete"));
        }
        let stored = self.app().objects().put_part(id, number, stream, MAX_PART).await?;
        let part =
            Part { number, file: stored.id, size: i64::try_from(stored.size).map_err(Error::internal)? };
        let (id, now) = (id.clone(), ctx.now());
        self.app()
            .bookkeep(move |conn| {
                Box::pin(async move { Ok(artifact_upload::put_part(conn, &id, &part, now).await?) })
            })
            .await?;
        Ok(stored.id.to_string())
    }

    /// Puts the parts together, in the order of their numbers, and stores the whole under the upload's place. Done
    /// again, it changes nothing.
    pub async fn complete_parts(
        &self,
        ctx: &Context,
        place: &str,
        id: &Id,
        mut listed: Vec<ListedPart>,
    ) -> Result<()> {
        let upload = self.own_at(ctx, id, place).await?;
        if upload.done {
            return Ok(());
        }
        let parts = {
            let mut reader = self.app().read(ctx, Permission::WriteRuns).await?;
            artifact_upload::parts(&mut reader.conn(), id).await?
        };
        listed.sort_by_key(|part| part.number);
        let pieces = matched(&parts, &listed)?;
        let whole = self.app().objects().assemble(id, pieces).await?;
        let size = i64::try_from(whole.size).map_err(Error::internal)?;
        let recorded = self.record(ctx, upload.place.clone(), whole.id, size).await;
        self.app().objects().named(&whole.id);
        recorded?;
        let (done, now) = (id.clone(), ctx.now());
        self.app()
            .bookkeep(move |conn| {
                Box::pin(async move { Ok(artifact_upload::mark_done(conn, &done, now).await?) })
            })
            .await?;
        Ok(self.app().objects().drop_parts(id).await?)
    }

    /// Forgets an upload and its parts.
    pub async fn abort_parts(&self, ctx: &Context, place: &str, id: &Id) -> Result<()> {
        self.own_at(ctx, id, place).await?;
        self.forget(id).await
    }

    /// Clears away uploads that nobody went on with for a day; how many.
    pub async fn clear_abandoned_parts(&self, ctx: &Context) -> Result<usize> {
        let before = Timestamp::from_millis(ctx.now().millis() - ABANDONED_MS);
        let abandoned = {
            let mut reader = self.app().read(ctx, Permission::Administer).await?;
            artifact_upload::untouched(&mut reader.conn(), before, CLEARED).await?
        };
        for id in &abandoned {
            self.forget(id).await?;
        }
        Ok(abandoned.len())
    }

    async fn forget(&self, id: &Id) -> Result<()> {
        self.app().objects().drop_parts(id).await?;
        let id = id.clone();
        self.app()
            .bookkeep(move |conn| Box::pin(async move { Ok(artifact_upload::delete(conn, &id).await?) }))
            .await
    }

    /// An upload of the caller's own.
    async fn own(&self, ctx: &Context, id: &Id) -> Result<Upload> {
        let mut reader = self.app().read(ctx, Permission::WriteRuns).await?;
        artifact_upload::get(&mut reader.conn(), id)
            .await?
            .filter(|upload| upload.actor == ctx.actor.name)
            .ok_or_else(|| Error::not_found("upload", id))
    }

    async fn own_at(&self, ctx: &Context, id: &Id, place: &str) -> Result<Upload> {
        let upload = self.own(ctx, id).await?;
        if upload.place == place {
            return Ok(upload);
        }
        Err(Error::invalid("path", format!("the upload {id} goes to {:?}, not to {place:?}", upload.place)))
    }
}

/// The stored pieces of the listed parts.
fn matched(parts: &[Part], listed: &[ListedPart]) -> Result<Vec<(i64, StoredFile)>> {
    if listed.is_empty() {
        return Err(Error::invalid("parts", "an upload has at least one part"));
    }
    let mut pieces = Vec::with_capacity(listed.len());
    for one in listed {
        let number = one.number;
        if pieces.last().is_some_and(|(last, _)| *last == number) {
            return Err(Error::invalid("parts", format!("part {number} is listed twice")));
        }
        let stored = parts.iter().find(|part| part.number == number);
        let missing = || Error::invalid("parts", format!("part {number} has not been uploaded"));
        let stored = stored.ok_or_else(missing)?;
        let tag = one.tag.trim_matches('"');
        if !tag.is_empty() && tag != stored.file.to_string() {
            let reason = format!("part {number} has the tag {}, not {tag:?}", stored.file);
            return Err(Error::invalid("parts", reason));
        }
        let size = u64::try_from(stored.size).map_err(Error::internal)?;
        pieces.push((number, StoredFile { id: stored.file, size }));
    }
    Ok(pieces)
}

impl Stored {
    /// Some of its bytes: `length` from the byte `first` on.
    pub fn into_part(self, first: u64, length: u64) -> BoxStream<'static, std::io::Result<Bytes>> {
        match self.place {
            Place::Whole(path) => part_of_whole(path, first, length).boxed(),
            Place::Packed(store) => part_of_packed(store, self.file, first, length).boxed(),
        }
    }
}

fn part_of_whole(
    local: PathBuf,
    first: u64,
    length: u64,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let state = (local, None::<tokio::fs::File>, length);
    futures::stream::try_unfold(state, move |(local, file, left)| async move {
        let mut file = match file {
            Some(file) => file,
            None => {
                let mut file = tokio::fs::File::open(&local).await?;
                file.seek(SeekFrom::Start(first)).await?;
                file
            }
        };
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
        let mut buffer = vec![0; most];
        let count = file.read(&mut buffer).await?;
        if count == 0 {
            return Err(too_short());
        }
        buffer.truncate(count);
        Ok(Some((Bytes::from(buffer), (local, Some(file), left - count as u64))))
    })
}

fn part_of_packed(
    store: objects::Store,
    file: FileId,
    first: u64,
    length: u64,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    futures::stream::try_unfold((store, first, length), move |(store, at, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).unwrap_or(PACKED_BUFFER).min(PACKED_BUFFER);
        let read = move || packed_part(&store, &file, at, most).map(|bytes| (bytes, store));
        let (bytes, store) = tokio::task::spawn_blocking(read).await??;
        let count = bytes.len() as u64;
        if count == 0 {
            return Err(too_short());
        }
        Ok(Some((bytes, (store, at + count, left - count))))
    })
}

fn too_short() -> std::io::Error {
    std::io::Error::other("the stored file is shorter than its record says")
}
