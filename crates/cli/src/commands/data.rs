//! `volano data`: data sets and their versions.

mod branch;
mod checkout;
mod s3;
mod send;
mod sql;
mod upkeep;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::with_client;
use crate::args::{DataAddArgs, DataCommand, DiffArgs, Globals};
use crate::client::{Client, DataRef, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Table, bytes, count, spin};
use crate::render;

/// Files that one command adds at most.
const MAX_FILES: usize = 100_000;
/// The rule that a file breaks which cannot be read at all.
const UNREADABLE: &str = "readable";
/// Frequent texts that a profile's table shows.
const FREQUENT: usize = 3;
/// Example rows that are shown for a broken rule.
const EXAMPLES: usize = 3;

/// A file to be sent, and its name inside the version.
struct Local {
    real: PathBuf,
    path: String,
    size: u64,
}

/// Does it.
pub async fn run(command: DataCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    if let DataCommand::Add(args) = &command
        && args.dry_run
    {
        return dry_run(args, out);
    }
    with_client(globals, Need::Records, async |client| {
        let (name, done) = match command {
            DataCommand::Add(args) => return add(client, &args, out).await,
            DataCommand::Sql(args) => return sql::run(client, &args, out).await,
            DataCommand::S3 => return s3::show(client, out).await,
            DataCommand::Usage => return upkeep::usage(client, out).await,
            DataCommand::Verify => return upkeep::verify(client, out).await,
            DataCommand::Gc { plan } => return upkeep::collect(client, plan, out).await,
            DataCommand::Ls { name: None } => return list(client, out).await,
            DataCommand::Ls { name: Some(name) } => {
                let done = versions(client, &name, out).await;
                (name, done)
            }
            DataCommand::Show { reference, rows } => {
                let reference: DataRef = reference.parse()?;
                (reference.name.clone(), show(client, &reference, rows, out).await)
            }
            DataCommand::Diff(args) => {
                let from: DataRef = args.from.parse()?;
                (from.name.clone(), diff(client, &args, &from, out).await)
            }
            DataCommand::Checkout { reference, folder } => {
                let reference: DataRef = reference.parse()?;
                (reference.name.clone(), checkout::run(client, &reference, folder, out).await)
            }
            DataCommand::Branch(args) => {
                (bare(&args.reference), branch::run(client, "branch", &args, out).await)
            }
            DataCommand::Tag(args) => (bare(&args.reference), branch::run(client, "tag", &args, out).await),
            DataCommand::Merge(args) => (bare(&args.reference), branch::merge(client, &args, out).await),
            DataCommand::Profile { reference, column } => {
                let reference: DataRef = reference.parse()?;
                (reference.name.clone(), profile(client, &reference, column.as_deref(), out).await)
            }
        };
        match done {
            Ok(exit) => Ok(exit),
            Err(failure) => Err(with_nearest(client, &name, failure).await),
        }
    })
    .await
}

/// The data set of a reference.
fn bare(reference: &str) -> String {
    reference.split('@').next().unwrap_or_default().to_owned()
}

fn dry_run(args: &DataAddArgs, out: &Output) -> Result<Exit> {
    let files = collect(&args.files)?;
    let name = name_of(args)?;
    let mut table = Table::new(["file", "size"]);
    for file in &files {
        table.push(vec![Cell::text(&file.path), Cell::bytes(i64::try_from(file.size).ok())]);
    }
    let list: Vec<Value> = files.iter().map(|file| json!({"path": file.path, "size": file.size})).collect();
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let page = Page::new().text(format!("would add to {name}:")).table(table);
    out.show(&json!({"dataset": name, "files": list}), &paths, &page);
    Ok(Exit::Done)
}

async fn add(client: &Client, args: &DataAddArgs, out: &Output) -> Result<Exit> {
    let files = collect(&args.files)?;
    let name = name_of(args)?;
    let sent = send::send(client, &name, &files, out).await?;
    let body = json!({
        "files": sent, "message": args.message.clone().unwrap_or_default(), "append": args.append,
        "kind": kind_of(&files), "branch": args.branch,
    });
    let path = format!("/datasets/{}/versions", segment(&name));
    let answer = spin(out, "reading", client.post(&path, body)).await?;
    report(client, &name, &answer, out)
}

