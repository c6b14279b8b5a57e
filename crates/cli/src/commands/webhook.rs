//! `volano webhook`: who is told of changes in the registry, and what they were told.

use super::with_client;
use crate::args::{Globals, WebhookCommand};
use crate::client::{Client, Need, segment};
use crate::exit::Exit;
use crate::failure::Result;
use crate::json::Fields;
use crate::output::{Cell, Output, Table};

/// Does it.
pub async fn run(command: WebhookCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        WebhookCommand::Ls => list(client, out).await,
        WebhookCommand::Deliveries { webhook } => deliveries(client, &webhook, out).await,
    })
    .await
}

async fn list(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/webhooks").await?;
    let items = answer.list("items");
    let mut table = Table::new(["webhook", "name", "status", "events", "url"]);
    for item in items {
        let events: Vec<&str> = item.list("events").iter().filter_map(serde_json::Value::as_str).collect();
        table.push(vec![
            Cell::text(item.text("id")),
            Cell::text(item.text("name")),
            Cell::text(item.text("status")),
            Cell::text(events.join(" ")),
            Cell::text(item.text("url")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("id").to_owned()).collect();
    out.list(items, &ids, table, "no webhooks: MlflowClient().create_webhook makes one");
    Ok(Exit::Done)
}

async fn deliveries(client: &Client, webhook: &str, out: &Output) -> Result<Exit> {
    let answer = client.get(&format!("/webhooks/{}/deliveries", segment(webhook))).await?;
    let items = answer.list("items");
    let mut table = Table::new(["when", "event", "state", "tries", "status", "error"]);
    for item in items {
        table.push(vec![
            Cell::time(item.int("created_ms")),
            Cell::text(item.text("event")),
            Cell::text(item.text("state")),
            Cell::count(item.int("attempts")),
            Cell::count(item.int("status")),
            Cell::text(item.text("error")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("id").to_owned()).collect();
    out.list(items, &ids, table, "nothing was told yet");
    Ok(Exit::Done)
}
