//! Evaluation data sets, their tags, and the experiments they belong to.

use domain::tracking::evaluation_dataset::{EvaluationDataset, Schema};
use domain::tracking::experiment::ExperimentId;
use domain::tracking::param::Tag;
use domain::{Id, Timestamp};

use super::{CHUNK, list};
use crate::{Conn, Error, Result, Row, Value, args};

/// A data set with its number.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub num: i64,
    /// The data set.
    pub dataset: EvaluationDataset,
}

/// Stores a new data set with its tags.
pub async fn insert(conn: &mut Conn<'_>, dataset: &EvaluationDataset) -> Result<i64> {
    let row = conn
        .fetch_one(
            "INSERT INTO evaluation_dataset (id, name, digest, records, created_by, updated_by, created_ms, updated_ms) \
             VALUES ($1, $2, $3, 0, $4, $5, $6, $6) RETURNING num",
            args![
                &dataset.id,
                &dataset.name,
                &dataset.digest,
                dataset.created_by.clone(),
                dataset.updated_by.clone(),
                dataset.created
            ],
        )
        .await?;
    let num = row.get("num")?;
    set_tags(conn, num, &dataset.tags).await?;
    Ok(num)
}

/// One data set with its tags.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Numbered>> {
    let row = conn.fetch_optional("SELECT * FROM evaluation_dataset WHERE id = $1", args![id]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(load(conn, vec![numbered(&row)?]).await?.pop())
}

/// One data set without its tags, which no other transaction changes until this one has ended.
pub async fn lock(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Numbered>> {
    let sql = "UPDATE evaluation_dataset SET updated_ms = updated_ms WHERE id = $1 RETURNING *";
    let row = conn.fetch_optional(sql, args![id]).await?;
    row.as_ref().map(numbered).transpose()
}

/// Removes a data set with all that belongs to it.
pub async fn delete(conn: &mut Conn<'_>, num: i64) -> Result<()> {
    conn.execute("DELETE FROM evaluation_dataset WHERE num = $1", args![num]).await?;
    Ok(())
}

/// Stores what changes with the records: digest, schema, count, time and who did it.
pub async fn update(conn: &mut Conn<'_>, num: i64, dataset: &EvaluationDataset) -> Result<()> {
    let schema = dataset.schema.as_ref().map(serde_json::to_string).transpose();
    let schema =
        schema.map_err(|error| Error::Corrupt { column: "schema".to_owned(), reason: error.to_string() })?;
    conn.execute(
        "UPDATE evaluation_dataset SET digest = $2, schema_text = $3, records = $4, updated_by = $5, updated_ms = $6 \
         WHERE num = $1",
        args![num, &dataset.digest, schema, dataset.records, dataset.updated_by.clone(), dataset.updated],
    )
    .await?;
    Ok(())
}

/// Says how many records a data set has.
pub async fn set_count(conn: &mut Conn<'_>, num: i64, records: i64) -> Result<()> {
    conn.execute("UPDATE evaluation_dataset SET records = $2 WHERE num = $1", args![num, records]).await?;
    Ok(())
}

/// Sets when a data set changed last.
pub async fn touch(conn: &mut Conn<'_>, num: i64, now: Timestamp) -> Result<()> {
    conn.execute("UPDATE evaluation_dataset SET updated_ms = $2 WHERE num = $1", args![num, now]).await?;
    Ok(())
}

/// Sets tags.
pub async fn set_tags(conn: &mut Conn<'_>, num: i64, tags: &[Tag]) -> Result<()> {
    for tag in tags {
        conn.execute(
            "INSERT INTO evaluation_dataset_tag (dataset, key, value) VALUES ($1, $2, $3) \
             ON CONFLICT (dataset, key) DO UPDATE SET value = excluded.value",
            args![num, &tag.key, &tag.value],
        )
        .await?;
    }
    Ok(())
}

/// Removes a tag.
pub async fn delete_tag(conn: &mut Conn<'_>, num: i64, key: &str) -> Result<()> {
    conn.execute("DELETE FROM evaluation_dataset_tag WHERE dataset = $1 AND key = $2", args![num, key])
        .await?;
    Ok(())
}

/// The experiments of a data set, in the order in which it came to them.
pub async fn experiments(conn: &mut Conn<'_>, num: i64) -> Result<Vec<ExperimentId>> {
    let sql = "SELECT experiment FROM evaluation_dataset_experiment WHERE dataset = $1 ORDER BY num";
    let rows = conn.fetch_all(sql, args![num]).await?;
    rows.iter().map(|row| Ok(ExperimentId::from_number(row.get("experiment")?))).collect()
}

/// Adds a data set to experiments that exist; where it is already it stays.
pub async fn add_experiments(conn: &mut Conn<'_>, num: i64, experiments: &[ExperimentId]) -> Result<()> {
    for experiment in experiments {
        conn.execute(
            "INSERT INTO evaluation_dataset_experiment (dataset, experiment) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            args![num, experiment.number()],
        )
        .await?;
    }
    Ok(())
}

/// Takes a data set out of experiments; how many it was in.
pub async fn remove_experiments(conn: &mut Conn<'_>, num: i64, experiments: &[ExperimentId]) -> Result<u64> {
    let mut removed = 0;
    for experiment in experiments {
        removed += conn
            .execute(
                "DELETE FROM evaluation_dataset_experiment WHERE dataset = $1 AND experiment = $2",
                args![num, experiment.number()],
            )
            .await?;
    }
    Ok(removed)
}

pub(crate) fn numbered(row: &Row) -> Result<Numbered> {
    let dataset = EvaluationDataset {
        id: row.id("id")?,
        name: row.get("name")?,
        digest: row.get("digest")?,
        schema: row.opt_json::<Schema>("schema_text")?,
        records: row.get("records")?,
        created_by: row.get("created_by")?,
        updated_by: row.get("updated_by")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        tags: Vec::new(),
    };
    Ok(Numbered { num: row.get("num")?, dataset })
}

/// Fills in the tags.
pub(crate) async fn load(conn: &mut Conn<'_>, mut found: Vec<Numbered>) -> Result<Vec<Numbered>> {
    for chunk in found.chunks_mut(CHUNK) {
        let sql = format!(
            "SELECT dataset, key, value FROM evaluation_dataset_tag WHERE dataset IN ({}) ORDER BY dataset, key",
            list(1, chunk.len())
        );
        let nums = chunk.iter().map(|found| Value::from(found.num)).collect();
        for row in conn.fetch_all(&sql, nums).await? {
            let num: i64 = row.get("dataset")?;
            if let Some(found) = chunk.iter_mut().find(|found| found.num == num) {
                found.dataset.tags.push(Tag::new(row.get::<String>("key")?, row.get::<String>("value")?));
            }
        }
    }
    Ok(found)
}
