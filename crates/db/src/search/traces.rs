//! Searches of traces.
//!
//! One experiment's newest are read off the listing's index; comparisons with tags, steps and assessments are looked up for
//! each trace on the way.

use domain::search::trace_correlation::Correlation;
use domain::search::{Comparison, Entity, Expression, Operand, Operator, SPAN_ATTRIBUTE};
use domain::tracking::trace::{COST, NAME_TAG, SESSION, SOURCE_RUN, TOKEN_USAGE, TraceInfo};
use domain::tracking::usage::{Cost, Usage};

use super::{Search, Statement, direction, order_number, unfit};
use crate::tracking::trace;
use crate::{Conn, Result, Value};

/// When the last step known so far ended.
const END: &str = "(t.start_ms + COALESCE(t.duration_ms, 0))";
const TOKENS: [&str; 6] = [
    "t.input_tokens",
    "t.output_tokens",
    "t.total_tokens",
    "t.cache_read_input_tokens",
    "t.cache_creation_input_tokens",
    "t.cache_creation_input_tokens_above_1hr",
];
const COSTS: [&str; 3] = ["t.input_cost", "t.output_cost", "t.total_cost"];

/// Traces that match, with all but their spans.
pub async fn traces(conn: &mut Conn<'_>, search: &Search) -> Result<Vec<TraceInfo>> {
    if search.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Statement::new(conn);
    let experiments = sql.experiments(search);
    let known = sql.known("t.num", search.newest);
    let filter = match &search.filter {
        Some(filter) => sql.trace_filter(filter, &experiments)?,
        None => "TRUE".to_owned(),
    };
    let (joins, order) = trace_order(&mut sql, search);
    let page = sql.page(search);
    let text = format!(
        "SELECT t.* FROM trace t{joins} WHERE t.{experiments} AND {known} AND {filter} ORDER BY {order} {page}"
    );
    let rows = conn.fetch_all(&text, sql.args).await?;
    Ok(trace::load(conn, &rows).await?.into_iter().map(|found| found.info).collect())
}

/// How many traces of these experiments meet the base, and of those one of two filters, the other, and both.
pub async fn correlate_traces(
    conn: &mut Conn<'_>,
    search: &Search,
    filters: [Option<&Expression>; 2],
) -> Result<Correlation> {
    if search.experiments.is_empty() {
        return Ok(Correlation::default());
    }
    let mut sql = Statement::new(conn);
    let experiments = sql.experiments(search);
    let mut compiled = Vec::with_capacity(3);
    for filter in [search.filter.as_ref(), filters[0], filters[1]] {
        compiled.push(match filter {
            Some(filter) => sql.trace_filter(filter, &experiments)?,
            None => "TRUE".to_owned(),
        });
    }
    let text = format!(
        "SELECT COUNT(*) AS total, COUNT(CASE WHEN a THEN 1 END) AS one, COUNT(CASE WHEN b THEN 1 END) AS other, \
         COUNT(CASE WHEN a AND b THEN 1 END) AS joint \
         FROM (SELECT {} AS a, {} AS b FROM trace t WHERE t.{experiments} AND {}) q",
        compiled[1], compiled[2], compiled[0]
    );
    let row = conn.fetch_one(&text, sql.args).await?;
    Ok(Correlation {
        total: row.get("total")?,
        first: row.get("one")?,
        second: row.get("other")?,
        both: row.get("joint")?,
    })
}

/// The joins and the columns to order traces by: the newest first in the end.
fn trace_order(sql: &mut Statement, search: &Search) -> (String, String) {
    let (mut joins, mut columns) = (String::new(), Vec::new());
    let mut named = Vec::new();
    for (index, order) in search.order.iter().enumerate() {
        let ascending = order.ascending;
        named.push(order.key.as_str());
        columns.push(match (order.entity, order.key.as_str()) {
            (Entity::Attribute, "timestamp_ms") => format!("t.start_ms {}", direction(ascending)),
            (Entity::Attribute, "execution_time_ms") => order_number("t.duration_ms", ascending),
            (Entity::Attribute, "end_time_ms") => format!("{END} {}", direction(ascending)),
            (Entity::Attribute, "experiment_id") => format!("t.experiment {}", direction(ascending)),
            (Entity::Attribute, "request_id") => {
                // Never absent: the listing's index can be walked.
                let collated = sql.order_text("t.id", ascending);
                collated.split_once(", ").map_or(collated.clone(), |(_, column)| column.to_owned())
            }
            (Entity::Attribute, "status") => sql.order_text("t.state", ascending),
            (Entity::Attribute, "client_request_id") => sql.order_text("t.client_request_id", ascending),
            (Entity::Attribute, "name") | (Entity::Tag, NAME_TAG) => sql.order_text("t.name", ascending),
            (Entity::Metadata, SESSION) => sql.order_text("t.session", ascending),
            (Entity::Metadata, TOKEN_USAGE) => order_number("t.total_tokens", ascending),
            (Entity::Metadata, COST) => order_number("t.total_cost", ascending),
            (entity, key) => {
                let table = if entity == Entity::Tag { "trace_tag" } else { "trace_metadata" };
                let key = if entity == Entity::Attribute { SOURCE_RUN } else { key };
                let (key, alias) = (sql.bind(key), format!("o{index}"));
                joins.push_str(&format!(
                    " LEFT JOIN {table} {alias} ON {alias}.trace = t.num AND {alias}.key = {key}"
                ));
                sql.order_text(&format!("{alias}.value"), ascending)
            }
        });
    }
    if !named.contains(&"timestamp_ms") {
        columns.push("t.start_ms DESC".to_owned());
    }
    if !named.contains(&"request_id") {
        columns.push("t.id ASC".to_owned());
    }
    (joins, columns.join(", "))
}

