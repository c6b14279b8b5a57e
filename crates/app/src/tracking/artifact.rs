//! Artifacts: files of runs, logged models and experiments, reached through the server.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use db::Conn;
use db::tracking::artifact::{self, Artifact};
use db::tracking::{experiment, logged_model, run};
use domain::Id;
use domain::data::{FileId, RelativePath};
use domain::governance::role::Permission;
use domain::tracking::artifact::{Entry, Owner, children, split};
use domain::tracking::experiment::ARTIFACT_SCHEME;
use domain::tracking::logged_model::public_id;
use domain::tracking::validation::Refusal;
use futures::Stream;
use tokio::sync::mpsc;

use crate::{App, Audit, Context, Error, Result};

/// Artifacts as a view on [`App`].
pub struct Artifacts<'a>(&'a App);

impl App {
    /// The artifacts. A place is a path below the artifact root, or a whole `mlflow-artifacts:/…` address.
    pub fn artifacts(&self) -> Artifacts<'_> {
        Artifacts(self)
    }
}

/// An artifact to be read.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Path below the folder that was asked for.
    pub path: String,
    /// The hash of its bytes.
    pub file: FileId,
    /// Their number.
    pub size: i64,
    /// Where its bytes are.
    pub(crate) place: Place,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a file of their own: to be read, never written.
    Whole(PathBuf),
    /// In packs.
    Packed(objects::Store),
}

pub use tables::rows::Record;

/// Rows of a table among the artifacts.
#[derive(Clone, Debug)]
pub struct TableRows {
    /// Names of the columns, in order.
    pub columns: Vec<String>,
    /// Rows by column name.
    pub rows: Vec<Record>,
    /// How many the table has.
    pub total: u64,
}

/// Rows of one answer at the most.
const MAX_ROWS: usize = 1000;
/// Rows that can be skipped.
const MAX_ROW_OFFSET: usize = 1_000_000;

/// Bytes read at a time.
const BUFFER: usize = 1024 * 1024;
/// Bytes taken from packs at a time: for each piece the list of the file's chunks is read.
pub(super) const PACKED_BUFFER: usize = 8 * 1024 * 1024;
/// Pieces that wait to be sent at the most.
const PIECES: usize = 2;

impl Stored {
    /// Its bytes. They are hashed on the way; when they are not those of the file's id, the stream ends with an error in
    /// place of its last piece.
    pub fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (pieces, mut reading) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = self.read(&pieces) {
                // A reader that went away does not need the reason.
                let _gone = pieces.blocking_send(Err(error));
            }
        });
        futures::stream::poll_fn(move |context| reading.poll_recv(context))
    }

    fn read(&self, pieces: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
        let mut bytes = self.bytes()?;
        let mut hasher = blake3::Hasher::new();
        let mut held: Option<Bytes> = None;
        loop {
            let buffer = bytes.next()?;
            let count = buffer.len();
            if count == 0 && hasher.finalize().as_bytes() != self.file.as_bytes() {
                tracing::error!(file = %self.file, "a stored file is damaged");
                return Err(io::Error::other("the stored file is damaged"));
            }
            hasher.update(&buffer);
            if let Some(piece) = held.replace(buffer)
                && pieces.blocking_send(Ok(piece)).is_err()
            {
                return Ok(());
            }
            if count == 0 {
                return Ok(());
            }
        }
    }
}

/// The bytes of a file, piece by piece.
enum Reading<'a> {
    Whole { file: std::fs::File, most: usize },
    Packed { store: &'a objects::Store, file: FileId, at: u64 },
}

impl Stored {
    /// The file of its own that its bytes are in, if they are.
    pub(crate) fn whole(&self) -> Option<&Path> {
        match &self.place {
            Place::Whole(path) => Some(path),
            Place::Packed(_) => None,
        }
    }

    fn bytes(&self) -> io::Result<Reading<'_>> {
        match &self.place {
            Place::Whole(path) => {
                // One byte more than there is tells the end, and a small file needs no large buffer.
                let most =
                    usize::try_from(self.size).map_or(BUFFER, |size| BUFFER.min(size.saturating_add(1)));
                Ok(Reading::Whole { file: std::fs::File::open(path)?, most })
            }
            Place::Packed(store) => Ok(Reading::Packed { store, file: self.file, at: 0 }),
        }
    }
}

