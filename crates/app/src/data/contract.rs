//! Contracts: learned from versions, shown, and tried on history before they are enforced.

use std::collections::BTreeSet;

use db::data::data_version;
use domain::Name;
use domain::data::contract::{Change, Contract, Fired, InWords, fired};
use domain::data::profile::TableProfile;
use domain::data::{At, DataKind, DataVersion, FileId, TreeFile, Violation};
use domain::governance::role::Permission;
use domain::serving::parse_duration_ms;

use super::across::Version;
use super::dataset::MAX_PAGE;
use super::inspect::{InForce, inspect_with, parse, table_files, unreadable};
use super::off_thread;
use crate::{App, Context, Error, Result};

/// Versions that a contract is tried on or learned from at the most.
const MAX_TRIED: i64 = 100;

/// Contracts as a view on [`App`].
pub struct Contracts<'a>(&'a App);

impl App {
    /// Contracts.
    pub fn contracts(&self) -> Contracts<'_> {
        Contracts(self)
    }
}

/// A data set's contract.
#[derive(Clone, Debug)]
pub struct ContractText {
    /// The file in the project.
    pub path: String,
    /// Its YAML.
    pub text: String,
    /// How many rules it has.
    pub rules: usize,
    /// The rules in words.
    pub words: Vec<InWords>,
}

/// What a contract is learned from.
#[derive(Clone, Debug, Default)]
pub struct Lesson {
    /// Numbers of the first and the last version.
    pub between: Option<(i64, i64)>,
    /// The newest so many, without `between`; one when absent.
    pub last: Option<i64>,
    /// The text of a contract that there is, to be revised, and its file.
    pub contract: Option<(String, String)>,
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The contract, which is the given one with what was learned.
    pub contract: ContractText,
    /// The versions it was learned from, oldest first.
    pub versions: Vec<String>,
    /// What changes in the given contract, if one was given.
    pub changes: Option<Vec<Change>>,
}

/// Which versions a contract is tried on, and which contract.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// A contract's YAML; the data set's own when absent.
    pub contract: Option<String>,
    /// What places in that YAML are said to be in.
    pub path: Option<String>,
    /// The newest so many.
    pub last: Option<i64>,
    /// Those of the last `90d`.
    pub since: Option<String>,
}

/// What a contract says to one version.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The version.
    pub version: DataVersion,
    /// What breaks it.
    pub violations: Vec<Violation>,
}

/// How a version's check ended when it came.
#[derive(Clone, Debug)]
pub struct Check {
    /// The version, with what was found.
    pub version: DataVersion,
    /// The contract that it was checked against.
    pub contract: Option<FileId>,
}

impl Check {
    /// `kept`, `warned`, `blocked`, or `unchecked` without a contract.
    pub fn outcome(&self) -> &'static str {
        let violations = &self.version.violations;
        match self.contract {
            _ if self.version.is_rejected() || violations.iter().any(Violation::blocks) => "blocked",
            None => "unchecked",
            Some(_) if violations.is_empty() => "kept",
            Some(_) => "warned",
        }
    }
}

