//! Points that were acknowledged and wait to be sorted in.
//!
//! A point in its place costs a page of two trees; a point at the end of a table costs its bytes. On the engine with one
//! writer points are appended as they come, a row for a run, and sorted in together: before anyone reads, before any other
//! write, when many have gathered, and when nobody writes (see `writer.rs`).

use domain::tracking::experiment::ExperimentId;
use domain::tracking::metric::Metric;

use super::metric::{self, RunPoints};
use super::{pieces, placeholders};
use crate::dialect::Engine;
use crate::{Conn, Error, Result, Value, args};

/// Rows that are sorted in by one round at the most: they are in memory meanwhile.
const ROUND: i64 = 4096;

/// Stores points of runs: where one writer serves all they wait to be sorted in, elsewhere they go to their places at
/// once. Returns how many wait.
pub async fn append(conn: &mut Conn<'_>, points: &[RunPoints<'_>]) -> Result<usize> {
    if conn.engine() == Engine::Postgres {
        metric::insert(conn, points).await?;
        return Ok(0);
    }
    let mut runs: Vec<(i64, ExperimentId, Vec<u8>)> = Vec::with_capacity(points.len());
    let mut waiting = 0;
    for of in points.iter().filter(|of| !of.metrics.is_empty()) {
        waiting += of.metrics.len();
        let index = runs.iter().position(|(run, ..)| *run == of.run).unwrap_or_else(|| {
            runs.push((of.run, of.experiment, Vec::new()));
            runs.len() - 1
        });
        let bytes = &mut runs[index].2;
        of.metrics.iter().for_each(|metric| write(bytes, metric));
    }
    let mut rest = runs.as_mut_slice();
    let lengths: Vec<usize> = pieces(rest).map(<[_]>::len).collect();
    for length in lengths {
        let (piece, after) = rest.split_at_mut(length);
        let mut values: Vec<Value> = Vec::with_capacity(length * 3);
        for (run, experiment, bytes) in piece {
            values.extend(args![*run, experiment.number(), std::mem::take(bytes)]);
        }
        let rows = placeholders(length, 3);
        let sql = format!("INSERT INTO metric_recent (run, experiment, points) VALUES {rows}");
        conn.execute(&sql, values).await?;
        rest = after;
    }
    Ok(waiting)
}

/// Whether points wait to be sorted in.
pub(crate) async fn any(conn: &mut Conn<'_>) -> Result<bool> {
    Ok(conn.fetch_optional("SELECT 1 FROM metric_recent LIMIT 1", args![]).await?.is_some())
}

/// Sorts in all points that wait.
pub(crate) async fn settle(conn: &mut Conn<'_>) -> Result<()> {
    loop {
        let rows = conn
            .fetch_all(
                "SELECT num, run, experiment, points FROM metric_recent ORDER BY num LIMIT $1",
                args![ROUND],
            )
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        let last: i64 = last.get(0)?;
        let mut read = Vec::with_capacity(rows.len());
        for row in &rows {
            let bytes: Vec<u8> = row.get(3)?;
            read.push((row.get::<i64>(1)?, row.get::<i64>(2)?, points(&bytes)?));
        }
        let runs: Vec<RunPoints<'_>> = read
            .iter()
            .map(|(run, experiment, metrics)| RunPoints {
                run: *run,
                experiment: ExperimentId::from_number(*experiment),
                metrics,
            })
            .collect();
        metric::insert(conn, &runs).await?;
        conn.execute("DELETE FROM metric_recent WHERE num <= $1", args![last]).await?;
    }
}

/// A point: length of the key, key, step, time, bits of the value; numbers with the lowest byte first.
fn write(bytes: &mut Vec<u8>, metric: &Metric) {
    let length = u32::try_from(metric.key.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(metric.key.as_bytes());
    bytes.extend_from_slice(&metric.step.to_le_bytes());
    bytes.extend_from_slice(&metric.timestamp_ms.to_le_bytes());
    bytes.extend_from_slice(&metric.value.to_bits().to_le_bytes());
}

fn points(mut bytes: &[u8]) -> Result<Vec<Metric>> {
    let mut metrics = Vec::new();
    while !bytes.is_empty() {
        metrics.push(point(&mut bytes).ok_or_else(|| Error::Corrupt {
            column: "metric_recent.points".to_owned(),
            reason: "it ends within a point".to_owned(),
        })?);
    }
    Ok(metrics)
}

fn point(bytes: &mut &[u8]) -> Option<Metric> {
    let length = usize::try_from(u32::from_le_bytes(take(bytes)?)).ok()?;
    let (key, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(Metric {
        key: std::str::from_utf8(key).ok()?.to_owned(),
        step: i64::from_le_bytes(take(bytes)?),
        timestamp_ms: i64::from_le_bytes(take(bytes)?),
        value: f64::from_bits(u64::from_le_bytes(take(bytes)?)),
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_as_they_were_written() {
        let values = [0.1, -0.0, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.0 / 11.0];
        let metrics: Vec<Metric> = values
            .iter()
            .enumerate()
            .map(|(n, value)| Metric {
                key: format!("größe/{n}"),
                value: *value,
                timestamp_ms: i64::MAX - 5,
                step: i64::MIN + 3,
            })
            .collect();
        let mut bytes = Vec::new();
        metrics.iter().for_each(|metric| write(&mut bytes, metric));
        let read = points(&bytes).unwrap();
        for (read, written) in read.iter().zip(&metrics) {
            assert_eq!(read.value.to_bits(), written.value.to_bits());
            assert_eq!((&read.key, read.step), (&written.key, written.step));
            assert_eq!(read.timestamp_ms, written.timestamp_ms);
        }
        assert_eq!(read.len(), metrics.len());
        for cut in 1..bytes.len() / metrics.len() {
            assert!(matches!(points(&bytes[..bytes.len() - cut]), Err(Error::Corrupt { .. })), "{cut}");
        }
    }
}