impl Reading<'_> {
    /// The next piece; empty at the end.
    fn next(&mut self) -> io::Result<Bytes> {
        match self {
            Self::Whole { file, most } => {
                let mut buffer = BytesMut::zeroed(*most);
                let count = file.read(&mut buffer)?;
                buffer.truncate(count);
                Ok(buffer.freeze())
            }
            Self::Packed { store, file, at } => {
                let bytes = packed_part(store, file, *at, PACKED_BUFFER)?;
                *at += bytes.len() as u64;
                Ok(bytes)
            }
        }
    }
}

/// Some bytes of a file that only packs have, fewer where it ends.
pub(super) fn packed_part(store: &objects::Store, file: &FileId, at: u64, most: usize) -> io::Result<Bytes> {
    store.read_range(file, at, most).map(Bytes::from).map_err(|error| {
        tracing::error!(%file, %error, "a stored file cannot be read");
        io::Error::other("the stored file is damaged")
    })
}

impl Artifacts<'_> {
    /// Stores what a stream brings under a place. It is visible when it is whole and on disk, not before.
    pub async fn put<S, E>(&self, ctx: &Context, place: &str, stream: S) -> Result<Artifact>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        // Whose place it is, before gigabytes are taken in for nothing.
        let place = self.check_place(ctx, place).await?;
        let stored = self.0.objects().put_stream(stream, u64::MAX).await?;
        let size = i64::try_from(stored.size).map_err(Error::internal)?;
        let recorded = self.record(ctx, place, stored.id, size).await;
        self.0.objects().named(&stored.id);
        recorded
    }

    /// Stores bytes under a place.
    pub async fn put_bytes(&self, ctx: &Context, place: &str, bytes: impl Into<Bytes>) -> Result<Artifact> {
        let whole: Result<Bytes, std::convert::Infallible> = Ok(bytes.into());
        self.put(ctx, place, futures::stream::iter([whole])).await
    }

    pub(super) fn app(&self) -> &App {
        self.0
    }

    /// A place that the caller may write to, plain; whose it is must be there.
    pub(super) async fn check_place(&self, ctx: &Context, place: &str) -> Result<String> {
        let place = parse(place)?;
        let mut reader = self.0.read(ctx, Permission::WriteRuns).await?;
        let mut conn = reader.conn();
        let (_, location, rest) = resolve(&mut conn, &place).await?;
        if let Some((root, _)) = artifact::root_of(&mut conn, &[location]).await? {
            can_be_file(&mut conn, root, &rest).await?;
        }
        Ok(place)
    }

    pub(super) async fn record(
        &self,
        ctx: &Context,
        place: String,
        file: FileId,
        size: i64,
    ) -> Result<Artifact> {
        let now = ctx.now();
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let (owner, location, rest) = resolve(conn, &place).await?;
                    let root = artifact::intern_root(conn, &location).await?;
                    can_be_file(conn, root, &rest).await?;
                    let stored = Artifact { path: rest, file, size };
                    artifact::put(conn, root, &stored, now).await?;
                    let audit = audit("tracking.artifact.put", owner, &location)
                        .detail(serde_json::json!({"path": stored.path, "file": file, "bytes": size}));
                    Ok((stored, audit))
                })
            })
            .await
    }

    /// One file.
    pub async fn open(&self, ctx: &Context, place: &str) -> Result<Stored> {
        let place = parse(place)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let missing = || Error::not_found("artifact", &place);
        let (root, rest) = root(&mut conn, &place).await?.ok_or_else(missing)?;
        match artifact::get(&mut conn, root, &rest).await? {
            Some(found) => self.stored(found),
            None if !artifact::below(&mut conn, root, &rest).await?.is_empty() => {
                let reason = format!("Artifact path refers to a directory, not a file: '{place}'");
                Err(Refusal::new("path", reason).into())
            }
            None => Err(missing()),
        }
    }

    /// Rows `offset` to `offset + limit` of a file that is a table, and how many it has; what is no table is refused.
    pub async fn rows(&self, ctx: &Context, place: &str, offset: usize, limit: usize) -> Result<TableRows> {
        if offset > MAX_ROW_OFFSET {
            let reason = format!("at most {MAX_ROW_OFFSET} rows can be skipped");
            return Err(Error::invalid("offset", reason));
        }
        let stored = self.open(ctx, place).await?;
        let path = self.0.objects().path(&stored.file)?;
        if tables::format::Format::of_name(&stored.path).is_none() {
            let reason =
                format!("{:?} is no table: Parquet, Arrow, CSV, TSV and JSON lines are read", stored.path);
            return Err(Error::invalid("path", reason));
        }
        let limit = limit.clamp(1, MAX_ROWS);
        crate::data::off_thread(move || {
            let unreadable = |error: tables::Error| Error::invalid("path", error.to_string());
            let file = tables::TableFile { name: stored.path, path };
            let (schema, total) = tables::read::survey(&file).map_err(unreadable)?;
            let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
            let rows = tables::rows::page(&[file], offset, limit).map_err(unreadable)?;
            Ok(TableRows { columns, rows, total })
        })
        .await
    }

    /// What is directly in a folder, by path below the place's root; nothing when there is no such folder.
    pub async fn list(&self, ctx: &Context, place: &str) -> Result<Vec<Entry>> {
        let place = parse(place)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let Some((root, rest)) = root(&mut conn, &place).await? else {
            return Ok(Vec::new());
        };
        let files = artifact::below(&mut conn, root, &rest).await?;
        Ok(children(&rest, files.iter().map(|file| (file.path.as_str(), file.size))))
    }

    /// Every file below a folder, by path below that folder.
    pub async fn tree(&self, ctx: &Context, place: &str) -> Result<Vec<Stored>> {
        let place = parse(place)?;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let files = below(&mut reader.conn(), &place).await?;
        files.into_iter().map(|file| self.stored(file)).collect()
    }

    /// Forgets a file, or a folder with all that is in it; what is not there is no error.
    pub async fn delete(&self, ctx: &Context, place: &str) -> Result<()> {
        let (place, now) = (parse(place)?, ctx.now());
        self.0
            .mutate(ctx, Permission::WriteRuns, move |conn| {
                Box::pin(async move {
                    let (owner, location, rest) = resolve(conn, &place).await?;
                    let removed = match artifact::root_of(conn, std::slice::from_ref(&location)).await? {
                        Some((root, _)) => artifact::delete(conn, root, &rest, now).await?,
                        None => 0,
                    };
                    let audit = audit("tracking.artifact.delete", owner, &location)
                        .detail(serde_json::json!({"path": rest, "files": removed}));
                    Ok(((), audit))
                })
            })
            .await
    }

    pub(crate) fn stored(&self, found: Artifact) -> Result<Stored> {
        Ok(Stored {
            place: Place::Whole(self.0.objects().path(&found.file)?),
            path: found.path,
            file: found.file,
            size: found.size,
        })
    }
}

