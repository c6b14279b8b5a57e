//! Searches of registered models and their versions.

use domain::registry::model::PROMPT_TAG;
use domain::search::{Comparison, Entity, Expression, Operand, Operator};

use super::{Search, Statement, compile, order_number};
use crate::registry::{model, model_version};
use crate::{Conn, Result};

/// Registered models that match, with tags and aliases. Prompts are hidden unless the filter asks about them.
pub async fn models(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<model::Numbered>> {
    let mut sql = Statement::new(conn);
    let mut filter = match &search.filter {
        Some(filter) => compile(filter, &mut |comparison| model_leaf(&mut sql, comparison))?,
        None => "TRUE".to_owned(),
    };
    if !asks_for_prompts(search.filter.as_ref()) {
        let key = sql.bind(PROMPT_TAG);
        filter = format!(
            "{filter} AND NOT EXISTS (SELECT 1 FROM model_tag p WHERE p.model = m.num AND p.key = {key} \
             AND LOWER(p.value) = 'true')"
        );
    }
    let mut order: Vec<String> = search
        .order
        .iter()
        .map(|order| match order.key.as_str() {
            "name" => sql.order_text("m.name", order.ascending),
            "creation_timestamp" => order_number("m.created_ms", order.ascending),
            _ => order_number("m.updated_ms", order.ascending),
        })
        .collect();
    order.push(sql.order_text("m.name", true));
    let page = sql.page(search);
    let text = format!(
        "SELECT m.* FROM model m WHERE m.deleted = FALSE AND {filter} ORDER BY {} {page}",
        order.join(", ")
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    let found = rows.iter().map(model::from_row).collect::<Result<_>>()?;
    model::load(conn, found).await
}

fn asks_for_prompts(filter: Option<&Expression>) -> bool {
    filter
        .map(Expression::comparisons)
        .unwrap_or_default()
        .iter()
        .any(|comparison| comparison.entity == Entity::Tag && comparison.key == PROMPT_TAG)
}

fn model_leaf(sql: &mut Statement, comparison: &Comparison) -> Result<String> {
    let (operator, operand) = (comparison.operator, &comparison.operand);
    if comparison.entity == Entity::Tag {
        let key = sql.bind(&comparison.key);
        let from = format!("SELECT 1 FROM model_tag t WHERE t.model = m.num AND t.key = {key}");
        // That something is not a prompt holds for whatever says nothing about it.
        if comparison.key == PROMPT_TAG {
            if operator == Operator::NotEqual {
                let equal = sql.text("t.value", Operator::Equal, operand)?;
                return Ok(format!("NOT EXISTS ({from} AND {equal})"));
            }
            if operator == Operator::Equal && *operand == Operand::Text("false".to_owned()) {
                return Ok(format!("NOT EXISTS ({from} AND LOWER(t.value) = 'true')"));
            }
        }
        return sql.existing(&from, "t.value", comparison);
    }
    match comparison.key.as_str() {
        "name" => sql.text("m.name", operator, operand),
        "creation_timestamp" => sql.number("m.created_ms", operator, operand),
        _ => sql.number("m.updated_ms", operator, operand),
    }
}

/// Versions that match and are not deleted, with tags and aliases.
pub async fn model_versions(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<model_version::Numbered>> {
    let mut sql = Statement::new(conn);
    let filter = match &search.filter {
        Some(filter) => compile(filter, &mut |comparison| version_leaf(&mut sql, comparison))?,
        None => "TRUE".to_owned(),
    };
    let mut order: Vec<String> = search
        .order
        .iter()
        .map(|order| match order.key.as_str() {
            "name" => sql.order_text("m.name", order.ascending),
            "version_number" => order_number("v.version", order.ascending),
            "creation_timestamp" => order_number("v.created_ms", order.ascending),
            "run_id" => sql.order_text("v.run", order.ascending),
            "source_path" => sql.order_text("v.source", order.ascending),
            _ => order_number("v.updated_ms", order.ascending),
        })
        .collect();
    if order.is_empty() {
        order.push(order_number("v.updated_ms", false));
    }
    order.push(sql.order_text("m.name", true));
    order.push(order_number("v.version", false));
    let page = sql.page(search);
    let text = format!(
        "SELECT {} FROM model_version v JOIN model m ON m.num = v.model \
         WHERE v.deleted = FALSE AND {filter} ORDER BY {} {page}",
        model_version::COLUMNS,
        order.join(", ")
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    let found = rows.iter().map(model_version::numbered).collect::<Result<_>>()?;
    model_version::load(conn, found).await
}

fn version_leaf(sql: &mut Statement, comparison: &Comparison) -> Result<String> {
    let (operator, operand) = (comparison.operator, &comparison.operand);
    if comparison.entity == Entity::Tag {
        let key = sql.bind(&comparison.key);
        let from = format!(
            "SELECT 1 FROM model_version_tag t WHERE t.model = v.model AND t.version = v.version AND t.key = {key}"
        );
        return sql.existing(&from, "t.value", comparison);
    }
    match comparison.key.as_str() {
        "name" => sql.text("m.name", operator, operand),
        "version_number" => sql.number("v.version", operator, operand),
        "run_id" => sql.text("v.run", operator, operand),
        "source_path" => sql.text("v.source", operator, operand),
        "creation_timestamp" => sql.number("v.created_ms", operator, operand),
        _ => sql.number("v.updated_ms", operator, operand),
    }
}