impl Contracts<'_> {
    /// Learns a contract from published versions of a data set, and what that changes in one that there is.
    pub async fn infer(&self, ctx: &Context, name: &Name, lesson: Lesson) -> Result<Learned> {
        let dataset = self.0.datasets().get(ctx, name).await?.dataset;
        if dataset.kind != DataKind::Table {
            return Err(Error::invalid(
                "name",
                "it is a set of files, not a table: only tables have columns",
            ));
        }
        let versions = self.lesson(ctx, name, &lesson).await?;
        let mut seen = BTreeSet::new();
        let mut files: Vec<TreeFile> = Vec::new();
        for version in &versions {
            let tree = self.0.datasets().tree_of(version).await?;
            files.extend(tree.into_iter().filter(|file| seen.insert(file.file_id)));
        }
        let store = self.0.objects().clone();
        let profiles: Vec<TableProfile> = off_thread(move || {
            let tables = table_files(&store, &files)?;
            let profile = |table| tables::profile::profile(std::slice::from_ref(table)).map_err(unreadable);
            tables.iter().map(profile).collect()
        })
        .await?;
        let learned = Contract::infer(&profiles, &dataset.key);
        let (contract, changes) = match lesson.contract {
            Some((text, path)) => {
                let revision = parse(&text, &path)?.revise(&text, &learned);
                (shown(&revision.contract, path, revision.text), Some(revision.changes))
            }
            None => (shown(&learned, format!("contracts/{name}.yaml"), learned.to_yaml()), None),
        };
        let versions = versions.iter().map(DataVersion::reference).collect();
        Ok(Learned { contract, versions, changes })
    }

    async fn lesson(&self, ctx: &Context, name: &Name, lesson: &Lesson) -> Result<Vec<DataVersion>> {
        let last = match (lesson.between, lesson.last) {
            (Some((from, to)), _) if from < 1 || to < from => {
                let reason = format!("v{from} to v{to} are no versions: write the earlier one first");
                return Err(Error::invalid("from", reason));
            }
            (Some((from, to)), _) => {
                let many = to - from + 1;
                if many > MAX_TRIED {
                    let reason = format!("at most {MAX_TRIED} versions are learned from, these are {many}");
                    return Err(Error::invalid("from", reason));
                }
                let mut versions = Vec::new();
                for number in from..=to {
                    versions.push(self.0.datasets().version_at(ctx, name, &At::Number(number)).await?);
                }
                return Ok(versions);
            }
            (None, last) => within("last", last.unwrap_or(1))?,
        };
        let newest = self.0.datasets().version_at(ctx, name, &At::Latest).await?;
        // Published versions are numbered without holes.
        let number = newest.number().unwrap_or(1);
        let mut versions = Vec::new();
        for number in (number - last + 1).max(1)..number {
            versions.push(self.0.datasets().version_at(ctx, name, &At::Number(number)).await?);
        }
        versions.push(newest);
        Ok(versions)
    }

    /// The contract that new versions of a data set are checked against.
    pub async fn show(&self, ctx: &Context, name: &Name) -> Result<ContractText> {
        let dataset = self.0.datasets().get(ctx, name).await?.dataset;
        let file = dataset.contract.ok_or_else(|| Error::not_found("contract", name))?;
        let store = self.0.objects().clone();
        let (id, path) = (file.file_id, file.path.clone());
        let text = off_thread(move || Ok(String::from_utf8_lossy(&store.read(&id)?).into_owned())).await?;
        Ok(shown(&parse(&text, &path)?, file.path, text))
    }

    /// Tries a contract (the data set's own when none is given) on the versions there are, rejected ones too, newest
    /// first, and says where it would have fired. Nothing is changed.
    pub async fn test(&self, ctx: &Context, name: &Name, tried: Tried) -> Result<Vec<Trial>> {
        self.0.authorize(ctx, Permission::Read).await?;
        let limit = tried.last.map_or(Ok(MAX_TRIED), |last| within("last", last))?;
        let after = tried.since.as_deref().map(parse_duration_ms).transpose();
        let after = after.map_err(|_| Error::invalid("since", "write a span of time: 90d, 12h or 30m"))?;
        let after = after.map(|span| ctx.now().plus_millis(-span));
        let (text, path) = match tried.contract {
            Some(text) => (text, tried.path.unwrap_or_else(|| format!("contracts/{name}.yaml"))),
            None => {
                let shown = self.show(ctx, name).await?;
                (shown.text, shown.path)
            }
        };
        let rules = InForce { contract: parse(&text, &path)?, path };
        self.0.datasets().query_slips(&rules).await?;
        let mut trials = Vec::new();
        for version in self.0.datasets().versions(ctx, name, limit, 0).await? {
            if after.is_none_or(|after| version.time_ms >= after) {
                let violations = self.try_on(ctx, &rules, &version).await?;
                trials.push(Trial { version, violations });
            }
        }
        Ok(trials)
    }

    async fn try_on(&self, ctx: &Context, rules: &InForce, version: &DataVersion) -> Result<Vec<Violation>> {
        // What could not be read is broken whatever the rules are.
        if version.rows.is_none() && version.is_rejected() {
            return Ok(version.violations.clone());
        }
        let rows = version.rows.unwrap_or_default();
        let files = self.0.datasets().tree_of(version).await?;
        let (store, of_files, candidate) = (self.0.objects().clone(), rules.clone(), files.clone());
        let mut violations =
            off_thread(move || inspect_with(&store, &of_files.contract, &of_files.path, &candidate, &[]))
                .await?;
        let whole = Version { files, rows: rows.unsigned_abs(), arrived: version.time_ms };
        violations.extend(self.0.datasets().across(ctx, rules, whole).await?);
        Ok(violations)
    }

    /// How the check of each version ended when it came, newest first.
    pub async fn history(&self, ctx: &Context, name: &Name, limit: i64, offset: i64) -> Result<Vec<Check>> {
        let dataset = self.0.datasets().get(ctx, name).await?.dataset;
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        let limit = limit.clamp(1, MAX_PAGE);
        let checked = data_version::checked(&mut reader.conn(), &dataset.id, limit, offset.max(0)).await?;
        Ok(checked.into_iter().map(|(version, contract)| Check { version, contract }).collect())
    }
}

/// The rules that trials broke, the most frequent first.
pub fn fired_in(trials: &[Trial]) -> Vec<Fired> {
    fired(trials.iter().map(|trial| (trial.version.reference(), trial.violations.as_slice())))
}

fn within(field: &str, number: i64) -> Result<i64> {
    if (1..=MAX_TRIED).contains(&number) {
        return Ok(number);
    }
    Err(Error::invalid(field, format!("a number of versions from 1 to {MAX_TRIED}, not {number}")))
}

fn shown(contract: &Contract, path: String, text: String) -> ContractText {
    ContractText { path, text, rules: contract.rules(), words: contract.in_words() }
}
