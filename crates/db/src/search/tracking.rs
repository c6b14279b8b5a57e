//! Searches of experiments, runs and logged models.

use std::collections::HashMap;

use domain::search::{Comparison, Entity, Expression, Operator, Order};
use domain::tracking::experiment::Experiment;
use domain::tracking::logged_model::LoggedModel;

use super::{FEW, Search, Statement, compile, direction, order_number};
use crate::tracking::run::Numbered;
use crate::tracking::{experiment, logged_model, lookup, run};
use crate::{Conn, Result};

/// Experiments that match, with their tags.
pub async fn experiments(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<Experiment>> {
    let mut sql = Statement::new(conn);
    let view = sql.view("e.deleted", search.view);
    let filter = match &search.filter {
        Some(filter) => compile(filter, &mut |comparison| experiment_leaf(&mut sql, comparison))?,
        None => "TRUE".to_owned(),
    };
    let mut order: Vec<String> = search
        .order
        .iter()
        .map(|order| match order.key.as_str() {
            "name" => sql.order_text("e.name", order.ascending),
            "creation_time" => order_number("e.created_ms", order.ascending),
            "last_update_time" => order_number("e.updated_ms", order.ascending),
            _ => order_number("e.id", order.ascending),
        })
        .collect();
    if order.is_empty() {
        order.extend(["e.created_ms DESC".to_owned(), "e.id ASC".to_owned()]);
    } else {
        order.push("e.id DESC".to_owned());
    }
    let page = sql.page(search);
    let text = format!(
        "SELECT e.* FROM experiment e WHERE {view} AND {filter} ORDER BY {} {page}",
        order.join(", ")
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    let mut found: Vec<Experiment> = rows.iter().map(experiment::from_row).collect::<Result<_>>()?;
    experiment::load_tags(conn, &mut found).await?;
    Ok(found)
}

fn experiment_leaf(sql: &mut Statement, comparison: &Comparison) -> Result<String> {
    let (operator, operand) = (comparison.operator, &comparison.operand);
    if comparison.entity == Entity::Tag {
        let key = sql.bind(&comparison.key);
        let from = format!("SELECT 1 FROM experiment_tag t WHERE t.experiment = e.id AND t.key = {key}");
        return sql.existing(&from, "t.value", comparison);
    }
    match comparison.key.as_str() {
        "name" => sql.text("e.name", operator, operand),
        "creation_time" => sql.number("e.created_ms", operator, operand),
        "last_update_time" => sql.number("e.updated_ms", operator, operand),
        _ => sql.text("CAST(e.id AS TEXT)", operator, operand),
    }
}

impl Statement {
    /// That a text under a key exists and compares so; `from` selects the rows of the key.
    pub(super) fn existing(&mut self, from: &str, column: &str, comparison: &Comparison) -> Result<String> {
        Ok(match comparison.operator {
            Operator::IsNull => format!("NOT EXISTS ({from})"),
            Operator::IsNotNull => format!("EXISTS ({from})"),
            operator => format!("EXISTS ({from} AND {})", self.text(column, operator, &comparison.operand)?),
        })
    }
}

/// Runs that match, without what they logged.
pub async fn runs(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<Numbered>> {
    if search.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let keys = keys(conn, search).await?;
    let few = few(conn, search, &keys).await?;
    let mut sql = Statement::new(conn);
    let experiments = sql.bind_all(search.experiments.iter().map(|id| id.number()));
    let view = sql.view("r.deleted", search.view);
    let mut position = 0;
    let filter = match &search.filter {
        Some(filter) => compile(filter, &mut |comparison| {
            let form = Form {
                experiments: &experiments,
                key: keys.get(&comparison.key).copied(),
                few: few.contains(&position),
            };
            position += 1;
            run_leaf(&mut sql, comparison, &form)
        })?,
        None => "TRUE".to_owned(),
    };
    let (joins, order) = run_order(&mut sql, &search.order, &keys);
    let page = sql.page(search);
    let text = format!(
        "SELECT {} FROM run r JOIN experiment e ON e.id = r.experiment {joins} \
         WHERE r.experiment IN ({experiments}) AND {view} AND {filter} ORDER BY {order} {page}",
        run::COLUMNS
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    rows.iter().map(run::numbered).collect()
}

/// The numbers of the keys that filter and order name.
async fn keys(conn: &mut Conn<'_>, search: &Search) -> Result<HashMap<String, i64>> {
    let comparisons = search.filter.as_ref().map(Expression::comparisons).unwrap_or_default();
    let named = comparisons
        .iter()
        .map(|comparison| (comparison.entity, comparison.key.as_str()))
        .chain(search.order.iter().map(|order| (order.entity, order.key.as_str())))
        .filter(|(entity, _)| matches!(entity, Entity::Metric | Entity::Param | Entity::Tag))
        .map(|(_, key)| key)
        .collect::<Vec<_>>();
    lookup(conn, &named).await
}

/// How one comparison is written.
struct Form<'a> {
    experiments: &'a str,
    key: Option<i64>,
    few: bool,
}

/// Positions (in reading order) of the comparisons that all must hold and that few runs match.
async fn few(conn: &mut Conn<'_>, search: &Search, keys: &HashMap<String, i64>) -> Result<Vec<usize>> {
    let parts = match &search.filter {
        Some(Expression::All(parts)) => parts.as_slice(),
        Some(only) => std::slice::from_ref(only),
        None => &[],
    };
    let mut few = Vec::new();
    let mut position = 0;
    for part in parts {
        let at = position;
        position += part.comparisons().len();
        let Expression::Is(comparison) = part else { continue };
        let keyed = matches!(comparison.entity, Entity::Metric | Entity::Param | Entity::Tag);
        let absent = comparison.operator == Operator::IsNull;
        let (true, false, Some(key)) = (keyed, absent, keys.get(&comparison.key)) else {
            continue;
        };
        let mut sql = Statement::new(conn);
        let experiments = sql.bind_all(search.experiments.iter().map(|id| id.number()));
        let matching = matching(&mut sql, comparison, *key, Some(&experiments))?;
        let limit = sql.bind(FEW + 1);
        let text = format!("SELECT COUNT(*) AS n FROM (SELECT 1 AS one {matching} LIMIT {limit}) q");
        let count: i64 = conn.fetch_one(&text, sql.args).await?.get("n")?;
        if count <= FEW {
            few.push(at);
        }
    }
    Ok(few)
}

/// `FROM … WHERE …` of the rows `l` of one key that compare so.
fn matching(
    sql: &mut Statement,
    comparison: &Comparison,
    key: i64,
    experiments: Option<&str>,
) -> Result<String> {
    let (operator, operand) = (comparison.operator, &comparison.operand);
    let table = match comparison.entity {
        Entity::Metric => "metric_latest",
        Entity::Param => "param",
        _ => "run_tag",
    };
    let key = sql.bind(key);
    let within = experiments.map_or_else(String::new, |ids| format!(" AND l.experiment IN ({ids})"));
    let compared = match (comparison.entity, operator, operand) {
        (Entity::Metric, ..) => sql.metric("l", operator, operand)?,
        (_, Operator::IsNull | Operator::IsNotNull, _) => "TRUE".to_owned(),
        (_, Operator::Equal, domain::search::Operand::Text(text)) => {
            let head = sql.bind(crate::tracking::param::head(text));
            format!("l.head = {head} AND {}", sql.text("l.value", operator, operand)?)
        }
        _ => sql.text("l.value", operator, operand)?,
    };
    Ok(format!("FROM {table} l WHERE l.key = {key}{within} AND {compared}"))
}

fn run_leaf(sql: &mut Statement, comparison: &Comparison, form: &Form<'_>) -> Result<String> {
    match comparison.entity {
        Entity::Attribute => run_attribute(sql, comparison),
        Entity::Dataset => {
            let column = match comparison.key.as_str() {
                "name" => "d.name",
                "digest" => "d.digest",
                _ => "i.context",
            };
            let from = "SELECT 1 FROM run_dataset i JOIN tracking_dataset d ON d.num = i.dataset WHERE i.run = r.num";
            sql.existing(from, column, comparison)
        }
        Entity::Metric | Entity::Param | Entity::Tag => {
            let absent = comparison.operator == Operator::IsNull;
            let Some(key) = form.key else {
                return Ok(if absent { "TRUE" } else { "FALSE" }.to_owned());
            };
            if form.few {
                let matching = matching(sql, comparison, key, Some(form.experiments))?;
                return Ok(format!("r.num IN (SELECT l.run {matching})"));
            }
            let matching = matching(sql, comparison, key, None)?;
            let not = if absent { "NOT " } else { "" };
            Ok(format!("{not}EXISTS (SELECT 1 {matching} AND l.run = r.num)"))
        }
    }
}

fn run_attribute(sql: &mut Statement, comparison: &Comparison) -> Result<String> {
    let (operator, operand) = (comparison.operator, &comparison.operand);
    match comparison.key.as_str() {
        "run_id" => sql.text("r.id", operator, operand),
        "run_name" => sql.text("r.name", operator, operand),
        "status" => sql.text("UPPER(r.status)", operator, operand),
        "user_id" => sql.text("r.user_id", operator, operand),
        "start_time" => sql.number("r.start_ms", operator, operand),
        "end_time" => sql.number("r.end_ms", operator, operand),
        _ => sql.text("(e.location || '/' || r.id || '/artifacts')", operator, operand),
    }
}

/// The joins and the columns to order runs by: the newest first in the end.
fn run_order(sql: &mut Statement, orders: &[Order], keys: &HashMap<String, i64>) -> (String, String) {
    let mut joins = String::new();
    let mut columns = Vec::new();
    for (index, order) in orders.iter().enumerate() {
        let ascending = order.ascending;
        let table = match order.entity {
            Entity::Attribute => {
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
            Entity::Metric => "metric_latest",
            Entity::Param => "param",
            Entity::Tag | Entity::Dataset => "run_tag",
        };
        // A key that nobody has logged orders nothing.
        let Some(key) = keys.get(&order.key) else { continue };
        let key = sql.bind(*key);
        let alias = format!("o{index}");
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

/// A data set that metrics of logged models are to be measured on.
#[derive(Clone, Debug)]
pub struct DatasetChoice {
    /// Its name.
    pub name: String,
    /// Its digest, if it matters.
    pub digest: Option<String>,
}

/// One column to order logged models by.
#[derive(Clone, Debug)]
pub struct ModelOrder {
    /// The column.
    pub order: Order,
    /// For a metric: only as measured on this data set.
    pub dataset: Option<DatasetChoice>,
}

/// Logged models that match, with all that belongs to them; with `datasets`, metric comparisons look only at points
/// measured on one of those.
pub async fn logged_models(
    conn: &mut Conn<'_>,
    search: &Search,
    datasets: &[DatasetChoice],
    orders: &[ModelOrder],
) -> Result<Vec<LoggedModel>> {
    if search.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Statement::new(conn);
    let experiments = sql.bind_all(search.experiments.iter().map(|id| id.number()));
    let view = sql.view("m.deleted", search.view);
    let mut filter = match &search.filter {
        Some(filter) => compile(filter, &mut |comparison| logged_model_leaf(&mut sql, comparison, datasets))?,
        None => "TRUE".to_owned(),
    };
    if !datasets.is_empty() {
        let measured = measured(&mut sql, datasets);
        filter = format!(
            "{filter} AND EXISTS (SELECT 1 FROM logged_model_metric x WHERE x.model = m.num{measured})"
        );
    }
    let mut columns: Vec<String> = orders.iter().map(|order| model_order(&mut sql, order)).collect();
    columns.extend(["m.created_ms DESC".to_owned(), "m.id ASC".to_owned()]);
    let page = sql.page(search);
    let text = format!(
        "SELECT {} FROM logged_model m JOIN experiment e ON e.id = m.experiment \
         WHERE m.experiment IN ({experiments}) AND {view} AND {filter} ORDER BY {} {page}",
        logged_model::COLUMNS,
        columns.join(", ")
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    let found = rows.iter().map(logged_model::numbered).collect::<Result<_>>()?;
    Ok(logged_model::load(conn, found).await?.into_iter().map(|m| m.model).collect())
}

fn logged_model_leaf(
    sql: &mut Statement,
    comparison: &Comparison,
    datasets: &[DatasetChoice],
) -> Result<String> {
    let (operator, operand) = (comparison.operator, &comparison.operand);
    match comparison.entity {
        Entity::Metric => {
            let key = sql.bind(&comparison.key);
            let measured = measured(sql, datasets);
            let compared = sql.metric("x", operator, operand)?;
            Ok(format!(
                "EXISTS (SELECT 1 FROM logged_model_metric x WHERE x.model = m.num AND x.key = {key}{measured} \
                 AND {compared})"
            ))
        }
        Entity::Param | Entity::Tag | Entity::Dataset => {
            let table =
                if comparison.entity == Entity::Param { "logged_model_param" } else { "logged_model_tag" };
            let key = sql.bind(&comparison.key);
            let from = format!("SELECT 1 FROM {table} t WHERE t.model = m.num AND t.key = {key}");
            sql.existing(&from, "t.value", comparison)
        }
        Entity::Attribute => match comparison.key.as_str() {
            "name" => sql.text("m.name", operator, operand),
            "model_id" => sql.text("('m-' || m.id)", operator, operand),
            "model_type" => sql.text("m.model_type", operator, operand),
            "status" => sql.text("UPPER(m.status)", operator, operand),
            "source_run_id" => sql.text("m.source_run", operator, operand),
            "creation_timestamp" => sql.number("m.created_ms", operator, operand),
            _ => sql.number("m.updated_ms", operator, operand),
        },
    }
}

fn measured(sql: &mut Statement, datasets: &[DatasetChoice]) -> String {
    if datasets.is_empty() {
        return String::new();
    }
    let choices: Vec<String> = datasets
        .iter()
        .map(|choice| {
            let name = sql.bind(&choice.name);
            match &choice.digest {
                Some(digest) => {
                    format!("(x.dataset_name = {name} AND x.dataset_digest = {})", sql.bind(digest))
                }
                None => format!("x.dataset_name = {name}"),
            }
        })
        .collect();
    format!(" AND ({})", choices.join(" OR "))
}

fn model_order(sql: &mut Statement, order: &ModelOrder) -> String {
    let ascending = order.order.ascending;
    let text = |sql: &Statement, column| sql.order_text(column, ascending);
    match (order.order.entity, order.order.key.as_str()) {
        (Entity::Metric, key) => {
            let key = sql.bind(key);
            let measured = measured(sql, order.dataset.as_slice());
            let newest = format!(
                "(SELECT x.value FROM logged_model_metric x WHERE x.model = m.num AND x.key = {key}{measured} \
                 ORDER BY x.time_ms DESC, x.step DESC LIMIT 1)"
            );
            order_number(&newest, ascending)
        }
        (_, "name") => text(sql, "m.name"),
        (_, "model_type") => text(sql, "m.model_type"),
        (_, "status") => text(sql, "m.status"),
        (_, "source_run_id") => text(sql, "m.source_run"),
        (_, "creation_timestamp") => order_number("m.created_ms", ascending),
        (_, "last_updated_timestamp") => order_number("m.updated_ms", ascending),
        _ => text(sql, "m.id"),
    }
}
