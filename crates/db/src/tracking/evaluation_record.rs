//! Records of evaluation data sets.

use std::collections::HashMap;

use domain::Id;
use domain::tracking::evaluation_dataset::{Fields, Record};
use domain::tracking::import::SetSum;

use super::{list, pieces, placeholders};
use crate::{Conn, Error, Result, Row, Value, args};

/// Columns of a record in the order of [`values`].
const COLUMNS: &str = "id, dataset, identity, inputs, outputs, expectations, tags, source, created_by, updated_by, \
                       created_ms, updated_ms";
/// Records that are read at a time when they are added up.
const PAGE: i64 = 1000;
/// How many these are.
const WIDTH: usize = 12;

/// A record with its number.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number: later records have greater ones.
    pub num: i64,
    /// The record.
    pub record: Record,
}

/// Those records of a data set that bear one of these names, by name.
pub async fn named(
    conn: &mut Conn<'_>,
    dataset: i64,
    identities: &[&str],
) -> Result<HashMap<String, Numbered>> {
    let mut found = HashMap::new();
    for piece in pieces(identities) {
        let sql = format!(
            "SELECT * FROM evaluation_record WHERE dataset = $1 AND identity IN ({})",
            list(2, piece.len())
        );
        let mut values = args![dataset];
        values.extend(piece.iter().map(|identity| Value::from(*identity)));
        for row in conn.fetch_all(&sql, values).await? {
            found.insert(row.get("identity")?, numbered(&row)?);
        }
    }
    Ok(found)
}

/// Stores new records under their names, in this order.
pub async fn insert(conn: &mut Conn<'_>, dataset: i64, records: &[(String, Record)]) -> Result<()> {
    for piece in pieces(records) {
        let sql =
            format!("INSERT INTO evaluation_record ({COLUMNS}) VALUES {}", placeholders(piece.len(), WIDTH));
        let mut bound = Vec::with_capacity(piece.len() * WIDTH);
        for (identity, record) in piece {
            bound.extend(values(dataset, identity, record)?);
        }
        conn.execute(&sql, bound).await?;
    }
    Ok(())
}

/// Stores records that come from elsewhere under their own ids, in this order; those whose id or name is here stay.
pub async fn add(conn: &mut Conn<'_>, dataset: i64, records: &[(String, Record)]) -> Result<()> {
    for (identity, record) in records {
        let sql = format!(
            "INSERT INTO evaluation_record ({COLUMNS}) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(1, WIDTH)
        );
        conn.execute(&sql, values(dataset, identity, record)?.into()).await?;
    }
    Ok(())
}

/// All records of a data set, added up a page at a time.
pub async fn sum(conn: &mut Conn<'_>, dataset: i64) -> Result<SetSum> {
    let mut sum = SetSum::default();
    let mut after = 0;
    loop {
        let records = page(conn, dataset, after, PAGE).await?;
        records.iter().for_each(|found| sum.add_record(&found.record));
        match records.last() {
            Some(last) if i64::try_from(records.len()).unwrap_or(i64::MAX) >= PAGE => after = last.num,
            _ => return Ok(sum),
        }
    }
}

/// Stores what changed in a record.
pub async fn update(conn: &mut Conn<'_>, num: i64, record: &Record) -> Result<()> {
    conn.execute(
        "UPDATE evaluation_record SET outputs = $2, expectations = $3, tags = $4, updated_by = $5, updated_ms = $6 \
         WHERE num = $1",
        args![
            num,
            record.outputs.as_ref().map(ToString::to_string),
            record.expectations.as_ref().map(json).transpose()?,
            json(&record.tags)?,
            record.updated_by.clone(),
            record.updated
        ],
    )
    .await?;
    Ok(())
}

/// Removes those of these records that are a data set's; how many these were.
pub async fn delete(conn: &mut Conn<'_>, dataset: i64, ids: &[Id]) -> Result<u64> {
    let mut removed = 0;
    for piece in pieces(ids) {
        let sql =
            format!("DELETE FROM evaluation_record WHERE dataset = $1 AND id IN ({})", list(2, piece.len()));
        let mut values = args![dataset];
        values.extend(piece.iter().map(Value::from));
        removed += conn.execute(&sql, values).await?;
    }
    Ok(removed)
}

/// The records of a data set after the one with the number `after`, in the order in which they came.
pub async fn page(conn: &mut Conn<'_>, dataset: i64, after: i64, limit: i64) -> Result<Vec<Numbered>> {
    let sql = "SELECT * FROM evaluation_record WHERE dataset = $1 AND num > $2 ORDER BY num LIMIT $3";
    conn.fetch_all(sql, args![dataset, after, limit]).await?.iter().map(numbered).collect()
}

/// How many records a data set has.
pub async fn count(conn: &mut Conn<'_>, dataset: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS records FROM evaluation_record WHERE dataset = $1";
    conn.fetch_one(sql, args![dataset]).await?.get("records")
}

fn values(dataset: i64, identity: &str, record: &Record) -> Result<[Value; WIDTH]> {
    Ok([
        Value::from(&record.id),
        Value::from(dataset),
        Value::from(identity),
        Value::from(json(&record.inputs)?),
        Value::from(record.outputs.as_ref().map(ToString::to_string)),
        Value::from(record.expectations.as_ref().map(json).transpose()?),
        Value::from(json(&record.tags)?),
        Value::from(record.source.as_ref().map(json).transpose()?),
        Value::from(record.created_by.clone()),
        Value::from(record.updated_by.clone()),
        Value::from(record.created),
        Value::from(record.updated),
    ])
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::Corrupt { column: "record".to_owned(), reason: error.to_string() })
}

fn numbered(row: &Row) -> Result<Numbered> {
    let record = Record {
        id: row.id("id")?,
        inputs: row.json::<Fields>("inputs")?,
        outputs: row.opt_json("outputs")?,
        expectations: row.opt_json("expectations")?,
        tags: row.json("tags")?,
        source: row.opt_json("source")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
        created_by: row.get("created_by")?,
        updated_by: row.get("updated_by")?,
    };
    Ok(Numbered { num: row.get("num")?, record })
}
