//! Searches of runs.
//!
//! Three forms, by what the search has and the database holds. When few runs meet a comparison that all must meet, those are
//! looked up and sorted. Otherwise the answer is read off an index that has its order: the listing's for the newest, the
//! metric's for the best, each in its lane (one experiment in one lifecycle stage). What is left is sorted whole.

mod summary;
mod walk;

use std::collections::HashMap;

use domain::search::{Comparison, Entity, Expression, Operand, Operator, Order};
use domain::tracking::experiment::View;

use super::{Search, Statement, compile, direction, order_number};
use crate::tracking::param::{HEAD, head};
use crate::tracking::run::Numbered;
use crate::tracking::{lookup, run};
use crate::{Conn, Result};

pub use summary::{Group, Spread, count_runs, group_runs};

/// Bounds of how many matches count as few.
const FEW: std::ops::RangeInclusive<f64> = 1_000.0..=20_000.0;
/// Newest runs that are looked at to guess how many a pattern matches.
const SAMPLE: i64 = 2_000;
/// A pattern that matches fewer of the sample than one in so many is met by few.
const RARE: i64 = 300;

/// Runs that match, without what they logged.
pub async fn runs(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<Numbered>> {
    if search.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let question = Question::ask(conn, search).await?;
    if let Some(walk) = walk::Walk::fit(&question) {
        let nums = walk.page(conn, &question).await?;
        return run::by_numbers(conn, &nums).await;
    }
    sorted(conn, &question).await
}

/// A search, and what of the database decides its form.
struct Question<'a> {
    search: &'a Search,
    /// The numbers of the keys that filter and order name.
    keys: HashMap<String, i64>,
    /// The columns to order by; those that nobody has logged order nothing and are left out.
    order: Vec<&'a Order>,
    /// Positions (in reading order) of the comparisons that all must hold and that few runs meet.
    few: Vec<usize>,
}

impl<'a> Question<'a> {
    async fn ask(conn: &mut Conn<'_>, search: &'a Search) -> Result<Self> {
        let keys = keys(conn, search).await?;
        let known = |order: &&Order| !is_keyed(order.entity) || keys.contains_key(&order.key);
        let order = search.order.iter().filter(known).collect();
        let few = few(conn, search, &keys).await?;
        Ok(Self { search, keys, order, few })
    }

    /// The comparisons that all must hold, with their positions.
    fn demands(search: &Search) -> Vec<(usize, &Comparison)> {
        let parts = match &search.filter {
            Some(Expression::All(parts)) => parts.as_slice(),
            Some(only) => std::slice::from_ref(only),
            None => &[],
        };
        let mut demands = Vec::new();
        let mut position = 0;
        for part in parts {
            if let Expression::Is(comparison) = part {
                demands.push((position, comparison));
            }
            position += part.comparisons().len();
        }
        demands
    }

    /// Whether the filter names the runs one by one.
    fn names_runs(&self) -> bool {
        Self::demands(self.search).iter().any(|(_, comparison)| {
            (comparison.entity, comparison.key.as_str()) == (Entity::Attribute, "run_id")
                && matches!(comparison.operator, Operator::Equal | Operator::In)
        })
    }
}

fn is_keyed(entity: Entity) -> bool {
    matches!(entity, Entity::Metric | Entity::Param | Entity::Tag)
}

fn table(entity: Entity) -> &'static str {
    match entity {
        Entity::Metric => "metric_latest",
        Entity::Param => "param",
        _ => "run_tag",
    }
}

async fn keys(conn: &mut Conn<'_>, search: &Search) -> Result<HashMap<String, i64>> {
    let comparisons = search.filter.as_ref().map(Expression::comparisons).unwrap_or_default();
    let named = comparisons
        .iter()
        .map(|comparison| (comparison.entity, comparison.key.as_str()))
        .chain(search.order.iter().map(|order| (order.entity, order.key.as_str())))
        .filter(|(entity, _)| is_keyed(*entity))
        .map(|(_, key)| key)
        .collect::<Vec<_>>();
    lookup(conn, &named).await
}

async fn few(conn: &mut Conn<'_>, search: &Search, keys: &HashMap<String, i64>) -> Result<Vec<usize>> {
    let mut few = Vec::new();
    let mut limit = None;
    for (position, comparison) in Question::demands(search) {
        if !is_keyed(comparison.entity) || comparison.operator == Operator::IsNull {
            continue;
        }
        let Some(key) = keys.get(&comparison.key).copied() else { continue };
        let is_few = if in_index_order(comparison) {
            let limit = match limit {
                Some(limit) => limit,
                None => *limit.insert(worth_sorting(conn, search).await?),
            };
            matches_at_most(conn, search, comparison, key, limit).await?
        } else {
            is_rare(conn, search, comparison, key).await?
        };
        if is_few {
            few.push(position);
        }
    }
    Ok(few)
}

/// Whether what matches lies together in the index of values.
fn in_index_order(comparison: &Comparison) -> bool {
    match comparison.operator {
        Operator::Equal | Operator::In | Operator::IsNotNull => true,
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            comparison.entity == Entity::Metric
        }
        _ => false,
    }
}

