//! Artifacts: which file a path below a root names.

use domain::Timestamp;
use domain::data::FileId;

use super::list;
use crate::{Conn, Error, Result, Row, Value, args};

/// A stored artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Path below its root.
    pub path: String,
    /// Its bytes.
    pub file: FileId,
    /// Their number.
    pub size: i64,
}

/// The longest of `locations` that is a root, with its number.
pub async fn root_of(conn: &mut Conn<'_>, locations: &[String]) -> Result<Option<(i64, String)>> {
    if locations.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT num, location FROM artifact_root WHERE location IN ({}) ORDER BY LENGTH(location) DESC LIMIT 1",
        list(1, locations.len())
    );
    let row = conn.fetch_optional(&sql, locations.iter().map(Value::from).collect()).await?;
    row.map(|row| Ok((row.get("num")?, row.get("location")?))).transpose()
}

/// The number of a root; a new one is given its.
pub async fn intern_root(conn: &mut Conn<'_>, location: &str) -> Result<i64> {
    conn.execute(
        "INSERT INTO artifact_root (location) VALUES ($1) ON CONFLICT (location) DO NOTHING",
        args![location],
    )
    .await?;
    // Held, so that of two uploads a file and a folder of one name cannot come to be.
    let sql =
        format!("SELECT r.num FROM artifact_root r WHERE r.location = $1 {}", conn.engine().hold(false));
    conn.fetch_one(&sql, args![location]).await?.get("num")
}

/// What keeps a path from being a file: a file where the path has one of these `folders`, or a file below the path.
pub async fn in_the_way(
    conn: &mut Conn<'_>,
    root: i64,
    path: &str,
    folders: &[&str],
) -> Result<Option<String>> {
    for piece in super::pieces(folders) {
        let sql = format!(
            "SELECT path FROM artifact WHERE root = $1 AND path IN ({}) LIMIT 1",
            list(2, piece.len())
        );
        let mut values = args![root];
        values.extend(piece.iter().map(|folder| Value::from(*folder)));
        if let Some(row) = conn.fetch_optional(&sql, values).await? {
            return Ok(Some(row.get("path")?));
        }
    }
    // The byte after the slash ends what begins with the folder's name and a slash.
    let sql = format!(
        "SELECT path FROM artifact WHERE root = $1 AND {} LIMIT 1",
        conn.engine().within("path", "$2", "$3")
    );
    let row = conn.fetch_optional(&sql, args![root, format!("{path}/"), format!("{path}0")]).await?;
    row.map(|row| row.get("path")).transpose()
}

/// Points a path at a file; what it named before is forgotten.
pub async fn put(conn: &mut Conn<'_>, root: i64, artifact: &Artifact, now: Timestamp) -> Result<()> {
    conn.execute(
        "INSERT INTO unused_object (file, size, since_ms, purge) SELECT file, size, $4, NULL FROM artifact \
         WHERE root = $1 AND path = $2 AND file <> $3 \
         ON CONFLICT (file) DO UPDATE SET since_ms = excluded.since_ms",
        args![root, &artifact.path, artifact.file.to_string(), now],
    )
    .await?;
    conn.execute(
        "INSERT INTO artifact (root, path, file, size, time_ms) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (root, path) DO UPDATE SET file = excluded.file, size = excluded.size, time_ms = excluded.time_ms",
        args![root, &artifact.path, artifact.file.to_string(), artifact.size, now],
    )
    .await?;
    Ok(())
}

/// One artifact.
pub async fn get(conn: &mut Conn<'_>, root: i64, path: &str) -> Result<Option<Artifact>> {
    let row = conn
        .fetch_optional(
            "SELECT path, file, size FROM artifact WHERE root = $1 AND path = $2",
            args![root, path],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// The artifacts at or below a folder (empty: all of the root), by path.
pub async fn below(conn: &mut Conn<'_>, root: i64, folder: &str) -> Result<Vec<Artifact>> {
    let prefix = prefix(folder);
    let rows = conn
        .fetch_all(
            "SELECT path, file, size FROM artifact WHERE root = $1 AND SUBSTR(path, 1, LENGTH($2)) = $2",
            args![root, &prefix],
        )
        .await?;
    let mut artifacts: Vec<Artifact> = rows.iter().map(from_row).collect::<Result<_>>()?;
    artifacts.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(artifacts)
}

/// Forgets a file, or a folder with all that is in it; how many files that were.
pub async fn delete(conn: &mut Conn<'_>, root: i64, path: &str, now: Timestamp) -> Result<u64> {
    conn.execute(
        "INSERT INTO unused_object (file, size, since_ms, purge) SELECT file, MAX(size), $4, NULL FROM artifact \
         WHERE root = $1 AND (path = $2 OR SUBSTR(path, 1, LENGTH($3)) = $3) GROUP BY file \
         ON CONFLICT (file) DO UPDATE SET since_ms = excluded.since_ms",
        args![root, path, prefix(path), now],
    )
    .await?;
    conn.execute(
        "DELETE FROM artifact WHERE root = $1 AND (path = $2 OR SUBSTR(path, 1, LENGTH($3)) = $3)",
        args![root, path, prefix(path)],
    )
    .await
}

fn prefix(folder: &str) -> String {
    if folder.is_empty() { String::new() } else { format!("{folder}/") }
}

fn from_row(row: &Row) -> Result<Artifact> {
    let file: String = row.get("file")?;
    Ok(Artifact {
        path: row.get("path")?,
        file: FileId::parse(&file).ok_or_else(|| Error::Corrupt {
            column: "file".to_owned(),
            reason: format!("{file:?} is not a file id"),
        })?,
        size: row.get("size")?,
    })
}
