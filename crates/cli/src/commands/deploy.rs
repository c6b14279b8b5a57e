//! `volano deploy` and `volano serve`: endpoints, what they serve, and the way back.

use serde_json::{Value, json};

use super::server::stop_signal;
use super::with_client;
use crate::args::{DeployArgs, DeployCommand, Globals, ServeArgs};
use crate::client::{Client, ModelRef, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Cell, Output, Page, Progress, Table, duration_ms};
use crate::render;

/// How often a rollout is looked at.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(300);
/// How long an endpoint may take until it answers: its environment may have to be made first.
const READY_WITHIN: std::time::Duration = std::time::Duration::from_secs(900);

/// Does it.
pub async fn run(args: DeployArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    match args.command {
        Some(DeployCommand::Ls) => {
            with_client(globals, Need::Records, async |client| list(client, out).await).await
        }
        Some(DeployCommand::Status { name }) => {
            with_client(globals, Need::Records, async |client| status(client, &name, out).await).await
        }
        Some(DeployCommand::Undo { name, dry_run }) => {
            with_client(globals, Need::Work, async |client| undo(client, &name, dry_run, out).await).await
        }
        None => {
            let (Some(reference), Some(to)) = (args.reference, args.to) else {
                return Err(Failure::new(&codes::USAGE, "missing: REF and --to NAME")
                    .help("volano deploy REF --to NAME"));
            };
            let reference: ModelRef = reference.parse()?;
            let canary = args.canary.as_deref().map(share).transpose()?;
            let wanted = json!({"model": reference.or_alias("champion").to_string(), "canary": canary});
            with_client(globals, Need::Work, async |client| {
                apply(client, &to, &wanted, args.dry_run, out).await
            })
            .await
        }
    }
}

/// `10%` or `0.1`, checked and written as the API wants it.
fn share(text: &str) -> Result<String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let percent = match text.strip_suffix('%') {
        Some(percent) => number(percent),
        None => number(text).map(|share| share * 100.0),
    };
    match percent {
        Some(percent) if percent > 0.0 && percent <= 100.0 => Ok(format!("{percent}%")),
        _ => {
            Err(Failure::new(&codes::VALUE, format!("--canary cannot be {text:?}"))
                .help("write a share as 10%"))
        }
    }
}

async fn apply(client: &Client, name: &str, wanted: &Value, dry_run: bool, out: &Output) -> Result<Exit> {
    let path = format!("/deployments/{}", segment(name));
    let before = match client.get(&path).await {
        Ok(before) => before,
        Err(failure) if failure.code() == &codes::NOT_FOUND => Value::Null,
        Err(failure) => return Err(failure),
    };
    let model = wanted.text("model");
    let mut body = json!({"model": model});
    if let Some(first) = wanted["canary"].as_str() {
        let steps = if first == "100%" { vec![first] } else { vec![first, "100%"] };
        body["canary"] = json!(steps);
    }
    if dry_run {
        let now = if before.is_null() { "nothing".to_owned() } else { served(&before) };
        let line = format!("would serve {model} at {name}, which serves {now} now");
        out.show(
            &json!({"deployment": name, "before": before, "wanted": body, "dry_run": true}),
            &[],
            &Page::new().line(line.clone(), vec![line]),
        );
        return Ok(Exit::Done);
    }
    client.put(&path, body).await?;
    let after = until_ready(client, name, out).await?;
    let address = client.page(&format!("/serve/{name}")).unwrap_or_else(|| format!("/serve/{name}"));
    let undo = if before.is_null() { String::new() } else { format!("   undo: volano deploy undo {name}") };
    let line = format!("{} {address}   {}{undo}", out.paint().good("✓"), served(&after));
    out.show(&after, &[name.to_owned()], &Page::new().line(line, vec![name.to_owned(), served(&after)]));
    if client.is_in_process() {
        out.note("it answers while a server runs: volano server");
    }
    out.next(format_args!("volano predict {name} rows.csv"));
    Ok(Exit::Done)
}

/// `churn:3`, with the canary beside it when there is one.
fn served(deployment: &Value) -> String {
    let live = &deployment["live"];
    let text = match live.int("version") {
        Some(version) => format!("{}:{version}", live.text("model")),
        None => "nothing yet".to_owned(),
    };
    let rollout = &deployment["rollout"];
    match rollout.int("version") {
        Some(version) => {
            format!("{text}, {}:{version} {}", rollout.text("model"), rollout.text("state").replace('_', " "))
        }
        None => text,
    }
}

