//! Aliases and their history.

use domain::Timestamp;
use domain::registry::alias::{AliasChange, AliasEvent, AliasTarget};

use crate::tracking::list;
use crate::{Conn, Result, Row, Value, args};

/// The version that an alias points at.
pub async fn target(conn: &mut Conn<'_>, model: i64, alias: &str) -> Result<Option<i64>> {
    let row = conn
        .fetch_optional(
            "SELECT version FROM model_alias WHERE model = $1 AND alias = $2",
            args![model, alias],
        )
        .await?;
    row.map(|row| row.get("version")).transpose()
}

/// One move of an alias, to be made and put on record.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// The alias.
    pub alias: &'a str,
    /// What happens.
    pub change: AliasChange,
    /// Where it points from now on; nowhere removes it.
    pub version: Option<i64>,
    /// When.
    pub now: Timestamp,
    /// By whom.
    pub actor: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
}

/// Makes a move; where the alias pointed before.
pub async fn apply(conn: &mut Conn<'_>, model: i64, step: Move<'_>) -> Result<Option<i64>> {
    let previous = target(conn, model, step.alias).await?;
    match step.version {
        Some(version) => {
            conn.execute(
                "INSERT INTO model_alias (model, alias, version) VALUES ($1, $2, $3) \
                 ON CONFLICT (model, alias) DO UPDATE SET version = excluded.version",
                args![model, step.alias, version],
            )
            .await?;
        }
        None if previous.is_none() => return Ok(None),
        None => {
            conn.execute("DELETE FROM model_alias WHERE model = $1 AND alias = $2", args![model, step.alias])
                .await?;
        }
    }
    conn.execute(
        "INSERT INTO model_alias_event (model, alias, change, version, previous, time_ms, actor, reason) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            model,
            step.alias,
            crate::tx::word(&step.change),
            step.version,
            previous,
            step.now,
            step.actor,
            step.reason
        ],
    )
    .await?;
    Ok(previous)
}

/// The history of an alias (empty: of all aliases) of a model, oldest first, without moves to versions that are deleted.
pub async fn history(conn: &mut Conn<'_>, model: i64, alias: &str) -> Result<Vec<AliasEvent>> {
    let rows = conn
        .fetch_all(
            "SELECT a.* FROM model_alias_event a LEFT JOIN model_version v \
             ON v.model = a.model AND v.version = a.version \
             WHERE a.model = $1 AND ($2 = '' OR a.alias = $2) AND (a.version IS NULL OR v.deleted = FALSE) \
             ORDER BY a.seq",
            args![model, alias],
        )
        .await?;
    rows.iter().map(event).collect()
}

/// Every move of an alias (empty: of all aliases) of a model, newest first, at most `limit`.
pub async fn moves(conn: &mut Conn<'_>, model: i64, alias: &str, limit: i64) -> Result<Vec<AliasEvent>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM model_alias_event WHERE model = $1 AND ($2 = '' OR alias = $2) ORDER BY seq DESC LIMIT $3",
            args![model, alias, limit],
        )
        .await?;
    rows.iter().map(event).collect()
}

/// The aliases that point at a version, by name.
pub async fn of_version(conn: &mut Conn<'_>, model: i64, version: i64) -> Result<Vec<String>> {
    let rows = conn
        .fetch_all("SELECT alias FROM model_alias WHERE model = $1 AND version = $2", args![model, version])
        .await?;
    let mut aliases: Vec<String> = rows.iter().map(|row| row.get("alias")).collect::<Result<_>>()?;
    aliases.sort_unstable();
    Ok(aliases)
}

/// The aliases that were taken from a version at a moment.
pub async fn taken_at(conn: &mut Conn<'_>, model: i64, version: i64, time: Timestamp) -> Result<Vec<String>> {
    let rows = conn
        .fetch_all(
            "SELECT DISTINCT alias FROM model_alias_event WHERE model = $1 AND previous = $2 AND version IS NULL \
             AND time_ms = $3 ORDER BY alias",
            args![model, version, time],
        )
        .await?;
    rows.iter().map(|row| row.get("alias")).collect()
}

/// The aliases of models, by model and name.
pub(crate) async fn of_models(conn: &mut Conn<'_>, models: Vec<Value>) -> Result<Vec<(i64, AliasTarget)>> {
    let sql =
        format!("SELECT model, alias, version FROM model_alias WHERE model IN ({})", list(1, models.len()));
    let rows = conn.fetch_all(&sql, models).await?;
    let mut found: Vec<(i64, AliasTarget)> = rows
        .iter()
        .map(|row| {
            let target = AliasTarget { alias: row.get("alias")?, version: row.get("version")? };
            Ok((row.get("model")?, target))
        })
        .collect::<Result<_>>()?;
    found.sort_unstable_by(|a, b| (a.0, &a.1.alias).cmp(&(b.0, &b.1.alias)));
    Ok(found)
}

fn event(row: &Row) -> Result<AliasEvent> {
    Ok(AliasEvent {
        alias: row.get("alias")?,
        change: row.word("change")?,
        version: row.get("version")?,
        previous: row.get("previous")?,
        time: row.time("time_ms")?,
        actor: row.get("actor")?,
        reason: row.get("reason")?,
    })
}
