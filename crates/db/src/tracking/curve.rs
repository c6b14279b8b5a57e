//! Histories thinned for a chart where they lie: a million points stay in the database, a few hundred leave it.

use domain::tracking::metric::Metric;

use super::metric::from_row;
use super::pieces;
use crate::{Conn, Result, Row, Value, args};

const COLUMNS: &str = "step, time_ms, value, kind";
const ORDER: &str = "step, time_ms, value, kind";
const REVERSED: &str = "step DESC, time_ms DESC, value DESC, kind DESC";

/// Stretches whose extremes are looked for at the most: no screen shows more.
const STRETCHES: i64 = 2_000;

/// A history, or the part of it between two steps.
struct History<'a> {
    run: i64,
    name: &'a str,
    key: i64,
    steps: (i64, i64),
    points: i64,
}

impl<'a> History<'a> {
    /// `None` when there are no points.
    async fn find(conn: &mut Conn<'_>, run: i64, name: &'a str, steps: (i64, i64)) -> Result<Option<Self>> {
        let row = conn.fetch_optional("SELECT num FROM tracking_key WHERE name = $1", args![name]).await?;
        let Some(row) = row else { return Ok(None) };
        let mut history = Self { run, name, key: row.get("num")?, steps, points: 0 };
        let among = "FROM metric WHERE run = $1 AND key = $2 AND step BETWEEN $3 AND $4";
        let counted = conn
            .fetch_one(
                // The ends apart: beside the count they would be looked for at each point.
                &format!(
                    "SELECT (SELECT COUNT(*) {among}) AS points, (SELECT MIN(step) {among}) AS first, \
                     (SELECT MAX(step) {among}) AS last"
                ),
                history.args(steps),
            )
            .await?;
        history.points = counted.get("points")?;
        if history.points == 0 {
            return Ok(None);
        }
        history.steps = (counted.get("first")?, counted.get("last")?);
        Ok(Some(history))
    }

    fn args(&self, steps: (i64, i64)) -> Vec<Value> {
        args![self.run, self.key, steps.0, steps.1]
    }

    /// How many steps there are from the first to the last.
    fn width(&self) -> i64 {
        self.steps.1.saturating_sub(self.steps.0).saturating_add(1)
    }

    fn read(&self, rows: &[Row]) -> Result<Vec<Metric>> {
        rows.iter().map(|row| from_row(row, self.name.to_owned())).collect()
    }

    /// The first points between two steps that meet a condition on `$5`.
    async fn some(
        &self,
        conn: &mut Conn<'_>,
        steps: (i64, i64),
        (condition, value, order): (&str, Value, &str),
        limit: i64,
    ) -> Result<Vec<Metric>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM metric WHERE run = $1 AND key = $2 AND step BETWEEN $3 AND $4 AND {condition} \
             ORDER BY {order} LIMIT $6"
        );
        let mut args = self.args(steps);
        args.extend([value, Value::from(limit)]);
        self.read(&conn.fetch_all(&sql, args).await?)
    }

    async fn all(&self, conn: &mut Conn<'_>) -> Result<Vec<Metric>> {
        self.some(conn, self.steps, ("kind >= $5", Value::from(0_i64), ORDER), i64::MAX).await
    }

    async fn last(&self, conn: &mut Conn<'_>) -> Result<Vec<Metric>> {
        self.some(conn, (self.steps.1, self.steps.1), ("kind >= $5", Value::from(0_i64), REVERSED), 1).await
    }

    /// The points at the steps `kept` counts from the first one: right when every step has one point.
    async fn at_steps(&self, conn: &mut Conn<'_>, kept: &[i64]) -> Result<Vec<Metric>> {
        let mut found = Vec::with_capacity(kept.len());
        for piece in pieces(kept) {
            let sql = format!(
                "SELECT {COLUMNS} FROM metric WHERE run = $1 AND key = $2 AND step IN ({}) ORDER BY {ORDER}",
                super::list(3, piece.len())
            );
            let mut args = args![self.run, self.key];
            args.extend(piece.iter().map(|at| Value::from(self.steps.0 + at)));
            found.extend(self.read(&conn.fetch_all(&sql, args).await?)?);
        }
        Ok(found)
    }

    /// The first point of each stretch, by counting points in the database.
    async fn at_rows(&self, conn: &mut Conn<'_>, stretches: &Stretches) -> Result<Vec<Metric>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT {COLUMNS}, ROW_NUMBER() OVER (ORDER BY {ORDER}) - 1 AS place FROM metric \
             WHERE run = $1 AND key = $2 AND step BETWEEN $3 AND $4) q WHERE place = $5 OR (place < $6 AND \
             CASE WHEN place < $7 THEN place % $8 ELSE (place - $7) % $9 END = 0) ORDER BY {ORDER}"
        );
        let mut args = self.args(self.steps);
        args.extend(args![
            self.points - 1,
            stretches.start(stretches.number - 1),
            stretches.long_ones * (stretches.length + 1),
            stretches.length + 1,
            stretches.length
        ]);
        self.read(&conn.fetch_all(&sql, args).await?)
    }
}

