//! `volano data branch`, `tag` and `merge`: names of versions, and a branch's way into what is published.

use serde_json::{Value, json};

use super::{reference_of, rejected, size_of};
use crate::args::{DataMergeArgs, DataRefArgs};
use crate::client::{Client, DataRef, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Form, Output, Page, Table, spin};
use crate::render;

/// Lists names of a kind, makes one, or takes one away.
pub(super) async fn run(client: &Client, kind: &str, args: &DataRefArgs, out: &Output) -> Result<Exit> {
    let from: DataRef = args.reference.parse()?;
    let path = format!("/datasets/{}/refs", segment(&from.name));
    let Some(name) = &args.name else {
        return list(client, kind, &path, &from.name, out).await;
    };
    let reference = format!("{}@{name}", from.name);
    if args.rm {
        client.delete(&format!("{path}/{}", segment(name))).await?;
        let line = format!("{} {reference} is gone; its versions are still there", out.paint().good("✓"));
        let document = json!({"removed": reference});
        out.show(
            &document,
            std::slice::from_ref(&reference),
            &Page::new().line(line, vec![reference.clone()]),
        );
        return Ok(Exit::Done);
    }
    let body = json!({"name": name, "kind": kind, "at": from.version});
    let made = client.post(&path, body).await?;
    let at = reference_of(&from.name, &made["version"]);
    let line = format!("{} {reference} is at {at}", out.paint().good("✓"));
    out.show(&made, std::slice::from_ref(&reference), &Page::new().line(line, vec![reference.clone(), at]));
    if kind == "branch" {
        out.next(format_args!("volano data add FILE --name {} --branch {name}", from.name));
    }
    Ok(Exit::Done)
}

async fn list(client: &Client, kind: &str, path: &str, dataset: &str, out: &Output) -> Result<Exit> {
    let answer = client.get(path).await?;
    let items: Vec<Value> =
        answer.list("items").iter().filter(|one| one.text("kind") == kind).cloned().collect();
    let mut table = Table::new(["name", "at", "state", "rows", "time", "author", "message"]);
    for item in &items {
        let version = &item["version"];
        let mut row = vec![Cell::text(item.text("name")), Cell::text(reference_of(dataset, version))];
        row.extend(["state", "rows"].map(|key| render::cell(key, &version[key])));
        row.push(Cell::time(item.int("updated_ms")));
        row.push(Cell::text(item.text("author")));
        row.push(Cell::text(version.text("message")));
        table.push(row);
    }
    let ids: Vec<String> = items.iter().map(|item| format!("{dataset}@{}", item.text("name"))).collect();
    out.list(&items, &ids, table, &format!("no {kind} yet: volano data {kind} {dataset} NAME"));
    Ok(Exit::Done)
}

/// Merges a branch, or says what that would do.
pub(super) async fn merge(client: &Client, args: &DataMergeArgs, out: &Output) -> Result<Exit> {
    let from: DataRef = args.reference.parse()?;
    if matches!(from.version.as_str(), "latest" | "main") {
        return Err(Failure::new(&codes::REFERENCE, format!("{} names no branch", args.reference)).help(
            format_args!("write {}@BRANCH; the branches there are: volano data branch {0}", from.name),
        ));
    }
    let path = format!("/datasets/{}/merge", segment(&from.name));
    if args.dry_run {
        let query = [("branch", Some(from.version.clone()))];
        let answer = client.query(&path, &query).await?;
        return preview(&from, &answer, out);
    }
    let body = json!({"branch": from.version, "message": args.message.clone().unwrap_or_default()});
    let answer = spin(out, "merging", client.post(&path, body)).await?;
    let version = &answer["version"];
    let reference = reference_of(&from.name, version);
    if version.text("state") == "rejected" {
        if out.form() == Form::Json {
            out.json(&answer);
        }
        return Err(rejected(&reference, version));
    }
    let unchanged = answer.text("outcome") == "unchanged";
    let what =
        if unchanged { format!("{reference} has all of it already") } else { format!("{reference} has it") };
    let line = format!("{} {from}: {what}   {}", out.paint().good("✓"), size_of(version));
    let raw = vec![reference.clone(), version.text("commit").to_owned()];
    out.show(&answer, std::slice::from_ref(&reference), &Page::new().line(line, raw));
    Ok(Exit::Done)
}

fn preview(from: &DataRef, answer: &Value, out: &Output) -> Result<Exit> {
    let into = reference_of(&from.name, &answer["into"]);
    let conflicts = answer.list("conflicts");
    let page = Page::new()
        .text(out.paint().bold(&format!("{from} → {into}")))
        .section("Would change", render::table(answer.list("files"), &["path", "change", "size"]))
        .section("In the way", render::table(conflicts, &["path", "detail"]));
    out.show(answer, &[from.to_string(), into], &page);
    if conflicts.is_empty() { Ok(Exit::Done) } else { Err(Failure::silent(codes::CONFLICT.exit)) }
}
