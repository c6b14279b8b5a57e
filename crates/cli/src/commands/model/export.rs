//! `volano model export`: a version's files, card and provenance in a folder that is there whole or not at all.

use std::path::{Path, PathBuf};

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::card::markdown;
use super::compare::whole;
use super::files::{Entry, Files};
use crate::client::{Client, ModelRef};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::{Output, Page, Progress, bytes};

/// The card's file.
const CARD: &str = "volano-card.md";
/// The file with all that is known about the version.
const PROVENANCE: &str = "volano-provenance.json";

/// A folder that goes again unless it is kept.
struct Draft {
    path: PathBuf,
    kept: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Half a model is of no use to anybody.
            let _gone = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes it.
pub async fn run(client: &Client, reference: &ModelRef, folder: &Path, out: &Output) -> Result<Exit> {
    let mut draft = draft(folder)?;
    let mut found = whole(client, reference).await?;
    let label = super::label(&found["version"]);
    let files = Files::of(client, &found["version"]).await?;
    let entries = files.list(client).await?;
    if entries.is_empty() {
        return Err(Failure::new(&codes::NOT_FOUND, format!("{label} has no files")));
    }
    let total = entries.iter().map(|entry| entry.size).sum();
    let progress = Progress::bytes(out, &label, total);
    for entry in &entries {
        copy(client, &files, entry, &draft.path, &progress).await?;
    }
    let listed = entries.iter().map(|entry| json!({"path": entry.path, "size": entry.size}));
    found["files"] = Value::Array(listed.collect());
    write(&draft.path.join(CARD), markdown(&found).as_bytes())?;
    let text = serde_json::to_string_pretty(&found).expect("a JSON value is always written");
    write(&draft.path.join(PROVENANCE), text.as_bytes())?;
    std::fs::rename(&draft.path, folder).map_err(|error| Failure::file(folder, "write", &error))?;
    draft.kept = true;
    let size = bytes(i64::try_from(total).unwrap_or(i64::MAX));
    let line = format!(
        "{} {label} is in {}: {} files, {size}",
        out.paint().good("✓"),
        folder.display(),
        entries.len()
    );
    let raw = vec![label.clone(), folder.display().to_string(), entries.len().to_string(), total.to_string()];
    out.show(&found, &[label], &Page::new().line(line, raw));
    Ok(Exit::Done)
}

/// A new folder beside the one that is wanted.
fn draft(folder: &Path) -> Result<Draft> {
    let name = folder.file_name().ok_or_else(|| {
        Failure::new(&codes::NO_FILE, format!("{} does not name a new folder", folder.display()))
    })?;
    if folder.symlink_metadata().is_ok() {
        return Err(Failure::new(&codes::NO_FILE, format!("{} is there already", folder.display()))
            .help("name a folder that is not there yet"));
    }
    let hidden = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
    let path = folder.with_file_name(hidden);
    std::fs::create_dir(&path).map_err(|error| Failure::file(folder, "make", &error))?;
    Ok(Draft { path, kept: false })
}

async fn copy(
    client: &Client,
    files: &Files,
    entry: &Entry,
    folder: &Path,
    progress: &Progress,
) -> Result<()> {
    let path = folder.join(&entry.path);
    let failed = |error: std::io::Error| Failure::file(&path, "write", &error);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = tokio::fs::File::create_new(&path).await.map_err(failed)?;
    let mut body = files.open(client, &entry.path).await?.body;
    let mut written = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        file.write_all(&chunk).await.map_err(failed)?;
        written += chunk.len() as u64;
        progress.advance(chunk.len() as u64);
    }
    file.sync_all().await.map_err(failed)?;
    if written == entry.size {
        return Ok(());
    }
    let message = format!("{} came with {written} bytes instead of {}", entry.path, entry.size);
    Err(Failure::new(&codes::INTERNAL, message))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::write(path, content).map_err(|error| Failure::file(path, "write", &error))
}
