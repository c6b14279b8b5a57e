//! Contracts: learned from versions, shown, and tried on history before they are enforced.

use domain::Name;
use domain::data::contract::Contract;
use domain::data::{At, DataVersion, TreeFile, Violation};
use domain::governance::role::Permission;

use super::inspect::{inspect_with, parse};
use super::off_thread;
use crate::{App, Context, Error, Result};

/// Versions that a contract is tried on at the most.
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
}

/// What a contract says to one version.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The version.
    pub version: DataVersion,
    /// What breaks it.
    pub violations: Vec<Violation>,
}

impl Contracts<'_> {
    /// Learns a contract from the newest published version of a data set.
    pub async fn infer(&self, ctx: &Context, name: &Name) -> Result<ContractText> {
        let dataset = self.0.datasets().get(ctx, name).await?.dataset;
        let version = self.0.datasets().version_at(ctx, name, &At::Latest).await?;
        let profile = self.0.datasets().profile(ctx, &version).await?;
        let contract = Contract::infer(&profile, &dataset.key);
        let path = format!("contracts/{name}.yaml");
        Ok(ContractText { path, text: contract.to_yaml(), rules: contract.rules() })
    }

    /// The contract that new versions of a data set are checked against.
    pub async fn show(&self, ctx: &Context, name: &Name) -> Result<ContractText> {
        let dataset = self.0.datasets().get(ctx, name).await?.dataset;
        let file = dataset.contract.ok_or_else(|| Error::not_found("contract", name))?;
        let store = self.0.objects().clone();
        let (id, path) = (file.file_id, file.path.clone());
        let text = off_thread(move || Ok(String::from_utf8_lossy(&store.read(&id)?).into_owned())).await?;
        let rules = parse(&text, &path)?.rules();
        Ok(ContractText { path: file.path, text, rules })
    }

    /// Tries a contract (the data set's own when `text` is absent) on published versions, newest first, and says where
    /// it would have fired. Nothing is changed.
    /// `path` is what places in `text` are said to be in.
    pub async fn test(
        &self,
        ctx: &Context,
        name: &Name,
        text: Option<String>,
        path: Option<String>,
    ) -> Result<Vec<Trial>> {
        self.0.authorize(ctx, Permission::Read).await?;
        let (text, path) = match text {
            Some(text) => (text, path.unwrap_or_else(|| format!("contracts/{name}.yaml"))),
            None => {
                let shown = self.show(ctx, name).await?;
                (shown.text, shown.path)
            }
        };
        let contract = parse(&text, &path)?;
        let mut trials = Vec::new();
        for version in self.0.datasets().versions(ctx, name, MAX_TRIED, 0).await? {
            let files = self.0.datasets().tree_of(&version).await?;
            let known: Vec<TreeFile> = Vec::new();
            let (store, contract, path) = (self.0.objects().clone(), contract.clone(), path.clone());
            let violations =
                off_thread(move || inspect_with(&store, &contract, &path, &files, &known)).await?;
            trials.push(Trial { version, violations });
        }
        Ok(trials)
    }
}
