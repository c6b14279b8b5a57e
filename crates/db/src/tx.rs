//! Connections: the one file that knows which engine is behind.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use domain::governance::audit_event::AuditEvent;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ColumnIndex, Connection, Decode, Postgres, Row as _, Sqlite, Type};

use crate::dialect::{Engine, unnumbered};
use crate::governance::audit_event::{self, NewAuditEvent};
use crate::synced::Log;
use crate::tracking::recent;
use crate::writer::{Rest, Writer};
use crate::{Error, Result, migrate};

const READERS: u32 = 8;
/// Pages that the writer keeps, in KiB with a minus sign: a batch of points touches a page for each metric of each run.
const WRITER_CACHE: &str = "-65536";
/// Pages of 8 KiB in the log before they are moved: the same pages change again and again, and need not move each time.
const CHECKPOINT_PAGES: &str = "8192";
/// Statements that stay prepared.
const STATEMENTS: usize = 512;
/// Bytes of the file that readers see without copying.
const MAPPED: &str = "17179869184";
/// Rows that are handed from the engine's thread at once at the most.
const ROW_BUFFER: usize = 512;
/// Values that are found by their numbers at once.
const FEW: usize = 12;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A value to bind; the absent form keeps its type, which PostgreSQL wants to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number, times included.
    I64(Option<i64>),
    /// A floating-point number.
    F64(Option<f64>),
    /// Text, JSON included.
    Text(Option<String>),
    /// True or false.
    Bool(Option<bool>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

macro_rules! into_value {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self { Self::$variant(Some(value.into())) }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self { Self::$variant(value.map(Into::into)) }
        }
    )*};
}
into_value!(i64 => I64, i32 => I64, u32 => I64, f64 => F64, String => Text, &str => Text, bool => Bool, Vec<u8> => Bytes);

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<domain::Timestamp> for Value {
    fn from(value: domain::Timestamp) -> Self {
        Self::I64(Some(value.millis()))
    }
}

impl From<Option<domain::Timestamp>> for Value {
    fn from(value: Option<domain::Timestamp>) -> Self {
        Self::I64(value.map(domain::Timestamp::millis))
    }
}

