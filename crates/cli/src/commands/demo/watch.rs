//! Waiting for what the server does by itself.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::Fields;

use super::narrator::Narrator;

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks at `path` until `found` finds something, at most `limit`; `what` names it while it is waited for.
pub async fn until<T>(
    client: &Client,
    tell: &Narrator<'_>,
    path: &str,
    what: &str,
    limit: Duration,
    mut found: impl FnMut(&Value) -> Option<T>,
) -> Result<T> {
    let started = Instant::now();
    let progress = tell.waiting(what);
    loop {
        let document = client.get(path).await?;
        if let Some(value) = found(&document) {
            progress.finish();
            return Ok(value);
        }
        progress.say(&running(&document));
        if started.elapsed() > limit {
            return Err(Failure::new(
                &codes::BUSY,
                format!("{what} did not come within {} s", limit.as_secs()),
            )
            .detail(format!("the last answer of {path} was {document}")));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a pipeline run works on now; empty for every other document.
fn running(document: &Value) -> String {
    let steps = document.list("steps");
    let now = steps.iter().filter(|step| step.text("state") == "running");
    let name = |step: &Value| [step.text("step"), step.text("partition")].join(" ").trim_end().to_owned();
    now.map(name).collect::<Vec<_>>().join(", ")
}
