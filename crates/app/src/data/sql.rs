//! Queries over data versions: which versions a text names, who may ask, and what a query may use.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use db::data::data_version;
use domain::Name;
use domain::data::{DataKind, DataRef, DataVersion};
use domain::governance::role::Permission;
use domain::suggest::nearest;
use futures::StreamExt;
use futures::stream::BoxStream;
use sql::{Input, Limits, Named, Query, Rows};
use tables::TableFile;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::dataset::Datasets;
use super::off_thread;
use crate::{App, Context, Error, Result};

pub use sql::{Column, Page};
pub use tables::encode::Encoding;
pub use tables::rows::Record;

/// Rows of one document at the most.
pub const MAX_DOCUMENT_ROWS: usize = 10_000;
/// Rows of one document when the caller does not say.
pub const DOCUMENT_ROWS: usize = 1000;
/// The field that errors name; with the place behind it when there is one: `sql:LINE:COLUMN`.
pub const FIELD: &str = "sql";

/// Memory of one query.
const MEMORY: usize = 512 << 20;
/// Bytes on disk that the spilled rows of one query may take.
const SPILLED: u64 = 20 << 30;
/// Time that the engine may take for one query.
const TIME: Duration = Duration::from_secs(300);
/// Queries that run at once.
const RUNNING: usize = 4;
/// How long a query waits for its turn.
const TURN: Duration = Duration::from_secs(30);
/// What to do when memory is not enough.
const HELP: &str = "filter, or choose fewer columns, before joining or grouping; or make it a `sql` step of a pipeline with `need: {memory: …}`";
/// Names that an error lists.
const LISTED: usize = 20;
/// Versions that an error lists.
const LISTED_VERSIONS: i64 = 5;

/// The queries that run now.
#[derive(Clone)]
pub(crate) struct Running(Arc<Semaphore>);

impl Default for Running {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(RUNNING)))
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// One SELECT over data versions: `SELECT count(*) FROM flights@v3`.
    pub sql: String,
    /// Rows at the most.
    pub limit: Option<usize>,
    /// Whether a document says how many rows there are beyond its limit.
    pub count: bool,
}