impl From<&domain::Id> for Value {
    fn from(value: &domain::Id) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

impl From<Option<&domain::Id>> for Value {
    fn from(value: Option<&domain::Id>) -> Self {
        Self::Text(value.map(ToString::to_string))
    }
}

impl From<&domain::Name> for Value {
    fn from(value: &domain::Name) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

/// The values of a statement: `args![name, &id, count]` for `$1, $2, $3`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}

/// A connection, inside a transaction or not, to either engine.
pub enum Conn<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'c mut PgConnection),
}

impl Conn<'_> {
    /// Which engine this is, for [`Engine`]'s differences.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement and returns the number of rows it touched.
    pub async fn execute(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        match self {
            Self::Sqlite(conn) => {
                let done = bind_sqlite(sql, args).execute(&mut **conn).await?;
                Ok(done.rows_affected())
            }
            Self::Postgres(conn) => {
                let done = bind_postgres(sql, args).execute(&mut **conn).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// All rows of a query.
    pub async fn fetch_all(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(conn) => {
                let rows = bind_sqlite(sql, args).fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(conn) => {
                let rows = bind_postgres(sql, args).fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row of a query, if it has one.
    pub async fn fetch_optional(&mut self, sql: &str, args: Vec<Value>) -> Result<Option<Row>> {
        match self {
            Self::Sqlite(conn) => {
                Ok(bind_sqlite(sql, args).fetch_optional(&mut **conn).await?.map(Row::Sqlite))
            }
            Self::Postgres(conn) => {
                Ok(bind_postgres(sql, args).fetch_optional(&mut **conn).await?.map(Row::Postgres))
            }
        }
    }

    /// The row of a query that always has one (a count, a `RETURNING`).
    pub async fn fetch_one(&mut self, sql: &str, args: Vec<Value>) -> Result<Row> {
        self.fetch_optional(sql, args).await?.ok_or(Error::Sql(sqlx::Error::RowNotFound))
    }

    /// Runs several statements without values; for migrations and savepoints.
    pub async fn run_script(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(conn) => {
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut **conn).await?;
            }
            Self::Postgres(conn) => {
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut **conn).await?;
            }
        }
        Ok(())
    }
}

fn bind_sqlite(sql: &str, args: Vec<Value>) -> Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    let sql = if args.len() > FEW { unnumbered(sql) } else { Cow::Borrowed(sql) };
    args.into_iter().fold(sqlx::query(AssertSqlSafe(sql.into_owned())), |query, arg| match arg {
        Value::I64(value) => query.bind(value),
        Value::F64(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bool(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

fn bind_postgres(sql: &str, args: Vec<Value>) -> Query<'static, Postgres, sqlx::postgres::PgArguments> {
    args.into_iter().fold(sqlx::query(AssertSqlSafe(sql.to_owned())), |query, arg| match arg {
        Value::I64(value) => query.bind(value),
        Value::F64(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bool(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

/// A row of either engine.
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

/// What a column can be read as: `i64`, `f64`, `bool`, `String`, `Vec<u8>` and their `Option`s.
pub trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}
impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl Row {
    /// The value of a column by name or position.
    pub fn get<T: Column>(&self, column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>) -> Result<T> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A time column.
    pub fn time(&self, column: &str) -> Result<domain::Timestamp> {
        Ok(domain::Timestamp::from_millis(self.get(column)?))
    }

    /// A time column that may be absent.
    pub fn opt_time(&self, column: &str) -> Result<Option<domain::Timestamp>> {
        Ok(self.get::<Option<i64>>(column)?.map(domain::Timestamp::from_millis))
    }

    /// An id column.
    pub fn id(&self, column: &str) -> Result<domain::Id> {
        let text: String = self.get(column)?;
        domain::Id::parse(&text).ok_or_else(|| corrupt(column, format!("{text:?} is not an id")))
    }

    /// An id column that may be absent.
    pub fn opt_id(&self, column: &str) -> Result<Option<domain::Id>> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| {
            domain::Id::parse(&text).ok_or_else(|| corrupt(column, format!("{text:?} is not an id")))
        })
        .transpose()
    }

    /// A name column.
    pub fn name(&self, column: &str) -> Result<domain::Name> {
        let text: String = self.get(column)?;
        domain::Name::parse(&text).map_err(|error| corrupt(column, error.to_string()))
    }

    /// A JSON column, read into `T`.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| corrupt(column, error.to_string()))
    }

    /// A JSON column that may be absent.
    pub fn opt_json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| corrupt(column, error.to_string())))
            .transpose()
    }

    /// A column that holds the snake-case word of an enum.
    pub fn word<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text: String = self.get(column)?;
        serde_json::from_value(serde_json::Value::String(text))
            .map_err(|error| corrupt(column, error.to_string()))
    }
}

/// The word that [`Row::word`] reads back: for enums that serialise to a string.
pub fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        other => unreachable!("a word enum serialises to a string, got {other:?}"),
    }
}

fn corrupt(column: &str, reason: String) -> Error {
    Error::Corrupt { column: column.to_owned(), reason }
}

/// A handle to the database: cheap to clone.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
}