/// Endings of files that hold rows; compressed ones end so before .gz or .zst.
const TABLES: [&str; 9] = ["csv", "tsv", "json", "jsonl", "ndjson", "parquet", "arrow", "feather", "ipc"];

/// `table` when every file holds rows, else `files`.
fn kind_of(files: &[Local]) -> &'static str {
    let is_table = |file: &Local| {
        let name = file.path.to_lowercase();
        let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        name.rsplit_once('.').is_some_and(|(_, end)| TABLES.contains(&end))
    };
    if files.iter().all(is_table) { "table" } else { "files" }
}

/// Says what became of the candidate: published, the same as before, or rejected.
fn report(client: &Client, name: &str, answer: &Value, out: &Output) -> Result<Exit> {
    let version = &answer["version"];
    let reference = reference_of(name, version);
    if version.text("state") == "rejected" {
        if out.form() == crate::output::Form::Json {
            out.json(answer);
        }
        return Err(rejected(&reference, version));
    }
    let unchanged = answer.text("outcome") == "unchanged";
    let mark = out.paint().good("✓");
    let what = if unchanged { "no change, still " } else { "" };
    let on = match version.text("branch") {
        "" => String::new(),
        branch => format!(" on {branch}"),
    };
    let mut line = format!("{mark} {what}{reference}{on}   {}", size_of(version));
    if let Some(page) = client.page(&format!("/data/{reference}")) {
        line.push_str(&format!("   {page}"));
    }
    let raw =
        vec![reference.clone(), crate::json::plain(&version["rows"]), version.text("commit").to_owned()];
    out.show(answer, std::slice::from_ref(&reference), &Page::new().line(line, raw));
    match version.text("branch") {
        "" => out.next(format_args!("volano data profile {name}")),
        branch => out.next(format_args!("volano data merge {name}@{branch} --dry-run")),
    }
    Ok(Exit::Done)
}

fn size_of(version: &Value) -> String {
    let rows = version.int("rows").map(|rows| format!("{} rows · ", count(rows))).unwrap_or_default();
    let files = version.int("files").unwrap_or_else(|| version.list("files").len().try_into().unwrap_or(0));
    format!("{rows}{} files · {}", count(files), bytes(version.int("size").unwrap_or(0)))
}

/// `name@v3`, or the start of the commit for what was not published.
pub fn reference_of(name: &str, version: &Value) -> String {
    match version.text("reference") {
        "" => name.to_owned(),
        reference => reference.to_owned(),
    }
}

fn rejected(reference: &str, version: &Value) -> Failure {
    let violations = version.list("violations");
    if violations.iter().all(|violation| violation.text("rule") == UNREADABLE) {
        let name = reference.split('@').next().unwrap_or_default();
        let failure =
            Failure::new(&codes::DATA, format!("the files cannot be read, so {name} has no new version"));
        return violations
            .iter()
            .fold(failure, |failure, violation| {
                failure.detail(format_args!("✗ {}", violation.text("message")))
            })
            .help("mend the files and add them again");
    }
    let rules =
        if violations.len() == 1 { "1 rule".to_owned() } else { format!("{} rules", violations.len()) };
    let message = format!("{reference} breaks {rules}, so it was not published");
    let failure = violations.iter().fold(Failure::new(&codes::CONTRACT, message), with_violation);
    failure
        .help(format_args!("see them     volano data show {reference}"))
        .help("mend the data and add it again, or the rule if the world has changed")
}

/// Adds what there is to a failure that says that a data set, or a version of it, is not there.
pub async fn with_nearest(client: &Client, name: &str, failure: Failure) -> Failure {
    if failure.code() != &codes::NOT_FOUND || !failure.message().starts_with("there is no data") {
        return failure;
    }
    let known = client.get("/datasets").await.unwrap_or_default();
    let names: Vec<&str> = known.list("items").iter().map(|item| item.text("name")).collect();
    let refused = known.list("items").iter().find(|item| item.text("name") == name);
    let refused = refused.map(|item| item["rejected"].text("reference")).unwrap_or_default();
    if !refused.is_empty() && failure.message().ends_with("@latest\"") {
        return failure.help(format_args!(
            "its files were refused, so no version is published: volano data show {refused}"
        ));
    }
    if names.contains(&name) {
        return failure.help(format_args!("the versions there are: volano data ls {name}"));
    }
    match domain::suggest::nearest(name, names.iter().copied()) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure.help("the data sets there are: volano data ls"),
    }
}

