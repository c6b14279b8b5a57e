//! Webhooks and what they are told.

use domain::governance::webhook::{Delivery, DeliveryState, Webhook, WebhookEvent, WebhookStatus};
use domain::{Id, Timestamp};

use crate::{Conn, Error, Result, Row, Value, args};

/// Writes the whole record, new or changed.
pub async fn put(conn: &mut Conn<'_>, webhook: &Webhook) -> Result<()> {
    let events: Vec<String> = webhook.events.iter().map(|event| event.name()).collect();
    conn.execute(
        "INSERT INTO webhook (id, name, description, url, events, status, secret, creator, created_ms, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
         description = excluded.description, url = excluded.url, events = excluded.events, status = excluded.status, \
         secret = excluded.secret, updated_ms = excluded.updated_ms",
        args![
            &webhook.id,
            &webhook.name,
            &webhook.description,
            &webhook.url,
            serde_json::Value::from(events).to_string(),
            crate::tx::word(&webhook.status),
            Value::Bytes(webhook.secret.clone()),
            &webhook.creator,
            webhook.created,
            webhook.updated
        ],
    )
    .await?;
    Ok(())
}

/// One webhook.
pub async fn get(conn: &mut Conn<'_>, id: &Id) -> Result<Option<Webhook>> {
    let row = conn.fetch_optional("SELECT * FROM webhook WHERE id = $1", args![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Webhooks, newest first.
pub async fn list(conn: &mut Conn<'_>, offset: i64, limit: i64) -> Result<Vec<Webhook>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM webhook ORDER BY created_ms DESC, id DESC LIMIT $1 OFFSET $2",
            args![limit, offset],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Removes a webhook with everything that it was told or still is to be told; whether it was there.
pub async fn delete(conn: &mut Conn<'_>, id: &Id) -> Result<bool> {
    Ok(conn.execute("DELETE FROM webhook WHERE id = $1", args![id]).await? > 0)
}

/// The active webhooks that want to know of an event.
pub async fn subscribed(conn: &mut Conn<'_>, event: WebhookEvent) -> Result<Vec<Id>> {
    let rows = conn
        .fetch_all(
            "SELECT id, events FROM webhook WHERE status = $1 ORDER BY id",
            args![crate::tx::word(&WebhookStatus::Active)],
        )
        .await?;
    let mut found = Vec::new();
    for row in rows {
        let events: Vec<String> = row.json("events")?;
        if events.contains(&event.name()) {
            found.push(row.id("id")?);
        }
    }
    Ok(found)
}

/// Puts a delivery in line.
pub async fn enqueue(conn: &mut Conn<'_>, delivery: &Delivery) -> Result<()> {
    conn.execute(
        "INSERT INTO webhook_delivery (id, webhook, event, payload, state, attempts, next_ms, created_ms, finished_ms, \
         status, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            &delivery.id,
            &delivery.webhook,
            &delivery.event,
            &delivery.payload,
            delivery.state.as_str(),
            delivery.attempts,
            delivery.next,
            delivery.created,
            delivery.finished,
            delivery.status,
            &delivery.error
        ],
    )
    .await?;
    Ok(())
}

/// Takes deliveries that are due, in their order, for one try: nobody else takes them before `until`.
pub async fn claim(
    conn: &mut Conn<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let due = conn
        .fetch_all(
            "SELECT id, next_ms FROM webhook_delivery WHERE state = 'pending' AND next_ms <= $1 \
             ORDER BY next_ms, id LIMIT $2",
            args![now, limit],
        )
        .await?;
    let mut claimed = Vec::new();
    for row in due {
        let taken = conn
            .fetch_optional(
                "UPDATE webhook_delivery SET next_ms = $3, attempts = attempts + 1 \
                 WHERE id = $1 AND next_ms = $2 AND state = 'pending' RETURNING *",
                args![&row.id("id")?, row.get::<i64>("next_ms")?, until],
            )
            .await?;
        if let Some(taken) = taken {
            claimed.push(delivery(&taken)?);
        }
    }
    Ok(claimed)
}

/// When the next pending delivery is due.
pub async fn next_due(conn: &mut Conn<'_>) -> Result<Option<Timestamp>> {
    let row = conn
        .fetch_one("SELECT MIN(next_ms) AS next_ms FROM webhook_delivery WHERE state = 'pending'", args![])
        .await?;
    row.opt_time("next_ms")
}

/// Writes down how a try ended.
pub async fn conclude(conn: &mut Conn<'_>, delivery: &Delivery) -> Result<()> {
    conn.execute(
        "UPDATE webhook_delivery SET state = $2, next_ms = $3, finished_ms = $4, status = $5, error = $6 \
         WHERE id = $1 AND state = 'pending'",
        args![
            &delivery.id,
            delivery.state.as_str(),
            delivery.next,
            delivery.finished,
            delivery.status,
            &delivery.error
        ],
    )
    .await?;
    Ok(())
}

/// Forgets deliveries that came to their end before a time.
pub async fn forget(conn: &mut Conn<'_>, before: Timestamp) -> Result<u64> {
    conn.execute("DELETE FROM webhook_delivery WHERE state <> 'pending' AND finished_ms < $1", args![before])
        .await
}

/// The deliveries of a webhook, newest first.
pub async fn deliveries(conn: &mut Conn<'_>, webhook: &Id, limit: i64) -> Result<Vec<Delivery>> {
    let rows = conn
        .fetch_all(
            "SELECT * FROM webhook_delivery WHERE webhook = $1 ORDER BY id DESC LIMIT $2",
            args![webhook, limit],
        )
        .await?;
    rows.iter().map(delivery).collect()
}

fn from_row(row: &Row) -> Result<Webhook> {
    let events: Vec<String> = row.json("events")?;
    let events = events.iter().map(|event| {
        WebhookEvent::parse(event)
            .map_err(|refusal| Error::Corrupt { column: "events".to_owned(), reason: refusal.reason })
    });
    Ok(Webhook {
        id: row.id("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        url: row.get("url")?,
        events: events.collect::<Result<_>>()?,
        status: row.word("status")?,
        secret: row.get("secret")?,
        creator: row.get("creator")?,
        created: row.time("created_ms")?,
        updated: row.time("updated_ms")?,
    })
}

fn delivery(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: row.id("id")?,
        webhook: row.id("webhook")?,
        event: row.get("event")?,
        payload: row.get("payload")?,
        state: row.word::<DeliveryState>("state")?,
        attempts: row.get("attempts")?,
        next: row.time("next_ms")?,
        created: row.time("created_ms")?,
        finished: row.opt_time("finished_ms")?,
        status: row.get("status")?,
        error: row.get("error")?,
    })
}
