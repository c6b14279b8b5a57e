//! Params and tags of runs.

use std::collections::HashMap;

use domain::tracking::experiment::ExperimentId;
use domain::tracking::param::{Param, Tag};

use super::{intern, logged, pieces, placeholders};
use crate::{Conn, Result, args};

/// Characters of a value that its index holds.
pub(crate) const HEAD: usize = 100;

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
    for chunk in pieces(&sorted) {
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
    let stored = logged::of_runs(conn, &[run]).await?.remove(&run).unwrap_or_default().params;
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
    for chunk in pieces(&sorted) {
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