/// How many matches are sorted as fast as a page of them is found among all runs: the root of page × runs.
async fn worth_sorting(conn: &mut Conn<'_>, search: &Search) -> Result<i64> {
    let runs = match search.newest {
        Some(newest) => newest,
        None => run::newest(conn).await?,
    };
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let root = (runs as f64 * search.limit.saturating_add(search.offset) as f64).sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds")]
    let limit = root.clamp(*FEW.start(), *FEW.end()) as i64;
    Ok(limit)
}

async fn matches_at_most(
    conn: &mut Conn<'_>,
    search: &Search,
    comparison: &Comparison,
    key: i64,
    limit: i64,
) -> Result<bool> {
    let mut sql = Statement::new(conn);
    let experiments = sql.bind_all(search.experiments.iter().map(|id| id.number()));
    let matching = sql.matching(comparison, key, &experiments)?;
    let bound = sql.bind(limit + 1);
    let text = format!("SELECT COUNT(*) AS n FROM (SELECT 1 AS one {matching} LIMIT {bound}) q");
    let count: i64 = conn.fetch_one(&text, sql.args).await?.get("n")?;
    Ok(count <= limit)
}

/// Whether hardly any of the newest runs match.
async fn is_rare(conn: &mut Conn<'_>, search: &Search, comparison: &Comparison, key: i64) -> Result<bool> {
    let mut sql = Statement::new(conn);
    let (mut looked, mut met) = (0, 0);
    for experiment in search.experiments.iter().take(walk::LANES) {
        sql.args.clear();
        let (key, experiment) = (sql.bind(key), sql.bind(experiment.number()));
        let compared = sql.compared("l", comparison)?;
        let limit = sql.bind(SAMPLE);
        let stage = if search.view == View::Deleted { "TRUE" } else { "FALSE" };
        let text = format!(
            "SELECT COUNT(*) AS looked, COUNT(CASE WHEN {compared} THEN 1 END) AS met FROM (SELECT num FROM run \
             WHERE experiment = {experiment} AND deleted = {stage} ORDER BY start_ms DESC, id LIMIT {limit}) r \
             LEFT JOIN {} l ON l.run = r.num AND l.key = {key}",
            table(comparison.entity)
        );
        let row = conn.fetch_one(&text, std::mem::take(&mut sql.args)).await?;
        looked += row.get::<i64>("looked")?;
        met += row.get::<i64>("met")?;
    }
    Ok(met * RARE < looked)
}

impl Statement {
    /// That the row `alias` of a comparison's key compares so.
    fn compared(&mut self, alias: &str, comparison: &Comparison) -> Result<String> {
        let (operator, operand) = (comparison.operator, &comparison.operand);
        match (comparison.entity, operator) {
            (_, Operator::IsNull | Operator::IsNotNull) => Ok("TRUE".to_owned()),
            (Entity::Metric, _) => self.metric(alias, operator, operand),
            _ => self.text(&format!("{alias}.value"), operator, operand),
        }
    }

    /// `FROM … WHERE …` of the rows `l` of a key that compare so, read from the index of values.
    fn matching(&mut self, comparison: &Comparison, key: i64, experiments: &str) -> Result<String> {
        let table = table(comparison.entity);
        let key = self.bind(key);
        let (operator, operand) = (comparison.operator, &comparison.operand);
        let compared = match (comparison.entity, operator, operand) {
            (Entity::Metric, ..) | (_, Operator::IsNull | Operator::IsNotNull, _) => {
                self.compared("l", comparison)?
            }
            (_, Operator::Equal, Operand::Text(text)) if text.chars().count() >= HEAD => {
                let head = self.bind(head(text));
                format!("l.head = {head} AND {}", self.compared("l", comparison)?)
            }
            (_, Operator::In, Operand::List(texts)) => {
                let heads = self.bind_all(texts.iter().map(|text| head(text)));
                format!("l.head IN ({heads}) AND {}", self.compared("l", comparison)?)
            }
            // A value that is shorter than its head may be is its head.
            (_, Operator::Equal, _) => self.text("l.head", operator, operand)?,
            _ => {
                let short = self.text("l.head", operator, operand)?;
                let long = self.compared("x", comparison)?;
                format!(
                    "CASE WHEN LENGTH(l.head) < {HEAD} THEN {short} ELSE \
                     EXISTS (SELECT 1 FROM {table} x WHERE x.run = l.run AND x.key = {key} AND {long}) END"
                )
            }
        };
        Ok(format!("FROM {table} l WHERE l.key = {key} AND l.experiment IN ({experiments}) AND {compared}"))
    }

    /// The filter on the run `r`; `leaf` may write a comparison in a way of its own.
    fn run_filter(
        &mut self,
        question: &Question<'_>,
        mut leaf: impl FnMut(&mut Self, usize, &Comparison) -> Result<Option<String>>,
    ) -> Result<String> {
        let Some(filter) = &question.search.filter else { return Ok("TRUE".to_owned()) };
        let mut position = 0;
        compile(filter, &mut |comparison| {
            let at = position;
            position += 1;
            match leaf(self, at, comparison)? {
                Some(text) => Ok(text),
                None => self.run_leaf(comparison, &question.keys),
            }
        })
    }

