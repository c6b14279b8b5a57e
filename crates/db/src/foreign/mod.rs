//! The tracking database of MLflow, read and never written: what its versions from 2.0 on have in common, and what the newer
//! ones add where it is there.
//!
//! Values are cast in the queries, because SQLite keeps in a column whatever was put in.

mod evaluation;
mod registry;
mod trace;
mod tracking;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use domain::registry::import::ModelRecord;
use domain::tracking::import::trace::TraceRecord;
use domain::tracking::import::{LoggedModelRecord, RunRecord};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row as _};

use crate::{Conn, Error, Result, Row, args};

pub use tracking::{Page, Read};

/// Tables without which it is no MLflow database.
const CORE: [&str; 8] = [
    "experiments",
    "experiment_tags",
    "runs",
    "metrics",
    "params",
    "tags",
    "registered_models",
    "model_versions",
];
/// Columns that came with 2.0 at the latest.
const SINCE_2: [(&str, &str); 4] = [
    ("experiments", "creation_time"),
    ("runs", "deleted_time"),
    ("metrics", "is_nan"),
    ("model_versions", "run_link"),
];
/// Tables whose rows have no place here, with what people call them.
const ELSEWHERE: [(&str, &str); 9] = [
    ("webhooks", "webhooks"),
    ("issues", "issues"),
    ("label_schemas", "label schemas"),
    ("review_queues", "review queues"),
    ("endpoints", "gateway endpoints"),
    ("secrets", "gateway secrets"),
    ("guardrails", "guardrails"),
    ("budget_policies", "budget policies"),
    ("mcp_servers", "MCP servers"),
];

/// A thing of the other store with the address of its files there.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// What it is.
    pub record: T,
    /// Where its files are, as the other store writes it.
    pub files: String,
}

/// A run as it was found.
pub type FoundRun = Found<RunRecord>;
/// A logged model as it was found.
pub type FoundModel = Found<LoggedModelRecord>;

/// A trace as it was found; pieces of it that cannot be read are named beside it.
#[derive(Clone, Debug)]
pub struct FoundTrace {
    /// What it is.
    pub record: TraceRecord,
    /// Where its files are, as the other store writes it.
    pub files: String,
    /// Assessments that cannot be read.
    pub left: Vec<Left>,
}

/// A registered model with the addresses where its versions' files are, by version.
#[derive(Clone, Debug)]
pub struct FoundRegistered {
    /// What it is; no version says yet whose its files are.
    pub record: ModelRecord,
    /// Addresses by version: where it was stored, and the source it names.
    pub files: BTreeMap<i64, Vec<String>>,
}

/// What there is, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Experiments.
    pub experiments: i64,
    /// Runs, deleted ones included.
    pub runs: i64,
    /// Points of metrics.
    pub points: i64,
    /// Logged models, deleted ones included.
    pub logged_models: i64,
    /// Registered models and prompts.
    pub models: i64,
    /// Their versions that are not deleted.
    pub versions: i64,
    /// Traces.
    pub traces: i64,
}

/// What is left where it is: why, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What it is, in words.
    pub what: String,
    /// Why it does not come along.
    pub why: String,
}

/// A point where reading goes on.
pub type Cursor = i64;

/// An MLflow database that is open for reading.
pub struct Foreign {
    conn: SqliteConnection,
    path: String,
    columns: HashMap<String, HashSet<String>>,
}