#[derive(Clone)]
enum Pools {
    Sqlite { readers: SqlitePool, writer: Writer },
    Postgres(PgPool),
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens `sqlite:PATH` (made when absent) or `postgres://…` and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            Self::open_sqlite(Path::new(path.trim_start_matches("//"))).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::open_postgres(url).await
        } else {
            Err(Error::Address(url.to_owned()))
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .page_size(8192)
            .busy_timeout(Duration::from_secs(10))
            .pragma("case_sensitive_like", "ON")
            .row_buffer_size(ROW_BUFFER)
            .foreign_keys(true)
            .with_regexp();
        let name = path.display().to_string();
        let writing = options
            .clone()
            // The writer syncs its commits itself, while the next are made.
            .synchronous(SqliteSynchronous::Normal)
            .pragma("cache_size", WRITER_CACHE)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .statement_cache_capacity(STATEMENTS);
        let mut conn =
            SqliteConnection::connect_with(&writing).await.map_err(|error| damaged(&name, &error))?;
        restrict(path)?;
        migrate::run(&mut Conn::Sqlite(&mut conn), &name).await.map_err(|error| match error {
            Error::Sql(inner) => damaged(&name, &inner),
            other => other,
        })?;
        let waiting = recent::any(&mut Conn::Sqlite(&mut conn)).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(CONNECT_TIMEOUT)
            .connect_lazy_with(options.read_only(true).create_if_missing(false).pragma("mmap_size", MAPPED));
        let log = Log::open(path)
            .map_err(|error| Error::Unreachable(format!("the log of {name} cannot be opened: {error}")))?;
        Ok(Self { pools: Pools::Sqlite { readers, writer: Writer::spawn(conn, log, waiting) } })
    }

    async fn open_postgres(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(|_| Error::Address(without_password(url)))?;
        let pool = PgPoolOptions::new()
            .max_connections(READERS * 2)
            .acquire_timeout(CONNECT_TIMEOUT)
            .connect_with(options)
            .await?;
        let mut conn = pool.acquire().await?;
        migrate::run(&mut Conn::Postgres(&mut conn), &without_password(url)).await?;
        drop(conn);
        Ok(Self { pools: Pools::Postgres(pool) })
    }

    /// Which engine is behind.
    pub fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// A connection for reading; sees everything that was committed before.
    pub async fn read(&self) -> Result<Reader> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, writer } => {
                writer.settle().await?;
                Reader::Sqlite(readers.acquire().await?)
            }
            Pools::Postgres(pool) => Reader::Postgres(pool.acquire().await?),
        })
    }

    /// Runs `work` in a transaction and returns after the commit is on disk; an error undoes all of it.
    ///
    /// On SQLite concurrent calls share one transaction (each in a savepoint of its own) and one fsync. The
    /// closure holds the only writer: it must do nothing but database work, and must not call `write` again.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let rest = |value| (value, Rest::default());
                let written = writer.submit(false, move |conn| work(conn).map_ok(rest).boxed()).await;
                written.map(|(value, _)| value)
            }
            Pools::Postgres(pool) => {
                let mut tx = pool.begin().await.map_err(Error::from)?;
                let value = work(&mut Conn::Postgres(&mut tx)).await?;
                tx.commit().await.map_err(Error::from)?;
                Ok(value)
            }
        }
    }

    /// As [`Db::write`], for work that only appends points of metrics and says how many wait to be sorted in: those that
    /// wait already may wait on.
    pub async fn append<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<(T, usize), E>> + Send + 'static,
    {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let rest = |(value, appended)| (value, Rest { appended, event: None });
                let appended = writer.submit(true, move |conn| work(conn).map_ok(rest).boxed()).await;
                appended.map(|(value, _)| value)
            }
            Pools::Postgres(_) => self.write(work).await.map(|(value, _)| value),
        }
    }

    /// As [`Db::write`], for work with an audit event, which is appended in the same transaction and returned with its
    /// number and hashes. On SQLite those of writes that share a transaction are appended together.
    pub async fn record<T, E, F>(&self, work: F) -> Result<(T, AuditEvent), E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Conn<'_>) -> BoxFuture<'t, Result<(T, NewAuditEvent), E>> + Send + 'static,
    {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let rest = |(value, event)| (value, Rest { appended: 0, event: Some(event) });
                let (value, event) =
                    writer.submit(false, move |conn| work(conn).map_ok(rest).boxed()).await?;
                let event = event.ok_or(Error::Abandoned("its audit event is missing"))?;
                Ok((value, event))
            }
            Pools::Postgres(_) => {
                self.write(move |conn| {
                    Box::pin(async move {
                        let (value, event) = work(conn).await?;
                        Ok((value, audit_event::append(conn, event).await?))
                    })
                })
                .await
            }
        }
    }

    /// Finishes accepted writes and closes the files.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// A pooled connection; [`Reader::conn`] lends it to the functions of this crate.
pub enum Reader {
    /// SQLite.
    Sqlite(PoolConnection<Sqlite>),
    /// PostgreSQL.
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    /// The connection itself.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

fn damaged(database: &str, error: &sqlx::Error) -> Error {
    Error::Damaged { database: database.to_owned(), reason: error.to_string() }
}

fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let owner_only = std::fs::Permissions::from_mode(0o600);
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let file = PathBuf::from(file);
        if file.exists() {
            std::fs::set_permissions(&file, owner_only.clone()).map_err(sqlx::Error::Io)?;
        }
    }
    Ok(())
}

/// The address with any `user:password@` cut to `user@`, for messages.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let Some((login, host)) = rest.rsplit_once('@') else {
        return url.to_owned();
    };
    let user = login.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{host}")
}