impl Statement {
    /// `experiment = $1` or `experiment IN ($1, $2)`, to be prefixed with the table.
    pub(crate) fn experiments(&mut self, search: &Search) -> String {
        let bound = self.bind_all(search.experiments.iter().map(|id| id.number()));
        if search.experiments.len() == 1 {
            format!("experiment = {bound}")
        } else {
            format!("experiment IN ({bound})")
        }
    }

    /// The filter on the trace `t`. What is asked of steps together (joined by `AND`) is asked of the same step.
    pub(crate) fn trace_filter(&mut self, filter: &Expression, experiments: &str) -> Result<String> {
        match filter {
            Expression::Is(comparison) => self.trace_leaf(comparison, experiments),
            Expression::Not(inner) => {
                Ok(format!("NOT COALESCE({}, FALSE)", self.trace_filter(inner, experiments)?))
            }
            Expression::Any(parts) => {
                let parts: Vec<String> =
                    parts.iter().map(|part| self.trace_filter(part, experiments)).collect::<Result<_>>()?;
                Ok(format!("({})", parts.join(" OR ")))
            }
            Expression::All(parts) => {
                let (mut all, mut steps) = (Vec::new(), Vec::new());
                for part in parts {
                    match part {
                        Expression::Is(comparison) if of_step(comparison) => {
                            steps.push(self.step(comparison)?);
                        }
                        other => all.push(self.trace_filter(other, experiments)?),
                    }
                }
                if !steps.is_empty() {
                    all.push(some_step(&steps));
                }
                Ok(format!("({})", all.join(" AND ")))
            }
        }
    }

    fn trace_leaf(&mut self, comparison: &Comparison, experiments: &str) -> Result<String> {
        let (operator, operand) = (comparison.operator, &comparison.operand);
        match (comparison.entity, comparison.key.as_str()) {
            _ if of_step(comparison) => Ok(some_step(&[self.step(comparison)?])),
            (Entity::Tag, NAME_TAG) => self.nullable("t.name", comparison),
            (Entity::Metadata, SESSION) => self.nullable("t.session", comparison),
            (Entity::Metadata, TOKEN_USAGE) => {
                let usage = told(comparison).map(|value| Usage::read(&value));
                let usage = usage.filter(|usage| is_text_of(comparison, usage.text()));
                let told: Vec<_> =
                    usage.iter().flat_map(|usage| usage.0.map(|n| n.map(Value::from))).collect();
                self.summed(comparison, &TOKENS, &told)
            }
            (Entity::Metadata, COST) => {
                let cost = told(comparison).map(|value| Cost::read(&value));
                let cost = cost.filter(|cost| is_text_of(comparison, cost.text()));
                let told: Vec<_> = cost.iter().flat_map(|cost| cost.0.map(|n| n.map(Value::from))).collect();
                self.summed(comparison, &COSTS, &told)
            }
            (Entity::Metadata, SOURCE_RUN) => self.run_of_trace(comparison),
            (Entity::Tag | Entity::Metadata, key) => {
                let table = if comparison.entity == Entity::Tag { "trace_tag" } else { "trace_metadata" };
                let key = self.bind(key);
                let from = format!("SELECT 1 FROM {table} x WHERE x.trace = t.num AND x.key = {key}");
                self.existing(&from, "x.value", comparison)
            }
            (Entity::Feedback | Entity::Expectation | Entity::Issue, _) => {
                self.assessed(comparison, experiments)
            }
            (_, "request_id") => self.text("t.id", operator, operand),
            (_, "timestamp_ms") => self.number("t.start_ms", operator, operand),
            (_, "execution_time_ms") => self.number("t.duration_ms", operator, operand),
            (_, "end_time_ms") => self.number(END, operator, operand),
            (_, "status") => self.text("t.state", operator, operand),
            (_, "name") => self.text("t.name", operator, operand),
            (_, "run_id") => self.run_of_trace(comparison),
            (_, "client_request_id") => self.text("t.client_request_id", operator, operand),
            (_, "prompt") => {
                let from = "SELECT 1 FROM trace_prompt x WHERE x.trace = t.num";
                self.existing(from, "x.prompt", comparison)
            }
            _ => self.text("CAST(t.experiment AS TEXT)", operator, operand),
        }
    }

