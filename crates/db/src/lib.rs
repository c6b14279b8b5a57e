//! Records in SQLite or PostgreSQL, one SQL text for both.
//!
//! Functions take a [`Conn`] (inside a transaction or not), return domain values and `Ok(None)` for what is
//! missing; rules, permissions and audit live one floor up. The engine branch is in [`tx`] alone.

pub mod data;
pub mod dialect;
pub mod foreign;
mod gathered;
pub mod governance;
pub mod migrate;
pub mod monitoring;
pub mod pipelines;
pub mod registry;
pub mod search;
pub mod serving;
mod synced;
pub mod testing;
pub mod tracking;
pub mod tx;
mod writer;

pub use gathered::Gathered;
pub use tx::{Conn, Db, Reader, Row, Value};

/// PostgreSQL's codes of what is told apart.
const POSTGRES_BAD_PATTERN: &str = "2201B";
const POSTGRES_DEADLOCK: &str = "40P01";

/// What can go wrong between a function and its database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique index refused the row: somebody else was first.
    #[error("a record with the same key exists already")]
    Duplicate,
    /// The database was written by a newer Volano.
    #[error(
        "the database {database} has schema version {found}, this volano knows up to {known}: use the newer volano that wrote it"
    )]
    Newer {
        /// File or URL without credentials.
        database: String,
        /// Its schema version.
        found: i64,
        /// The newest this binary knows.
        known: i64,
    },
    /// The file is not a database, or is damaged.
    #[error(
        "the database {database} is damaged or not a volano database: {reason}; restore it from a backup"
    )]
    Damaged {
        /// File or URL without credentials.
        database: String,
        /// What the engine said.
        reason: String,
    },
    /// The database URL is of no known kind.
    #[error("{0:?} is not a database address: use sqlite:PATH or postgres://USER@HOST/NAME")]
    Address(String),
    /// A database of another program cannot be read, or is not what it should be.
    #[error("{path}: {reason}")]
    Foreign {
        /// The file.
        path: String,
        /// What is wrong, and the way out.
        reason: String,
    },
    /// No connection within the time limit.
    #[error("the database is not reachable: {0}")]
    Unreachable(String),
    /// A regular expression that this engine cannot read.
    #[error("the regular expression cannot be read here: {0}")]
    Pattern(String),
    /// A stored value does not fit its type.
    #[error("the stored {column} is unreadable: {reason}")]
    Corrupt {
        /// Column or record.
        column: String,
        /// Why.
        reason: String,
    },
    /// The write was abandoned: its closure panicked or the writer is gone.
    #[error("the write was abandoned: {0}")]
    Abandoned(&'static str),
    /// Anything else that the driver says.
    #[error("database: {0}")]
    Sql(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Duplicate,
            sqlx::Error::Database(inner) if inner.code().as_deref() == Some(POSTGRES_BAD_PATTERN) => {
                Self::Pattern(inner.message().to_owned())
            }
            // Two transactions wait for one another, and one of them had to give way.
            sqlx::Error::Database(inner) if inner.code().as_deref() == Some(POSTGRES_DEADLOCK) => {
                Self::Unreachable(error.to_string())
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => Self::Unreachable(error.to_string()),
            _ => Self::Sql(error),
        }
    }
}

/// Result of a database function.
pub type Result<T, E = Error> = std::result::Result<T, E>;
