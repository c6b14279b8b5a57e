//! Step runs: the durable journal of what is to run, runs and ran. Every write by a worker carries its lease.

use domain::pipelines::key::StepKey;
use domain::pipelines::step_run::{Failure, Process, StepRun, StepState};
use domain::{Id, Name, Timestamp};

use super::json;
use crate::tx::word;
use crate::{Conn, Error, Result, Row, args};

/// Records a planned unit; false when the run has it already.
pub async fn insert(conn: &mut Conn<'_>, step_run: &StepRun) -> Result<bool> {
    let touched = conn
        .execute(
            "INSERT INTO step_run (id, pipeline_run, project, step, unit, unit_label, step_key, fields, state, \
             attempt, lease, reason, tracked_run, created_ms, started_ms, finished_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
             ON CONFLICT (pipeline_run, step, unit_label) DO NOTHING",
            args![
                &step_run.id,
                &step_run.pipeline_run,
                &step_run.project,
                &step_run.step,
                json(&step_run.unit)?,
                step_run.unit.label(),
                step_run.key.as_str(),
                json(&step_run.fields)?,
                word(&step_run.state),
                step_run.attempt,
                step_run.lease,
                &step_run.reason,
                step_run.tracked_run.as_ref(),
                step_run.created,
                step_run.started,
                step_run.finished
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// One step run.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<StepRun>> {
    let row = conn.fetch_optional("SELECT * FROM step_run WHERE id = $1", args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The newest step run that logged to this tracked run.
pub async fn by_tracked_run(conn: &mut Conn<'_>, run: &Id) -> Result<Option<StepRun>> {
    let row = conn
        .fetch_optional("SELECT * FROM step_run WHERE tracked_run = $1 ORDER BY id LIMIT 1", args![run])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// The step runs of a pipeline run in the order of planning.
pub async fn of_run(conn: &mut Conn<'_>, pipeline_run: &Id) -> Result<Vec<StepRun>> {
    let rows = conn
        .fetch_all("SELECT * FROM step_run WHERE pipeline_run = $1 ORDER BY id", args![pipeline_run])
        .await?;
    rows.iter().map(from_row).collect()
}

/// Step runs that can start now, oldest first.
pub async fn ready(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<StepRun>> {
    in_states(conn, &[StepState::Ready], limit).await
}

/// Step runs that some worker has.
pub async fn held(conn: &mut Conn<'_>) -> Result<Vec<StepRun>> {
    in_states(conn, &[StepState::Claimed, StepState::Running], i64::MAX).await
}

async fn in_states(conn: &mut Conn<'_>, states: &[StepState], limit: i64) -> Result<Vec<StepRun>> {
    let first = states.first().map(word).unwrap_or_default();
    let last = states.last().map(word).unwrap_or_default();
    let rows = conn
        .fetch_all(
            "SELECT * FROM step_run WHERE state IN ($1, $2) ORDER BY created_ms, id LIMIT $3",
            args![first, last, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The newest unit of this step and label whose outputs were taken, in runs other than `not_in`.
pub async fn previous(
    conn: &mut Conn<'_>,
    project: &Name,
    step: &Name,
    label: &str,
    not_in: Option<&Id>,
) -> Result<Option<StepRun>> {
    let row = conn
        .fetch_optional(
            "SELECT * FROM step_run WHERE project = $1 AND step = $2 AND unit_label = $3 \
             AND state IN ('succeeded', 'skipped', 'restored') AND pipeline_run <> $4 \
             ORDER BY id DESC LIMIT 1",
            args![project, step, label, not_in.map(ToString::to_string).unwrap_or_default()],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Whether a unit with this key is with a worker in another run of any project.
pub async fn is_held_elsewhere(conn: &mut Conn<'_>, key: &StepKey, id: &Id) -> Result<bool> {
    let row = conn
        .fetch_one(
            "SELECT COUNT(*) AS n FROM step_run WHERE step_key = $1 AND id <> $2 \
             AND state IN ('claimed', 'running')",
            args![key.as_str(), id],
        )
        .await?;
    Ok(row.get::<i64>("n")? > 0)
}

/// Hands a ready unit to a worker: the lease number grows, attempts are counted. `None` when it was not ready.
pub async fn claim(
    conn: &mut Conn<'_>,
    id: &Id,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<StepRun>> {
    let row = conn
        .fetch_optional(
            "UPDATE step_run SET state = 'claimed', worker = $1, lease = lease + 1, lease_until_ms = $2, \
             attempt = attempt + 1, started_ms = $3, finished_ms = NULL, pid = NULL, start_ticks = NULL, \
             tracked_run = NULL WHERE id = $4 AND state = 'ready' RETURNING *",
            args![worker, until, now, id],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Notes the process of a claimed unit, and the tracked run that it logs to. False when the lease is not the newest.
pub async fn spawned(
    conn: &mut Conn<'_>,
    id: &Id,
    lease: i64,
    process: &Process,
    tracked_run: Option<&Id>,
) -> Result<bool> {
    let touched = conn
        .execute(
            "UPDATE step_run SET state = 'running', pid = $1, start_ticks = $2, tracked_run = $3 \
             WHERE id = $4 AND lease = $5 AND state IN ('claimed', 'running')",
            args![process.pid, process.start_ticks, tracked_run, id, lease],
        )
        .await?;
    Ok(touched == 1)
}

/// Prolongs a lease; false when it is not the newest or the unit has ended.
pub async fn prolong(conn: &mut Conn<'_>, id: &Id, lease: i64, until: Timestamp) -> Result<bool> {
    let touched = conn
        .execute(
            "UPDATE step_run SET lease_until_ms = $1 WHERE id = $2 AND lease = $3 \
             AND state IN ('claimed', 'running')",
            args![until, id, lease],
        )
        .await?;
    Ok(touched == 1)
}

/// Hands a held unit over to `worker` after a crash: a new lease, the attempt goes on. `None` when it is not held.
pub async fn adopt(
    conn: &mut Conn<'_>,
    id: &Id,
    lease: i64,
    worker: &str,
    until: Timestamp,
) -> Result<Option<StepRun>> {
    let row = conn
        .fetch_optional(
            "UPDATE step_run SET worker = $1, lease = lease + 1, lease_until_ms = $2 \
             WHERE id = $3 AND lease = $4 AND state IN ('claimed', 'running') RETURNING *",
            args![worker, until, id, lease],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// How a held unit ends.
#[derive(Clone, Debug)]
pub struct End {
    /// The state it goes to.
    pub state: StepState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The sentence, when it changes.
    pub reason: Option<String>,
    /// The tracked run of the attempt, when it is known only now.
    pub tracked_run: Option<Id>,
    /// When.
    pub time: Timestamp,
}

/// Ends an attempt; false when the lease is not the newest or the unit has ended already.
pub async fn end(conn: &mut Conn<'_>, id: &Id, lease: i64, end: &End) -> Result<bool> {
    let failure = end.failure.as_ref().map(json).transpose()?;
    let touched = conn
        .execute(
            "UPDATE step_run SET state = $1, failure = $2, reason = COALESCE($3, reason), finished_ms = $4, \
             tracked_run = COALESCE($5, tracked_run), lease_until_ms = NULL, worker = NULL \
             WHERE id = $6 AND lease = $7 AND state IN ('claimed', 'running')",
            args![
                word(&end.state),
                failure,
                end.reason.clone(),
                end.time,
                end.tracked_run.as_ref(),
                id,
                lease
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Takes a result that is there by now for a unit that has not started; false when it has.
pub async fn take_result(conn: &mut Conn<'_>, id: &Id, reason: &str, now: Timestamp) -> Result<bool> {
    let touched = conn
        .execute(
            "UPDATE step_run SET state = 'restored', reason = $1, finished_ms = $2 \
             WHERE id = $3 AND state = 'ready'",
            args![reason, now, id],
        )
        .await?;
    Ok(touched == 1)
}

/// Ends every unit of a pipeline run that has not ended; returns those that a worker had, with the old lease:
/// their processes are to be stopped, and what they still write is refused.
pub async fn cancel_all(conn: &mut Conn<'_>, pipeline_run: &Id, now: Timestamp) -> Result<Vec<StepRun>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM step_run WHERE pipeline_run = $1 AND state IN ('claimed', 'running') ORDER BY id",
            args![pipeline_run],
        )
        .await?;
    let held = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    conn.execute(
        "UPDATE step_run SET state = 'cancelled', lease = lease + 1, finished_ms = $1, lease_until_ms = NULL \
         WHERE pipeline_run = $2 AND state IN ('ready', 'claimed', 'running')",
        args![now, pipeline_run],
    )
    .await?;
    Ok(held)
}

/// Milliseconds that the units of a project spent running since `since`, the running ones up to `now`.
pub async fn spent_ms(conn: &mut Conn<'_>, project: &Name, since: Timestamp, now: Timestamp) -> Result<i64> {
    let row = conn
        .fetch_one(
            "SELECT CAST(COALESCE(SUM(COALESCE(finished_ms, $1) - CASE WHEN started_ms < $2 THEN $2 ELSE started_ms \
             END), 0) AS BIGINT) AS spent FROM step_run WHERE project = $3 AND started_ms IS NOT NULL \
             AND COALESCE(finished_ms, $1) > $2",
            args![now, since, project],
        )
        .await?;
    row.get("spent")
}

pub(super) fn key(text: &str) -> Result<StepKey> {
    StepKey::parse(text).ok_or_else(|| Error::Corrupt {
        column: "step_key".to_owned(),
        reason: format!("{text:?} is not a key"),
    })
}

fn from_row(row: &Row) -> Result<StepRun> {
    let pid: Option<i64> = row.get("pid")?;
    let start_ticks: Option<i64> = row.get("start_ticks")?;
    let key_text: String = row.get("step_key")?;
    Ok(StepRun {
        id: row.id("id")?,
        pipeline_run: row.id("pipeline_run")?,
        project: row.name("project")?,
        step: row.name("step")?,
        unit: row.json("unit")?,
        key: key(&key_text)?,
        fields: row.json("fields")?,
        state: row.word("state")?,
        attempt: row.get("attempt")?,
        lease: row.get("lease")?,
        lease_until: row.opt_time("lease_until_ms")?,
        worker: row.get("worker")?,
        process: pid.zip(start_ticks).map(|(pid, start_ticks)| Process { pid, start_ticks }),
        reason: row.get("reason")?,
        tracked_run: row.opt_id("tracked_run")?,
        failure: row.opt_json("failure")?,
        created: row.time("created_ms")?,
        started: row.opt_time("started_ms")?,
        finished: row.opt_time("finished_ms")?,
    })
}