    fn nullable(&mut self, column: &str, comparison: &Comparison) -> Result<String> {
        Ok(match comparison.operator {
            Operator::IsNull => format!("{column} IS NULL"),
            Operator::IsNotNull => format!("{column} IS NOT NULL"),
            operator => self.text(column, operator, &comparison.operand)?,
        })
    }

    /// Tokens and costs are kept as numbers: the text that is made of them is compared by what it says.
    fn summed(
        &mut self,
        comparison: &Comparison,
        columns: &[&str],
        told: &[Option<Value>],
    ) -> Result<String> {
        let known = format!("COALESCE({}) IS NOT NULL", columns.join(", "));
        let mut equal: Vec<String> = Vec::new();
        for (column, told) in columns.iter().zip(told) {
            equal.push(match told {
                Some(number) => format!("{column} = {}", self.bind(number.clone())),
                None => format!("{column} IS NULL"),
            });
        }
        let equal = if told.is_empty() {
            "FALSE".to_owned()
        } else {
            format!("({known} AND {})", equal.join(" AND "))
        };
        Ok(match comparison.operator {
            Operator::IsNull => format!("NOT ({known})"),
            Operator::IsNotNull => known,
            Operator::Equal => equal,
            Operator::NotEqual => format!("({known} AND NOT COALESCE({equal}, FALSE))"),
            operator => return Err(unfit(operator, &comparison.operand)),
        })
    }

    /// The run that a trace was made in, or one that it was linked to.
    fn run_of_trace(&mut self, comparison: &Comparison) -> Result<String> {
        let key = self.bind(SOURCE_RUN);
        let from = format!("SELECT 1 FROM trace_metadata x WHERE x.trace = t.num AND x.key = {key}");
        let told = self.existing(&from, "x.value", comparison)?;
        if !matches!(comparison.operator, Operator::Equal | Operator::In) {
            return Ok(told);
        }
        let linked = self.existing("SELECT 1 FROM trace_run x WHERE x.trace = t.num", "x.run", comparison)?;
        Ok(format!("({told} OR {linked})"))
    }

    /// What was said about a trace, or about the whole conversation by way of another trace of it.
    fn assessed(&mut self, comparison: &Comparison, experiments: &str) -> Result<String> {
        let (operator, operand) = (comparison.operator, &comparison.operand);
        if comparison.entity == Entity::Issue {
            let named = self.text("x.name", operator, operand)?;
            return Ok(format!(
                "EXISTS (SELECT 1 FROM assessment x WHERE x.trace = t.num AND x.kind = 'issue' AND {named})"
            ));
        }
        let kind = if comparison.entity == Entity::Feedback { "feedback" } else { "expectation" };
        let name = self.bind(&comparison.key);
        let compared = match operator {
            Operator::IsNull | Operator::IsNotNull => "TRUE".to_owned(),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                format!("x.is_number AND {}", self.number("x.measure", operator, operand)?)
            }
            _ => self.text("x.text", operator, operand)?,
        };
        let holds = format!("x.kind = '{kind}' AND x.name = {name} AND x.valid = TRUE AND {compared}");
        let said = format!(
            "(EXISTS (SELECT 1 FROM assessment x WHERE x.trace = t.num AND {holds}) OR COALESCE(t.session IN \
             (SELECT s.session FROM assessment x JOIN trace s ON s.num = x.trace \
             WHERE s.{experiments} AND s.session IS NOT NULL AND x.about_session = TRUE AND {holds}), FALSE))"
        );
        Ok(if operator == Operator::IsNull { format!("NOT {said}") } else { said })
    }

    /// A comparison with the step `s`.
    fn step(&mut self, comparison: &Comparison) -> Result<String> {
        let (operator, operand) = (comparison.operator, &comparison.operand);
        match comparison.key.as_str() {
            "name" => self.text("s.name", operator, operand),
            "type" => self.text("s.type", operator, operand),
            "status" => self.text("s.status", operator, operand),
            "content" | "text" => self.text("s.content", operator, operand),
            key => {
                let key = key.strip_prefix(SPAN_ATTRIBUTE).unwrap_or(key);
                let bound = self.engine.json_key(key);
                let bound = self.bind(bound);
                let column = self.engine.span_attribute("s.content", &bound);
                self.text(&format!("({column})"), operator, operand)
            }
        }
    }
}

/// What the text that is compared with says as JSON.
fn told(comparison: &Comparison) -> Option<serde_json::Value> {
    match &comparison.operand {
        Operand::Text(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

fn is_text_of(comparison: &Comparison, written: Option<String>) -> bool {
    matches!((&comparison.operand, written), (Operand::Text(text), Some(written)) if *text == written)
}

fn of_step(comparison: &Comparison) -> bool {
    comparison.entity == Entity::Span
        || (comparison.entity, comparison.key.as_str()) == (Entity::Attribute, "text")
}

fn some_step(conditions: &[String]) -> String {
    format!("EXISTS (SELECT 1 FROM span s WHERE s.trace = t.num AND {})", conditions.join(" AND "))
}
