//! Searches of experiments and logged models.

use domain::search::{Comparison, Entity, Operator, Order};
use domain::tracking::experiment::Experiment;
use domain::tracking::logged_model::LoggedModel;

use super::{Search, Statement, compile, order_number};
use crate::tracking::{experiment, logged_model};
use crate::{Conn, Result};

/// Experiments that match, with their tags.
pub async fn experiments(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<Experiment>> {
    let mut sql = Statement::new(conn);
    let view = sql.view("e.deleted", search.view);
    let known = sql.known("e.id", search.newest);
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
        "SELECT e.* FROM experiment e WHERE {view} AND {known} AND {filter} ORDER BY {} {page}",
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
        Entity::Attribute => match comparison.key.as_str() {
            "name" => sql.text("m.name", operator, operand),
            "model_id" => sql.text("('m-' || m.id)", operator, operand),
            "model_type" => sql.text("m.model_type", operator, operand),
            "status" => sql.text("UPPER(m.status)", operator, operand),
            "source_run_id" => sql.text("m.source_run", operator, operand),
            "creation_timestamp" => sql.number("m.created_ms", operator, operand),
            _ => sql.number("m.updated_ms", operator, operand),
        },
        _ => {
            let table =
                if comparison.entity == Entity::Param { "logged_model_param" } else { "logged_model_tag" };
            let key = sql.bind(&comparison.key);
            let from = format!("SELECT 1 FROM {table} t WHERE t.model = m.num AND t.key = {key}");
            sql.existing(&from, "t.value", comparison)
        }
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
