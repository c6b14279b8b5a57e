//! Figures over many traces, worked out by the database.

use domain::Timestamp;
use domain::search::trace_metrics::{Aggregation, MetricFilter, MetricPoint, MetricQuery, MetricView};
use domain::search::{Comparison, Entity, Expression, Operand, Operator};

use crate::search::{Search, Statement};
use crate::{Conn, Result, Row};

/// What a percentile is multiplied with to be a whole number.
const SCALE: i64 = 1_000;

/// The points that answer a question, by time and then by their dimensions.
pub async fn query(conn: &mut Conn<'_>, query: &MetricQuery) -> Result<Vec<MetricPoint>> {
    if query.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Statement::new(conn);
    let search = Search { experiments: query.experiments.clone(), ..Search::default() };
    let experiments = sql.experiments(&search);
    let mut conditions = vec![format!("t.{experiments}")];
    for filter in &query.filters {
        conditions.push(sql.metric_filter(filter, &experiments)?);
    }
    let (from, time) = source(query);
    for (bound, sign) in [(query.start, ">="), (query.end, "<=")] {
        if let Some(bound) = bound {
            conditions.push(format!("{time} {sign} {}", sql.bind(bound)));
        }
    }
    let value = value(query);
    conditions.push(format!("{value} IS NOT NULL"));
    let mut groups: Vec<String> = Vec::new();
    if let Some(seconds) = query.interval_s {
        let bucket = if query.view == MetricView::Spans { "(s.start_ns / 1000000)" } else { time };
        let size = sql.bind(seconds.saturating_mul(1000));
        groups.push(format!("{bucket} - ({bucket} % {size} + {size}) % {size}"));
    }
    for dimension in &query.dimensions {
        let column = column(dimension);
        conditions.push(format!("{column} IS NOT NULL"));
        groups.push(column.to_owned());
    }
    let most = sql.bind(query.most);
    let text = statement(query, from, value, &groups, &conditions.join(" AND "), &most);
    let rows = conn.fetch_all(&text, sql.args).await?;
    rows.iter().filter_map(|row| point(row, query).transpose()).collect()
}

/// The tables, and the time that the bounds look at.
fn source(query: &MetricQuery) -> (&'static str, &'static str) {
    match query.view {
        MetricView::Traces => ("trace t", "t.start_ms"),
        MetricView::Spans if query.metric.ends_with("_cost") => {
            ("span s JOIN trace t ON t.num = s.trace", "(s.start_ns / 1000000)")
        }
        MetricView::Spans => ("span s JOIN trace t ON t.num = s.trace", "t.start_ms"),
        MetricView::Assessments => {
            ("assessment a JOIN trace t ON t.num = a.trace AND a.valid = TRUE", "t.start_ms")
        }
    }
}

fn value(query: &MetricQuery) -> &'static str {
    match (query.view, query.metric.as_str()) {
        (_, "session_count") => "t.session",
        (MetricView::Traces, "latency") => "t.duration_ms",
        (_, "latency") => "((s.end_ns - s.start_ns) / 1000000)",
        (_, "input_tokens") => "t.input_tokens",
        (_, "output_tokens") => "t.output_tokens",
        (_, "total_tokens") => "t.total_tokens",
        (_, "cache_read_input_tokens") => "t.cache_read_input_tokens",
        (_, "cache_creation_input_tokens") => "t.cache_creation_input_tokens",
        (_, "input_cost") => "s.input_cost",
        (_, "output_cost") => "s.output_cost",
        (_, "total_cost") => "s.total_cost",
        (_, "assessment_value") => "a.measure",
        _ => "1",
    }
}

fn column(dimension: &str) -> &'static str {
    match dimension {
        "trace_name" => "t.name",
        "trace_status" => "t.state",
        "span_name" => "s.name",
        "span_type" => "s.type",
        "span_status" => "s.status",
        "span_model_name" => "s.model",
        "span_model_provider" => "s.provider",
        "assessment_name" => "a.name",
        _ => "a.value",
    }
}

