//! `volano label`: what turned out to be true.

use serde_json::{Value, json};

use super::with_client;
use crate::args::{Globals, LabelAddArgs, LabelCommand};
use crate::client::{Client, Need, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Page, Progress, count};
use crate::rows;

/// Labels in one request.
const BATCH: usize = 5_000;

/// Does it.
pub async fn run(command: LabelCommand, globals: &Globals, out: &Output) -> Result<Exit> {
    let LabelCommand::Add(args) = command;
    let labels = labels(&args)?;
    with_client(globals, Need::Records, async |client| add(client, &args.name, &labels, out).await).await
}

fn labels(args: &LabelAddArgs) -> Result<Vec<Value>> {
    if let (Some(id), Some(value)) = (&args.id, &args.value) {
        return Ok(vec![json!({"prediction_id": id, "value": rows::value(value)})]);
    }
    let file = args
        .file
        .as_deref()
        .ok_or_else(|| Failure::new(&codes::USAGE, "missing: FILE, or --id and --value"))?;
    let read = rows::read(file)?;
    let shown = file.display();
    let mut labels = Vec::with_capacity(read.len());
    for (n, row) in read.iter().enumerate() {
        let id = row["prediction_id"].as_str().filter(|id| !id.is_empty());
        let (Some(id), Some(value)) = (id, row.get("value").or_else(|| row.get("label"))) else {
            return Err(Failure::new(
                &codes::DATA,
                format!("{shown}: row {} has no prediction_id or no value", n + 1),
            )
            .help("columns: prediction_id, value, and if you like time_ms"));
        };
        let mut label = json!({"prediction_id": id, "value": value});
        if let Some(time) = row.get("time_ms").filter(|time| time.is_i64()) {
            label["time_ms"] = time.clone();
        }
        labels.push(label);
    }
    Ok(labels)
}

async fn add(client: &Client, deployment: &str, labels: &[Value], out: &Output) -> Result<Exit> {
    let path = format!("/deployments/{}/labels", segment(deployment));
    let progress = Progress::items(out, "labels", labels.len() as u64);
    let mut sums = [0_i64; 4];
    const NAMES: [&str; 4] = ["added", "corrected", "unchanged", "outdated"];
    let mut unknown = Vec::new();
    for batch in labels.chunks(BATCH) {
        let answer = client.post(&path, json!({"labels": batch})).await?;
        for (sum, name) in sums.iter_mut().zip(NAMES) {
            *sum += answer.int(name).unwrap_or(0);
        }
        unknown.extend_from_slice(answer.list("unknown"));
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    let [added, corrected, unchanged, outdated] = sums;
    let document = json!({
        "added": added, "corrected": corrected, "unchanged": unchanged, "outdated": outdated, "unknown": unknown,
    });
    let line = format!(
        "{} {} labels added, {} corrected, {} known already",
        out.paint().good("✓"),
        count(added),
        count(corrected),
        count(unchanged + outdated)
    );
    out.show(&document, &[], &Page::new().line(line, sums.map(|sum| sum.to_string()).to_vec()));
    if !unknown.is_empty() {
        out.warn(format_args!(
            "{} prediction ids are not known to {deployment}",
            count(unknown.len() as i64)
        ));
    }
    out.next(format_args!("volano monitor performance {deployment}"));
    Ok(Exit::Done)
}
