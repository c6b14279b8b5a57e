//! `volano audit`: who did what, and whether the record is intact.

use serde_json::Value;

use super::with_client;
use crate::args::{AuditCommand, AuditLogArgs, Globals};
use crate::client::Need;
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};
use crate::output::{Cell, Output, Page, Table, Tone, count};
use crate::render;

/// Largest page that the server gives.
const PAGE: usize = 1_000;

/// Does it.
pub async fn run(command: AuditCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        AuditCommand::Log(args) => {
            let events = events(client, args).await?;
            list(&events, out);
            Ok(Exit::Done)
        }
        AuditCommand::Verify => verify(&client.get("/audit/verify").await?, out),
    })
    .await
}

async fn events(client: &crate::client::Client, args: AuditLogArgs) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let mut before = None;
    while found.len() < args.limit {
        let page = (args.limit - found.len()).min(PAGE);
        let query = [
            ("noun", args.noun.clone()),
            ("id", args.id.clone()),
            ("actor", args.actor.clone()),
            ("before", before),
            ("limit", Some(page.to_string())),
        ];
        let answer = client.query("/audit", &query).await?;
        found.extend_from_slice(answer.list("items"));
        before = answer.int("next_before").map(|seq| seq.to_string());
        if before.is_none() {
            break;
        }
    }
    Ok(found)
}

fn list(events: &[Value], out: &Output) {
    let mut table = Table::new(["seq", "time", "actor", "action", "thing", "outcome", "detail"]);
    for event in events {
        table.push(vec![
            Cell::count(event.int("seq")),
            Cell::time(event.int("time_ms")),
            Cell::text(event.text("actor")),
            Cell::text(event.text("action")),
            Cell::both(thing(event, true), thing(event, false)),
            render::state(event.text("outcome")),
            Cell::text(detail(&event["detail"])).tone(Tone::Dim),
        ]);
    }
    let ids: Vec<String> =
        events.iter().filter_map(|event| event.int("seq")).map(|seq| seq.to_string()).collect();
    out.list(events, &ids, table, "nothing is on record yet");
}

fn thing(event: &Value, short: bool) -> String {
    let id = event.text("id");
    format!("{} {}", event.text("noun"), if short { crate::output::short_id(id) } else { id })
}

/// `key=value` pairs of what changed, as far as they fit a line.
fn detail(detail: &Value) -> String {
    const WIDEST: usize = 60;
    let pairs = detail.as_object().into_iter().flatten();
    let text = pairs.map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(" ");
    crate::output::shortened(&text, WIDEST)
}

fn verify(verdict: &Value, out: &Output) -> Result<Exit> {
    if verdict.flag("intact") {
        let events = verdict.int("events").unwrap_or(0);
        let head = verdict.text("head");
        let line = format!("{} intact: {} entries, last hash {head}", out.paint().good("✓"), count(events));
        let page = Page::new().line(line, vec!["intact".to_owned(), events.to_string(), head.to_owned()]);
        out.show(verdict, &[head.to_owned()], &page);
        return Ok(Exit::Done);
    }
    let seq = verdict.int("broken_at").unwrap_or(0);
    if out.form() == crate::output::Form::Json {
        out.json(verdict);
    }
    let why = verdict.text("reason");
    Err(Failure::new(&codes::AUDIT, format!("the audit log is not intact: entry {seq}: {why}"))
        .help(format_args!("look around it    volano audit log --limit 20 --json"))
        .help("compare with a backup of the home"))
}
