//! Pages read off an index that has their order, without sorting what is not shown.

use domain::search::{Entity, Operator};
use domain::tracking::experiment::View;

use super::{Question, direction};
use crate::search::Statement;
use crate::{Conn, Result};

/// Lanes that are read side by side at the most.
pub(super) const LANES: usize = 32;

/// One experiment in one lifecycle stage.
#[derive(Clone, Copy)]
struct Lane {
    experiment: i64,
    deleted: bool,
}

/// Runs that follow one another in one index.
#[derive(Clone, Copy)]
enum Stretch {
    /// All, by start.
    Listing,
    /// Those whose metric of this key is a number, by it.
    Numbers { key: i64, ascending: bool },
    /// Those whose metric is not a number, by start.
    NotNumbers { key: i64 },
    /// Those without the metric, by start.
    Without { key: i64 },
}

/// The stretches that make up the order, one after the other.
pub(super) struct Walk {
    lanes: Vec<Lane>,
    stretches: Vec<Stretch>,
    /// The name of the metric that is walked along.
    metric: Option<String>,
    /// Oldest first among those that are equal otherwise.
    oldest_first: bool,
}

impl Walk {
    /// `None` when sorting is faster, or no index has the order.
    pub(super) fn fit(question: &Question<'_>) -> Option<Self> {
        let search = question.search;
        let stages: &[bool] = match search.view {
            View::Active => &[false],
            View::Deleted => &[true],
            View::All => &[false, true],
        };
        let mut experiments: Vec<i64> = search.experiments.iter().map(|id| id.number()).collect();
        experiments.sort_unstable();
        experiments.dedup();
        if !question.few.is_empty() || question.names_runs() || experiments.len() * stages.len() > LANES {
            return None;
        }
        let lane = |experiment| stages.iter().map(move |deleted| Lane { experiment, deleted: *deleted });
        let lanes = experiments.into_iter().flat_map(lane).collect();
        let (first, rest) = match question.order.split_first() {
            Some((first, rest)) if first.entity == Entity::Metric => (Some(first), rest),
            _ => (None, question.order.as_slice()),
        };
        let oldest_first = match rest {
            [] => false,
            [only] if (only.entity, only.key.as_str()) == (Entity::Attribute, "start_time") => only.ascending,
            _ => return None,
        };
        let Some(first) = first else {
            return Some(Self { lanes, stretches: vec![Stretch::Listing], metric: None, oldest_first });
        };
        let key = *question.keys.get(&first.key)?;
        let numbers = Stretch::Numbers { key, ascending: first.ascending };
        let stretches = vec![numbers, Stretch::NotNumbers { key }, Stretch::Without { key }];
        Some(Self { lanes, stretches, metric: Some(first.key.clone()), oldest_first })
    }

    /// The numbers of the page's runs, in order.
    pub(super) async fn page(&self, conn: &mut Conn<'_>, question: &Question<'_>) -> Result<Vec<i64>> {
        let (mut offset, mut limit) = (question.search.offset, question.search.limit);
        let mut found = Vec::new();
        for stretch in &self.stretches {
            let part = self.read(conn, question, *stretch, (limit, offset)).await?;
            if part.is_empty() && offset > 0 && self.stretches.len() > 1 {
                // All of it lies before the page.
                offset -= self.count(conn, question, *stretch).await?;
                continue;
            }
            limit -= i64::try_from(part.len()).unwrap_or(limit);
            offset = 0;
            found.extend(part);
            if limit <= 0 {
                break;
            }
        }
        Ok(found)
    }

