//! Versions of data sets and the refs that name them.

use domain::data::ref_name::MAIN;
use domain::data::{At, CommitId, DataVersion, FileId, RefKind, RefName, TreeId, VersionState, Violation};
use domain::{Id, Name};

use super::data_ref::{self, DataRefRow};
use super::{object, opt_object};
use crate::tx::Row;
use crate::{Conn, Error, Result, args};

const SELECT: &str = "SELECT v.commit_id, v.number, v.tree, v.parent, v.author, v.time_ms, v.message, v.origin, v.files, \
     v.size, v.row_count, v.violations, v.branch, v.merged, d.name AS dataset \
     FROM data_version v JOIN dataset d ON d.id = v.dataset_id WHERE ";

/// A version about to be recorded; the database gives a published one its number.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// All but the state.
    pub version: DataVersion,
    /// The contract that it was checked against.
    pub contract: Option<FileId>,
    /// Whether it keeps its contract: then it is published, if it is on no branch.
    pub passes: bool,
}

/// Records a version and returns it with its state. Publishing moves `main` from the version's parent, and a version on
/// a branch moves that, whether it keeps its contract or not; [`Error::Duplicate`] when the ref is elsewhere by now, or
/// the commit is there already.
pub async fn insert(conn: &mut Conn<'_>, dataset: &Id, new: NewVersion) -> Result<DataVersion> {
    let mut version = new.version;
    let number = if version.branch.is_some() || new.passes {
        move_ref(conn, dataset, &version).await?;
        if version.branch.is_none() { Some(next_number(conn, dataset).await?) } else { None }
    } else {
        None
    };
    version.state = state(number, new.passes);
    conn.execute(
        "INSERT INTO data_version (dataset_id, commit_id, number, tree, parent, author, time_ms, message, origin, \
         contract_file, files, size, row_count, violations, branch, merged) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        args![
            dataset,
            version.commit.to_string(),
            number,
            version.tree.to_string(),
            version.parent.map(|parent| parent.to_string()),
            &version.author,
            version.time_ms,
            &version.message,
            &version.origin,
            new.contract.map(|contract| contract.to_string()),
            version.files,
            version.size,
            version.rows,
            serde_json::json!(version.violations).to_string(),
            version.branch.as_ref().map(RefName::as_str),
            version.merged.map(|merged| merged.to_string())
        ],
    )
    .await?;
    Ok(version)
}

/// The version that `at` names; [`Error::Duplicate`] is never returned, an ambiguous commit is `None`.
pub async fn get(conn: &mut Conn<'_>, dataset: &Id, at: &At) -> Result<Option<DataVersion>> {
    let (clause, value) = match at {
        At::Latest => return main(conn, dataset).await,
        At::Named(name) => (
            "v.commit_id = (SELECT r.commit_id FROM data_ref r WHERE r.dataset_id = $1 AND r.name = $2)",
            crate::Value::from(name.as_str()),
        ),
        At::Number(number) => ("v.number = $2", crate::Value::from(*number)),
        At::Before(time) => (
            "v.number IS NOT NULL AND v.time_ms < $2 ORDER BY v.number DESC LIMIT 1",
            crate::Value::from(*time),
        ),
        At::Commit(prefix) => ("v.commit_id LIKE $2 LIMIT 2", crate::Value::from(format!("{prefix}%"))),
    };
    let sql = format!("{SELECT}v.dataset_id = $1 AND {clause}");
    let rows = conn.fetch_all(&sql, vec![crate::Value::from(dataset), value]).await?;
    match rows.as_slice() {
        [row] => Ok(Some(read(row)?)),
        _ => Ok(None),
    }
}

/// The newest published version.
pub async fn main(conn: &mut Conn<'_>, dataset: &Id) -> Result<Option<DataVersion>> {
    let sql = format!(
        "{SELECT}v.dataset_id = $1 AND v.commit_id = \
         (SELECT r.commit_id FROM data_ref r WHERE r.dataset_id = $1 AND r.name = $2)"
    );
    conn.fetch_optional(&sql, args![dataset, MAIN]).await?.map(|row| read(&row)).transpose()
}

