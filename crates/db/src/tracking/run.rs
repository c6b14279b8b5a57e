//! Runs, and reading what they logged.

use std::collections::HashMap;

use domain::tracking::experiment::{ExperimentId, Lifecycle};
use domain::tracking::run::{PARENT_TAG, Run, RunInfo, RunStatus};
use domain::{Id, Timestamp};

use super::{input, list, logged, pieces};
use crate::{Conn, Result, Row, Value, args};

/// The columns that [`info_from_row`] reads, of `run r JOIN experiment e`.
pub(crate) const COLUMNS: &str = "r.num, r.id, r.experiment, r.name, r.user_id, r.status, r.deleted, r.start_ms, \
                                  r.end_ms, COALESCE(r.home, e.location) AS location";

/// A run with the number that its points carry.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub num: i64,
    /// The run.
    pub info: RunInfo,
}

/// Makes a run; returns its number.
pub async fn insert(conn: &mut Conn<'_>, info: &RunInfo) -> Result<i64> {
    let row = conn
        .fetch_one(
            "INSERT INTO run (id, experiment, name, user_id, status, deleted, start_ms, end_ms) \
             VALUES ($1, $2, $3, $4, $5, FALSE, $6, $7) RETURNING num",
            args![
                &info.id,
                info.experiment.number(),
                &info.name,
                &info.user,
                crate::tx::word(&info.status),
                info.start,
                info.end
            ],
        )
        .await?;
    row.get("num")
}

/// The number of the newest run.
pub async fn newest(conn: &mut Conn<'_>) -> Result<i64> {
    conn.fetch_one("SELECT COALESCE(MAX(num), 0) AS num FROM run", args![]).await?.get("num")
}

/// One run without what it logged, deleted or not.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Numbered>> {
    let sql = format!("SELECT {COLUMNS} FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.id = $1");
    let row = conn.fetch_optional(&sql, args![id]).await?;
    row.as_ref().map(numbered).transpose()
}

/// One run without what it logged, deleted or not, that stays as it is until the transaction ends: in its experiment, in
/// use or deleted. `shared`: others may hold it at the same time, and nobody changes its row.
pub async fn held(conn: &mut Conn<'_>, id: &Id, shared: bool) -> Result<Option<Numbered>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.id = $1 {}",
        conn.engine().hold(shared)
    );
    let row = conn.fetch_optional(&sql, args![id]).await?;
    row.as_ref().map(numbered).transpose()
}

/// The runs of these numbers, in their order.
pub(crate) async fn by_numbers(conn: &mut Conn<'_>, nums: &[i64]) -> Result<Vec<Numbered>> {
    let mut found = HashMap::with_capacity(nums.len());
    for piece in pieces(nums) {
        let sql = format!(
            "SELECT {COLUMNS} FROM run r JOIN experiment e ON e.id = r.experiment WHERE r.num IN ({})",
            list(1, piece.len())
        );
        for row in conn.fetch_all(&sql, piece.iter().map(|num| Value::from(*num)).collect()).await? {
            let run = numbered(&row)?;
            found.insert(run.num, run);
        }
    }
    Ok(nums.iter().filter_map(|num| found.remove(num)).collect())
}

/// Where points of a run go, and whether it takes any.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The number that its points carry.
    pub num: i64,
    /// Its experiment.
    pub experiment: ExperimentId,
    /// In use or deleted.
    pub lifecycle: Lifecycle,
}

/// How those of `ids` stand that exist; they stand so until the transaction ends.
pub async fn standings(conn: &mut Conn<'_>, ids: &[Id]) -> Result<HashMap<Id, Standing>> {
    let mut found = HashMap::with_capacity(ids.len());
    for piece in pieces(ids) {
        let sql = format!(
            "SELECT r.id, r.num, r.experiment, r.deleted FROM run r WHERE r.id IN ({}) {}",
            list(1, piece.len()),
            conn.engine().hold(true)
        );
        for row in conn.fetch_all(&sql, piece.iter().map(Value::from).collect()).await? {
            let standing = Standing {
                num: row.get("num")?,
                experiment: ExperimentId::from_number(row.get("experiment")?),
                lifecycle: Lifecycle::of(row.get("deleted")?),
            };
            found.insert(row.id("id")?, standing);
        }
    }
    Ok(found)
}

/// Fills in what runs logged, in the order given.
pub async fn load(conn: &mut Conn<'_>, runs: Vec<Numbered>) -> Result<Vec<Run>> {
    let nums: Vec<i64> = runs.iter().map(|run| run.num).collect();
    let mut logged = logged::of_runs(conn, &nums).await?;
    let mut datasets = input::datasets(conn, &nums).await?;
    let mut models = input::models(conn, &nums).await?;
    let take = |num| runs_models(&mut models, num);
    let mut take = take;
    Ok(runs
        .into_iter()
        .map(|run| {
            let (model_inputs, model_outputs) = take(run.num);
            let logged = logged.remove(&run.num).unwrap_or_default();
            Run {
                metrics: logged.metrics,
                params: logged.params,
                tags: logged.tags,
                datasets: datasets.remove(&run.num).unwrap_or_default(),
                model_inputs,
                model_outputs,
                info: run.info,
            }
        })
        .collect())
}