/// Percentiles need each value's place among those of its group: the value there and the next one are picked out, what is
/// between them is worked out later.
fn statement(
    query: &MetricQuery,
    from: &str,
    value: &str,
    groups: &[String],
    conditions: &str,
    most: &str,
) -> String {
    let named: Vec<String> =
        groups.iter().enumerate().map(|(index, group)| format!("{group} AS g{index}")).collect();
    let names: Vec<String> = (0..groups.len()).map(|index| format!("g{index}")).collect();
    let picked = |column: &str| names.iter().map(|name| format!("{name}, ")).collect::<String>() + column;
    if query.metric == "session_count" {
        let inner = named.iter().map(|name| format!("{name}, ")).collect::<String>();
        let (group, order) = grouped(&names);
        return format!(
            "SELECT {} FROM (SELECT {inner}{value} AS v FROM {from} WHERE {conditions}) q {group} {order} LIMIT {most}",
            picked("COUNT(DISTINCT v) AS n")
        );
    }
    let inner = named.iter().map(|name| format!("{name}, ")).collect::<String>();
    let partition =
        if names.is_empty() { String::new() } else { format!("PARTITION BY {} ", names.join(", ")) };
    let mut columns = vec![
        "COUNT(v) AS n".to_owned(),
        "SUM(v) AS sum".to_owned(),
        "AVG(v) AS avg".to_owned(),
        "MIN(v) AS min".to_owned(),
        "MAX(v) AS max".to_owned(),
    ];
    for (index, percentile) in percentiles(query).enumerate() {
        let whole = 100 * SCALE;
        columns.push(format!(
            "MIN(CASE WHEN (place - 1) * {whole} >= (many - 1) * {percentile} THEN v END) AS above{index}"
        ));
        columns.push(format!(
            "MAX(CASE WHEN (place - 1) * {whole} <= (many - 1) * {percentile} THEN v END) AS below{index}"
        ));
    }
    let (group, order) = grouped(&names);
    format!(
        "SELECT {} FROM (SELECT p.*, ROW_NUMBER() OVER ({partition}ORDER BY v) AS place, COUNT(*) OVER ({partition}) AS many \
         FROM (SELECT {inner}CAST({value} AS DOUBLE PRECISION) AS v FROM {from} WHERE {conditions}) p) q \
         {group} {order} LIMIT {most}",
        picked(&columns.join(", "))
    )
}

fn grouped(names: &[String]) -> (String, String) {
    if names.is_empty() {
        return (String::new(), String::new());
    }
    let names = names.join(", ");
    (format!("GROUP BY {names}"), format!("ORDER BY {names}"))
}

/// The percentiles that are asked for, times [`SCALE`].
fn percentiles(query: &MetricQuery) -> impl Iterator<Item = i64> {
    query.aggregations.iter().filter_map(|aggregation| match aggregation {
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 100 000")]
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        Aggregation::Percentile(value) => Some((value * SCALE as f64).round() as i64),
        _ => None,
    })
}

fn point(row: &Row, query: &MetricQuery) -> Result<Option<MetricPoint>> {
    let many: i64 = row.get("n")?;
    let by_time = usize::from(query.interval_s.is_some());
    let bucket = if by_time == 1 { Some(Timestamp::from_millis(row.get("g0")?)) } else { None };
    let mut dimensions = Vec::new();
    for (index, dimension) in query.dimensions.iter().enumerate() {
        let column = format!("g{}", index + by_time);
        dimensions.push((dimension.clone(), row.get(column.as_str())?));
    }
    let (mut values, mut percentile) = (Vec::new(), 0);
    for aggregation in &query.aggregations {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let value = match aggregation {
            Aggregation::Count => Some(many as f64),
            Aggregation::Sum => row.get("sum")?,
            Aggregation::Avg => row.get("avg")?,
            Aggregation::Min => row.get("min")?,
            Aggregation::Max => row.get("max")?,
            Aggregation::Percentile(at) => {
                let below: Option<f64> = row.get(format!("below{percentile}").as_str())?;
                let above: Option<f64> = row.get(format!("above{percentile}").as_str())?;
                percentile += 1;
                let share = ((many - 1) as f64 * at / 100.0).fract();
                below.zip(above).map(|(below, above)| below + (above - below) * share)
            }
        };
        values.extend(value.map(|value| (aggregation.label(), value)));
    }
    Ok((!values.is_empty()).then_some(MetricPoint { bucket, dimensions, values }))
}

impl Statement {
    fn metric_filter(&mut self, filter: &MetricFilter, experiments: &str) -> Result<String> {
        let value = &filter.value;
        let (entity, key) = match (filter.view.as_str(), filter.entity.as_str()) {
            ("span", "name") => return Ok(format!("s.name = {}", self.bind(value))),
            ("span", "status") => return Ok(format!("s.status = {}", self.bind(value))),
            ("span", _) => return Ok(format!("s.type = {}", self.bind(value))),
            ("assessment", "name") => return Ok(format!("a.name = {}", self.bind(value))),
            ("assessment", _) => return Ok(format!("a.kind = {}", self.bind(value))),
            (_, "tag") => (Entity::Tag, filter.key.clone().unwrap_or_default()),
            (_, "metadata") => (Entity::Metadata, filter.key.clone().unwrap_or_default()),
            _ => (Entity::Attribute, "status".to_owned()),
        };
        let operand = Operand::Text(value.clone());
        let comparison = Comparison { entity, key, operator: Operator::Equal, operand };
        self.trace_filter(&Expression::Is(comparison), experiments)
    }
}
