//! Files that lost a record, and whether anything still names them.

use std::collections::HashSet;

use domain::data::FileId;
use domain::data::object_id::ids_in;
use domain::{Id, Timestamp};

use crate::tracking::{list, pieces};
use crate::{Conn, Error, Result, Row, Value, args};

/// Columns that name files, each with an index or in a small table.
const NAMING: [(&str, &str); 6] = [
    ("artifact", "file"),
    ("model_version_file", "file"),
    ("dataset", "contract_file"),
    ("data_version", "contract_file"),
    ("file_stat", "file_id"),
    ("file_profile", "sketch"),
];
/// Columns of JSON in which files are named, with the key to read the table by.
const TELLING: [(&str, &str, &str); 2] =
    [("step_result", "step_key", "outputs"), ("step_run", "id", "fields")];
/// Documents that are read at once.
const PAGE: i64 = 500;

/// A file that lost a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unused {
    /// The file.
    pub file: FileId,
    /// Its bytes.
    pub size: i64,
}

/// Notes the files of a place whose records are about to go; `purge` is who counts them.
pub async fn note_artifacts(
    conn: &mut Conn<'_>,
    root: i64,
    purge: Option<&Id>,
    now: Timestamp,
) -> Result<()> {
    conn.execute(
        "INSERT INTO unused_object (file, size, since_ms, purge) SELECT file, MAX(size), $2, $3 FROM artifact \
         WHERE root = $1 GROUP BY file ON CONFLICT (file) DO UPDATE SET since_ms = excluded.since_ms, \
         purge = COALESCE(excluded.purge, unused_object.purge)",
        args![root, now, purge],
    )
    .await?;
    Ok(())
}

/// Notes the files of a model version that is about to be purged.
pub async fn note_version(
    conn: &mut Conn<'_>,
    (model, version): (i64, i64),
    purge: Option<&Id>,
    now: Timestamp,
) -> Result<()> {
    conn.execute(
        "INSERT INTO unused_object (file, size, since_ms, purge) SELECT file, MAX(size), $3, $4 \
         FROM model_version_file WHERE model = $1 AND version = $2 GROUP BY file \
         ON CONFLICT (file) DO UPDATE SET since_ms = excluded.since_ms, \
         purge = COALESCE(excluded.purge, unused_object.purge)",
        args![model, version, now, purge],
    )
    .await?;
    Ok(())
}

/// Files of a purge, or of none that have waited since `until`, at most `limit`.
pub async fn waiting(
    conn: &mut Conn<'_>,
    purge: Option<&Id>,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Unused>> {
    let rows = match purge {
        Some(id) => {
            let sql = "SELECT file, size FROM unused_object WHERE purge = $1 ORDER BY file LIMIT $2";
            conn.fetch_all(sql, args![id, limit]).await?
        }
        None => {
            let sql = "SELECT file, size FROM unused_object WHERE purge IS NULL AND since_ms <= $1 \
                       ORDER BY since_ms, file LIMIT $2";
            conn.fetch_all(sql, args![until, limit]).await?
        }
    };
    rows.iter().map(read).collect()
}

/// Forgets files that were looked at: they are gone, or something names them.
pub async fn forget(conn: &mut Conn<'_>, files: &[FileId]) -> Result<()> {
    for piece in pieces(files) {
        let sql = format!("DELETE FROM unused_object WHERE file IN ({})", list(1, piece.len()));
        conn.execute(&sql, values(piece)).await?;
    }
    Ok(())
}

/// Leaves files for later, when no purge counts them any more.
pub async fn put_off(conn: &mut Conn<'_>, files: &[FileId], now: Timestamp) -> Result<()> {
    for file in files {
        conn.execute(
            "UPDATE unused_object SET purge = NULL, since_ms = $2 WHERE file = $1",
            args![file.to_string(), now],
        )
        .await?;
    }
    Ok(())
}

/// Those of `files` that some record names.
pub async fn named(conn: &mut Conn<'_>, files: &[FileId]) -> Result<HashSet<FileId>> {
    let mut found = HashSet::new();
    for piece in pieces(files) {
        for (table, column) in NAMING {
            let sql = format!(
                "SELECT DISTINCT {column} AS file FROM {table} WHERE {column} IN ({})",
                list(1, piece.len())
            );
            for row in conn.fetch_all(&sql, values(piece)).await? {
                found.insert(file_id(&row)?);
            }
        }
    }
    Ok(found)
}

/// Those of `files` that a record other than an artifact or a model version's file names.
pub async fn named_elsewhere(conn: &mut Conn<'_>, files: &[FileId]) -> Result<HashSet<FileId>> {
    let mut found = HashSet::new();
    for piece in pieces(files) {
        for (table, column) in &NAMING[2..] {
            let sql = format!(
                "SELECT DISTINCT {column} AS file FROM {table} WHERE {column} IN ({})",
                list(1, piece.len())
            );
            for row in conn.fetch_all(&sql, values(piece)).await? {
                found.insert(file_id(&row)?);
            }
        }
    }
    Ok(found)
}

/// Those of `files` that some document names: reads all of them.
pub async fn told(conn: &mut Conn<'_>, files: &HashSet<FileId>) -> Result<HashSet<FileId>> {
    let mut found = HashSet::new();
    for (table, key, column) in TELLING {
        let sql = format!(
            "SELECT {key} AS place, {column} AS told FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT $2"
        );
        let mut last = String::new();
        loop {
            let rows = conn.fetch_all(&sql, args![&last, PAGE]).await?;
            for row in &rows {
                last = row.get("place")?;
                let text: String = row.get("told")?;
                found.extend(ids_in(&text).filter(|id| files.contains(id)));
            }
            if rows.is_empty() {
                break;
            }
        }
    }
    Ok(found)
}

fn values(files: &[FileId]) -> Vec<Value> {
    files.iter().map(|file| Value::from(file.to_string())).collect()
}

fn read(row: &Row) -> Result<Unused> {
    Ok(Unused { file: file_id(row)?, size: row.get("size")? })
}

pub(crate) fn file_id(row: &Row) -> Result<FileId> {
    let text: String = row.get("file")?;
    FileId::parse(&text).ok_or_else(|| Error::Corrupt {
        column: "file".to_owned(),
        reason: format!("{text:?} is not a file id"),
    })
}
