//! Purges: what is to be taken, how far they came, and taking it.

mod measure;
mod take;

use domain::governance::trash::{Freed, Purge};
use domain::{Id, Timestamp};

pub use measure::{Plan, measure, plan};
pub use take::{Step, kept_by, take};

use crate::tracking::{pieces, placeholders};
use crate::{Conn, Result, Row, args};

/// One thing that a purge is to take, by the number of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place in the order.
    pub seq: i64,
    /// What it is.
    pub unit: Unit,
}

/// What a purge takes at once, by the numbers of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A run with its logged models.
    Run(i64),
    /// A logged model of a run that stays, or of none.
    LoggedModel(i64),
    /// A version of a model.
    ModelVersion(i64, i64),
    /// A model whose versions are gone.
    Model(i64),
    /// An experiment whose runs are gone.
    Experiment(i64),
}

impl Unit {
    fn parts(self) -> (&'static str, i64, i64) {
        match self {
            Self::Run(num) => ("run", num, 0),
            Self::LoggedModel(num) => ("logged_model", num, 0),
            Self::ModelVersion(num, version) => ("model_version", num, version),
            Self::Model(num) => ("model", num, 0),
            Self::Experiment(num) => ("experiment", num, 0),
        }
    }

    fn read(row: &Row) -> Result<Self> {
        let (kind, num, version): (String, i64, i64) =
            (row.get("kind")?, row.get("num")?, row.get("version")?);
        Ok(match kind.as_str() {
            "run" => Self::Run(num),
            "logged_model" => Self::LoggedModel(num),
            "model_version" => Self::ModelVersion(num, version),
            "model" => Self::Model(num),
            _ => Self::Experiment(num),
        })
    }
}

/// Writes down a purge and what it is to take.
pub async fn insert(conn: &mut Conn<'_>, purge: &Purge, units: &[Unit]) -> Result<()> {
    conn.execute(
        "INSERT INTO purge (id, actor, cause, state, created_ms, finished_ms, experiments, runs, logged_models, models, \
         model_versions, points, row_count, files, bytes) VALUES ($1, $2, $3, $4, $5, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
        args![&purge.id, &purge.actor, &purge.cause, purge.state.as_str(), purge.created],
    )
    .await?;
    let numbered: Vec<(i64, Unit)> = (1..).zip(units.iter().copied()).collect();
    for piece in pieces(&numbered) {
        let sql = format!(
            "INSERT INTO purge_item (purge, seq, kind, num, version) VALUES {}",
            placeholders(piece.len(), 5)
        );
        let values = piece.iter().flat_map(|(seq, unit)| {
            let (kind, num, version) = unit.parts();
            args![&purge.id, *seq, kind, num, version]
        });
        conn.execute(&sql, values.collect()).await?;
    }
    Ok(())
}

