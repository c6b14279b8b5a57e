//! Branches and tags: names of versions. A branch moves by compare-and-swap, a tag never.

use domain::data::{CommitId, RefKind};
use domain::{Id, Timestamp};

use super::object;
use crate::tx::Row;
use crate::{Conn, Error, Result, args};

/// A branch or a tag, `main` too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRefRow {
    /// Its name.
    pub name: String,
    /// Whether it moves.
    pub kind: RefKind,
    /// Where it is.
    pub commit: CommitId,
    /// Who made or moved it last; empty for `main`.
    pub author: String,
    /// When; the epoch for `main`.
    pub updated_ms: Timestamp,
}

const SELECT: &str = "SELECT name, kind, commit_id, author, updated_ms FROM data_ref WHERE dataset_id = $1";

/// All of a data set, by name.
pub async fn list(conn: &mut Conn<'_>, dataset: &Id) -> Result<Vec<DataRefRow>> {
    let sql = format!("{SELECT} ORDER BY name");
    conn.fetch_all(&sql, args![dataset]).await?.iter().map(read).collect()
}

/// The one of that name.
pub async fn get(conn: &mut Conn<'_>, dataset: &Id, name: &str) -> Result<Option<DataRefRow>> {
    let sql = format!("{SELECT} AND name = $2");
    conn.fetch_optional(&sql, args![dataset, name]).await?.map(|row| read(&row)).transpose()
}

/// Records a new one; [`Error::Duplicate`] when the name is taken.
pub async fn insert(conn: &mut Conn<'_>, dataset: &Id, new: &DataRefRow) -> Result<()> {
    conn.execute(
        "INSERT INTO data_ref (dataset_id, name, kind, commit_id, author, updated_ms) VALUES ($1, $2, $3, $4, $5, $6)",
        args![dataset, &new.name, new.kind.as_str(), new.commit.to_string(), &new.author, new.updated_ms],
    )
    .await?;
    Ok(())
}

/// Moves a branch from one commit to another; [`Error::Duplicate`] when it is elsewhere by now.
pub async fn advance(conn: &mut Conn<'_>, dataset: &Id, from: CommitId, to: &DataRefRow) -> Result<()> {
    let moved = conn
        .execute(
            "UPDATE data_ref SET commit_id = $4, author = $5, updated_ms = $6 \
             WHERE dataset_id = $1 AND name = $2 AND commit_id = $3 AND kind = 'branch'",
            args![dataset, &to.name, from.to_string(), to.commit.to_string(), &to.author, to.updated_ms],
        )
        .await?;
    if moved == 1 { Ok(()) } else { Err(Error::Duplicate) }
}

/// Forgets one; `false` when there is none, or it is elsewhere than at `commit` by now.
pub async fn remove(conn: &mut Conn<'_>, dataset: &Id, name: &str, commit: CommitId) -> Result<bool> {
    let removed = conn
        .execute(
            "DELETE FROM data_ref WHERE dataset_id = $1 AND name = $2 AND commit_id = $3",
            args![dataset, name, commit.to_string()],
        )
        .await?;
    Ok(removed == 1)
}

fn read(row: &Row) -> Result<DataRefRow> {
    let kind: String = row.get("kind")?;
    Ok(DataRefRow {
        name: row.get("name")?,
        kind: RefKind::parse(&kind).ok_or_else(|| Error::Corrupt {
            column: "kind".to_owned(),
            reason: format!("{kind:?} is neither branch nor tag"),
        })?,
        commit: object(row, "commit_id", CommitId::parse)?,
        author: row.get("author")?,
        updated_ms: row.time("updated_ms")?,
    })
}
