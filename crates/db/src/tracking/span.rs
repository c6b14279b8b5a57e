//! Spans of traces.

use std::collections::HashMap;

use domain::tracking::import::SetSum;
use domain::tracking::span::Span;
use domain::tracking::trace::TraceId;
use domain::tracking::usage::{COSTS, Cost, Node, Usage};

use super::{CHUNK, list, pieces, placeholders};
use crate::{Conn, Error, Result, Value, args};

/// Spans that are read at a time when they are added up.
const PAGE: i64 = 1000;

const COLUMNS: [&str; 15] = [
    "trace",
    "id",
    "parent",
    "name",
    "type",
    "status",
    "start_ns",
    "end_ns",
    "usage",
    "input_cost",
    "output_cost",
    "total_cost",
    "model",
    "provider",
    "content",
];

/// Writes spans of a trace that is locked; one that is there already is replaced.
pub async fn upsert(conn: &mut Conn<'_>, trace: i64, spans: &[Span]) -> Result<()> {
    let replaced: Vec<String> =
        COLUMNS[2..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
    write(conn, trace, spans, &format!("UPDATE SET {}", replaced.join(", "))).await
}

/// Writes spans of a trace that is locked; one that is there already stays as it is.
pub async fn add(conn: &mut Conn<'_>, trace: i64, spans: &[Span]) -> Result<()> {
    write(conn, trace, spans, "NOTHING").await
}

async fn write(conn: &mut Conn<'_>, trace: i64, spans: &[Span], known: &str) -> Result<()> {
    for piece in pieces(spans) {
        let mut values = Vec::with_capacity(piece.len() * COLUMNS.len());
        for span in piece {
            let cost = span.cost().unwrap_or_default();
            values.extend(args![
                trace,
                &span.id,
                span.parent.clone(),
                &span.name,
                span.kind(),
                span.status.as_str(),
                span.start_ns,
                span.end_ns,
                span.usage().map(|usage| usage.text().unwrap_or_else(|| "{}".to_owned())),
            ]);
            values.extend(cost.0.map(Value::from));
            values.extend(args![span.model(), span.provider(), span.content()]);
        }
        let sql = format!(
            "INSERT INTO span ({}) VALUES {} ON CONFLICT (trace, id) DO {known}",
            COLUMNS.join(", "),
            placeholders(piece.len(), COLUMNS.len())
        );
        conn.execute(&sql, values).await?;
    }
    Ok(())
}

/// How many spans a trace has.
pub async fn count(conn: &mut Conn<'_>, trace: i64) -> Result<i64> {
    conn.fetch_one("SELECT COUNT(*) AS n FROM span WHERE trace = $1", args![trace]).await?.get("n")
}

/// All spans of a trace, added up a page at a time.
pub async fn sum(conn: &mut Conn<'_>, trace: i64) -> Result<SetSum> {
    let mut sum = SetSum::default();
    let mut after = String::new();
    loop {
        let sql = "SELECT id, content FROM span WHERE trace = $1 AND id > $2 ORDER BY id LIMIT $3";
        let rows = conn.fetch_all(sql, args![trace, &after, PAGE]).await?;
        for row in &rows {
            sum.add_text(&row.get::<String>("content")?);
        }
        match rows.last() {
            Some(last) if i64::try_from(rows.len()).unwrap_or(i64::MAX) >= PAGE => after = last.get("id")?,
            _ => return Ok(sum),
        }
    }
}

/// The spans of a trace as the sums of tokens and costs see them.
pub async fn nodes(conn: &mut Conn<'_>, trace: i64) -> Result<(Vec<Node<Usage>>, Vec<Node<Cost>>)> {
    let sql = "SELECT id, parent, usage, input_cost, output_cost, total_cost FROM span WHERE trace = $1";
    let (mut usages, mut costs) = (Vec::new(), Vec::new());
    for row in conn.fetch_all(sql, args![trace]).await? {
        let (id, parent): (String, Option<String>) = (row.get("id")?, row.get("parent")?);
        let usage: Option<serde_json::Value> = row.opt_json("usage")?;
        let mut cost = Cost::default();
        for (column, dollars) in COSTS.iter().zip(&mut cost.0) {
            *dollars = row.get(*column)?;
        }
        usages.push(Node { id: id.clone(), parent: parent.clone(), own: usage.as_ref().map(Usage::read) });
        costs.push(Node { id, parent, own: (!cost.is_empty()).then_some(cost) });
    }
    Ok((usages, costs))
}

/// The spans of traces by their numbers: roots first, then by their start.
pub async fn of_traces(conn: &mut Conn<'_>, traces: &[(i64, TraceId)]) -> Result<HashMap<i64, Vec<Span>>> {
    let ids: HashMap<i64, &TraceId> = traces.iter().map(|(num, id)| (*num, id)).collect();
    let mut found: HashMap<i64, Vec<Span>> = HashMap::new();
    for chunk in traces.chunks(CHUNK) {
        let sql = format!(
            "SELECT trace, content FROM span WHERE trace IN ({}) \
             ORDER BY trace, (parent IS NOT NULL), start_ns, id",
            list(1, chunk.len())
        );
        let nums = chunk.iter().map(|(num, _)| Value::from(*num)).collect();
        for row in conn.fetch_all(&sql, nums).await? {
            let num: i64 = row.get("trace")?;
            let Some(id) = ids.get(&num) else { continue };
            let content: String = row.get("content")?;
            let span = Span::from_content((*id).clone(), &content).ok_or_else(|| Error::Corrupt {
                column: "span.content".to_owned(),
                reason: format!("a span of {id} cannot be read"),
            })?;
            found.entry(num).or_default().push(span);
        }
    }
    Ok(found)
}

/// The contents of the spans of a trace as they are kept, in the same order.
pub async fn contents(conn: &mut Conn<'_>, trace: i64) -> Result<Vec<String>> {
    let sql = "SELECT content FROM span WHERE trace = $1 ORDER BY (parent IS NOT NULL), start_ns, id";
    let rows = conn.fetch_all(sql, args![trace]).await?;
    rows.iter().map(|row| row.get("content")).collect()
}