/// Adds a broken rule: drawn in the contract's file when its place is known, else as a line.
pub fn with_violation(failure: Failure, violation: &Value) -> Failure {
    let parts = [violation.text("message"), violation.text("change")];
    let label = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    let root = crate::place::project_root_here().unwrap_or_default();
    let place = crate::failure::Place::parse(&root, violation.text("place"), &label);
    let failure = match place {
        Some(place) => failure.at(place),
        None => {
            let parts = [violation.text("column"), violation.text("rule"), &label];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            failure.detail(format_args!("✗ {}", parts.join("  ")))
        }
    };
    violation.list("examples").iter().take(EXAMPLES).fold(failure, |failure, example| {
        let row = example.int("row").unwrap_or(0);
        let value = Some(example.text("value")).filter(|value| !value.is_empty()).unwrap_or("(nothing)");
        let parts = [violation.text("column"), example.text("file")].map(str::to_owned);
        let what: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        // The rows that a query found are in no file.
        let place = if what.is_empty() { String::new() } else { format!("{}, ", what.join(" in ")) };
        failure.detail(format_args!("  {place}row {row}: {value}"))
    })
}

/// Sends files and returns them as the API names them.
fn name_of(args: &DataAddArgs) -> Result<String> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let first = args.files.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
    let stem = first.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default();
    if stem.is_empty() || domain::Name::parse(stem).is_err() {
        return Err(Failure::new(&codes::USAGE, format!("{} gives no usable name", first.display()))
            .help("name the data set: --name NAME"));
    }
    Ok(stem.to_owned())
}

/// Every file below the given files and folders; hidden ones inside folders are left out.
fn collect(given: &[PathBuf]) -> Result<Vec<Local>> {
    let mut files = Vec::new();
    for path in given {
        let about = std::fs::metadata(path).map_err(|error| missing(path, &error))?;
        if about.is_dir() {
            let before = files.len();
            walk(path, path, &mut files)?;
            if files.len() == before {
                return Err(Failure::new(&codes::NO_FILE, format!("{} holds no files", path.display()))
                    .help("hidden files and links are left out"));
            }
        } else if about.is_file() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            files.push(Local { real: path.clone(), path: name.to_owned(), size: about.len() });
        } else {
            return Err(Failure::new(
                &codes::NO_FILE,
                format!("{} is neither a file nor a folder", path.display()),
            )
            .help("write it to a file first"));
        }
    }
    if let Some(empty) = files.iter().find(|file| file.size == 0) {
        return Err(Failure::new(&codes::DATA, format!("{} is empty: 0 bytes", empty.real.display()))
            .help("nothing was added"));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].path == pair[1].path) {
        let (one, two) = (pair[0].real.display(), pair[1].real.display());
        return Err(Failure::new(
            &codes::USAGE,
            format!("{one} and {two} would both be called {}", pair[0].path),
        )
        .help("give their common folder instead: then the paths below it are kept"));
    }
    Ok(files)
}

/// A file that was named and is not there, with what may have been meant.
pub fn missing(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::file(path, "read", error);
    if let Ok(target) = std::fs::read_link(path) {
        return failure
            .help(format_args!("it is a link to {}, which does not lead to a file", target.display()));
    }
    if path.to_string_lossy().contains(['*', '?']) {
        return failure
            .help("a pattern that matches nothing is left as it is by the shell: ls shows what is there");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    let wanted = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match domain::suggest::nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => failure.help(format_args!("did you mean {}?", path.with_file_name(near).display())),
        None => failure,
    }
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<Local>) -> Result<()> {
    let unreadable = |error| Failure::file(folder, "read", &error);
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let hidden = entry.file_name().to_str().is_none_or(|name| name.starts_with('.'));
        let about = entry.metadata().map_err(unreadable)?;
        if hidden {
            continue;
        }
        if about.is_dir() {
            walk(root, &path, files)?;
        } else if about.is_file() {
            let below = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
            files.push(Local { real: path.clone(), path: parts.join("/"), size: about.len() });
        }
        if files.len() > MAX_FILES {
            return Err(Failure::new(&codes::VALUE, format!("more than {} files", count(MAX_FILES as i64))));
        }
    }
    Ok(())
}

