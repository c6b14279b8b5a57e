//! Rules of a contract that look beyond one file: freshness, references to other data sets, assertions in SQL.

use domain::data::contract::{Answer, Assertion, Contract, Freshness, Reference};
use domain::data::violation::Example;
use domain::data::{At, DataRef, TreeFile, Violation};
use domain::yaml::Problem;
use domain::{Name, Timestamp};
use sql::Input;
use tables::TableFile;
use tables::across::{Newest, absent, keys, lacking, newest};
use tables::breach::MAX_EXAMPLES;

use super::dataset::Datasets;
use super::inspect::{InForce, table_files, unreadable};
use super::off_thread;
use super::sql::{FIELD, Question};
use crate::{Context, Error, Result};

/// The name of the version that is checked, in an assertion.
const THIS: &str = "this";
/// Characters of a row that are quoted.
const MAX_QUOTED: usize = 200;

/// A version that is checked, published or not.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// Its files.
    pub files: Vec<TreeFile>,
    /// Their rows.
    pub rows: u64,
    /// When it arrived.
    pub arrived: Timestamp,
}

impl Datasets<'_> {
    /// What of a version as a whole breaks the rules. A rule that cannot be tried is broken.
    pub(super) async fn across(
        &self,
        ctx: &Context,
        rules: &InForce,
        version: Version,
    ) -> Result<Vec<Violation>> {
        let InForce { contract, path } = rules;
        let (fresh, references, assertions) =
            (&contract.freshness, &contract.references, &contract.assertions);
        if fresh.is_none() && references.is_empty() && assertions.is_empty() {
            return Ok(Vec::new());
        }
        let (store, files) = (self.0.objects().clone(), version.files.clone());
        let here = off_thread(move || table_files(&store, &files)).await?;
        let mut found = Vec::new();
        if let Some(fresh) = fresh {
            found.extend(freshness(rules, fresh.clone(), here.clone(), version.arrived).await?);
        }
        for reference in references {
            found.extend(self.reference(ctx, rules, reference, &here, version.rows).await?);
        }
        for assertion in assertions {
            let answer = self.found_by(ctx, contract, assertion, &here).await;
            match answer {
                Ok(answer) => found.extend(assertion.check(version.rows, answer, path)),
                Err(Error::Invalid { field, reason }) => {
                    let (line, column) = place_in(&field);
                    let message = format!("{}: {reason}", assertion.name);
                    found.push(assertion.violation(message, assertion.place_of(line, column), path));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(found)
    }

    async fn reference(
        &self,
        ctx: &Context,
        rules: &InForce,
        reference: &Reference,
        here: &[TableFile],
        rows: u64,
    ) -> Result<Option<Violation>> {
        let there = match self.referenced(ctx, &reference.to).await {
            Ok(there) => there,
            Err(error @ (Error::NotFound { .. } | Error::Invalid { .. })) => {
                let message = format!("{error}, so that nothing can be looked up in it");
                return Ok(Some(reference.violation(message, &rules.path)));
            }
            Err(other) => return Err(other),
        };
        let (reference, here, rules) = (reference.clone(), here.to_vec(), rules.clone());
        off_thread(move || {
            for (files, columns) in [(&here, &reference.columns), (&there, &reference.columns_there)] {
                if let Some((file, column)) = lacking(files, columns).map_err(unreadable)? {
                    let message = format!("{file} has no column {column:?}, which a reference names");
                    return Ok(Some(reference.violation(message, &rules.path)));
                }
            }
            let keys = match keys(&there, &reference.columns_there) {
                Ok(keys) => keys,
                Err(error) => return Ok(Some(reference.violation(error.to_string(), &rules.path))),
            };
            let answer = absent(&here, &reference.columns, &keys).map_err(unreadable)?;
            Ok(reference.check(&rules.contract, rows, answer, &rules.path))
        })
        .await
    }

    /// The files of the version that a reference names, called after it.
    async fn referenced(&self, ctx: &Context, to: &str) -> Result<Vec<TableFile>> {
        let (name, at) = match Name::parse(to) {
            Ok(name) => (name, At::Latest),
            Err(_) => {
                let named = DataRef::parse(to).map_err(|error| Error::invalid("to", error.to_string()))?;
                (named.dataset, named.at)
            }
        };
        let version = self.version_at(ctx, &name, &at).await?;
        let (store, files) = (self.0.objects().clone(), self.tree_of(&version).await?);
        let files = off_thread(move || table_files(&store, &files)).await?;
        let called = |file: TableFile| TableFile { name: format!("{to} {}", file.name), ..file };
        Ok(files.into_iter().map(called).collect())
    }

    /// How many rows an assertion finds, and a few of them.
    async fn found_by(
        &self,
        ctx: &Context,
        contract: &Contract,
        assertion: &Assertion,
        here: &[TableFile],
    ) -> Result<Answer> {
        let mut inputs = Vec::new();
        for name in sql::named(&assertion.sql).await.map_err(super::sql::failed)? {
            let files = if name.reference.eq_ignore_ascii_case(THIS) {
                here.to_vec()
            } else {
                self.input(ctx, &name).await?
            };
            inputs.push(Input { name: name.reference, files });
        }
        let question = Question { sql: assertion.sql.clone(), limit: Some(MAX_EXAMPLES), count: true };
        let (query, _turn) = self.prepared(question, inputs).await?;
        let page = sql::open(query).await.map_err(super::sql::failed)?;
        let page = page.page().await.map_err(super::sql::failed)?;
        let examples = page.rows.iter().zip(1..).map(|(record, row)| {
            let value = |column: &sql::Column| {
                let value = record.get(&column.name).unwrap_or(&serde_json::Value::Null);
                match value {
                    serde_json::Value::Null => format!("{}: (nothing)", column.name),
                    _ if !assertion.shows(contract, &column.name) => format!("{}: (masked)", column.name),
                    serde_json::Value::String(text) => format!("{}: {text}", column.name),
                    other => format!("{}: {other}", column.name),
                }
            };
            let values: Vec<String> = page.columns.iter().map(value).collect();
            let value = values.join(", ").chars().take(MAX_QUOTED).collect();
            Example { file: String::new(), row, value }
        });
        Ok(Answer { count: page.total.unwrap_or(page.rows.len() as u64), examples: examples.collect() })
    }

    /// Slips in the queries of a contract that can be seen without data, at their places.
    pub(super) async fn query_slips(&self, rules: &InForce) -> Result<()> {
        let mut problems = Vec::new();
        for assertion in &rules.contract.assertions {
            let Err(error) = sql::named(&assertion.sql).await else { continue };
            let Error::Invalid { field, reason } = super::sql::failed(error) else { continue };
            let (line, column) = place_in(&field);
            problems.push(Problem::new(&rules.path, assertion.place_of(line, column), reason, None));
        }
        super::inspect::told(&rules.path, &problems)
    }
}

async fn freshness(
    rules: &InForce,
    fresh: Freshness,
    files: Vec<TableFile>,
    arrived: Timestamp,
) -> Result<Option<Violation>> {
    let column = fresh.column.clone();
    let newest = off_thread(move || newest(&files, &column).map_err(unreadable)).await?;
    let path = &rules.path;
    Ok(match newest {
        Newest::At(newest) => fresh.check(&rules.contract, newest, arrived, path),
        Newest::NoColumn(file) => {
            let message = format!("{file} has no column {:?}, which `freshness` names", fresh.column);
            Some(fresh.violation(message, path))
        }
        Newest::NoTime(file, kind) => {
            let message = format!("{file}: {} is {kind}, a date or timestamp is expected", fresh.column);
            Some(fresh.violation(message, path))
        }
    })
}

/// `sql:LINE:COLUMN` as line and column.
fn place_in(field: &str) -> (Option<u64>, Option<u64>) {
    let mut parts = field.strip_prefix(FIELD).unwrap_or_default().split(':').skip(1);
    let mut number = || parts.next().and_then(|part| part.parse().ok());
    (number(), number())
}
