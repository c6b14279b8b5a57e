//! `volano data sql`: a question over data versions, and where its rows go.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::value_cell;
use crate::args::{DataSqlArgs, SqlFormat};
use crate::client::{Answer, Client};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Form, Output, Page, Table, bytes, count, spin};

/// Where the API answers questions.
const PATH: &str = "/api/v1/data/sql";
/// Rows of a table unless the flag says otherwise.
const TABLE_ROWS: usize = 100;
/// The largest text of a query.
const MAX_TEXT: u64 = 1 << 20;
/// How the server names the query in its faults.
const FIELD: &str = "sql";

/// A query and where it was read.
struct Text {
    sql: String,
    shown: String,
}

/// Asks, and writes the rows.
pub async fn run(client: &Client, args: &DataSqlArgs, out: &Output) -> Result<Exit> {
    let text = read(&args.sql)?;
    let format = format(args, out)?;
    let done = match (format, &args.output) {
        (SqlFormat::Table, _) => table(client, args, &text, out).await,
        (SqlFormat::Json, None) => document(client, args, &text, out).await,
        (_, Some(path)) => file(client, args, &text, format, path, out).await,
        (_, None) => stream(client, args, &text, format, out).await,
    };
    done.map_err(|failure| failure.of_text(FIELD, &text.shown, &text.sql)).map(|()| Exit::Done)
}

/// The query itself, `-` for standard input, `@FILE` for a file.
fn read(argument: &str) -> Result<Text> {
    let (from, shown): (Box<dyn Read>, String) = match argument.strip_prefix('@') {
        Some(file) => {
            let opened =
                std::fs::File::open(file).map_err(|error| super::missing(Path::new(file), &error))?;
            (Box::new(opened), file.to_owned())
        }
        None if argument == "-" => (Box::new(std::io::stdin()), "standard input".to_owned()),
        None => return Ok(Text { sql: argument.to_owned(), shown: "the query".to_owned() }),
    };
    let mut sql = String::new();
    let unreadable = |error| Failure::file(Path::new(&shown), "read", &error);
    from.take(MAX_TEXT + 1).read_to_string(&mut sql).map_err(unreadable)?;
    if sql.len() as u64 > MAX_TEXT {
        return Err(Failure::new(&codes::VALUE, format!("{shown} is longer than {} KiB", MAX_TEXT >> 10)));
    }
    Ok(Text { sql, shown })
}

fn format(args: &DataSqlArgs, out: &Output) -> Result<SqlFormat> {
    let ending = args.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
    let by_ending = ending.map(|ending| match ending {
        "parquet" => SqlFormat::Parquet,
        "arrow" | "arrows" => SqlFormat::Arrow,
        "json" => SqlFormat::Json,
        _ => SqlFormat::Csv,
    });
    let by_place = || match (out.form(), &args.output) {
        (Form::Json, None) => SqlFormat::Json,
        (Form::Table, None) => SqlFormat::Table,
        _ => SqlFormat::Csv,
    };
    let format = args.format.or(by_ending).unwrap_or_else(by_place);
    let binary = matches!(format, SqlFormat::Parquet | SqlFormat::Arrow);
    match &args.output {
        None if binary && std::io::stdout().is_terminal() => {
            Err(Failure::new(&codes::USAGE, format!("{} is not written to a terminal", word(format)))
                .help(format_args!("name a file: --output rows.{}", word(format))))
        }
        Some(_) if format == SqlFormat::Table => {
            Err(Failure::new(&codes::USAGE, "a table for people is not written to a file")
                .help("--format csv, json, parquet or arrow"))
        }
        _ => Ok(format),
    }
}

fn word(format: SqlFormat) -> &'static str {
    match format {
        // What people read is drawn from the document.
        SqlFormat::Table | SqlFormat::Json => "json",
        SqlFormat::Csv => "csv",
        SqlFormat::Parquet => "parquet",
        SqlFormat::Arrow => "arrow",
    }
}

async fn ask(client: &Client, text: &Text, format: SqlFormat, limit: Option<usize>) -> Result<Answer> {
    let body = json!({
        "sql": text.sql, "limit": limit, "format": word(format), "count": format == SqlFormat::Table,
    });
    client.post_raw(PATH, body).await
}

/// The first rows, and how many more there are.
async fn table(client: &Client, args: &DataSqlArgs, text: &Text, out: &Output) -> Result<()> {
    let limit = Some(args.limit.unwrap_or(TABLE_ROWS));
    let answer =
        spin(out, "asking", async { ask(client, text, SqlFormat::Table, limit).await?.json().await }).await?;
    let columns = answer.list("columns").iter().map(|column| column.text("name"));
    let mut table = Table::new(columns);
    let rows = answer.list("rows");
    for row in rows {
        table.push(row.as_array().into_iter().flatten().map(value_cell).collect());
    }
    if rows.is_empty() {
        let names: Vec<&str> = answer.list("columns").iter().map(|column| column.text("name")).collect();
        out.note(format_args!("no rows; the columns are {}", names.join(", ")));
        return Ok(());
    }
    out.write(&Page::new().table(table).render(out.paint(), out.width()));
    if answer.flag("truncated") {
        let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let total = answer.int("total").map_or_else(String::new, |total| format!(" of {}", count(total)));
        out.note(format_args!(
            "{}{total} rows; more with --limit N, all with --output FILE.csv",
            count(shown)
        ));
    }
    Ok(())
}

async fn document(client: &Client, args: &DataSqlArgs, text: &Text, out: &Output) -> Result<()> {
    let answer: Value = ask(client, text, SqlFormat::Json, args.limit).await?.json().await?;
    out.json(&answer);
    Ok(())
}

async fn stream(
    client: &Client,
    args: &DataSqlArgs,
    text: &Text,
    format: SqlFormat,
    out: &Output,
) -> Result<()> {
    let mut body = ask(client, text, format, args.limit).await?.body;
    while let Some(chunk) = body.next().await {
        out.write_bytes(&chunk?);
    }
    Ok(())
}

/// Writes beside the file first: it is there whole or not at all.
async fn file(
    client: &Client,
    args: &DataSqlArgs,
    text: &Text,
    format: SqlFormat,
    path: &Path,
    out: &Output,
) -> Result<()> {
    let failed = |error: std::io::Error| Failure::file(path, "write", &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let readable: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let mut draft: NamedTempFile = tempfile::Builder::new()
        .prefix(".volano-")
        .permissions(readable)
        .tempfile_in(folder)
        .map_err(failed)?;
    let written = spin(out, "asking", async {
        let mut body = ask(client, text, format, args.limit).await?.body;
        let mut written = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            draft.write_all(&chunk).map_err(failed)?;
            written += chunk.len();
        }
        Ok::<_, Failure>(written)
    })
    .await?;
    draft.as_file().sync_all().map_err(failed)?;
    draft.persist(path).map_err(|error| failed(error.error))?;
    let size = bytes(i64::try_from(written).unwrap_or(i64::MAX));
    out.done(format_args!("the rows are in {} ({size})", path.display()));
    Ok(())
}