/// Waits until the endpoint answers, or says why it does not.
async fn until_ready(client: &Client, name: &str, out: &Output) -> Result<Value> {
    let path = format!("/deployments/{}", segment(name));
    let progress = Progress::waiting(out, name);
    let started = std::time::Instant::now();
    loop {
        let now = client.get(&path).await?;
        match now.text("state") {
            "failed" => {
                let why = Some(now.text("message")).filter(|text| !text.is_empty());
                return Err(Failure::new(
                    &codes::CONFLICT,
                    format!("{name} does not start: {}", why.unwrap_or("no reason was given")),
                )
                .help(format_args!("volano deploy status {name}"))
                .help("what was served before goes on"));
            }
            "starting" | "empty" => progress.say(now.text("message")),
            _ => return Ok(now),
        }
        if started.elapsed() > READY_WITHIN {
            return Err(Failure::new(
                &codes::BUSY,
                format!("{name} does not answer after {}", duration_ms(900_000)),
            )
            .help(format_args!("volano deploy status {name}")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn list(client: &Client, out: &Output) -> Result<Exit> {
    let answer = client.get("/deployments").await?;
    let items = answer.list("items");
    let mut table = Table::new(["endpoint", "state", "serves", "requests/min", "errors", "p99", "updated"]);
    for item in items {
        table.push(vec![
            Cell::text(item.text("name")),
            render::state(item.text("state")),
            Cell::text(served(item)),
            Cell::number(item.float("requests_per_min")),
            Cell::percent(item.float("error_rate")),
            Cell::number(item.float("p99_ms")),
            Cell::time(item.int("updated_ms")),
        ]);
    }
    let ids: Vec<String> = items.iter().map(|item| item.text("name").to_owned()).collect();
    out.list(items, &ids, table, "no endpoints yet: volano deploy NAME@champion --to ENDPOINT");
    Ok(Exit::Done)
}

/// An endpoint, or its absence with the nearest name.
pub async fn get(client: &Client, name: &str) -> Result<Value> {
    match client.get(&format!("/deployments/{}", segment(name))).await {
        Err(failure) if failure.code() == &codes::NOT_FOUND => Err(with_nearest(client, name, failure).await),
        other => other,
    }
}

/// Adds the nearest endpoint's name to a failure.
pub async fn with_nearest(client: &Client, name: &str, failure: Failure) -> Failure {
    let known = client.get("/deployments").await.unwrap_or_default();
    let names: Vec<&str> = known.list("items").iter().map(|item| item.text("name")).collect();
    match domain::suggest::nearest(name, names.iter().copied()) {
        Some(near) => failure.help(format_args!("did you mean {near}?")),
        None if names.is_empty() => {
            failure.help("there are none yet: volano deploy NAME@champion --to ENDPOINT")
        }
        None => failure.help(format_args!("there is: {}", names.join(", "))),
    }
}

async fn status(client: &Client, name: &str, out: &Output) -> Result<Exit> {
    let document = get(client, name).await?;
    let about = [
        "state",
        "message",
        "generation",
        "requests_per_min",
        "error_rate",
        "p50_ms",
        "p99_ms",
        "created_ms",
        "updated_ms",
    ];
    let page = Page::new()
        .text(out.paint().bold(name))
        .fields([("serves", Cell::text(served(&document)))])
        .fields(render::fields(&document, &about))
        .section(
            "Routes",
            render::table(
                document.list("routes"),
                &[
                    "model",
                    "version",
                    "route",
                    "share",
                    "state",
                    "runtime",
                    "requests",
                    "error_rate",
                    "p99_ms",
                    "message",
                ],
            ),
        )
        .section("Before", render::table(document.list("history"), &["model", "version", "since_ms"]));
    out.show(&document, &[name.to_owned()], &page);
    out.next(format_args!("volano monitor status {name}"));
    Ok(Exit::Done)
}

async fn undo(client: &Client, name: &str, dry_run: bool, out: &Output) -> Result<Exit> {
    let before = get(client, name).await?;
    if dry_run {
        let back = before.list("history").last().map_or_else(
            || "nothing before".to_owned(),
            |version| format!("{}:{}", version.text("model"), version.int("version").unwrap_or(0)),
        );
        let line = format!("would return {name} from {} to {back}", served(&before));
        out.show(
            &json!({"deployment": name, "before": before, "dry_run": true}),
            &[],
            &Page::new().line(line.clone(), vec![line]),
        );
        return Ok(Exit::Done);
    }
    client.post(&format!("/deployments/{}/rollback", segment(name)), json!({})).await?;
    let after = until_ready(client, name, out).await?;
    let line = format!(
        "{} {name} serves {} again, instead of {}",
        out.paint().good("✓"),
        served(&after),
        served(&before)
    );
    out.show(
        &after,
        &[name.to_owned()],
        &Page::new().line(line, vec![name.to_owned(), served(&after), served(&before)]),
    );
    Ok(Exit::Done)
}

/// `volano serve`: deploys, and stays up when no server runs.
pub async fn serve(args: ServeArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    let reference: ModelRef = args.reference.parse()?;
    let name = args.to.clone().unwrap_or_else(|| reference.name.clone());
    let wanted = json!({"model": reference.or_alias("champion").to_string(), "canary": null});
    let client = Client::connect_on(globals, Need::Stay, args.port).await?;
    let stop = stop_signal()?;
    let done = apply(&client, &name, &wanted, false, out).await;
    if done.is_ok() && client.is_in_process() {
        out.note(format_args!("{}/serve/{name}   Ctrl-C stops it", client.base().unwrap_or_default()));
        stop.await;
    }
    client.close().await;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_percent_or_part() {
        assert_eq!(share("10%").unwrap(), "10%");
        assert_eq!(share("0.25").unwrap(), "25%");
        for bad in ["0%", "120%", "some", "-1%"] {
            assert_eq!(share(bad).unwrap_err().code().id, "E0102", "{bad}");
        }
    }
}
