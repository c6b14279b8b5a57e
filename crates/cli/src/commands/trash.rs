//! `volano trash`: what is deleted.

use serde_json::{Value, json};

use super::with_client;
use crate::args::{Globals, PurgeArgs, RetentionCommand, TrashCommand, TrashListArgs};
use crate::client::{Client, Need};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Form, Output, Page, Table, bytes, count};
use crate::runs;

/// Things on a page.
const PAGE: usize = 1000;
/// What a purge counts, with the words for one and for several.
const COUNTED: [(&str, &str, &str); 5] = [
    ("experiments", "experiment", "experiments"),
    ("runs", "run", "runs"),
    ("logged_models", "logged model", "logged models"),
    ("models", "model", "models"),
    ("model_versions", "model version", "model versions"),
];

/// Does it.
pub async fn run(command: TrashCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        TrashCommand::Ls(args) => list(client, &args, out).await,
        TrashCommand::Restore { references } => restore(client, &references, out).await,
        TrashCommand::Purge(args) => purge(client, &args, out).await,
        TrashCommand::Purges => purges(client, out).await,
        TrashCommand::Retention(RetentionCommand::Show) => show_rules(client, out).await,
        TrashCommand::Retention(RetentionCommand::Set { days, experiment }) => {
            let rules =
                client.put("/trash/retention", json!({"days": days, "experiment": experiment})).await?;
            told(&rules, &rule(experiment.as_deref(), &format!("is purged {}", after(days))), out);
            Ok(Exit::Done)
        }
        TrashCommand::Retention(RetentionCommand::Rm { experiment }) => {
            let rules = client.put("/trash/retention", json!({"experiment": experiment})).await?;
            told(&rules, &rule(experiment.as_deref(), "has no rule any more"), out);
            Ok(Exit::Done)
        }
    })
    .await
}

/// All pages, or as many things as are wanted.
async fn fetch(client: &Client, query: &[(&str, Option<String>)], limit: usize) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    let mut offset = 0;
    loop {
        let size = PAGE.min(limit - items.len()).max(1);
        let mut query = query.to_vec();
        query.push(("limit", Some(size.to_string())));
        query.push(("offset", Some(offset.to_string())));
        let page = client.query("/trash", &query).await?;
        items.extend(page.list("items").iter().cloned());
        match page.int("next_offset") {
            Some(next) if items.len() < limit => offset = next,
            _ => return Ok(items),
        }
    }
}

