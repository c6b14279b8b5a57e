//! Searches of evaluation data sets.

use domain::search::{Comparison, Entity};
use domain::tracking::evaluation_dataset::EvaluationDataset;

use super::{Search, Statement, compile, order_number};
use crate::tracking::evaluation_dataset;
use crate::{Conn, Result};

/// Evaluation data sets that match, with their tags; without experiments those of all.
pub async fn evaluation_datasets(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<EvaluationDataset>> {
    let mut sql = Statement::new(conn);
    let mut filter = match &search.filter {
        Some(filter) => compile(filter, &mut |comparison| leaf(&mut sql, comparison))?,
        None => "TRUE".to_owned(),
    };
    if !search.experiments.is_empty() {
        let experiments = sql.bind_all(search.experiments.iter().map(|id| id.number()));
        filter = format!(
            "{filter} AND EXISTS (SELECT 1 FROM evaluation_dataset_experiment x WHERE x.dataset = d.num \
             AND x.experiment IN ({experiments}))"
        );
    }
    let mut order: Vec<String> = search
        .order
        .iter()
        .map(|order| match order.key.as_str() {
            "name" => sql.order_text("d.name", order.ascending),
            "created_by" => sql.order_text("d.created_by", order.ascending),
            "last_updated_by" => sql.order_text("d.updated_by", order.ascending),
            "last_update_time" => order_number("d.updated_ms", order.ascending),
            _ => order_number("d.created_ms", order.ascending),
        })
        .collect();
    if order.is_empty() {
        order.push("d.created_ms DESC".to_owned());
    }
    order.push("d.id DESC".to_owned());
    let page = sql.page(search);
    let text =
        format!("SELECT d.* FROM evaluation_dataset d WHERE {filter} ORDER BY {} {page}", order.join(", "));
    let rows = conn.fetch_all(&text, sql.args).await?;
    let found = rows.iter().map(evaluation_dataset::numbered).collect::<Result<_>>()?;
    Ok(evaluation_dataset::load(conn, found).await?.into_iter().map(|found| found.dataset).collect())
}

fn leaf(sql: &mut Statement, comparison: &Comparison) -> Result<String> {
    let (operator, operand) = (comparison.operator, &comparison.operand);
    if comparison.entity == Entity::Tag {
        let key = sql.bind(&comparison.key);
        let from =
            format!("SELECT 1 FROM evaluation_dataset_tag t WHERE t.dataset = d.num AND t.key = {key}");
        return sql.existing(&from, "t.value", comparison);
    }
    match comparison.key.as_str() {
        "name" => sql.text("d.name", operator, operand),
        "created_by" => sql.text("d.created_by", operator, operand),
        "last_updated_by" => sql.text("d.updated_by", operator, operand),
        "last_update_time" => sql.number("d.updated_ms", operator, operand),
        _ => sql.number("d.created_ms", operator, operand),
    }
}
