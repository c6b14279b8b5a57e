//! What a search of runs finds, counted and gathered instead of listed.

use std::collections::HashMap;

use domain::search::Entity;
use domain::tracking::saved_view::GroupBy;

use super::{Question, table};
use crate::search::{Search, Statement};
use crate::tracking::{lookup, names};
use crate::{Conn, Result};

/// How many runs match, by how they stand.
pub async fn count_runs(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<(String, i64)>> {
    if search.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let question = Question::ask(conn, search).await?;
    let mut sql = Statement::new(conn);
    let (from, condition) = sql.matching_runs(&question)?;
    let text = format!("SELECT r.status, COUNT(*) FROM {from} WHERE {condition} GROUP BY r.status");
    let rows = conn.fetch_all(&text, sql.args).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The runs that share a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value; absent for those that have none.
    pub value: Option<String>,
    /// How many runs.
    pub runs: i64,
    /// Figures of their metrics, by key.
    pub metrics: HashMap<String, Spread>,
}

/// A metric's newest values in several runs, as far as they are finite numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// In how many runs it is.
    pub runs: i64,
    /// Their mean.
    pub mean: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// Gathers the runs that match; the groups of most runs first, at most the search's limit.
pub async fn group_runs(
    conn: &mut Conn<'_>,
    search: &Search,
    by: &GroupBy,
    metrics: &[&str],
) -> Result<Vec<Group>> {
    if search.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let question = Question::ask(conn, search).await?;
    let mut sql = Statement::new(conn);
    let Some((from, value, condition)) = sql.grouped(conn, &question, by).await? else {
        return Ok(Vec::new());
    };
    let limit = sql.bind(search.limit);
    let text = format!(
        "SELECT {value} AS shared, COUNT(*) AS runs FROM {from} WHERE {condition} GROUP BY {value} \
         ORDER BY COUNT(*) DESC, {value} LIMIT {limit}"
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    let mut groups = Vec::with_capacity(rows.len());
    let mut places = HashMap::with_capacity(rows.len());
    for row in &rows {
        let value: Option<String> = row.get("shared")?;
        places.insert(value.clone(), groups.len());
        groups.push(Group { value, runs: row.get("runs")?, metrics: HashMap::new() });
    }
    let full = i64::try_from(groups.len()).unwrap_or(i64::MAX) >= search.limit;
    let keys: Vec<i64> = lookup(conn, metrics).await?.into_values().collect();
    if keys.is_empty() || groups.is_empty() {
        return Ok(groups);
    }
    let mut sql = Statement::new(conn);
    let Some((from, value, condition)) = sql.grouped(conn, &question, by).await? else {
        return Ok(groups);
    };
    // Groups beyond the limit are not measured.
    let among = if full {
        let known: Vec<&String> = groups.iter().filter_map(|group| group.value.as_ref()).collect();
        format!(" AND ({value} IS NULL OR {value} IN ({}))", sql.bind_all(known))
    } else {
        String::new()
    };
    let wanted = sql.bind_all(keys.iter().copied());
    let text = format!(
        "SELECT {value} AS shared, l.key AS key, COUNT(*) AS runs, AVG(l.value) AS mean, MIN(l.value) AS low, \
         MAX(l.value) AS high FROM {from} CROSS JOIN metric_latest l WHERE l.run = r.num AND l.key IN ({wanted}) \
         AND l.kind = 0 AND {condition}{among} GROUP BY {value}, l.key"
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    let names = names(conn, &keys).await?;
    for row in &rows {
        let place = places.get(&row.get::<Option<String>>("shared")?);
        let (Some(group), Some(name)) =
            (place.and_then(|at| groups.get_mut(*at)), names.get(&row.get("key")?))
        else {
            continue;
        };
        let spread = Spread {
            runs: row.get("runs")?,
            mean: row.get("mean")?,
            min: row.get("low")?,
            max: row.get("high")?,
        };
        group.metrics.insert(name.clone(), spread);
    }
    Ok(groups)
}

impl Statement {
    /// `FROM` and `WHERE` of all runs `r` that match.
    fn matching_runs(&mut self, question: &Question<'_>) -> Result<(String, String)> {
        let search = question.search;
        let experiments = self.bind_all(search.experiments.iter().map(|id| id.number()));
        let view = self.view("r.deleted", search.view);
        let known = self.known("r.num", search.newest);
        let filter = self.run_filter(question, |sql, position, comparison| {
            let key = question.keys.get(&comparison.key).filter(|_| question.few.contains(&position));
            let Some(key) = key else { return Ok(None) };
            Ok(Some(format!("r.num IN (SELECT l.run {})", sql.matching(comparison, *key, &experiments)?)))
        })?;
        let from = if filter.contains("e.location") {
            "run r JOIN experiment e ON e.id = r.experiment"
        } else {
            "run r"
        };
        let condition = format!("r.experiment IN ({experiments}) AND {view} AND {known} AND {filter}");
        Ok((from.to_owned(), condition))
    }

    /// `FROM`, what is shared, and `WHERE` of the runs that match.
    async fn grouped(
        &mut self,
        conn: &mut Conn<'_>,
        question: &Question<'_>,
        by: &GroupBy,
    ) -> Result<Option<(String, String, String)>> {
        let (entity, name) = match by {
            GroupBy::Param(name) => (Entity::Param, name),
            GroupBy::Tag(name) => (Entity::Tag, name),
            GroupBy::Status | GroupBy::User | GroupBy::Experiment => {
                let column = match by {
                    GroupBy::Status => "r.status",
                    GroupBy::User => "r.user_id",
                    _ => "CAST(r.experiment AS TEXT)",
                };
                let (from, condition) = self.matching_runs(question)?;
                return Ok(Some((from, column.to_owned(), condition)));
            }
        };
        let Some(key) = lookup(conn, &[name]).await?.remove(name) else { return Ok(None) };
        let (from, condition) = self.matching_runs(question)?;
        let key = self.bind(key);
        let from = format!("{from} LEFT JOIN {} g ON g.run = r.num AND g.key = {key}", table(entity));
        Ok(Some((from, "g.value".to_owned(), condition)))
    }
}
