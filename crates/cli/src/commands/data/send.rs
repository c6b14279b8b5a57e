//! The files of a new version on their way to the server: many small ones at once, large ones one by one.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Local, kind_of};
use crate::client::Client;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Progress};

/// Files below this go in batches: what the server keeps as one chunk.
const SMALL: u64 = 64 * 1024;
/// Bytes of a batch.
const BATCH: u64 = 8 * 1024 * 1024;
/// Files of a batch.
const MANY: usize = 4096;
/// Requests at once.
const AT_ONCE: usize = 4;

/// Sends files; each with its path and the id that the server gives it.
pub(super) async fn send(client: &Client, name: &str, files: &[Local], out: &Output) -> Result<Vec<Value>> {
    let total = files.iter().map(|file| file.size).sum();
    let progress = Arc::new(Progress::bytes(out, name, total));
    // Tables are read where they lie, so they are stored whole.
    let small = if kind_of(files) == "files" { SMALL } else { 0 };
    let (small, large): (Vec<&Local>, Vec<&Local>) = files.iter().partition(|file| file.size < small);
    let mut requests: Vec<BoxFuture<'_, Result<Vec<Value>>>> = Vec::new();
    for batch in batches(small) {
        requests.push(Box::pin(send_batch(client, batch, &progress)));
    }
    for file in large {
        requests.push(Box::pin(send_one(client, file, &progress)));
    }
    let mut requests = futures::stream::iter(requests).buffer_unordered(AT_ONCE);
    let mut sent = Vec::with_capacity(files.len());
    while let Some(done) = requests.next().await {
        sent.extend(done?);
    }
    // What is said about files follows their order.
    sent.sort_by(|a, b| a.text("path").cmp(b.text("path")));
    Ok(sent)
}

/// Cuts files into batches, in their order.
fn batches(files: Vec<&Local>) -> Vec<Vec<&Local>> {
    let mut batches: Vec<Vec<&Local>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        match batches.last_mut() {
            Some(batch) if bytes + file.size <= BATCH && batch.len() < MANY => batch.push(file),
            _ => {
                bytes = 0;
                batches.push(vec![file]);
            }
        }
        bytes += file.size;
    }
    batches
}

/// The files as the server takes a batch: each after its length.
fn pack(paths: &[PathBuf]) -> Result<Bytes> {
    let mut body = BytesMut::new();
    for path in paths {
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, "read", &error))?;
        body.put_u64_le(bytes.len() as u64);
        body.put_slice(&bytes);
    }
    Ok(body.freeze())
}

async fn send_batch(client: &Client, batch: Vec<&Local>, progress: &Progress) -> Result<Vec<Value>> {
    let paths: Vec<PathBuf> = batch.iter().map(|file| file.real.clone()).collect();
    let body = tokio::task::spawn_blocking(move || pack(&paths))
        .await
        .map_err(|error| Failure::new(&codes::INTERNAL, format!("the files could not be read: {error}")))??;
    let answer = client.put_bytes("/objects/batch", body).await?;
    progress.advance(batch.iter().map(|file| file.size).sum());
    let named = batch.iter().zip(answer.list("items"));
    Ok(named.map(|(file, stored)| entry(file, stored)).collect())
}

async fn send_one(client: &Client, file: &Local, progress: &Arc<Progress>) -> Result<Vec<Value>> {
    let going = Arc::clone(progress);
    let stored = client.send_file("/api/v1/objects", &file.real, move |went| going.advance(went)).await?;
    Ok(vec![entry(file, &stored)])
}

fn entry(file: &Local, stored: &Value) -> Value {
    json!({"path": file.path, "file_id": stored.text("file_id")})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_full_and_keep_the_order() {
        let file = |n: u64, size| Local { real: PathBuf::new(), path: n.to_string(), size };
        let files: Vec<Local> = (0..10_000).map(|n| file(n, if n < 200 { 60_000 } else { 10 })).collect();
        let batches = batches(files.iter().collect());
        let lengths: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(lengths, [139, 4096, 4096, 1669]);
        let order: Vec<&str> = batches.iter().flatten().map(|file| file.path.as_str()).collect();
        assert!(order.iter().zip(0..).all(|(path, n)| **path == n.to_string()));
    }
}
