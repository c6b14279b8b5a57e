//! A client that keeps asking while models change, and counts what it got.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::failure::Result;

/// Pause between two requests: about a hundred a second.
const PAUSE: Duration = Duration::from_millis(10);

/// What the client saw.
#[derive(Default)]
pub struct Seen {
    /// Requests answered.
    pub answered: u64,
    /// Requests that failed, with the first reason.
    pub failed: u64,
    /// Why the first one failed.
    pub first_failure: Option<String>,
    /// Answers by model version.
    pub versions: BTreeMap<String, u64>,
    /// Time of each answer in milliseconds, sorted.
    pub latencies_ms: Vec<f64>,
}

impl Seen {
    /// The latency that a share of `quantile` of the answers did not exceed, in milliseconds.
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        let last = self.latencies_ms.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index of a short list"
        )]
        let index = (quantile * last as f64).round() as usize;
        self.latencies_ms.get(index).copied().unwrap_or(0.0)
    }
}

/// A running client.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Seen>,
}

impl Traffic {
    /// Starts asking `deployment` at `base` for `rows`, one after the other, again and again.
    pub fn start(base: &str, deployment: &str, rows: Vec<Value>) -> Result<Self> {
        let client = Client::http(base, None)?;
        let path = format!("/serve/{deployment}");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut seen = Seen::default();
            for row in rows.iter().cycle() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                ask(&client, &path, row, &mut seen).await;
                tokio::time::sleep(PAUSE).await;
            }
            seen.latencies_ms.sort_by(f64::total_cmp);
            seen
        });
        Ok(Self { stop, task })
    }

    /// Stops asking and returns what was seen.
    pub async fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap_or_default()
    }
}

async fn ask(client: &Client, path: &str, row: &Value, seen: &mut Seen) {
    let started = Instant::now();
    match client.post_raw(path, json!({"rows": [row]})).await {
        Ok(answer) => {
            let version = answer
                .headers
                .get("x-volano-model-version")
                .and_then(|value| value.to_str().ok())
                .unwrap_or("unknown")
                .to_owned();
            *seen.versions.entry(version).or_default() += 1;
            seen.answered += 1;
            seen.latencies_ms.push(started.elapsed().as_secs_f64() * 1e3);
        }
        Err(failure) => {
            seen.failed += 1;
            seen.first_failure.get_or_insert_with(|| failure.message().to_owned());
        }
    }
}