async fn list(client: &Client, args: &TrashListArgs, out: &Output) -> Result<Exit> {
    let query = [
        ("kind", args.kind.clone()),
        ("experiment", args.experiment.clone()),
        ("older_than_days", args.older_than.map(|days| days.to_string())),
    ];
    let items = fetch(client, &query, args.limit.max(1)).await?;
    let mut table = Table::new(["ref", "kind", "name", "deleted", "by", "parts", "size"]);
    for item in &items {
        let parts = item.int("parts").filter(|_| matches!(item.text("kind"), "experiment" | "model"));
        table.push(vec![
            Cell::text(item.text("ref")),
            Cell::text(item.text("kind").replace('_', " ")),
            Cell::text(item.text("name")),
            Cell::time(item.int("deleted_ms")),
            Cell::text(item.text("deleted_by")),
            parts.map_or_else(Cell::none, |parts| Cell::count(Some(parts))),
            Cell::bytes(item.int("bytes")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("ref").to_owned()).collect();
    out.list(&items, &ids, table, "nothing is in the trash");
    Ok(Exit::Done)
}

/// The references of deleted things, as the API writes them.
async fn resolve(client: &Client, texts: &[String]) -> Result<Vec<String>> {
    let mut known = None;
    let mut found = Vec::with_capacity(texts.len());
    for text in texts {
        if domain::governance::trash::TrashRef::parse(text).is_ok() {
            found.push(text.clone());
            continue;
        }
        if known.is_none() {
            known = Some(fetch(client, &[], usize::MAX).await?);
        }
        found.push(one(text, known.as_deref().unwrap_or_default())?);
    }
    Ok(found)
}

/// The deleted thing of that name, or with that part of an id.
fn one(text: &str, items: &[Value]) -> Result<String> {
    let (kind, name) = match text.split_once(':') {
        Some(("exp", name)) => (Some("experiment"), name),
        Some(("run", name)) => (Some("run"), name),
        _ => (None, text),
    };
    let means = |item: &&Value| {
        let id = item.text("ref").trim_start_matches("run:").trim_start_matches("m-");
        let part = matches!(item.text("kind"), "run" | "logged_model") && runs::is_part(name, id);
        kind.is_none_or(|kind| item.text("kind") == kind) && (item.text("name") == name || part)
    };
    let matching: Vec<&Value> = items.iter().filter(means).collect();
    match matching.as_slice() {
        [item] => Ok(item.text("ref").to_owned()),
        [] => Err(Failure::new(&codes::NOT_FOUND, format!("nothing deleted is called {text:?}"))
            .help("what is deleted   volano trash ls")),
        several => {
            let failure =
                Failure::new(&codes::REFERENCE, format!("{text:?} means {} deleted things", several.len()));
            Err(several.iter().take(5).fold(failure, |failure, item| {
                failure.help(format_args!("{}   {}", item.text("ref"), item.text("name")))
            }))
        }
    }
}

async fn restore(client: &Client, texts: &[String], out: &Output) -> Result<Exit> {
    for reference in resolve(client, texts).await? {
        let answer = client.post("/trash/restore", json!({"refs": [reference]})).await?;
        if out.form() == Form::Json {
            out.line(&answer);
            continue;
        }
        let line = format!("{} {reference} is back", out.paint().good("✓"));
        let raw = vec![reference.clone(), "restored".to_owned()];
        out.show(&answer, std::slice::from_ref(&reference), &Page::new().line(line, raw));
    }
    Ok(Exit::Done)
}

async fn purge(client: &Client, args: &PurgeArgs, out: &Output) -> Result<Exit> {
    let refs = resolve(client, &args.references).await?;
    let mut body = json!({"refs": refs, "experiment": args.experiment, "older_than_days": args.older_than});
    if !args.yes {
        let preview = client.post("/trash/preview", body).await?;
        if !args.dry_run {
            let freed = &preview["freed"];
            return Err(Failure::new(
                &codes::USAGE,
                format!("{} would be gone for good, {} free", things(freed), size(freed)),
            )
            .help("look first   volano trash purge --dry-run …")
            .help("do it        volano trash purge --yes …"));
        }
        show(&preview, "●", "would be purged", out);
        return Ok(Exit::Done);
    }
    body["wait"] = Value::Bool(true);
    let purge = client.post("/trash/purges", body).await?;
    show(&purge, &out.paint().good("✓"), "purged", out);
    Ok(Exit::Done)
}

/// What a purge takes or took, and what stays.
fn show(document: &Value, mark: &str, done: &str, out: &Output) {
    let freed = &document["freed"];
    let line = format!(
        "{mark} {} {done}: {} rows ({} points), {} files, {}",
        things(freed),
        count(freed.int("rows").unwrap_or(0)),
        count(freed.int("points").unwrap_or(0)),
        count(freed.int("files").unwrap_or(0)),
        size(freed)
    );
    let mut raw: Vec<String> = vec![done.replace(' ', "_")];
    for (key, value) in document.pairs("freed") {
        raw.push(format!("{key}={value}"));
    }
    let mut page = Page::new().line(line, raw);
    let kept = document.list("kept");
    if !kept.is_empty() {
        let mut table = Table::new(["stays", "why"]);
        for item in kept {
            table.push(vec![Cell::text(item.text("ref")), Cell::text(item.text("reason"))]);
        }
        page = page.section("Kept", table);
    }
    let ids = [document.text("id").to_owned()];
    let ids = if ids[0].is_empty() { &[][..] } else { &ids[..] };
    out.show(document, ids, &page);
    if document.flag("more") {
        out.warn("there is more in the trash than one purge takes: run it again");
    }
}

fn things(freed: &Value) -> String {
    let counted = COUNTED.iter().filter_map(|(key, one, several)| match freed.int(key).unwrap_or(0) {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{} {several}", count(number))),
    });
    let counted: Vec<String> = counted.collect();
    if counted.is_empty() { "nothing".to_owned() } else { counted.join(", ") }
}

fn size(freed: &Value) -> String {
    bytes(freed.int("bytes").unwrap_or(0))
}

async fn purges(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/trash/purges").await?;
    let items = answer.list("items");
    let mut table = Table::new(["when", "state", "cause", "by", "took", "rows", "freed"]);
    for item in items {
        let freed = &item["freed"];
        table.push(vec![
            Cell::time(item.int("created_ms")),
            Cell::text(item.text("state")),
            Cell::text(item.text("cause")),
            Cell::text(item.text("actor")),
            Cell::text(things(freed)),
            Cell::count(freed.int("rows")),
            Cell::bytes(freed.int("bytes")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("id").to_owned()).collect();
    out.list(items, &ids, table, "nothing was purged yet");
    Ok(Exit::Done)
}

async fn show_rules(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/trash/retention").await?;
    let items = answer.list("items");
    let mut table = Table::new(["experiment", "days", "by", "since"]);
    for item in items {
        let experiment = item["experiment"].as_str().unwrap_or("all others, and the registry");
        table.push(vec![
            Cell::text(experiment),
            Cell::count(item.int("days")),
            Cell::text(item.text("actor")),
            Cell::time(item.int("set_ms")),
        ]);
    }
    let ids: Vec<String> =
        items.iter().map(|item| item["experiment"].as_str().unwrap_or("all").to_owned()).collect();
    out.list(items, &ids, table, "no rule: deleted things stay until they are purged by hand");
    Ok(Exit::Done)
}

fn rule(experiment: Option<&str>, what: &str) -> String {
    match experiment {
        Some(name) => format!("what is deleted in experiment {name} {what}"),
        None => format!("what is deleted, where no other rule holds, {what}"),
    }
}

fn after(days: i64) -> String {
    match days {
        0 => "within the hour".to_owned(),
        1 => "after a day".to_owned(),
        days => format!("after {days} days"),
    }
}

fn told(document: &Value, line: &str, out: &Output) {
    let marked = format!("{} {line}", out.paint().good("✓"));
    out.show(document, &[], &Page::new().line(marked, vec![line.to_owned()]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_thing_is_named_by_its_name_or_part_of_its_id() {
        let items = [
            json!({"ref": "exp:3", "kind": "experiment", "name": "churn"}),
            json!({"ref": "run:0123456789abcdef0123456789abcdef", "kind": "run", "name": "brisk"}),
            json!({"ref": "model:churn:3", "kind": "model_version", "name": "churn:3"}),
            json!({"ref": "model:churn", "kind": "model", "name": "churn"}),
        ];
        assert_eq!(one("exp:churn", &items).unwrap(), "exp:3");
        assert_eq!(one("churn:3", &items).unwrap(), "model:churn:3");
        assert_eq!(one("01234567", &items).unwrap(), "run:0123456789abcdef0123456789abcdef");
        assert_eq!(one("run:brisk", &items).unwrap(), "run:0123456789abcdef0123456789abcdef");
        assert!(one("churn", &items).unwrap_err().to_string().contains("2 deleted things"));
        assert_eq!(one("other", &items).unwrap_err().code().id, "E0401");
    }
}
