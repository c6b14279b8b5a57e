//! Looking into the files of a candidate: can they be read, how many rows, do they keep the contract.

use std::collections::BTreeSet;

use domain::data::contract::Contract;
use domain::data::profile::TableProfile;
use domain::data::{DataKind, Dataset, FileId, TreeFile, Violation};
use domain::yaml::Problem;
use objects::Store;
use tables::TableFile;

use super::off_thread;
use crate::{Error, Result};

/// What was found in a candidate.
#[derive(Clone, Debug, Default)]
pub(super) struct Inspection {
    /// Rows of all files, when it is a table.
    pub rows: Option<i64>,
    /// What breaks the contract, and what cannot be read.
    pub violations: Vec<Violation>,
}

/// A contract and the file in the project that it stands in.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    /// The rules.
    pub contract: Contract,
    /// What places are said to be in.
    pub path: String,
}

impl Inspection {
    /// Whether the candidate may be published.
    pub fn passes(&self) -> bool {
        !self.violations.iter().any(Violation::blocks)
    }
}

/// Looks into `files`; `known` are the files of the newest published version, which were looked into before. Rules on
/// the version as a whole are left to [`super::across`].
pub(super) async fn inspect(
    store: Store,
    dataset: Dataset,
    contract: Option<InForce>,
    files: Vec<TreeFile>,
    known: Vec<TreeFile>,
) -> Result<Inspection> {
    if dataset.kind != DataKind::Table {
        return Ok(Inspection::default());
    }
    off_thread(move || {
        let mut inspection = Inspection { rows: Some(0), violations: Vec::new() };
        let all = table_files(&store, &files)?;
        let mut schemas = Vec::with_capacity(all.len());
        for file in &all {
            match tables::read::survey(file) {
                Ok((schema, rows)) => {
                    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
                    inspection.rows = inspection.rows.map(|sum| sum.saturating_add(rows));
                    schemas.push((file.name.as_str(), schema));
                }
                Err(error) => inspection.violations.push(unusable(error.to_string())),
            }
        }
        if inspection.passes()
            && let Err(error) = tables::read::unify(&schemas)
        {
            inspection.violations.push(unusable(error.to_string()));
        }
        if inspection.passes() && inspection.rows == Some(0) {
            let names: Vec<&str> = all.iter().map(|file| file.name.as_str()).collect();
            let has = if names.len() == 1 { "has a header" } else { "have headers" };
            inspection.violations.push(unusable(format!("{} {has} but no rows", names.join(", "))));
        }
        if !inspection.passes() {
            inspection.rows = None;
            return Ok(inspection);
        }
        if let Some(InForce { contract, path }) = &contract {
            inspection.violations = inspect_with(&store, contract, path, &files, &known)?;
        }
        Ok(inspection)
    })
    .await
}

/// What of `files` breaks `contract`; those among `known` are not looked at again but for keys.
pub(super) fn inspect_with(
    store: &Store,
    contract: &Contract,
    path: &str,
    files: &[TreeFile],
    known: &[TreeFile],
) -> Result<Vec<Violation>> {
    let all = table_files(store, files)?;
    let seen: BTreeSet<FileId> = known.iter().map(|file| file.file_id).collect();
    let fresh = files.iter().zip(&all).filter(|(file, _)| !seen.contains(&file.file_id));
    let fresh: Vec<&TableFile> = fresh.map(|(_, table)| table).collect();
    let mut violations = broken_rules(contract, path, &fresh, &table_files(store, known)?)?;
    // Keys are looked for only where their columns are there.
    let keyed = |violation: &Violation| violation.rule != "missing_column";
    if !contract.unique.is_empty() && violations.iter().all(keyed) {
        let repeated = tables::unique::repeated(&all, &contract.unique).map_err(unreadable)?;
        // Counting reads text files once more: only for a share that is told.
        if repeated.count > 0 {
            let rows =
                all.iter().map(tables::read::count_rows).sum::<Result<u64, _>>().map_err(unreadable)?;
            violations.push(contract.repeated(rows, repeated, path));
        }
    }
    Ok(violations)
}

fn broken_rules(
    contract: &Contract,
    path: &str,
    new: &[&TableFile],
    known: &[TableFile],
) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    let mut before: Option<TableProfile> = None;
    for file in new {
        let profile = tables::profile::profile(std::slice::from_ref(*file)).map_err(unreadable)?;
        let mut found = contract.check(&file.name, &profile, None, path);
        // The profile of what is known costs a pass over it: only when something is to be explained.
        if !found.is_empty() && !known.is_empty() {
            if before.is_none() {
                before = Some(tables::profile::profile(known).map_err(unreadable)?);
            }
            found = contract.check(&file.name, &profile, before.as_ref(), path);
        }
        let questions = contract.questions(&profile, &found);
        let answers = tables::breach::find(file, &questions).map_err(unreadable)?;
        for (question, answer) in questions.iter().zip(answers) {
            contract.answer((&file.name, &profile), question, answer, path, &mut found);
        }
        violations.extend(found);
    }
    Ok(violations)
}

/// A file that is no table, or does not fit the others.
fn unusable(reason: String) -> Violation {
    Violation::new("readable", reason)
}

/// The contract of a data set, as it was stored with the version of the project file that named it; none for a set of
/// files that are no tables.
pub(super) async fn in_force(store: Store, dataset: &Dataset) -> Result<Option<InForce>> {
    let Some(file) = dataset.contract.clone().filter(|_| dataset.kind == DataKind::Table) else {
        return Ok(None);
    };
    off_thread(move || {
        let text = String::from_utf8(store.read(&file.file_id)?)
            .map_err(|_| Error::invalid(&file.path, "the contract is not UTF-8 text"))?;
        Ok(Some(InForce { contract: parse(&text, &file.path)?, path: file.path }))
    })
    .await
}

/// Reads a contract; the first slip is told with its place, the others with theirs below it.
pub(super) fn parse(text: &str, path: &str) -> Result<Contract> {
    Contract::parse(text, path).or_else(|problems| {
        told(path, &problems)?;
        Err(Error::invalid(path, "cannot be read"))
    })
}

/// An error for slips in a contract, if there are any.
pub(super) fn told(path: &str, problems: &[Problem]) -> Result<()> {
    let Some(first) = problems.first() else { return Ok(()) };
    let help = first.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    let others: String = problems[1..].iter().map(|problem| format!("\n{problem}")).collect();
    let place = format!("{path}:{}:{}", first.line, first.column);
    Err(Error::invalid(place, format!("{}{help}{others}", first.message)))
}

pub(super) fn table_files(store: &Store, files: &[TreeFile]) -> Result<Vec<TableFile>> {
    let table = |file: &TreeFile| {
        Ok(TableFile { name: file.path.as_str().to_owned(), path: store.path(&file.file_id)? })
    };
    files.iter().map(table).collect()
}

pub(super) fn unreadable(error: tables::Error) -> Error {
    Error::invalid("data", error.to_string())
}
