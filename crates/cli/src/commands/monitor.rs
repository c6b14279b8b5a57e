//! `volano monitor`: what is watched on an endpoint, and what it found.

use serde_json::{Value, json};

use super::deploy::{get, with_nearest};
use super::with_client;
use crate::args::{Globals, MonitorCommand, WindowArgs};
use crate::client::{Client, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Table, percent, spin};
use crate::render;

/// Does it.
pub async fn run(command: MonitorCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    with_client(globals, Need::Records, async |client| match command {
        MonitorCommand::Status { name: None } => all(client, out).await,
        MonitorCommand::Status { name: Some(name) } => one(client, &name, out).await,
        MonitorCommand::Drift(args) => drift(client, &args, out).await,
        MonitorCommand::Performance(args) => performance(client, &args, out).await,
    })
    .await
}

async fn all(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/monitors").await?;
    let items = answer.list("items");
    let columns = [
        "deployment",
        "state",
        "verdict",
        "drift.verdict",
        "drift.moved_share",
        "performance.verdict",
        "predictions",
        "labels",
        "alerts",
        "last_prediction_ms",
        "sentence",
    ];
    let ids: Vec<String> = items.iter().map(|item| item.text("deployment").to_owned()).collect();
    out.list(
        items,
        &ids,
        render::table(items, &columns),
        "nothing is watched yet: volano deploy REF --to ENDPOINT",
    );
    Ok(Exit::Done)
}

async fn one(client: &Client, name: &str, out: &Output) -> Result<Exit> {
    let document = of(client, name, "monitor").await?;
    let scalars: Vec<&str> = document
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_array() && !value.is_object())
        .map(|(key, _)| key.as_str())
        .collect();
    let mut page = Page::new().text(out.paint().bold(name)).fields(render::fields(&document, &scalars));
    for part in ["drift", "performance", "freshness", "window"] {
        if let Some(object) = document[part].as_object() {
            let keys: Vec<&str> = object
                .iter()
                .filter(|(_, value)| !value.is_array() && !value.is_object())
                .map(|(key, _)| key.as_str())
                .collect();
            if !keys.is_empty() {
                page = page.heading(capital(part)).fields(render::fields(&document[part], &keys));
            }
        }
    }
    page = page.section(
        "Alerts",
        render::table(document.list("alerts"), &["opened_ms", "kind", "state", "sentence"]),
    );
    out.show(&document, &[name.to_owned()], &page);
    out.next(format_args!("volano monitor drift {name}"));
    Ok(Exit::Done)
}

fn capital(word: &str) -> String {
    let mut signs = word.chars();
    signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
}

async fn of(client: &Client, name: &str, what: &str) -> Result<Value> {
    match client.get(&format!("/deployments/{}/{what}", segment(name))).await {
        Err(failure) if failure.code() == &codes::NOT_FOUND => Err(with_nearest(client, name, failure).await),
        other => other,
    }
}

/// The body that asks for a window.
fn window(args: &WindowArgs) -> Result<Value> {
    let now = chrono::Utc::now().timestamp_millis();
    let mut body = json!({});
    if let Some(from) = &args.from {
        body["from_ms"] = Value::from(moment(from, now)?);
    }
    if let Some(to) = &args.to {
        body["to_ms"] = Value::from(moment(to, now)?);
    }
    Ok(body)
}

/// `2026-03-01`, `2026-03-01T12:00:00Z` or `24h` before `now`, in milliseconds.
fn moment(text: &str, now: i64) -> Result<i64> {
    let ago = text.len().checked_sub(1).and_then(|end| Some((text.get(..end)?, text.get(end..)?)));
    if let Some((amount, unit)) = ago
        && let Ok(amount) = amount.parse::<i64>()
    {
        let unit_ms = match unit {
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            "w" => Some(604_800_000),
            _ => None,
        };
        if let Some(time) = unit_ms.and_then(|unit| now.checked_sub(amount.checked_mul(unit)?)) {
            return Ok(time);
        }
    }
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let start = day.and_then(|day| day.and_hms_opt(0, 0, 0)).map(|time| time.and_utc().timestamp_millis());
    let exact = || chrono::DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
    start.or_else(exact).ok_or_else(|| {
        Failure::new(&codes::VALUE, format!("{text:?} is not a time"))
            .help("write 2026-03-01, 2026-03-01T12:00:00Z, or 24h, 30d for that long ago")
    })
}