    async fn read(
        &self,
        conn: &mut Conn<'_>,
        question: &Question<'_>,
        stretch: Stretch,
        (limit, offset): (i64, i64),
    ) -> Result<Vec<i64>> {
        let mut sql = Statement::new(conn);
        let (from, condition) = self.source(&mut sql, question, stretch)?;
        let value = if matches!(stretch, Stretch::Numbers { .. }) { "l.value" } else { "0" };
        let columns = format!("r.num AS num, {value} AS value, r.start_ms AS start_ms, r.id AS id");
        let all = limit.saturating_add(offset);
        let (limit, offset) = (sql.bind(limit), sql.bind(offset));
        let text = if let [lane] = self.lanes.as_slice() {
            let within = within(&mut sql, stretch, *lane);
            let order = self.order(stretch, "l.", "r.");
            format!(
                "SELECT {columns} FROM {from} WHERE {within} AND {condition} ORDER BY {order} LIMIT {limit} OFFSET {offset}"
            )
        } else {
            let all = sql.bind(all);
            let mut parts = Vec::with_capacity(self.lanes.len());
            for (index, lane) in self.lanes.iter().enumerate() {
                let within = within(&mut sql, stretch, *lane);
                let order = self.order(stretch, "l.", "r.");
                parts.push(format!(
                    "SELECT * FROM (SELECT {columns} FROM {from} WHERE {within} AND {condition} \
                     ORDER BY {order} LIMIT {all}) lane{index}"
                ));
            }
            let order = self.order(stretch, "", "");
            format!(
                "SELECT num FROM ({}) u ORDER BY {order} LIMIT {limit} OFFSET {offset}",
                parts.join(" UNION ALL ")
            )
        };
        let rows = conn.fetch_all(&text, sql.args).await?;
        rows.iter().map(|row| row.get("num")).collect()
    }

    async fn count(&self, conn: &mut Conn<'_>, question: &Question<'_>, stretch: Stretch) -> Result<i64> {
        let mut count = 0;
        for lane in &self.lanes {
            let mut sql = Statement::new(conn);
            let (from, condition) = self.source(&mut sql, question, stretch)?;
            let within = within(&mut sql, stretch, *lane);
            let text = format!("SELECT COUNT(*) AS n FROM {from} WHERE {within} AND {condition}");
            count += conn.fetch_one(&text, sql.args).await?.get::<i64>("n")?;
        }
        Ok(count)
    }

    fn order(&self, stretch: Stretch, latest: &str, run: &str) -> String {
        let starts = direction(self.oldest_first);
        let by_start = format!("{run}start_ms {starts}, {run}id ASC");
        match stretch {
            Stretch::Numbers { ascending, .. } => {
                format!("{latest}value {}, {by_start}", direction(ascending))
            }
            _ => by_start,
        }
    }

    /// Where the runs `r` of a stretch come from, with the metric's newest point `l` when it has one, and which match.
    fn source(
        &self,
        sql: &mut Statement,
        question: &Question<'_>,
        stretch: Stretch,
    ) -> Result<(String, String)> {
        // The order of the joins is the order of the walk: CROSS keeps it.
        let latest = "metric_latest l CROSS JOIN run r";
        let (mut from, limits) = match stretch {
            Stretch::Listing => ("run r".to_owned(), "TRUE".to_owned()),
            Stretch::Numbers { key, .. } => {
                (latest.to_owned(), format!("r.num = l.run AND l.kind <> 1 AND l.key = {}", sql.bind(key)))
            }
            Stretch::NotNumbers { key } => {
                let key = sql.bind(key);
                (latest.to_owned(), format!("r.num = l.run AND l.kind = 1 AND l.value = 0 AND l.key = {key}"))
            }
            Stretch::Without { key } => {
                let key = sql.bind(key);
                let exists = format!("SELECT 1 FROM metric_latest l WHERE l.run = r.num AND l.key = {key}");
                ("run r".to_owned(), format!("NOT EXISTS ({exists})"))
            }
        };
        let known = sql.known("r.num", question.search.newest);
        let filter = sql.run_filter(question, |sql, _, comparison| {
            if comparison.entity != Entity::Metric || self.metric.as_ref() != Some(&comparison.key) {
                return Ok(None);
            }
            let present = !matches!(stretch, Stretch::Without { .. });
            Ok(Some(match comparison.operator {
                Operator::IsNull => if present { "FALSE" } else { "TRUE" }.to_owned(),
                _ if !present => "FALSE".to_owned(),
                _ => sql.compared("l", comparison)?,
            }))
        })?;
        if filter.contains("e.location") {
            from.push_str(" JOIN experiment e ON e.id = r.experiment");
        }
        Ok((from, format!("{limits} AND {known} AND {filter}")))
    }
}

fn within(sql: &mut Statement, stretch: Stretch, lane: Lane) -> String {
    let experiment = sql.bind(lane.experiment);
    let stage = if lane.deleted { "TRUE" } else { "FALSE" };
    match stretch {
        Stretch::Listing | Stretch::Without { .. } => {
            format!("r.experiment = {experiment} AND r.deleted = {stage}")
        }
        _ => format!("l.experiment = {experiment} AND r.deleted = {stage}"),
    }
}