impl Foreign {
    /// Opens the SQLite file at `path`; refuses what is no MLflow database, or one of before 2.0.
    pub async fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let refuse = |reason: String| Error::Foreign { path: name.clone(), reason };
        let options = SqliteConnectOptions::new().filename(path).read_only(true).create_if_missing(false);
        let not_sqlite = |error: sqlx::Error| {
            refuse(format!("it cannot be read as an SQLite database: {}", words(&error)))
        };
        let mut conn = SqliteConnection::connect_with(&options).await.map_err(not_sqlite)?;
        let sql = "SELECT m.name AS table_name, p.name AS column_name FROM sqlite_master m \
                   JOIN pragma_table_info(m.name) p WHERE m.type = 'table'";
        let rows = sqlx::query(sql).fetch_all(&mut conn).await.map_err(not_sqlite)?;
        let mut columns: HashMap<String, HashSet<String>> = HashMap::new();
        for row in rows {
            columns.entry(row.try_get("table_name")?).or_default().insert(row.try_get("column_name")?);
        }
        let store = Self { conn, path: name.clone(), columns };
        let lacking: Vec<&str> = CORE.into_iter().filter(|table| !store.has(table)).collect();
        if lacking.len() > CORE.len() / 2 {
            return Err(refuse("it is an SQLite database, but not one of MLflow's".to_owned()));
        }
        let older = SINCE_2.into_iter().any(|(table, column)| !store.has_column(table, column));
        if older || !lacking.is_empty() {
            return Err(refuse(format!(
                "its schema is older than that of MLflow 2.0: bring a copy up to date first, \
                 mlflow db upgrade sqlite:///{name}"
            )));
        }
        Ok(store)
    }

    /// What there is.
    pub async fn counts(&mut self) -> Result<Counts> {
        let (experiments, runs) = (self.experiment_scope(), self.run_scope());
        let versions =
            format!("model_versions v WHERE {} AND v.current_stage <> 'Deleted_Internal'", self.own("v"));
        Ok(Counts {
            experiments: self.count(&format!("experiments e WHERE {experiments}")).await?,
            runs: self.count(&format!("runs r WHERE {runs}")).await?,
            points: self
                .count(&format!("metrics m WHERE m.run_uuid IN (SELECT run_uuid FROM runs r WHERE {runs})"))
                .await?,
            logged_models: match self.has("logged_models") {
                true => {
                    let scope = self.in_experiments("m.experiment_id");
                    self.count(&format!("logged_models m WHERE {scope}")).await?
                }
                false => 0,
            },
            models: self.count(&format!("registered_models m WHERE {}", self.own("m"))).await?,
            versions: self.count(&versions).await?,
            traces: match self.has("trace_info") {
                true => {
                    let scope = self.in_experiments("t.experiment_id");
                    self.count(&format!("trace_info t WHERE {scope}")).await?
                }
                false => 0,
            },
        })
    }

    /// What has no place here.
    pub async fn left(&mut self) -> Result<Vec<Left>> {
        let mut left = Vec::new();
        for (table, name) in ELSEWHERE {
            if self.has(table) {
                let count = self.count(table).await?;
                if count > 0 {
                    let what = format!("{count} {name}");
                    left.push(Left { what, why: "they are not taken over".to_owned() });
                }
            }
        }
        for (table, name) in [("experiments", "experiments"), ("registered_models", "registered models")] {
            if self.has_column(table, "workspace") {
                let count = self.count(&format!("{table} t WHERE NOT ({})", self.own("t"))).await?;
                if count > 0 {
                    let what = format!("{count} {name} of other workspaces, with all that is in them");
                    left.push(Left { what, why: "only the workspace `default` is read".to_owned() });
                }
            }
        }
        Ok(left)
    }

    /// The name of the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn has(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// The condition that a row of experiments or of the registry is of the workspace that is read.
    fn own(&self, alias: &str) -> String {
        if self.has_column("registered_models", "workspace") {
            format!("{alias}.workspace = 'default'")
        } else {
            "1".to_owned()
        }
    }

    fn experiment_scope(&self) -> String {
        if self.has_column("experiments", "workspace") {
            "e.workspace = 'default'".to_owned()
        } else {
            "1".to_owned()
        }
    }

    fn in_experiments(&self, column: &str) -> String {
        if self.has_column("experiments", "workspace") {
            format!(
                "{column} IN (SELECT e.experiment_id FROM experiments e WHERE {})",
                self.experiment_scope()
            )
        } else {
            "1".to_owned()
        }
    }

    fn run_scope(&self) -> String {
        self.in_experiments("r.experiment_id")
    }

    async fn count(&mut self, from: &str) -> Result<i64> {
        self.rows(&format!("SELECT COUNT(*) AS n FROM {from}"), args![]).await?[0].get("n")
    }

    async fn rows(&mut self, sql: &str, args: Vec<crate::Value>) -> Result<Vec<Row>> {
        let path = self.path.clone();
        Conn::Sqlite(&mut self.conn).fetch_all(sql, args).await.map_err(|error| match error {
            Error::Sql(error) => Error::Foreign { path, reason: words(&error) },
            other => other,
        })
    }
}

/// What the engine says, without the names of its codes.
fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        other => other.to_string(),
    }
}

/// Tags as pairs of columns, in order, grouped by an owner's column.
fn grouped<T>(rows: &[Row], make: impl Fn(&Row) -> Result<T>) -> Result<HashMap<String, Vec<T>>> {
    let mut groups: HashMap<String, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(row.get("owner")?).or_default().push(make(row)?);
    }
    Ok(groups)
}

fn text(row: &Row, column: &str) -> Result<String> {
    Ok(row.get::<Option<String>>(column)?.unwrap_or_default())
}

fn whole(row: &Row, column: &str) -> Result<i64> {
    Ok(row.get::<Option<i64>>(column)?.unwrap_or_default())
}
