//! The log of events.

use domain::pipelines::event::{Event, EventKind, NewEvent};
use domain::{Id, Timestamp};

use super::json;
use crate::tx::word;
use crate::{Conn, Result, Row, args};

/// Appends an event and returns it with its place.
pub async fn append(conn: &mut Conn<'_>, id: &Id, time: Timestamp, new: NewEvent) -> Result<Event> {
    let row = conn
        .fetch_one(
            "INSERT INTO event (id, time_ms, kind, subject, payload) VALUES ($1, $2, $3, $4, $5) RETURNING seq",
            args![id, time, word(&new.kind), &new.subject, json(&new.payload)?],
        )
        .await?;
    Ok(Event {
        seq: row.get("seq")?,
        id: id.clone(),
        time,
        kind: new.kind,
        subject: new.subject,
        payload: new.payload,
    })
}

/// The newest events numbered below `before`, newest first.
pub async fn list(conn: &mut Conn<'_>, before: i64, limit: i64) -> Result<Vec<Event>> {
    let rows = conn
        .fetch_all("SELECT * FROM event WHERE seq < $1 ORDER BY seq DESC LIMIT $2", args![before, limit])
        .await?;
    rows.iter().map(from_row).collect()
}

/// The newest events of a kind about a subject, newest first.
pub async fn latest(conn: &mut Conn<'_>, kind: EventKind, subject: &str, limit: i64) -> Result<Vec<Event>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM event WHERE kind = $1 AND subject = $2 ORDER BY seq DESC LIMIT $3",
            args![word(&kind), subject, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Event> {
    Ok(Event {
        seq: row.get("seq")?,
        id: row.id("id")?,
        time: row.time("time_ms")?,
        kind: row.word("kind")?,
        subject: row.get("subject")?,
        payload: row.json("payload")?,
    })
}
