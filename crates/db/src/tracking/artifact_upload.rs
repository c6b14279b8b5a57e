//! Uploads in parts that are under way.

use domain::data::FileId;
use domain::{Id, Timestamp};

use crate::{Conn, Error, Result, Row, args};

/// An upload in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: Id,
    /// Where the whole goes: a path below the artifact root.
    pub place: String,
    /// Who began it; nobody else may go on with it.
    pub actor: String,
    /// Whether the whole is stored.
    pub done: bool,
    /// When something was last done with it.
    pub touched: Timestamp,
}

/// A part that is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1.
    pub number: i64,
    /// The hash of its bytes.
    pub file: FileId,
    /// Their number.
    pub size: i64,
}

/// Writes down that an upload began.
pub async fn insert(conn: &mut Conn<'_>, upload: &Upload) -> Result<()> {
    conn.execute(
        "INSERT INTO artifact_upload (id, place, actor, done, touched_ms) VALUES ($1, $2, $3, $4, $5)",
        args![&upload.id, &upload.place, &upload.actor, upload.done, upload.touched],
    )
    .await?;
    Ok(())
}

/// One upload.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Upload>> {
    let row = conn.fetch_optional("SELECT * FROM artifact_upload WHERE id = $1", args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Writes down a part, in place of an earlier one of its number.
pub async fn put_part(conn: &mut Conn<'_>, id: &Id, part: &Part, now: Timestamp) -> Result<()> {
    conn.execute(
        "INSERT INTO artifact_upload_part (upload, number, file, size) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (upload, number) DO UPDATE SET file = excluded.file, size = excluded.size",
        args![id, part.number, part.file.to_string(), part.size],
    )
    .await?;
    conn.execute("UPDATE artifact_upload SET touched_ms = $2 WHERE id = $1", args![id, now]).await?;
    Ok(())
}

/// The parts of an upload, by number.
pub async fn parts(conn: &mut Conn<'_>, id: &Id) -> Result<Vec<Part>> {
    let rows = conn
        .fetch_all(
            "SELECT number, file, size FROM artifact_upload_part WHERE upload = $1 ORDER BY number",
            args![id],
        )
        .await?;
    rows.iter().map(part).collect()
}

/// Writes down that the whole is stored; the parts are forgotten.
pub async fn mark_done(conn: &mut Conn<'_>, id: &Id, now: Timestamp) -> Result<()> {
    conn.execute("DELETE FROM artifact_upload_part WHERE upload = $1", args![id]).await?;
    conn.execute("UPDATE artifact_upload SET done = TRUE, touched_ms = $2 WHERE id = $1", args![id, now])
        .await?;
    Ok(())
}

/// Forgets an upload and its parts.
pub async fn delete(conn: &mut Conn<'_>, id: &Id) -> Result<()> {
    conn.execute("DELETE FROM artifact_upload WHERE id = $1", args![id]).await?;
    Ok(())
}

/// Uploads with which nothing was done since a time, at most `limit`.
pub async fn untouched(conn: &mut Conn<'_>, before: Timestamp, limit: i64) -> Result<Vec<Id>> {
    let rows = conn
        .fetch_all(
            "SELECT id FROM artifact_upload WHERE touched_ms < $1 ORDER BY touched_ms LIMIT $2",
            args![before, limit],
        )
        .await?;
    rows.iter().map(|row| row.id("id")).collect()
}

fn from_row(row: &Row) -> Result<Upload> {
    Ok(Upload {
        id: row.id("id")?,
        place: row.get("place")?,
        actor: row.get("actor")?,
        done: row.get("done")?,
        touched: row.time("touched_ms")?,
    })
}

fn part(row: &Row) -> Result<Part> {
    let file: String = row.get("file")?;
    Ok(Part {
        number: row.get("number")?,
        file: FileId::parse(&file).ok_or_else(|| Error::Corrupt {
            column: "file".to_owned(),
            reason: format!("{file:?} is not a file id"),
        })?,
        size: row.get("size")?,
    })
}
