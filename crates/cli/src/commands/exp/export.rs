//! `volano exp export`: runs, or the points of their metrics, as a table for other programs.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use tables::export::{Export, Kind, Values};

use super::column::{self, Attribute, Column};
use crate::args::{ExportArgs, ExportFormat};
use crate::client::{Client, Method};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::{Fields, plain};
use crate::output::{Output, Progress, count};
use crate::runs::{self, Search};

/// Points of a metric in one request.
const POINTS: usize = 25_000;

/// Writes the table.
pub async fn run(client: &Client, args: &ExportArgs, out: &Output) -> Result<Exit> {
    let format = format(args)?;
    let search = Search {
        experiment: Some(args.experiment.clone()),
        filter: args.filter.clone().unwrap_or_default(),
        order_by: args.order_by.clone(),
        limit: args.limit.unwrap_or(usize::MAX),
        deleted: args.deleted,
    };
    let found = runs::search(client, &search).await?;
    let rows = if args.metrics_history {
        history(client, &found, args, format, out).await?
    } else {
        table(&found, args, format)?
    };
    if let Some(path) = &args.output {
        let what = if args.metrics_history { "points" } else { "runs" };
        let line =
            format!("{} {what} are in {}", count(i64::try_from(rows).unwrap_or(i64::MAX)), path.display());
        out.done(line);
    }
    Ok(Exit::Done)
}

fn format(args: &ExportArgs) -> Result<ExportFormat> {
    let ending = args.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
    let format = args.format.unwrap_or(match ending {
        Some("parquet") => ExportFormat::Parquet,
        _ => ExportFormat::Csv,
    });
    if format == ExportFormat::Parquet && args.output.is_none() {
        return Err(Failure::new(&codes::USAGE, "Parquet is not written to standard output")
            .help("name a file: --output runs.parquet"));
    }
    Ok(format)
}

fn open(args: &ExportArgs, format: ExportFormat, columns: &[(String, Kind)]) -> Result<Export> {
    match (&args.output, format) {
        (Some(path), ExportFormat::Csv) => Export::csv(path, columns).map_err(|error| unwritten(&error)),
        (Some(path), ExportFormat::Parquet) => {
            Export::parquet(path, columns).map_err(|error| unwritten(&error))
        }
        (None, _) => Export::csv_to(std::io::stdout(), columns)
            .map_err(|error| Failure::file(Path::new("standard output"), "write", &error)),
    }
}

fn unwritten(error: &tables::Error) -> Failure {
    Failure::new(&codes::NO_FILE, error)
}

/// A row for each run.
fn table(found: &[Value], args: &ExportArgs, format: ExportFormat) -> Result<usize> {
    let columns =
        if args.columns.is_empty() { every_column(found) } else { column::parse(&args.columns, found)? };
    let typed: Vec<(String, Kind)> = columns.iter().map(|column| (title(column), kind(column))).collect();
    distinct(&typed)?;
    let mut export = open(args, format, &typed)?;
    let values = columns.iter().map(|column| values(column, found)).collect();
    export.write(values).and_then(|()| export.finish()).map_err(|error| unwritten(&error))?;
    Ok(found.len())
}

fn distinct(columns: &[(String, Kind)]) -> Result<()> {
    let mut seen = BTreeSet::new();
    match columns.iter().find(|(name, _)| !seen.insert(name.as_str())) {
        Some((name, _)) => Err(Failure::new(&codes::VALUE, format!("--columns: {name} is there twice"))),
        None => Ok(()),
    }
}

/// All that the runs have: attributes, then metrics, parameters and tags by name.
fn every_column(found: &[Value]) -> Vec<Column> {
    use Attribute::{Ended, Experiment, Id, Name, Started, Status, User};
    let mut columns: Vec<Column> =
        [Id, Name, Experiment, Status, User, Started, Ended].into_iter().map(Column::attribute).collect();
    let keys = |kind: &str| -> BTreeSet<String> {
        found.iter().flat_map(|run| run.pairs(kind)).map(|(key, _)| key.to_owned()).collect()
    };
    let named = |title: String, kind| Column { title, kind };
    columns.extend(keys("metrics").into_iter().map(|key| named(key.clone(), column::Kind::Metric(key))));
    columns.extend(keys("params").into_iter().map(|key| named(key.clone(), column::Kind::Param(key))));
    columns.extend(keys("tags").into_iter().map(|key| named(key.clone(), column::Kind::Tag(key))));
    columns
}