/// So many points cut into stretches as even as can be, the longer ones first.
struct Stretches {
    number: i64,
    length: i64,
    long_ones: i64,
}

impl Stretches {
    fn new(points: i64, number: i64) -> Self {
        Self { number, length: points / number, long_ones: points % number }
    }

    fn start(&self, stretch: i64) -> i64 {
        stretch * self.length + stretch.min(self.long_ones)
    }
}

/// At most `most` points between two steps (both included), by step: the first of each of so many even stretches, and in
/// place of the last of them the last point of all.
pub async fn sample(
    conn: &mut Conn<'_>,
    run: i64,
    key: &str,
    steps: (i64, i64),
    most: i64,
) -> Result<Vec<Metric>> {
    let Some(history) = History::find(conn, run, key, steps).await? else {
        return Ok(Vec::new());
    };
    if most <= 1 {
        return history.last(conn).await;
    }
    if history.points <= most {
        return history.all(conn).await;
    }
    let stretches = Stretches::new(history.points, most);
    if history.points == history.width() {
        // As many points as steps, the usual case: they are found without counting through all of them.
        let mut kept: Vec<i64> = (0..most - 1).map(|stretch| stretches.start(stretch)).collect();
        kept.push(history.points - 1);
        let found = history.at_steps(conn, &kept).await?;
        let alone = found.windows(2).all(|pair| pair[0].step < pair[1].step);
        if alone && found.len() == kept.len() {
            return Ok(found);
        }
    }
    history.at_rows(conn, &stretches).await
}

/// A curve, or a part of it, as a chart needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// By step.
    pub points: Vec<Metric>,
    /// Whether there are more points than these.
    pub thinned: bool,
}

/// At most `most` points between two steps (both included), by step, chosen so that the curve keeps its shape: the first, the
/// last, and the least and the greatest of each stretch of steps. NaN is kept only as first or last.
pub async fn outline(
    conn: &mut Conn<'_>,
    run: i64,
    key: &str,
    steps: (i64, i64),
    most: i64,
) -> Result<Outline> {
    let Some(history) = History::find(conn, run, key, steps).await? else {
        return Ok(Outline::default());
    };
    let most = most.max(4);
    if history.points <= most {
        return Ok(Outline { points: history.all(conn).await?, thinned: false });
    }
    Ok(Outline { points: shape(conn, &history, most).await?, thinned: true })
}

async fn shape(conn: &mut Conn<'_>, history: &History<'_>, most: i64) -> Result<Vec<Metric>> {
    let stretches = ((most - 2) / 2).min(STRETCHES);
    if history.width() < most {
        // Many points at few steps have no shape over the steps.
        return sample(conn, history.run, history.name, history.steps, most).await;
    }
    let first = (history.steps.0, history.steps.0);
    let mut kept = history.some(conn, first, ("kind >= $5", Value::from(0_i64), ORDER), 1).await?;
    for (from, to, least, greatest) in extremes(conn, history, stretches).await? {
        let mut pair = Vec::with_capacity(2);
        for value in [least, greatest] {
            let wanted = ("kind <> 1 AND value = $5", Value::from(value), ORDER);
            pair.extend(history.some(conn, (from, to), wanted, 1).await?);
        }
        pair.sort_by_key(|point| (point.step, point.timestamp_ms));
        pair.dedup();
        kept.extend(pair);
    }
    kept.extend(history.last(conn).await?);
    kept.dedup();
    Ok(kept)
}

/// Steps, and the least and the greatest value, of each stretch that has numbers.
async fn extremes(
    conn: &mut Conn<'_>,
    history: &History<'_>,
    number: i64,
) -> Result<Vec<(i64, i64, f64, f64)>> {
    let cut = Stretches::new(history.width(), number);
    let mut found = Vec::new();
    for stretch in 0..number {
        let from = history.steps.0.saturating_add(cut.start(stretch));
        let to = history.steps.0.saturating_add(cut.start(stretch + 1) - 1);
        let row = conn
            .fetch_one(
                "SELECT MIN(value) AS low, MAX(value) AS high FROM metric \
                 WHERE run = $1 AND key = $2 AND step BETWEEN $3 AND $4 AND kind <> 1",
                history.args((from, to)),
            )
            .await?;
        if let (Some(least), Some(greatest)) = (row.get("low")?, row.get("high")?) {
            found.push((from, to, least, greatest));
        }
    }
    Ok(found)
}
