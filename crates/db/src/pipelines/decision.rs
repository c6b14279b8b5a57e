//! Decisions of triggers, gates and rollouts.

use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome};
use domain::{Id, Timestamp};

use super::json;
use crate::tx::word;
use crate::{Conn, Result, Row, args};

/// Stores a decision.
pub async fn insert(conn: &mut Conn<'_>, decision: &Decision) -> Result<()> {
    conn.execute(
        "INSERT INTO decision (id, time_ms, kind, subject, outcome, reason, evidence, project, pipeline_run) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            &decision.id,
            decision.time,
            word(&decision.kind),
            &decision.subject,
            word(&decision.outcome),
            &decision.reason,
            json(&decision.evidence)?,
            decision.project.as_ref().map(ToString::to_string),
            decision.pipeline_run.as_ref(),
        ],
    )
    .await?;
    Ok(())
}

/// One decision.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Decision>> {
    let row = conn.fetch_optional("SELECT * FROM decision WHERE id = $1", args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Which decisions to list; absent fields do not narrow.
#[derive(Clone, Debug, Default)]
pub struct DecisionFilter {
    /// Only of this kind.
    pub kind: Option<DecisionKind>,
    /// Only about this.
    pub subject: Option<String>,
    /// Only of this project.
    pub project: Option<String>,
    /// Only about this pipeline run.
    pub pipeline_run: Option<Id>,
}

/// The newest decisions that match, newest first.
pub async fn list(conn: &mut Conn<'_>, filter: &DecisionFilter, limit: i64) -> Result<Vec<Decision>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM decision WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR subject = $2) \
             AND ($3 = '' OR project = $3) AND ($4 = '' OR pipeline_run = $4) ORDER BY id DESC LIMIT $5",
            args![
                filter.kind.as_ref().map(word).unwrap_or_default(),
                filter.subject.clone().unwrap_or_default(),
                filter.project.clone().unwrap_or_default(),
                filter.pipeline_run.as_ref().map(ToString::to_string).unwrap_or_default(),
                limit
            ],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// How many decisions of `kind` about `subject` had this outcome since `since`.
pub async fn count(
    conn: &mut Conn<'_>,
    kind: DecisionKind,
    subject: &str,
    outcome: DecisionOutcome,
    since: Timestamp,
) -> Result<i64> {
    let row = conn
        .fetch_one(
            "SELECT COUNT(*) AS n FROM decision WHERE kind = $1 AND subject = $2 AND outcome = $3 AND time_ms > $4",
            args![word(&kind), subject, word(&outcome), since],
        )
        .await?;
    row.get("n")
}

fn from_row(row: &Row) -> Result<Decision> {
    let project: Option<String> = row.get("project")?;
    Ok(Decision {
        id: row.id("id")?,
        time: row.time("time_ms")?,
        kind: row.word("kind")?,
        subject: row.get("subject")?,
        outcome: row.word("outcome")?,
        reason: row.get("reason")?,
        evidence: row.json("evidence")?,
        project: project.map(|_| row.name("project")).transpose()?,
        pipeline_run: row.opt_id("pipeline_run")?,
    })
}