async fn list(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/datasets").await?;
    let items = answer.list("items");
    let mut table = Table::new(["name", "kind", "latest", "rows", "files", "size", "time", "rejected since"]);
    for item in items {
        let latest = &item["latest"];
        table.push(vec![
            Cell::text(item.text("name")),
            Cell::text(item.text("kind")),
            render::cell("reference", &latest["reference"]),
            Cell::count(latest.int("rows")),
            Cell::count(latest.int("files")),
            Cell::bytes(latest.int("size")),
            Cell::time(latest.int("time_ms")),
            render::cell("reference", &item["rejected"]["reference"]),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("name").to_owned()).collect();
    out.list(items, &ids, table, "no data yet: volano data add FILE --name NAME");
    Ok(Exit::Done)
}

async fn versions(client: &Client, name: &str, out: &Output) -> Result<Exit> {
    let answer = client.get(&format!("/datasets/{}/versions", segment(name))).await?;
    let items = answer.list("items");
    let mut table = Table::new(["version", "state", "rows", "files", "size", "time", "message"]);
    for item in items {
        let reference = reference_of(name, item);
        let mut row = vec![Cell::text(reference)];
        row.extend(
            ["state", "rows", "files", "size", "time_ms", "message"].map(|key| render::cell(key, &item[key])),
        );
        table.push(row);
    }
    let ids: Vec<String> = items.iter().map(|item| reference_of(name, item)).collect();
    out.list(items, &ids, table, "no versions yet");
    Ok(Exit::Done)
}

async fn show(client: &Client, reference: &DataRef, rows: usize, out: &Output) -> Result<Exit> {
    let path = reference.path();
    let mut document = client.get(&path).await?;
    let files = client.get(&format!("{path}/files")).await?;
    let sample =
        if rows == 0 { Value::Null } else { client.get(&format!("{path}/rows?limit={rows}")).await? };
    let name = reference_of(&reference.name, &document);
    let about =
        ["state", "rows", "files", "size", "time_ms", "author", "message", "origin", "commit", "parent"];
    let mut page = Page::new().text(out.paint().bold(&name)).fields(render::fields(&document, &about));
    page = page
        .section("Broken rules", render::table(document.list("violations"), &["column", "rule", "message"]))
        .section("Rows that break them", examples_table(document.list("violations")));
    page = page.section("Files", render::table(files.list("items"), &["path", "size", "file_id"]));
    page = page.section("Rows", sample_table(&sample));
    if let Some(map) = document.as_object_mut() {
        map.insert("tree_files".to_owned(), files["items"].clone());
        map.insert("sample".to_owned(), sample);
    }
    out.show(&document, &[name], &page);
    Ok(Exit::Done)
}

/// Where the values stand that break rules.
fn examples_table(violations: &[Value]) -> Table {
    let mut table = Table::new(["column", "rule", "file", "row", "value"]);
    for violation in violations {
        for example in violation.list("examples") {
            table.push(vec![
                Cell::text(violation.text("column")),
                Cell::text(violation.text("rule")),
                Cell::text(example.text("file")),
                Cell::count(example.int("row")),
                Cell::text(example.text("value")),
            ]);
        }
    }
    table
}

/// Rows under the names of their columns.
fn sample_table(sample: &Value) -> Table {
    let columns = sample.list("columns").iter().map(crate::json::plain);
    let mut table = Table::new(columns);
    for row in sample.list("rows") {
        let values = row.as_array().into_iter().flatten();
        // Years and ids are numbers too: nothing is rounded or grouped.
        table.push(values.map(value_cell).collect());
    }
    table
}

fn value_cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::none(),
        Value::Number(number) => Cell::figure(number.to_string()),
        other => Cell::text(crate::json::plain(other)),
    }
}