/// The place of a file or folder of a run: its artifact address and a path below it.
pub fn place(artifact_uri: &str, path: &str) -> String {
    let path = path.trim_end_matches('/');
    if path.is_empty() { artifact_uri.to_owned() } else { format!("{artifact_uri}/{path}") }
}

/// Takes a path below the artifact root, with or without the scheme, as a list of plain names.
fn parse(place: &str) -> Result<String> {
    let path = place.strip_prefix(ARTIFACT_SCHEME).unwrap_or(place);
    RelativePath::parse(path)
        .map(|path| path.as_str().to_owned())
        .map_err(|error| Refusal::new("path", format!("Invalid path: {error}")).into())
}

/// Refuses a path that is a folder already, or that goes through a file.
async fn can_be_file(conn: &mut Conn<'_>, root: i64, path: &str) -> Result<()> {
    let folders: Vec<&str> = prefixes(path).filter(|folder| *folder != path).collect();
    let Some(other) = artifact::in_the_way(conn, root, path, &folders).await? else { return Ok(()) };
    let (file, below) =
        if other.len() < path.len() { (other.as_str(), path) } else { (path, other.as_str()) };
    let reason = format!(
        "{path:?} cannot be stored: {file:?} would be a file and, because of {below:?}, a folder; delete {other:?} first \
         or choose another path"
    );
    Err(Error::conflict("artifact", path, reason))
}

