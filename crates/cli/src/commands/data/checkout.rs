//! `volano data checkout`: the files of a version in a folder that is there whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use domain::data::RelativePath;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::reference_of;
use crate::client::{Client, DataRef, segment};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::json::Fields;
use crate::output::{Output, Page, Progress, bytes, count};

/// Digits of the commit in the name of the folder that is not whole yet.
const SHORT: usize = 12;

/// Files that are fetched at once.
const AT_ONCE: usize = 8;

/// Writes it; files that an earlier try brought are not fetched again.
pub(super) async fn run(
    client: &Client,
    from: &DataRef,
    folder: Option<PathBuf>,
    out: &Output,
) -> Result<Exit> {
    let version = client.get(&from.path()).await?;
    let reference = reference_of(&from.name, &version);
    let folder = folder.unwrap_or_else(|| PathBuf::from(reference.replace(['@', '/'], "-")));
    let part = part_of(&folder, version.text("commit"))?;
    let exact = DataRef { name: from.name.clone(), version: version.text("commit").to_owned() };
    let listed = client.get(&format!("{}/files", exact.path())).await?;
    let files = listed.list("items");
    let total = files.iter().filter_map(|file| file["size"].as_u64()).sum();
    fs::create_dir_all(&part).map_err(|error| Failure::file(&part, "make", &error))?;
    let progress = Progress::bytes(out, &reference, total);
    let fetched = files.iter().map(|file| fetch(client, &exact, file, &part, &progress));
    let mut fetched = futures::stream::iter(fetched).buffer_unordered(AT_ONCE);
    while let Some(done) = fetched.next().await {
        done.map_err(|failure| failure.help("what has come is kept: the same command goes on from here"))?;
    }
    // Once for all files: the folder gets its name when they are on disk.
    sync(&part).map_err(|error| Failure::file(&part, "write", &error))?;
    fs::rename(&part, &folder).map_err(|error| Failure::file(&folder, "write", &error))?;
    let place = folder.display().to_string();
    let size = bytes(i64::try_from(total).unwrap_or(i64::MAX));
    let files = i64::try_from(files.len()).unwrap_or(i64::MAX);
    let line = format!("{} {reference} is in {place}: {} files, {size}", out.paint().good("✓"), count(files));
    let raw = vec![reference, place.clone(), files.to_string(), total.to_string()];
    let document = json!({"version": version, "folder": place, "files": files, "size": total});
    out.show(&document, &[place], &Page::new().line(line, raw));
    Ok(Exit::Done)
}

/// Waits until all that was written to the file system of a folder is on disk.
fn sync(folder: &Path) -> std::io::Result<()> {
    Ok(nix::unistd::syncfs(File::open(folder)?)?)
}

/// The hidden folder beside the wanted one that is filled first.
fn part_of(folder: &Path, commit: &str) -> Result<PathBuf> {
    let name = folder.file_name().ok_or_else(|| {
        Failure::new(&codes::NO_FILE, format!("{} does not name a new folder", folder.display()))
    })?;
    if folder.symlink_metadata().is_ok() {
        return Err(Failure::new(&codes::NO_FILE, format!("{} is there already", folder.display()))
            .help("name a folder that is not there yet: volano data checkout REF FOLDER"));
    }
    let short = &commit[..commit.len().min(SHORT)];
    Ok(folder.with_file_name(format!(".{}.{short}.part", name.to_string_lossy())))
}

async fn fetch(
    client: &Client,
    version: &DataRef,
    file: &Value,
    part: &Path,
    progress: &Progress,
) -> Result<()> {
    let (path, id, size) = (file.text("path"), file.text("file_id"), file["size"].as_u64().unwrap_or(0));
    // What a server says is no reason to write outside the folder.
    let below = RelativePath::parse(path).map_err(|error| {
        Failure::new(&codes::INTERNAL, format!("the server names a file {path:?}: {error}"))
    })?;
    let target = part.join(below.as_str());
    let failed = |error: std::io::Error| Failure::file(&target, "write", &error);
    if is_whole(&target, id, size) {
        progress.advance(size);
        return Ok(());
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let address = format!("/api/v1{}/file?path={}", version.path(), segment(path));
    let mut body = client.open(&address).await?.body;
    let mut written = tokio::fs::File::create(&target).await.map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        hasher.update(&chunk);
        written.write_all(&chunk).await.map_err(failed)?;
        progress.advance(chunk.len() as u64);
    }
    written.flush().await.map_err(failed)?;
    if hasher.finalize().to_hex().as_str() == id {
        return Ok(());
    }
    Err(Failure::new(&codes::INTERNAL, format!("{path} did not come whole: its bytes are not those of {id}")))
}

/// Whether an earlier try brought the file.
fn is_whole(path: &Path, id: &str, size: u64) -> bool {
    let mut hasher = blake3::Hasher::new();
    fs::metadata(path).is_ok_and(|found| found.len() == size)
        && File::open(path).is_ok_and(|file| hasher.update_reader(file).is_ok())
        && hasher.finalize().to_hex().as_str() == id
}
