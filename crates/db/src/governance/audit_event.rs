//! Audit events: appended inside the transaction of the change that they record.

use domain::Timestamp;
use domain::governance::audit_event::{AuditEvent, GENESIS, Outcome};

use crate::tracking::{pieces, placeholders};
use crate::{Conn, Error, Result, Row, args};

/// An event before it has its place in the chain.
#[derive(Clone, Debug)]
pub struct NewAuditEvent {
    /// When.
    pub time: Timestamp,
    /// Who.
    pub actor: String,
    /// `room.noun.verb`.
    pub action: String,
    /// The kind of thing.
    pub noun: String,
    /// The thing's id or name.
    pub id: String,
    /// Done or refused.
    pub outcome: Outcome,
    /// What changed; never a secret.
    pub detail: serde_json::Value,
}

/// Appends an event at the end of the chain and returns it with its number and hashes.
pub async fn append(conn: &mut Conn<'_>, new: NewAuditEvent) -> Result<AuditEvent> {
    let mut events = append_all(conn, vec![new]).await?;
    events.pop().ok_or(Error::Abandoned("its audit event is missing"))
}

/// Appends events in their order.
pub(crate) async fn append_all(conn: &mut Conn<'_>, new: Vec<NewAuditEvent>) -> Result<Vec<AuditEvent>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let count = i64::try_from(new.len()).unwrap_or(i64::MAX);
    let head = conn
        .fetch_one("UPDATE audit_head SET seq = seq + $1 WHERE one = 1 RETURNING seq, hash", args![count])
        .await?;
    let before = head.get::<i64>("seq")? - count;
    let mut prev_hash: String = head.get("hash")?;
    let mut events = Vec::with_capacity(new.len());
    for (new, seq) in new.into_iter().zip(before + 1..) {
        let detail_text = new.detail.to_string();
        let mut event = AuditEvent {
            seq,
            time: new.time,
            actor: new.actor,
            action: new.action,
            noun: new.noun,
            id: new.id,
            outcome: new.outcome,
            detail: new.detail,
            prev_hash,
            hash: String::new(),
        };
        event.hash = event.compute_hash(&detail_text);
        prev_hash = event.hash.clone();
        events.push((event, detail_text));
    }
    conn.execute("UPDATE audit_head SET hash = $1 WHERE one = 1", args![prev_hash]).await?;
    for piece in pieces(&events) {
        let mut values = Vec::with_capacity(piece.len() * 10);
        for (event, detail_text) in piece {
            values.extend(args![
                event.seq,
                event.time,
                &event.actor,
                &event.action,
                &event.noun,
                &event.id,
                crate::tx::word(&event.outcome),
                detail_text,
                &event.prev_hash,
                &event.hash,
            ]);
        }
        let rows = placeholders(piece.len(), 10);
        let sql = format!(
            "INSERT INTO audit_event (seq, time_ms, actor, action, noun, id, outcome, detail, prev_hash, hash) \
             VALUES {rows}"
        );
        conn.execute(&sql, values).await?;
    }
    Ok(events.into_iter().map(|(event, _)| event).collect())
}

/// Which events to list; absent fields do not narrow.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only of this kind of thing.
    pub noun: Option<String>,
    /// Only of this thing.
    pub id: Option<String>,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only numbers below this one: the cursor of the next page.
    pub before: Option<i64>,
}

/// The newest events that match, newest first.
pub async fn list(conn: &mut Conn<'_>, filter: &AuditFilter, limit: i64) -> Result<Vec<AuditEvent>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM audit_event WHERE ($1 = '' OR noun = $1) AND ($2 = '' OR id = $2) \
             AND ($3 = '' OR actor = $3) AND seq < $4 ORDER BY seq DESC LIMIT $5",
            args![
                filter.noun.clone().unwrap_or_default(),
                filter.id.clone().unwrap_or_default(),
                filter.actor.clone().unwrap_or_default(),
                filter.before.unwrap_or(i64::MAX),
                limit
            ],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every link holds: number of events and the hash of the last.
    Intact {
        /// Events checked.
        events: i64,
        /// The chain's end; noting it elsewhere makes later truncation visible.
        head: String,
    },
    /// The first event that does not fit.
    Broken {
        /// Its number, or the number that is missing.
        seq: i64,
        /// What does not fit.
        reason: String,
    },
}

/// Recomputes the whole chain, a page at a time.
pub async fn verify(conn: &mut Conn<'_>) -> Result<Verdict> {
    const PAGE: i64 = 1000;
    let mut prev_hash = GENESIS.to_owned();
    let mut last = 0;
    loop {
        let rows = conn
            .fetch_all("SELECT * FROM audit_event WHERE seq > $1 ORDER BY seq LIMIT $2", args![last, PAGE])
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let seq: i64 = row.get("seq")?;
            let expected = last + 1;
            if seq != expected {
                return Ok(broken(expected, format!("event {expected} is missing, the next is {seq}")));
            }
            let detail_text: String = row.get("detail")?;
            let Ok(event) = from_row(row) else {
                return Ok(broken(seq, format!("event {seq} was altered: it cannot be read")));
            };
            if event.prev_hash != prev_hash {
                return Ok(broken(seq, format!("event {seq} does not follow the one before it")));
            }
            if event.compute_hash(&detail_text) != event.hash {
                return Ok(broken(seq, format!("event {seq} was altered: its hash does not fit")));
            }
            prev_hash = event.hash;
            last = seq;
        }
    }
    let head = conn.fetch_one("SELECT seq, hash FROM audit_head WHERE one = 1", args![]).await?;
    let (head_seq, head_hash): (i64, String) = (head.get("seq")?, head.get("hash")?);
    if head_seq != last || head_hash != prev_hash {
        return Ok(broken(last + 1, format!("the log ends at {last} but its head says {head_seq}")));
    }
    Ok(Verdict::Intact { events: last, head: prev_hash })
}

fn broken(seq: i64, reason: String) -> Verdict {
    Verdict::Broken { seq, reason }
}

fn from_row(row: &Row) -> Result<AuditEvent> {
    Ok(AuditEvent {
        seq: row.get("seq")?,
        time: row.time("time_ms")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        noun: row.get("noun")?,
        id: row.get("id")?,
        outcome: row.word("outcome")?,
        detail: row.json("detail")?,
        prev_hash: row.get("prev_hash")?,
        hash: row.get("hash")?,
    })
}
