//! Waiting for what the server does by itself.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;
use crate::codes;
use crate::failure::{Failure, Result};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks at `path` until `found` finds something, at most `limit`; `what` names it when it does not come.
pub async fn until<T>(
    client: &Client,
    path: &str,
    what: &str,
    limit: Duration,
    mut found: impl FnMut(&Value) -> Option<T>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        let document = client.get(path).await?;
        if let Some(value) = found(&document) {
            return Ok(value);
        }
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

/// The items of a list.
pub fn items(document: &Value) -> &[Value] {
    document["items"].as_array().map_or(&[], Vec::as_slice)
}

/// A text field, empty when absent.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