/// Who keeps files at a place.
enum Keeper {
    Run(Id),
    LoggedModel(Id),
    Experiment,
}

fn audit(action: &'static str, keeper: Keeper, location: &str) -> Audit {
    match keeper {
        Keeper::Run(id) => Audit::new(action, "run", id),
        Keeper::LoggedModel(id) => Audit::new(action, "logged_model", id),
        Keeper::Experiment => Audit::new(action, "experiment", location),
    }
}

/// Splits a place into its keeper, the keeper's location and the path below it; both must be there.
async fn resolve(conn: &mut Conn<'_>, place: &str) -> Result<(Keeper, String, String)> {
    if let Some((owner, location, rest)) = split(place) {
        let address = format!("{ARTIFACT_SCHEME}{location}");
        let keeper = match owner {
            Owner::Run(id) => {
                let found = run::get(conn, &id).await?;
                if found.is_none_or(|found| found.info.artifact_uri != address) {
                    return Err(Error::not_found("run", id));
                }
                Keeper::Run(id)
            }
            Owner::LoggedModel(id) => {
                let found = logged_model::get(conn, &id).await?;
                if found.is_none_or(|found| found.model.artifact_uri != address) {
                    return Err(Error::not_found("logged_model", public_id(&id)));
                }
                Keeper::LoggedModel(id)
            }
        };
        return inside(keeper, location, rest);
    }
    let addresses: Vec<String> = prefixes(place).map(|prefix| format!("{ARTIFACT_SCHEME}{prefix}")).collect();
    let found = experiment::by_location(conn, &addresses).await?;
    let Some(address) = found else {
        return Err(Error::not_found("artifact place", place));
    };
    let location = address.strip_prefix(ARTIFACT_SCHEME).unwrap_or(&address);
    let rest = place.strip_prefix(location).unwrap_or_default().trim_start_matches('/');
    inside(Keeper::Experiment, location, rest)
}

fn inside(keeper: Keeper, location: &str, rest: &str) -> Result<(Keeper, String, String)> {
    if rest.is_empty() {
        let reason = format!("Invalid path: {location:?} is a root, not a file in it");
        return Err(Refusal::new("path", reason).into());
    }
    Ok((keeper, location.to_owned(), rest.to_owned()))
}

/// The number of the root of a place and the path below it, if anything was ever stored there.
async fn root(conn: &mut Conn<'_>, place: &str) -> Result<Option<(i64, String)>> {
    let candidates: Vec<String> = match split(place) {
        Some((_, location, _)) => vec![location.to_owned()],
        None => prefixes(place).map(ToOwned::to_owned).collect(),
    };
    Ok(artifact::root_of(conn, &candidates).await?.map(|(num, location)| {
        let rest = place.strip_prefix(&location).unwrap_or_default();
        (num, rest.trim_start_matches('/').to_owned())
    }))
}

/// The files below a place, by path below it.
pub(crate) async fn below(conn: &mut Conn<'_>, place: &str) -> Result<Vec<Artifact>> {
    let place = place.strip_prefix(ARTIFACT_SCHEME).unwrap_or(place);
    let Some((num, folder)) = root(conn, place).await? else {
        return Ok(Vec::new());
    };
    let mut files = artifact::below(conn, num, &folder).await?;
    if !folder.is_empty() {
        for file in &mut files {
            file.path = file.path.split_off(folder.len() + 1);
        }
    }
    Ok(files)
}

/// `a`, `a/b`, `a/b/c` of `a/b/c`.
fn prefixes(place: &str) -> impl Iterator<Item = &str> {
    place.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| &place[..at]).chain(std::iter::once(place))
}
