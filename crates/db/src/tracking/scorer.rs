//! Scorers, their versions, and how they judge by themselves.

use domain::tracking::experiment::ExperimentId;
use domain::tracking::import::evaluation::{OnlineRecord, ScorerRecord, ScorerVersionRecord};
use domain::tracking::scorer::{OnlineConfig, ScorerVersion};
use domain::{Id, Timestamp};

use super::{list, pieces};
use crate::{Conn, Result, Row, Value, args};

/// The columns that [`version`] reads, of `scorer s JOIN scorer_version v`.
const COLUMNS: &str = "s.id, s.experiment, s.name, v.version, v.definition, v.created_ms";

/// The number and id of the scorer of that name, made with `id` when there is none. No other transaction changes it until
/// this one has ended.
pub async fn ensure(conn: &mut Conn<'_>, experiment: ExperimentId, name: &str, id: &Id) -> Result<(i64, Id)> {
    let row = conn
        .fetch_one(
            "INSERT INTO scorer (id, experiment, name) VALUES ($1, $2, $3) \
             ON CONFLICT (experiment, name) DO UPDATE SET name = excluded.name RETURNING num, id",
            args![id, experiment.number(), name],
        )
        .await?;
    Ok((row.get("num")?, row.id("id")?))
}

/// The number and id of the scorer of that name.
pub async fn find(conn: &mut Conn<'_>, experiment: ExperimentId, name: &str) -> Result<Option<(i64, Id)>> {
    let sql = "SELECT num, id FROM scorer WHERE experiment = $1 AND name = $2";
    let row = conn.fetch_optional(sql, args![experiment.number(), name]).await?;
    row.map(|row| Ok((row.get("num")?, row.id("id")?))).transpose()
}

/// The scorer of an id with all its versions, and how it judges by itself.
pub async fn by_id(conn: &mut Conn<'_>, id: &Id) -> Result<Option<ScorerRecord>> {
    let sql = "SELECT num, experiment, name FROM scorer WHERE id = $1";
    let Some(row) = conn.fetch_optional(sql, args![id]).await? else { return Ok(None) };
    let versions = versions(conn, row.get("num")?, None).await?;
    let version = |found: ScorerVersion| ScorerVersionRecord {
        version: found.version,
        definition: found.definition,
        created: found.created,
    };
    let online = online(conn, std::slice::from_ref(id)).await?.pop();
    Ok(Some(ScorerRecord {
        id: id.clone(),
        experiment: row.get("experiment")?,
        name: row.get("name")?,
        versions: versions.into_iter().map(version).collect(),
        online: online.map(|config| OnlineRecord {
            id: config.id,
            sample_rate: config.sample_rate,
            filter: config.filter,
        }),
    }))
}

/// Stores a version under the number and time that it had elsewhere.
pub async fn insert_version(conn: &mut Conn<'_>, scorer: i64, version: &ScorerVersionRecord) -> Result<()> {
    conn.execute(
        "INSERT INTO scorer_version (scorer, version, definition, created_ms) VALUES ($1, $2, $3, $4)",
        args![scorer, version.version, &version.definition, version.created],
    )
    .await?;
    Ok(())
}

/// Stores a further version; its number.
pub async fn add_version(conn: &mut Conn<'_>, scorer: i64, definition: &str, now: Timestamp) -> Result<i64> {
    conn.fetch_one(
        "INSERT INTO scorer_version (scorer, version, definition, created_ms) \
         SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3 FROM scorer_version WHERE scorer = $1 RETURNING version",
        args![scorer, definition, now],
    )
    .await?
    .get("version")
}

/// The versions of a scorer, the oldest first; only the one with a number, if one is given.
pub async fn versions(conn: &mut Conn<'_>, scorer: i64, number: Option<i64>) -> Result<Vec<ScorerVersion>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM scorer s JOIN scorer_version v ON v.scorer = s.num \
         WHERE s.num = $1 AND ($2 IS NULL OR v.version = $2) ORDER BY v.version"
    );
    conn.fetch_all(&sql, args![scorer, number]).await?.iter().map(version).collect()
}