    fn run_leaf(&mut self, comparison: &Comparison, keys: &HashMap<String, i64>) -> Result<String> {
        match comparison.entity {
            Entity::Attribute => self.run_attribute(comparison),
            Entity::Dataset => {
                // A reading without a context compares with none, not even as different.
                let (column, told) = match comparison.key.as_str() {
                    "name" => ("d.name", ""),
                    "digest" => ("d.digest", ""),
                    _ => ("i.context", " AND i.context <> ''"),
                };
                let from = format!(
                    "SELECT 1 FROM run_dataset i JOIN tracking_dataset d ON d.num = i.dataset \
                     WHERE i.run = r.num{told}"
                );
                self.existing(&from, column, comparison)
            }
            _ => {
                let absent = comparison.operator == Operator::IsNull;
                let Some(key) = keys.get(&comparison.key) else {
                    return Ok(if absent { "TRUE" } else { "FALSE" }.to_owned());
                };
                let (table, key) = (table(comparison.entity), self.bind(*key));
                let compared = self.compared("l", comparison)?;
                let not = if absent { "NOT " } else { "" };
                Ok(format!(
                    "{not}EXISTS (SELECT 1 FROM {table} l WHERE l.run = r.num AND l.key = {key} AND {compared})"
                ))
            }
        }
    }

    fn run_attribute(&mut self, comparison: &Comparison) -> Result<String> {
        let (operator, operand) = (comparison.operator, &comparison.operand);
        match comparison.key.as_str() {
            "run_id" => self.text("r.id", operator, operand),
            "run_name" => self.text("r.name", operator, operand),
            "status" => self.text("UPPER(r.status)", operator, operand),
            "user_id" => self.text("r.user_id", operator, operand),
            "start_time" => self.number("r.start_ms", operator, operand),
            "end_time" => self.number("r.end_ms", operator, operand),
            _ => {
                self.text("(COALESCE(r.home, e.location) || '/' || r.id || '/artifacts')", operator, operand)
            }
        }
    }
}

/// All that match, sorted whole.
async fn sorted(conn: &mut Conn<'_>, question: &Question<'_>) -> Result<Vec<Numbered>> {
    let search = question.search;
    let mut sql = Statement::new(conn);
    let experiments = sql.bind_all(search.experiments.iter().map(|id| id.number()));
    let view = sql.view("r.deleted", search.view);
    let known = sql.known("r.num", search.newest);
    let filter = sql.run_filter(question, |sql, position, comparison| {
        let key = question.keys.get(&comparison.key).filter(|_| question.few.contains(&position));
        let Some(key) = key else { return Ok(None) };
        Ok(Some(format!("r.num IN (SELECT l.run {})", sql.matching(comparison, *key, &experiments)?)))
    })?;
    let (joins, order) = run_order(&mut sql, question);
    let page = sql.page(search);
    let text = format!(
        "SELECT {} FROM run r JOIN experiment e ON e.id = r.experiment {joins} \
         WHERE r.experiment IN ({experiments}) AND {view} AND {known} AND {filter} ORDER BY {order} {page}",
        run::COLUMNS
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    rows.iter().map(run::numbered).collect()
}

/// The joins and the columns to order runs by: the newest first in the end.
fn run_order(sql: &mut Statement, question: &Question<'_>) -> (String, String) {
    let mut joins = String::new();
    let mut columns = Vec::new();
    for (index, order) in question.order.iter().enumerate() {
        let ascending = order.ascending;
        if !is_keyed(order.entity) {
            columns.push(match order.key.as_str() {
                "start_time" => order_number("r.start_ms", ascending),
                "end_time" => order_number("r.end_ms", ascending),
                "run_name" => sql.order_text("r.name", ascending),
                "status" => sql.order_text("UPPER(r.status)", ascending),
                "user_id" => sql.order_text("r.user_id", ascending),
                _ => sql.order_text("r.id", ascending),
            });
            continue;
        }
        let Some(key) = question.keys.get(&order.key) else { continue };
        let (table, key, alias) = (table(order.entity), sql.bind(*key), format!("o{index}"));
        joins.push_str(&format!(" LEFT JOIN {table} {alias} ON {alias}.run = r.num AND {alias}.key = {key}"));
        columns.push(if order.entity == Entity::Metric {
            format!(
                "CASE WHEN {alias}.run IS NULL THEN 2 WHEN {alias}.kind = 1 THEN 1 ELSE 0 END, {alias}.value {}",
                direction(ascending)
            )
        } else {
            sql.order_text(&format!("{alias}.value"), ascending)
        });
    }
    columns.push("r.start_ms DESC".to_owned());
    columns.push("r.id ASC".to_owned());
    (joins, columns.join(", "))
}
