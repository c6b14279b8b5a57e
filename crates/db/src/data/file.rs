//! What is remembered about files: how they looked when they were hashed, and their profiles.

use std::collections::HashMap;

use domain::data::FileId;

use super::object;
use crate::{Conn, Result, args};

/// How a file looked when it was hashed; equal looks mean equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Bytes.
    pub size: i64,
    /// Time of the last change of its bytes, nanoseconds.
    pub mtime_ns: i64,
    /// Time of the last change of its entry, nanoseconds.
    pub ctime_ns: i64,
    /// Inode.
    pub inode: i64,
    /// Device.
    pub device: i64,
}

/// Everything that is known about files whose path starts with `prefix`, by path.
pub async fn stats(conn: &mut Conn<'_>, prefix: &str) -> Result<HashMap<String, (Stat, FileId)>> {
    let rows = conn
        .fetch_all(
            "SELECT path, size, mtime_ns, ctime_ns, inode, device, file_id FROM file_stat \
             WHERE SUBSTR(path, 1, CAST($2 AS INTEGER)) = $1",
            args![prefix, i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let stat = Stat {
                size: row.get("size")?,
                mtime_ns: row.get("mtime_ns")?,
                ctime_ns: row.get("ctime_ns")?,
                inode: row.get("inode")?,
                device: row.get("device")?,
            };
            Ok((row.get("path")?, (stat, object(row, "file_id", FileId::parse)?)))
        })
        .collect()
}

/// Remembers how a file looked.
pub async fn remember(conn: &mut Conn<'_>, path: &str, stat: Stat, file_id: &FileId) -> Result<()> {
    conn.execute(
        "INSERT INTO file_stat (path, size, mtime_ns, ctime_ns, inode, device, file_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (path) DO UPDATE SET size = excluded.size, \
         mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, inode = excluded.inode, \
         device = excluded.device, file_id = excluded.file_id",
        args![path, stat.size, stat.mtime_ns, stat.ctime_ns, stat.inode, stat.device, file_id.to_string()],
    )
    .await?;
    Ok(())
}

/// The stored sketch of a file's profile, made by the given format of sketches.
pub async fn profile(conn: &mut Conn<'_>, file_id: &FileId, format: &str) -> Result<Option<FileId>> {
    conn.fetch_optional(
        "SELECT sketch FROM file_profile WHERE file_id = $1 AND format = $2",
        args![file_id.to_string(), format],
    )
    .await?
    .map(|row| object(&row, "sketch", FileId::parse))
    .transpose()
}

/// Remembers the sketch of a file's profile.
pub async fn set_profile(conn: &mut Conn<'_>, file_id: &FileId, format: &str, sketch: &FileId) -> Result<()> {
    conn.execute(
        "INSERT INTO file_profile (file_id, format, sketch) VALUES ($1, $2, $3) \
         ON CONFLICT (file_id, format) DO UPDATE SET sketch = excluded.sketch",
        args![file_id.to_string(), format, sketch.to_string()],
    )
    .await?;
    Ok(())
}