/// The newest version of a scorer.
pub async fn latest(conn: &mut Conn<'_>, scorer: i64) -> Result<Option<ScorerVersion>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM scorer s JOIN scorer_version v ON v.scorer = s.num \
         WHERE s.num = $1 ORDER BY v.version DESC LIMIT 1"
    );
    conn.fetch_optional(&sql, args![scorer]).await?.as_ref().map(version).transpose()
}

/// The newest version of each scorer of the active ones of these experiments, or of all active ones.
pub async fn listing(
    conn: &mut Conn<'_>,
    experiments: Option<&[ExperimentId]>,
) -> Result<Vec<ScorerVersion>> {
    let newest = format!(
        "SELECT {COLUMNS} FROM scorer s JOIN experiment e ON e.id = s.experiment \
         JOIN scorer_version v ON v.scorer = s.num WHERE e.deleted = FALSE AND v.version = \
         (SELECT MAX(n.version) FROM scorer_version n WHERE n.scorer = s.num)"
    );
    let mut found: Vec<ScorerVersion> = Vec::new();
    match experiments {
        None => {
            for row in conn.fetch_all(&newest, args![]).await? {
                found.push(version(&row)?);
            }
        }
        Some(experiments) => {
            for piece in pieces(experiments) {
                let sql = format!("{newest} AND s.experiment IN ({})", list(1, piece.len()));
                let numbers = piece.iter().map(|id| Value::from(id.number())).collect();
                for row in conn.fetch_all(&sql, numbers).await? {
                    found.push(version(&row)?);
                }
            }
        }
    }
    found.sort_by(|a, b| (a.experiment, &a.name).cmp(&(b.experiment, &b.name)));
    Ok(found)
}

/// Removes a version; whether it was there.
pub async fn delete_version(conn: &mut Conn<'_>, scorer: i64, number: i64) -> Result<bool> {
    let sql = "DELETE FROM scorer_version WHERE scorer = $1 AND version = $2";
    Ok(conn.execute(sql, args![scorer, number]).await? > 0)
}

/// Removes a scorer with all its versions.
pub async fn delete(conn: &mut Conn<'_>, scorer: i64) -> Result<()> {
    conn.execute("DELETE FROM scorer WHERE num = $1", args![scorer]).await?;
    Ok(())
}

/// Stores how a scorer judges by itself, in place of what was said before.
pub async fn set_online(conn: &mut Conn<'_>, scorer: i64, config: &OnlineConfig) -> Result<()> {
    conn.execute(
        "INSERT INTO scorer_online_config (scorer, id, sample_rate, filter) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (scorer) DO UPDATE SET id = excluded.id, sample_rate = excluded.sample_rate, filter = excluded.filter",
        args![scorer, &config.id, config.sample_rate, config.filter.clone()],
    )
    .await?;
    Ok(())
}

/// How those of these scorers judge by themselves of which something is said.
pub async fn online(conn: &mut Conn<'_>, scorers: &[Id]) -> Result<Vec<OnlineConfig>> {
    let mut found = Vec::new();
    for piece in pieces(scorers) {
        let sql = format!(
            "SELECT c.id, s.id AS scorer_id, s.experiment, c.sample_rate, c.filter \
             FROM scorer_online_config c JOIN scorer s ON s.num = c.scorer WHERE s.id IN ({}) ORDER BY c.scorer",
            list(1, piece.len())
        );
        for row in conn.fetch_all(&sql, piece.iter().map(Value::from).collect()).await? {
            found.push(OnlineConfig {
                id: row.id("id")?,
                scorer: row.id("scorer_id")?,
                experiment: ExperimentId::from_number(row.get("experiment")?),
                sample_rate: row.get("sample_rate")?,
                filter: row.get("filter")?,
            });
        }
    }
    Ok(found)
}

fn version(row: &Row) -> Result<ScorerVersion> {
    Ok(ScorerVersion {
        scorer: row.id("id")?,
        experiment: ExperimentId::from_number(row.get("experiment")?),
        name: row.get("name")?,
        version: row.get("version")?,
        definition: row.get("definition")?,
        created: row.time("created_ms")?,
    })
}