impl Datasets<'_> {
    /// The rows of a query as one document; it has a limit.
    pub async fn query(&self, ctx: &Context, question: Question) -> Result<Page> {
        let limit = question.limit.unwrap_or(DOCUMENT_ROWS);
        if limit > MAX_DOCUMENT_ROWS {
            let reason = format!(
                "a JSON document holds at most {MAX_DOCUMENT_ROWS} rows, not {limit}: ask for csv, parquet or arrow, which have no limit"
            );
            return Err(Error::invalid("limit", reason));
        }
        let (rows, _turn) = self.ask(ctx, Question { limit: Some(limit), ..question }).await?;
        rows.page().await.map_err(failed)
    }

    /// The rows of a query as the bytes of a file, sent as they are made. It is at its end when the stream is dropped.
    pub async fn query_file(
        &self,
        ctx: &Context,
        question: Question,
        encoding: Encoding,
    ) -> Result<BoxStream<'static, Result<Vec<u8>>>> {
        let (rows, turn) = self.ask(ctx, question).await?;
        let parts = rows.encoded(encoding).map_err(failed)?;
        let parts = parts.map(move |part| {
            let _until_the_stream_ends = &turn;
            part.map_err(failed)
        });
        Ok(parts.boxed())
    }

    async fn ask(&self, ctx: &Context, question: Question) -> Result<(Rows, OwnedSemaphorePermit)> {
        self.0.authorize(ctx, Permission::Read).await?;
        let named = sql::named(&question.sql).await.map_err(failed)?;
        let mut inputs = Vec::with_capacity(named.len());
        for name in named {
            let files = self.input(ctx, &name).await?;
            inputs.push(Input { name: name.reference, files });
        }
        let (query, turn) = self.prepared(question, inputs).await?;
        Ok((sql::open(query).await.map_err(failed)?, turn))
    }

    /// A query within the limits of this server, and its turn to run.
    pub(super) async fn prepared(
        &self,
        question: Question,
        inputs: Vec<Input>,
    ) -> Result<(Query, OwnedSemaphorePermit)> {
        let turn = self.turn().await?;
        let scratch = self.0.home().queries_dir();
        let folder = scratch.clone();
        off_thread(move || private(&folder)).await?;
        let limits = Limits { memory: MEMORY, spilled: SPILLED, help: HELP, ..Limits::scratch_in(&scratch) };
        let Question { sql: text, limit, count } = question;
        Ok((Query { text, inputs, limit, count, time: TIME, limits }, turn))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let running = Arc::clone(&self.0.inner.running_queries.0);
        match tokio::time::timeout(TURN, running.acquire_owned()).await {
            Ok(turn) => turn.map_err(Error::internal),
            Err(_) => {
                let limit = format!("{RUNNING} queries run already; wait until one is done");
                Err(Error::LimitReached { limit })
            }
        }
    }

    /// The files of the version that a query names.
    pub(super) async fn input(&self, ctx: &Context, named: &Named) -> Result<Vec<TableFile>> {
        let version = self.named_version(ctx, named).await?;
        let files = self.files(ctx, &version).await?;
        let table = |file: super::dataset::VersionFile| TableFile {
            name: format!("{} {}", named.reference, file.path.as_str()),
            path: file.real,
        };
        Ok(files.into_iter().map(table).collect())
    }

    async fn named_version(&self, ctx: &Context, named: &Named) -> Result<DataVersion> {
        let at = |message: String, help: Option<String>| failed(named.fault(message, help));
        let reference = DataRef::parse(&named.reference).map_err(|error| at(error.to_string(), None))?;
        let summaries = self.list(ctx).await?;
        let known = |name: &str| {
            let mut same =
                summaries.iter().filter(|known| known.dataset.name.as_str().eq_ignore_ascii_case(name));
            let first = same.next();
            // The engine folds what is not quoted to lower case.
            let exact = summaries.iter().find(|known| known.dataset.name.as_str() == name);
            exact.or(first.filter(|_| same.next().is_none()))
        };
        let Some(known) = known(reference.dataset.as_str()) else {
            let names: BTreeSet<&str> = summaries.iter().map(|known| known.dataset.name.as_str()).collect();
            let help = what_there_is(reference.dataset.as_str(), &names);
            return Err(at(format!("there is no data set {:?}", reference.dataset.as_str()), Some(help)));
        };
        if known.dataset.kind != DataKind::Table {
            let message = format!("{} is a set of files, not a table", known.dataset.name);
            return Err(at(message, Some("only tables have columns".to_owned())));
        }
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        if let Some(version) = data_version::get(&mut reader.conn(), &known.dataset.id, &reference.at).await?
        {
            return Ok(version);
        }
        drop(reader);
        let help = self.versions_there_are(ctx, &known.dataset.name).await?;
        Err(at(format!("there is no {}@{}", known.dataset.name, reference.at), Some(help)))
    }

    async fn versions_there_are(&self, ctx: &Context, name: &Name) -> Result<String> {
        let versions = self.versions(ctx, name, LISTED_VERSIONS, 0).await?;
        let names: Vec<String> = versions.iter().map(DataVersion::reference).collect();
        Ok(match names.as_slice() {
            [] => format!("{name} has no version yet"),
            names => format!("the newest are {}", names.join(", ")),
        })
    }
}

impl App {
    /// Removes what queries left behind that were not at their end when the server before this one was killed.
    pub(crate) fn forget_queries(&self) -> std::io::Result<()> {
        match std::fs::remove_dir_all(self.home().queries_dir()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A folder that only this user may look into: what is spilled is data.
fn private(folder: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Error::Unavailable {
        what: format!("no scratch space in {}: {error}", folder.display()),
    })
}

fn what_there_is(name: &str, names: &BTreeSet<&str>) -> String {
    if let Some(near) = nearest(name, names.iter().copied()) {
        return format!("did you mean {near}?");
    }
    let listed: Vec<&str> = names.iter().copied().take(LISTED).collect();
    match (listed.as_slice(), names.len() - listed.len()) {
        ([], _) => "there is no data yet: volano data add FILE --name NAME".to_owned(),
        (some, 0) => format!("the data sets are {}", some.join(", ")),
        (some, more) => format!("the data sets are {} and {more} more", some.join(", ")),
    }
}

/// What is wrong with a query is its author's to mend, and stands at its place.
pub(super) fn failed(error: sql::Error) -> Error {
    match error {
        sql::Error::Query { line, column, message, help } => {
            let field = match (line, column) {
                (Some(line), Some(column)) => format!("{FIELD}:{line}:{column}"),
                _ => FIELD.to_owned(),
            };
            Error::invalid(field, help.map_or_else(|| message.clone(), |help| format!("{message}: {help}")))
        }
        sql::Error::Scratch(what) => Error::Unavailable { what },
        other => Error::invalid(FIELD, other.to_string()),
    }
}
