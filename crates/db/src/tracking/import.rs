//! Experiments and runs that are taken over with the numbers and times they had elsewhere, and points read for comparing.

use domain::Timestamp;
use domain::tracking::experiment::ExperimentId;
use domain::tracking::import::{ExperimentRecord, SetSum};
use domain::tracking::param::Tag;

use super::experiment;
use super::metric::from_row;
use super::names;
use crate::{Conn, Result, args};

/// Points that are read at a time.
const PAGE: i64 = 20_000;

/// Numbers from here on are not kept: those that are given next follow the greatest, and there must be room.
const TOO_GREAT: i64 = 1_000_000_000_000_000_000;

/// Makes an experiment under its own number when that is free and never was another's, else under a new one. A deleted one goes
/// to the trash now, put there by `actor`.
pub async fn insert_experiment(
    conn: &mut Conn<'_>,
    record: &ExperimentRecord,
    (actor, now): (&str, Timestamp),
) -> Result<ExperimentId> {
    let own = ExperimentId::from_number(record.id);
    let purged: i64 = conn.fetch_one("SELECT last FROM purged_experiment", args![]).await?.get("last")?;
    let id = if record.id >= TOO_GREAT || record.id <= purged || experiment::bare(conn, own).await?.is_some()
    {
        experiment::insert(conn, &record.name, None, record.created).await?
    } else {
        conn.execute(
            "INSERT INTO experiment (id, name, location, deleted, created_ms, updated_ms) \
             VALUES ($1, $2, $3, FALSE, $4, $4)",
            args![record.id, &record.name, format!("mlflow-artifacts:/{}", record.id), record.created],
        )
        .await?;
        if let Some(sql) = conn.engine().number_on("experiment", "id") {
            conn.fetch_all(&sql, args![]).await?;
        }
        own
    };
    for tag in &record.tags {
        experiment::set_tag(conn, id, tag, record.updated).await?;
    }
    conn.execute(
        "UPDATE experiment SET deleted = $2, deleted_ms = $3, deleted_by = $4, updated_ms = $5 WHERE id = $1",
        args![
            id.number(),
            record.deleted,
            record.deleted.then_some(now),
            if record.deleted { actor } else { "" },
            record.updated
        ],
    )
    .await?;
    Ok(id)
}

/// Adds a tag to an experiment that has none of that key; whether it did.
pub async fn add_tag(conn: &mut Conn<'_>, id: ExperimentId, tag: &Tag) -> Result<bool> {
    let added = conn
        .execute(
            "INSERT INTO experiment_tag (experiment, key, value) VALUES ($1, $2, $3) \
             ON CONFLICT (experiment, key) DO NOTHING",
            args![id.number(), &tag.key, &tag.value],
        )
        .await?;
    Ok(added > 0)
}

/// Says that an experiment changed at `now`.
pub async fn touch(conn: &mut Conn<'_>, id: ExperimentId, now: Timestamp) -> Result<()> {
    conn.execute("UPDATE experiment SET updated_ms = $2 WHERE id = $1", args![id.number(), now]).await?;
    Ok(())
}

/// All points of a run, added up a page at a time.
pub async fn points_sum(conn: &mut Conn<'_>, run: i64) -> Result<SetSum> {
    let mut sum = SetSum::default();
    let mut after: (i64, i64, i64, f64, i64) = (-1, i64::MIN, i64::MIN, f64::MIN, -1);
    loop {
        let (key, step, time, value, kind) = after;
        let rows = conn
            .fetch_all(
                "SELECT key, step, time_ms, value, kind FROM metric WHERE run = $1 \
                 AND (key, step, time_ms, value, kind) > ($2, $3, $4, $5, $6) \
                 ORDER BY key, step, time_ms, value, kind LIMIT $7",
                args![run, key, step, time, value, kind, PAGE],
            )
            .await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            keys.push(row.get::<i64>("key")?);
        }
        let names = names(conn, &keys).await?;
        for (row, key) in rows.iter().zip(keys) {
            let point = from_row(row, names.get(&key).cloned().unwrap_or_default())?;
            sum.add_point(&point.key, point.step, point.timestamp_ms, point.value);
        }
        match rows.last() {
            Some(last) if i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE => {
                after = (
                    last.get("key")?,
                    last.get("step")?,
                    last.get("time_ms")?,
                    last.get("value")?,
                    last.get("kind")?,
                );
            }
            _ => return Ok(sum),
        }
    }
}