/// One purge.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Purge>> {
    let row = conn.fetch_optional("SELECT * FROM purge WHERE id = $1", args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The newest purges, at most `limit`.
pub async fn list(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Purge>> {
    let sql = "SELECT * FROM purge ORDER BY created_ms DESC, id DESC LIMIT $1";
    conn.fetch_all(sql, args![limit]).await?.iter().map(from_row).collect()
}

/// The oldest purge that is not finished; with `cause`, only one of that cause.
pub async fn unfinished(conn: &mut Conn<'_>, cause: Option<&str>) -> Result<Option<Purge>> {
    let row = conn
        .fetch_optional(
            "SELECT * FROM purge WHERE state <> 'finished' AND cause = COALESCE($1, cause) \
             ORDER BY created_ms, id LIMIT 1",
            args![cause],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// What is to be taken next.
pub async fn next(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Item>> {
    let sql = "SELECT seq, kind, num, version FROM purge_item WHERE purge = $1 ORDER BY seq LIMIT 1";
    let row = conn.fetch_optional(sql, args![id]).await?;
    row.map(|row| Ok(Item { seq: row.get("seq")?, unit: Unit::read(&row)? })).transpose()
}

/// How many things are still to be taken.
pub async fn left(conn: &mut Conn<'_>, id: &Id) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS n FROM purge_item WHERE purge = $1";
    conn.fetch_one(sql, args![id]).await?.get("n")
}

/// Crosses something out.
pub async fn done(conn: &mut Conn<'_>, id: &Id, seq: i64) -> Result<()> {
    conn.execute("DELETE FROM purge_item WHERE purge = $1 AND seq = $2", args![id, seq]).await?;
    Ok(())
}

/// Adds to what a purge took.
pub async fn count(conn: &mut Conn<'_>, id: &Id, freed: &Freed) -> Result<()> {
    conn.execute(
        "UPDATE purge SET experiments = experiments + $2, runs = runs + $3, logged_models = logged_models + $4, \
         models = models + $5, model_versions = model_versions + $6, points = points + $7, \
         row_count = row_count + $8, files = files + $9, bytes = bytes + $10 WHERE id = $1",
        args![
            id,
            freed.experiments,
            freed.runs,
            freed.logged_models,
            freed.models,
            freed.model_versions,
            freed.points,
            freed.rows,
            freed.files,
            freed.bytes
        ],
    )
    .await?;
    Ok(())
}

/// Says that the records are gone and the files come next.
pub async fn sweep(conn: &mut Conn<'_>, id: &Id) -> Result<()> {
    conn.execute("UPDATE purge SET state = 'sweeping' WHERE id = $1", args![id]).await?;
    Ok(())
}

/// Ends a purge.
pub async fn finish(conn: &mut Conn<'_>, id: &Id, now: Timestamp) -> Result<()> {
    conn.execute("UPDATE purge SET state = 'finished', finished_ms = $2 WHERE id = $1", args![id, now])
        .await?;
    Ok(())
}

/// Whether an unfinished purge is to take this.
pub async fn condemned(conn: &mut Conn<'_>, unit: Unit) -> Result<bool> {
    let (kind, num, version) = unit.parts();
    let sql = "SELECT 1 AS one FROM purge_item WHERE kind = $1 AND num = $2 AND version = $3 LIMIT 1";
    Ok(conn.fetch_optional(sql, args![kind, num, version]).await?.is_some())
}

/// Whether an unfinished purge is to take an experiment or something in it.
pub async fn experiment_condemned(conn: &mut Conn<'_>, experiment: i64) -> Result<bool> {
    for sql in [
        "SELECT 1 AS one FROM purge_item WHERE kind = 'experiment' AND num = $1 LIMIT 1",
        "SELECT 1 AS one FROM purge_item i JOIN run r ON r.num = i.num WHERE i.kind = 'run' \
         AND r.experiment = $1 LIMIT 1",
        "SELECT 1 AS one FROM purge_item i JOIN logged_model m ON m.num = i.num WHERE i.kind = 'logged_model' \
         AND m.experiment = $1 LIMIT 1",
    ] {
        if conn.fetch_optional(sql, args![experiment]).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an unfinished purge is to take a logged model, by itself or with its run.
pub async fn logged_model_condemned(conn: &mut Conn<'_>, num: i64) -> Result<bool> {
    if condemned(conn, Unit::LoggedModel(num)).await? {
        return Ok(true);
    }
    let sql = "SELECT 1 AS one FROM logged_model m JOIN run r ON r.id = m.source_run JOIN purge_item i \
               ON i.kind = 'run' AND i.num = r.num WHERE m.num = $1 LIMIT 1";
    Ok(conn.fetch_optional(sql, args![num]).await?.is_some())
}

/// Whether an unfinished purge is to take a model or a version of it.
pub async fn model_condemned(conn: &mut Conn<'_>, num: i64) -> Result<bool> {
    let sql = "SELECT 1 AS one FROM purge_item WHERE kind IN ('model', 'model_version') AND num = $1 LIMIT 1";
    Ok(conn.fetch_optional(sql, args![num]).await?.is_some())
}

fn from_row(row: &Row) -> Result<Purge> {
    Ok(Purge {
        id: row.id("id")?,
        actor: row.get("actor")?,
        cause: row.get("cause")?,
        state: row.word("state")?,
        created: row.time("created_ms")?,
        finished: row.opt_time("finished_ms")?,
        freed: Freed {
            experiments: row.get("experiments")?,
            runs: row.get("runs")?,
            logged_models: row.get("logged_models")?,
            models: row.get("models")?,
            model_versions: row.get("model_versions")?,
            points: row.get("points")?,
            rows: row.get("row_count")?,
            files: row.get("files")?,
            bytes: row.get("bytes")?,
        },
    })
}