async fn drift(client: &Client, args: &WindowArgs, out: &Output) -> Result<Exit> {
    let name = &args.name;
    get(client, name).await?;
    let path = format!("/deployments/{}/drift", segment(name));
    let report = spin(out, "comparing", client.post(&path, window(args)?)).await?;
    let columns = report.list("columns");
    let mut table = Table::new(["column", "verdict", "moved", "psi", "what"]);
    for column in columns.iter().chain(report["prediction"].is_object().then_some(&report["prediction"])) {
        table.push(vec![
            Cell::text(column.text("column")),
            render::state(column.text("verdict")),
            Cell::percent(column.float("moved_share")),
            Cell::number(column.float("psi")),
            Cell::text(column.text("sentence")),
        ]);
    }
    let verdict = report.text("verdict");
    let page = Page::new()
        .text(report.text("sentence"))
        .fields(render::fields(
            &report,
            &[
                "verdict",
                "moved_share",
                "model",
                "version",
                "window.from_ms",
                "window.to_ms",
                "window.rows",
                "reference.text",
                "reference.rows",
            ],
        ))
        .section("Columns", table);
    let moved: Vec<String> = columns
        .iter()
        .filter(|column| ["alarm", "drift"].contains(&column.text("verdict")))
        .map(|column| column.text("column").to_owned())
        .collect();
    out.show(&report, &moved, &page);
    if ["alarm", "drift"].contains(&verdict) {
        let share = report.float("moved_share").map(percent).unwrap_or_default();
        let failure = Failure::new(
            &codes::DRIFT,
            format!("recent requests to {name} differ from the training data: {share} of the rows moved"),
        );
        return Err(failure
            .help("retrain   volano pipeline run")
            .help("look       volano monitor drift NAME --json"));
    }
    Ok(Exit::Done)
}

async fn performance(client: &Client, args: &WindowArgs, out: &Output) -> Result<Exit> {
    let name = &args.name;
    get(client, name).await?;
    let path = format!("/deployments/{}/performance", segment(name));
    let report = spin(out, "measuring", client.post(&path, window(args)?)).await?;
    let about = [
        "verdict",
        "metric",
        "value",
        "reference",
        "baseline",
        "predictions",
        "labels",
        "labelled",
        "completeness",
        "model",
        "version",
        "window.from_ms",
        "window.to_ms",
        "window.rows",
    ];
    let mut metrics = Table::new(["metric", "value"]);
    for (key, value) in report.pairs("metrics") {
        metrics.push(vec![Cell::text(key), render::cell("value", value)]);
    }
    let page = Page::new()
        .text(report.text("sentence"))
        .fields(render::fields(&report, &about))
        .section("Metrics", metrics)
        .section(
            "Slices",
            render::table(report.list("slices"), &["column", "slice", "value", "rows", "metric"]),
        );
    out.show(&report, &[], &page);
    if ["alarm", "worse", "degraded"].contains(&report.text("verdict")) {
        return Err(Failure::new(
            &codes::PERFORMANCE,
            format!("{name} got worse: {}", report.text("sentence")),
        )
        .help("retrain   volano pipeline run")
        .help(format_args!("go back    volano deploy undo {name}")));
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = 1_700_000_000_000;
        assert_eq!(moment("24h", now).unwrap(), now - 86_400_000);
        assert_eq!(moment("1970-01-02", now).unwrap(), 86_400_000);
        assert_eq!(moment("1970-01-01T00:00:01Z", now).unwrap(), 1000);
        for bad in ["yesterday", "", "5y", "é", "9223372036854775807d"] {
            assert_eq!(moment(bad, now).unwrap_err().code().id, "E0102", "{bad}");
        }
    }
}
