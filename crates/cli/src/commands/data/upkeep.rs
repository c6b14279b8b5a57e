//! `volano data usage`, `verify` and `gc`: the store of files.

use serde_json::{Value, json};

use crate::client::Client;
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Table, bytes, count, spin};

fn size(answer: &Value, field: &str) -> String {
    bytes(answer.int(field).unwrap_or(0))
}

fn number(answer: &Value, field: &str) -> String {
    count(answer.int(field).unwrap_or(0))
}

/// Shows what the versions hold and what the store takes.
pub(super) async fn usage(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/data/usage").await?;
    let mut table = Table::new(["data set", "versions", "newest", "all versions"]);
    for one in answer.list("datasets") {
        table.push(vec![
            Cell::text(one.text("name")),
            Cell::count(one.int("versions")),
            Cell::bytes(one.int("newest_bytes")),
            Cell::bytes(one.int("all_bytes")),
        ]);
    }
    let ratio = |field: &str| answer[field].as_f64().unwrap_or(1.0);
    let whole = format!("{} files, {}", number(&answer, "whole_files"), size(&answer, "whole_bytes"));
    let packs = format!(
        "{} packs, {}, hold {} files of {} (× {:.1} by sharing, × {:.1} by compression)",
        number(&answer, "packs"),
        size(&answer, "pack_bytes"),
        number(&answer, "packed_files"),
        size(&answer, "packed_files_bytes"),
        ratio("dedup_ratio"),
        ratio("compression_ratio"),
    );
    let plain = |word: &str, fields: [&str; 2]| {
        [word.to_owned()].into_iter().chain(fields.map(|field| answer[field].to_string())).collect()
    };
    let page = Page::new()
        .table(table)
        .line(format!("whole   {whole}"), plain("whole", ["whole_files", "whole_bytes"]))
        .line(format!("packed  {packs}"), plain("packed", ["packed_files", "pack_bytes"]));
    let names: Vec<String> = answer.list("datasets").iter().map(|one| one.text("name").to_owned()).collect();
    out.show(&answer, &names, &page);
    Ok(Exit::Done)
}

/// Has everything read and compared with its hash.
pub(super) async fn verify(client: &Client, out: &Output) -> Result<Exit> {
    let answer = spin(out, "reading everything", client.post("/data/verify", json!({}))).await?;
    let damaged = answer.list("damaged");
    let read = format!("{} objects, {}", number(&answer, "objects"), size(&answer, "bytes"));
    let paths: Vec<String> = damaged.iter().map(|one| one.text("path").to_owned()).collect();
    if damaged.is_empty() {
        let line = format!("{} all of it is whole: {read}", out.paint().good("✓"));
        let raw = vec!["whole".to_owned(), answer["objects"].to_string(), answer["bytes"].to_string()];
        out.show(&answer, &paths, &Page::new().line(line, raw));
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["what", "state", "reason", "versions", "path"]);
    for one in damaged {
        let state = if one["mended"] == true { "mended" } else { "damaged" };
        let versions: Vec<&str> = one.list("versions").iter().filter_map(Value::as_str).collect();
        table.push(vec![
            Cell::text(one.text("kind")),
            Cell::text(state),
            Cell::text(one.text("reason")),
            Cell::text(versions.join(", ")),
            Cell::text(one.text("path")),
        ]);
    }
    out.show(&answer, &paths, &Page::new().text(format!("read {read}")).table(table));
    if damaged.iter().all(|one| one["mended"] == true) {
        return Ok(Exit::Done);
    }
    out.next(format_args!(
        "volano data add FILE --name NAME   the same bytes again put a damaged file right"
    ));
    Err(Failure::silent(codes::DATA.exit))
}

/// Packs what only older versions hold, or says what that would do.
pub(super) async fn collect(client: &Client, plan: bool, out: &Output) -> Result<Exit> {
    let answer = spin(out, "packing", client.post("/data/gc", json!({"plan": plan}))).await?;
    let went =
        format!("{} whole files of older versions, {}", number(&answer, "files"), size(&answer, "bytes"));
    let stays = format!("{} files, {}", number(&answer, "kept_files"), size(&answer, "kept_bytes"));
    let plain = |word: &str, fields: &[&str]| -> Vec<String> {
        [word.to_owned()].into_iter().chain(fields.iter().map(|field| answer[*field].to_string())).collect()
    };
    let packed = plain("packed", &["files", "bytes"]);
    let mut page = if plan {
        Page::new().line(format!("would go into packs: {went}"), packed)
    } else {
        let (stored, freed) = (size(&answer, "stored_bytes"), size(&answer, "freed_bytes"));
        let mark = out.paint().good("✓");
        Page::new()
            .line(format!("{mark} into packs: {went}; {stored} were new to them"), packed)
            .line(format!("freed in packs: {freed}"), plain("freed", &["freed_bytes"]))
    };
    let kept = plain("kept", &["kept_files", "kept_bytes"]);
    page = page.line(format!("stays whole, of the newest versions: {stays}"), kept);
    if answer.int("in_use").unwrap_or(0) > 0 {
        let text = format!("read within the last hour, stays for now: {}", number(&answer, "in_use"));
        page = page.line(text, plain("in use", &["in_use"]));
    }
    if answer.int("damaged").unwrap_or(0) > 0 {
        let text = format!("damaged, left as it is: {}", number(&answer, "damaged"));
        page = page.line(text, plain("damaged", &["damaged"]));
        out.next(format_args!("volano data verify"));
    }
    out.show(&answer, &[answer["bytes"].to_string()], &page);
    Ok(Exit::Done)
}