/// The newest rejected version off the branches that is newer than every published one, with the contract it broke.
pub async fn standing_rejection(
    conn: &mut Conn<'_>,
    dataset: &Id,
) -> Result<Option<(DataVersion, Option<FileId>)>> {
    let sql = format!(
        "{}v.dataset_id = $1 AND v.number IS NULL AND v.branch IS NULL AND v.time_ms >= \
         (SELECT COALESCE(MAX(p.time_ms), 0) FROM data_version p WHERE p.dataset_id = $1 AND p.number IS NOT NULL) \
         ORDER BY v.time_ms DESC, v.commit_id LIMIT 1",
        SELECT.replacen("SELECT ", "SELECT v.contract_file, ", 1)
    );
    let row = conn.fetch_optional(&sql, args![dataset]).await?;
    row.map(|row| Ok((read(&row)?, opt_object(&row, "contract_file", FileId::parse)?))).transpose()
}

/// Versions, newest first, those older than position `offset` at most `limit`.
pub async fn list(conn: &mut Conn<'_>, dataset: &Id, limit: i64, offset: i64) -> Result<Vec<DataVersion>> {
    let sql = format!(
        "{SELECT}v.dataset_id = $1 ORDER BY v.time_ms DESC, COALESCE(v.number, 0) DESC, v.commit_id LIMIT $2 OFFSET $3"
    );
    conn.fetch_all(&sql, args![dataset, limit, offset]).await?.iter().map(read).collect()
}

/// Versions as [`list`] has them, each with the contract that it was checked against.
pub async fn checked(
    conn: &mut Conn<'_>,
    dataset: &Id,
    limit: i64,
    offset: i64,
) -> Result<Vec<(DataVersion, Option<FileId>)>> {
    let sql = format!(
        "{}v.dataset_id = $1 ORDER BY v.time_ms DESC, COALESCE(v.number, 0) DESC, v.commit_id LIMIT $2 OFFSET $3",
        SELECT.replacen("SELECT ", "SELECT v.contract_file, ", 1)
    );
    let rows = conn.fetch_all(&sql, args![dataset, limit, offset]).await?;
    rows.iter().map(|row| Ok((read(row)?, opt_object(row, "contract_file", FileId::parse)?))).collect()
}

/// The published version with this commit, of whatever data set.
pub async fn by_commit(conn: &mut Conn<'_>, commit: &CommitId) -> Result<Vec<DataVersion>> {
    let sql = format!("{SELECT}v.commit_id = $1 ORDER BY d.name");
    conn.fetch_all(&sql, args![commit.to_string()]).await?.iter().map(read).collect()
}

/// Moves `main`, or the version's branch, from the version's parent to it. The first version makes its ref.
async fn move_ref(conn: &mut Conn<'_>, dataset: &Id, version: &DataVersion) -> Result<()> {
    let to = DataRefRow {
        name: version.branch.as_ref().map_or(MAIN, RefName::as_str).to_owned(),
        kind: RefKind::Branch,
        commit: version.commit,
        author: version.author.clone(),
        updated_ms: version.time_ms,
    };
    match version.parent {
        None => data_ref::insert(conn, dataset, &to).await,
        Some(from) => data_ref::advance(conn, dataset, from, &to).await,
    }
}

fn state(number: Option<i64>, passes: bool) -> VersionState {
    match number {
        Some(number) => VersionState::Published { number },
        None if passes => VersionState::Draft,
        None => VersionState::Rejected,
    }
}

async fn next_number(conn: &mut Conn<'_>, dataset: &Id) -> Result<i64> {
    let row = conn
        .fetch_one(
            "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM data_version WHERE dataset_id = $1",
            args![dataset],
        )
        .await?;
    row.get("number")
}

fn read(row: &Row) -> Result<DataVersion> {
    let number: Option<i64> = row.get("number")?;
    let dataset: Name = row.name("dataset")?;
    let violations: Vec<Violation> = row.json("violations")?;
    let branch: Option<String> = row.get("branch")?;
    let branch = branch
        .map(RefName::try_from)
        .transpose()
        .map_err(|error| Error::Corrupt { column: "branch".to_owned(), reason: error.to_string() })?;
    Ok(DataVersion {
        commit: object(row, "commit_id", CommitId::parse)?,
        dataset,
        state: state(number, branch.is_some() && !violations.iter().any(Violation::blocks)),
        tree: object(row, "tree", TreeId::parse)?,
        parent: opt_object(row, "parent", CommitId::parse)?,
        merged: opt_object(row, "merged", CommitId::parse)?,
        branch,
        author: row.get("author")?,
        time_ms: row.time("time_ms")?,
        message: row.get("message")?,
        origin: row.get("origin")?,
        files: row.get("files")?,
        size: row.get("size")?,
        rows: row.get("row_count")?,
        violations,
    })
}