/// Shows what differs between two versions of one data set.
pub(super) async fn diff(client: &Client, args: &DiffArgs, from: &DataRef, out: &Output) -> Result<Exit> {
    let to = DataRef::parse_beside(&args.to, from)?;
    if from.name != to.name {
        return Err(Failure::new(&codes::REFERENCE, format!("{from} and {to} are of different data sets"))
            .help("compare two versions of one data set"));
    }
    let path = format!("/datasets/{}/diff", segment(&from.name));
    let query = [("from", Some(from.version.clone())), ("to", Some(to.version.clone()))];
    let answer = spin(out, "comparing", client.query(&path, &query)).await?;
    let columns = answer.list("columns");
    let chosen: Vec<&Value> =
        columns.iter().filter(|column| wanted(column, args.column.as_deref())).collect();
    let page = Page::new()
        .text(out.paint().bold(&format!("{from} → {to}")))
        .fields(render::fields(&answer, &["identical", "rows_before", "rows_after"]))
        .section("Files", render::table(answer.list("files"), &["path", "change", "size"]))
        .section("Columns", render::table(chosen, &["name", "change", "detail"]));
    out.show(&answer, &[from.to_string(), to.to_string()], &page);
    if args.exit_code && !answer.flag("identical") {
        return Err(Failure::silent(codes::DIFFERENT.exit));
    }
    Ok(Exit::Done)
}

fn wanted(column: &Value, name: Option<&str>) -> bool {
    name.is_none_or(|name| column.text("name") == name)
}

fn no_column(name: &str, columns: &[Value]) -> Failure {
    let failure = Failure::new(&codes::NOT_FOUND, format!("there is no column {name:?}"));
    match domain::suggest::nearest(name, columns.iter().map(|column| column.text("name"))) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None => failure,
    }
}

async fn profile(client: &Client, reference: &DataRef, column: Option<&str>, out: &Output) -> Result<Exit> {
    let answer = spin(out, "profiling", client.get(&format!("{}/profile", reference.path()))).await?;
    let columns = answer.list("columns");
    let chosen: Vec<&Value> = columns.iter().filter(|found| wanted(found, column)).collect();
    if let Some(name) = column.filter(|_| chosen.is_empty()) {
        return Err(no_column(name, columns));
    }
    let ids: Vec<String> = chosen.iter().map(|column| column.text("name").to_owned()).collect();
    let mut page = Page::new().text(out.paint().bold(&reference.to_string()));
    page = page.fields(render::fields(&answer, &["rows", "files"]));
    page = match (column, chosen.first()) {
        (Some(_), Some(one)) => {
            let names: Vec<&str> =
                one.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let scalar: Vec<&str> = names.into_iter().filter(|key| !one[*key].is_array()).collect();
            page.fields(render::fields(one, &scalar))
        }
        _ => page.section("Columns", profile_table(&chosen)),
    };
    out.show(if column.is_some() { chosen[0] } else { &answer }, &ids, &page);
    out.next(format_args!("volano contract infer {}", reference.name));
    Ok(Exit::Done)
}

fn profile_table(columns: &[&Value]) -> Table {
    let mut table = Table::new([
        "column",
        "type",
        "meaning",
        "values",
        "nulls",
        "distinct",
        "min",
        "mean",
        "max",
        "std",
        "most frequent",
    ]);
    for column in columns {
        let is_time = matches!(column.text("type"), "date" | "timestamp");
        let number = &column["number"];
        let end = |key: &str| match number.float(key) {
            Some(time) if is_time => Cell::time(Some(time as i64)),
            figure => Cell::number(figure),
        };
        let spread = |key: &str| Cell::number(number.float(key).filter(|_| !is_time));
        let frequent: Vec<&str> =
            column.list("top").iter().take(FREQUENT).map(|top| top.text("value")).collect();
        table.push(vec![
            Cell::text(column.text("name")),
            Cell::text(column.text("type")),
            Cell::text(column.text("semantic")),
            Cell::count(column.int("count")),
            Cell::count(column.int("nulls")),
            Cell::count(column.int("distinct")),
            end("min"),
            spread("mean"),
            end("max"),
            spread("std"),
            Cell::text(if column.text("type") == "text" { frequent.join(", ") } else { String::new() }),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_paths_below_it_and_hides_hidden_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/one.csv"), "x\n1\n").unwrap();
        std::fs::write(folder.path().join(".hidden"), "x").unwrap();
        let files = collect(&[folder.path().to_owned()]).unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/one.csv"]);
    }

    #[test]
    fn a_missing_file_is_answered_with_the_nearest() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("telco.csv"), "x\n1\n").unwrap();
        let failure = collect(&[folder.path().join("telko.csv")]).err().unwrap();
        let text = failure.render(crate::output::Paint::off(), 100);
        assert!(text.contains("telco.csv?"), "{text}");
    }
}