/// The column's name in the table, as `mlflow.search_runs` has it.
fn title(column: &Column) -> String {
    match &column.kind {
        column::Kind::Metric(key) => format!("metrics.{key}"),
        column::Kind::Param(key) => format!("params.{key}"),
        column::Kind::Tag(key) => format!("tags.{key}"),
        column::Kind::Attribute(attribute) => match attribute {
            Attribute::Id => "run_id",
            Attribute::Name => "run_name",
            Attribute::Experiment => "experiment_id",
            Attribute::Status => "status",
            Attribute::User => "user_id",
            Attribute::Started => "start_time",
            Attribute::Ended => "end_time",
            Attribute::Took => "duration_ms",
        }
        .to_owned(),
    }
}

fn kind(column: &Column) -> Kind {
    match &column.kind {
        column::Kind::Metric(_) => Kind::Figure,
        column::Kind::Attribute(Attribute::Started | Attribute::Ended) => Kind::Time,
        column::Kind::Attribute(Attribute::Took) => Kind::Whole,
        _ => Kind::Text,
    }
}

fn values(column: &Column, found: &[Value]) -> Values {
    let text = |value: &Value| (!value.is_null()).then(|| plain(value));
    match &column.kind {
        column::Kind::Metric(key) => Values::Figure(found.iter().map(|run| runs::metric(run, key)).collect()),
        column::Kind::Param(key) => Values::Text(found.iter().map(|run| text(&run["params"][key])).collect()),
        column::Kind::Tag(key) => Values::Text(found.iter().map(|run| text(&run["tags"][key])).collect()),
        column::Kind::Attribute(attribute) => {
            let texts = |key: &str| Values::Text(found.iter().map(|run| text(&run[key])).collect());
            match attribute {
                Attribute::Started => Values::Time(found.iter().map(|run| run.int("start_ms")).collect()),
                Attribute::Ended => Values::Time(found.iter().map(|run| run.int("end_ms")).collect()),
                Attribute::Took => Values::Whole(found.iter().map(runs::took).collect()),
                Attribute::Id => texts("id"),
                Attribute::Name => texts("name"),
                Attribute::Experiment => texts("experiment"),
                Attribute::Status => texts("status"),
                Attribute::User => texts("user"),
            }
        }
    }
}

/// A row for each point of each metric, written as it comes.
async fn history(
    client: &Client,
    found: &[Value],
    args: &ExportArgs,
    format: ExportFormat,
    out: &Output,
) -> Result<usize> {
    let columns = [
        ("run_id", Kind::Text),
        ("run_name", Kind::Text),
        ("metric", Kind::Text),
        ("step", Kind::Whole),
        ("timestamp", Kind::Time),
        ("value", Kind::Figure),
    ]
    .map(|(name, kind)| (name.to_owned(), kind));
    let mut export = open(args, format, &columns)?;
    let progress = Progress::items(out, "reading", found.len() as u64);
    let mut rows = 0;
    for run in found {
        for (key, _) in run.pairs("metrics") {
            let mut token = Value::Null;
            loop {
                let mut query = json!({"run_id": runs::id(run), "metric_key": key, "max_results": POINTS});
                if !token.is_null() {
                    query["page_token"] = token;
                }
                let answer = client.mlflow(Method::GET, "metrics/get-history", query).await?;
                let points = answer.list("metrics");
                rows += points.len();
                export.write(points_of(run, key, points)).map_err(|error| unwritten(&error))?;
                token = answer["next_page_token"].clone();
                if token.is_null() || token == "" || points.is_empty() {
                    break;
                }
            }
        }
        progress.advance(1);
    }
    export.finish().map_err(|error| unwritten(&error))?;
    Ok(rows)
}

fn points_of(run: &Value, key: &str, points: &[Value]) -> Vec<Values> {
    let same = |text: &str| Values::Text(vec![Some(text.to_owned()); points.len()]);
    vec![
        same(runs::id(run)),
        same(run.text("name")),
        same(key),
        Values::Whole(points.iter().map(|point| Some(point.int("step").unwrap_or(0))).collect()),
        Values::Time(points.iter().map(|point| point.int("timestamp")).collect()),
        Values::Figure(points.iter().map(|point| runs::figure(&point["value"])).collect()),
    ]
}
