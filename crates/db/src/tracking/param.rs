//! Params and tags of runs.

use std::collections::HashMap;

use domain::tracking::experiment::ExperimentId;
use domain::tracking::param::{Param, Tag};

use super::{CHUNK, intern, list, placeholders};
use crate::{Conn, Result, Value, args};

/// Characters of a value that its index holds.
const HEAD: usize = 100;

/// The start of a value, as the index holds it.
pub(crate) fn head(value: &str) -> String {
    domain::tracking::validation::cut(value.to_owned(), HEAD)
}

/// A param that has another value already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What was to be logged.
    pub param: Param,
    /// The value that is there.
    pub old: String,
}

/// Stores params of a run; returns those that have another value already, which stays.
pub async fn insert(
    conn: &mut Conn<'_>,
    run: i64,
    experiment: ExperimentId,
    params: &[Param],
) -> Result<Vec<Changed>> {
    if params.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = params.iter().map(|param| param.key.as_str()).collect();
    let keys = intern(conn, &names).await?;
    let mut sorted: Vec<&Param> = params.iter().collect();
    sorted.sort_unstable_by_key(|param| keys[&param.key]);
    let mut written = 0;
    for chunk in sorted.chunks(CHUNK) {
        let mut values = Vec::with_capacity(chunk.len() * 5);
        for param in chunk {
            values.extend(args![
                run,
                keys[&param.key],
                experiment.number(),
                &param.value,
                head(&param.value)
            ]);
        }
        let sql = format!(
            "INSERT INTO param (run, key, experiment, value, head) VALUES {} ON CONFLICT (run, key) DO NOTHING",
            placeholders(chunk.len(), 5)
        );
        written += conn.execute(&sql, values).await?;
    }
    if usize::try_from(written).unwrap_or(usize::MAX) == params.len() {
        return Ok(Vec::new());
    }
    let stored = self::params(conn, &[run]).await?.remove(&run).unwrap_or_default();
    let stored: HashMap<&str, &str> = stored.iter().map(|p| (p.key.as_str(), p.value.as_str())).collect();
    Ok(params
        .iter()
        .filter_map(|param| {
            let old = *stored.get(param.key.as_str())?;
            (old != param.value).then(|| Changed { param: param.clone(), old: old.to_owned() })
        })
        .collect())
}

/// Sets tags of a run, each key once.
pub async fn set_tags(conn: &mut Conn<'_>, run: i64, experiment: ExperimentId, tags: &[Tag]) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    let keys = intern(conn, &names).await?;
    let mut sorted: Vec<&Tag> = tags.iter().collect();
    sorted.sort_unstable_by_key(|tag| keys[&tag.key]);
    for chunk in sorted.chunks(CHUNK) {
        let mut values = Vec::with_capacity(chunk.len() * 5);
        for tag in chunk {
            values.extend(args![run, keys[&tag.key], experiment.number(), &tag.value, head(&tag.value)]);
        }
        let sql = format!(
            "INSERT INTO run_tag (run, key, experiment, value, head) VALUES {} \
             ON CONFLICT (run, key) DO UPDATE SET value = excluded.value, head = excluded.head",
            placeholders(chunk.len(), 5)
        );
        conn.execute(&sql, values).await?;
    }
    Ok(())
}

/// Removes a tag of a run; whether it was there.
pub async fn delete_tag(conn: &mut Conn<'_>, run: i64, key: &str) -> Result<bool> {
    let removed = conn
        .execute(
            "DELETE FROM run_tag WHERE run = $1 AND key = (SELECT num FROM tracking_key WHERE name = $2)",
            args![run, key],
        )
        .await?;
    Ok(removed > 0)
}

/// The params of runs, by run, in key order.
pub async fn params(conn: &mut Conn<'_>, runs: &[i64]) -> Result<HashMap<i64, Vec<Param>>> {
    let mut found: HashMap<i64, Vec<Param>> = HashMap::new();
    for (run, key, value) in texts(conn, "param", runs).await? {
        found.entry(run).or_default().push(Param { key, value });
    }
    Ok(found)
}

/// The tags of runs, by run, in key order.
pub async fn tags(conn: &mut Conn<'_>, runs: &[i64]) -> Result<HashMap<i64, Vec<Tag>>> {
    let mut found: HashMap<i64, Vec<Tag>> = HashMap::new();
    for (run, key, value) in texts(conn, "run_tag", runs).await? {
        found.entry(run).or_default().push(Tag { key, value });
    }
    Ok(found)
}

async fn texts(conn: &mut Conn<'_>, table: &str, runs: &[i64]) -> Result<Vec<(i64, String, String)>> {
    let mut found = Vec::new();
    for chunk in runs.chunks(CHUNK) {
        let sql = format!(
            "SELECT t.run, k.name, t.value FROM {table} t JOIN tracking_key k ON k.num = t.key WHERE t.run IN ({})",
            list(1, chunk.len())
        );
        let args = chunk.iter().map(|run| Value::from(*run)).collect();
        for row in conn.fetch_all(&sql, args).await? {
            found.push((row.get("run")?, row.get("name")?, row.get("value")?));
        }
    }
    found.sort_unstable_by(|a: &(i64, String, String), b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    Ok(found)
}