/// Fills in what is wanted of what runs logged, in the order given.
pub async fn load_chosen(
    conn: &mut Conn<'_>,
    runs: Vec<Numbered>,
    wanted: &logged::Wanted,
) -> Result<Vec<Run>> {
    let nums: Vec<i64> = runs.iter().map(|run| run.num).collect();
    let mut logged = logged::chosen(conn, &nums, wanted).await?;
    Ok(runs
        .into_iter()
        .map(|run| {
            let logged = logged.remove(&run.num).unwrap_or_default();
            Run { metrics: logged.metrics, params: logged.params, ..Run::new(run.info, logged.tags) }
        })
        .collect())
}

/// How many runs that are not deleted each of these has started, in any of the experiments.
pub async fn children(
    conn: &mut Conn<'_>,
    experiments: &[ExperimentId],
    ids: &[Id],
) -> Result<HashMap<Id, i64>> {
    let mut found = HashMap::new();
    let Some(key) = super::lookup(conn, &[PARENT_TAG]).await?.remove(PARENT_TAG) else {
        return Ok(found);
    };
    for piece in pieces(ids) {
        // Ids are shorter than the start of a value that the index holds, so that each is all of its value.
        let sql = format!(
            "SELECT t.head AS id, COUNT(*) AS runs FROM run_tag t JOIN run r ON r.num = t.run WHERE t.key = $1 \
             AND t.head IN ({}) AND t.experiment IN ({}) AND r.deleted = FALSE GROUP BY t.head",
            list(2, piece.len()),
            list(2 + piece.len(), experiments.len())
        );
        let ids = piece.iter().map(Value::from);
        let experiments = experiments.iter().map(|id| Value::from(id.number()));
        let args = std::iter::once(Value::from(key)).chain(ids).chain(experiments).collect();
        for row in conn.fetch_all(&sql, args).await? {
            found.insert(row.id("id")?, row.get("runs")?);
        }
    }
    Ok(found)
}

fn runs_models(
    models: &mut HashMap<i64, input::RunModels>,
    num: i64,
) -> (Vec<Id>, Vec<domain::tracking::input::ModelOutput>) {
    let found = models.remove(&num).unwrap_or_default();
    (found.inputs, found.outputs)
}

/// What [`update`] changes; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// How it stands.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Its name.
    pub name: Option<String>,
}

impl Change {
    /// Makes the change on a run that was read before.
    pub fn apply(self, info: &mut RunInfo) {
        info.status = self.status.unwrap_or(info.status);
        info.end = self.end.or(info.end);
        if let Some(name) = self.name {
            info.name = name;
        }
    }
}

/// Changes a run's own fields.
pub async fn update(conn: &mut Conn<'_>, num: i64, change: &Change) -> Result<()> {
    conn.execute(
        "UPDATE run SET status = COALESCE($2, status), end_ms = COALESCE($3, end_ms), name = COALESCE($4, name) \
         WHERE num = $1",
        args![
            num,
            change.status.as_ref().map(crate::tx::word),
            change.end,
            change.name.clone()
        ],
    )
    .await?;
    Ok(())
}

/// Marks a run as deleted, when and by whom, or takes the mark away.
pub async fn mark(conn: &mut Conn<'_>, num: i64, deleted: Option<(Timestamp, &str)>) -> Result<()> {
    let (when, actor) = (deleted.map(|(when, _)| when), deleted.map(|(_, actor)| actor).unwrap_or_default());
    conn.execute(
        "UPDATE run SET deleted = $2, deleted_ms = $3, deleted_by = $4 WHERE num = $1",
        args![num, deleted.is_some(), when, actor],
    )
    .await?;
    Ok(())
}

pub(crate) fn numbered(row: &Row) -> Result<Numbered> {
    Ok(Numbered { num: row.get("num")?, info: info_from_row(row)? })
}

fn info_from_row(row: &Row) -> Result<RunInfo> {
    let id = row.id("id")?;
    let location: String = row.get("location")?;
    Ok(RunInfo {
        artifact_uri: format!("{location}/{id}/artifacts"),
        id,
        experiment: ExperimentId::from_number(row.get("experiment")?),
        name: row.get("name")?,
        user: row.get("user_id")?,
        status: row.word("status")?,
        start: row.time("start_ms")?,
        end: row.opt_time("end_ms")?,
        lifecycle: Lifecycle::of(row.get("deleted")?),
    })
}
