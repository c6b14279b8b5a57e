//! The sources of a project: collected into data versions, and pinned for a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use db::pipelines::project::ProjectRecord;
use domain::data::{At, DataKind, DataVersion, Source, Violation};
use domain::pipelines::pipeline_run::PinnedData;
use domain::pipelines::project::{SourceKind, SourceSpec};

use super::project::Projects;
use crate::data::publish::Ingested;
use crate::{Context, Error, ErrorKind, Result};

impl Projects<'_> {
    /// Collects the files of every source of a project: what has changed becomes a new version, published when its
    /// contract is kept. One answer per source, in the order of the file.
    pub async fn collect(&self, ctx: &Context, name: &str) -> Result<Vec<(SourceSpec, Ingested)>> {
        let record = self.refresh(ctx, name).await?;
        let mut collected = Vec::with_capacity(record.definition.data.len());
        for source in &record.definition.data {
            let ingested = self.0.datasets().ingest(ctx, spec(&record, source)).await?;
            collected.push((source.clone(), ingested));
        }
        Ok(collected)
    }

    /// The sources of all projects, as they are to be ingested.
    pub async fn sources(&self, ctx: &Context) -> Result<Vec<crate::data::source::SourceSpec>> {
        let mut specs = Vec::new();
        for record in self.list(ctx).await? {
            specs.extend(record.definition.data.iter().map(|source| spec(&record, source)));
        }
        Ok(specs)
    }

    /// The newest published version of every source.
    pub(super) async fn pins(
        &self,
        ctx: &Context,
        record: &ProjectRecord,
    ) -> Result<BTreeMap<String, PinnedData>> {
        let mut pins = BTreeMap::new();
        for source in &record.definition.data {
            match self.newest(ctx, source).await? {
                Some(pinned) => pins.insert(source.name.to_string(), pinned),
                None => return Err(self.nothing_published(ctx, source).await?),
            };
        }
        Ok(pins)
    }

    /// Why a source has no version to work on, and the way to one.
    async fn nothing_published(&self, ctx: &Context, source: &SourceSpec) -> Result<Error> {
        let rejected = match self.0.datasets().get(ctx, &source.name).await {
            Ok(summary) => summary.rejected,
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let Some(version) = rejected else {
            let reason = format!(
                "no file matches {}: put one there, or name another path in volano.yaml",
                source.path
            );
            return Ok(Error::invalid(format!("data.{}", source.name), reason));
        };
        let broken: Vec<&Violation> = version.violations.iter().filter(|v| v.blocks()).collect();
        let lines: String = broken.iter().map(|violation| format!("\n   ✗ {}", violation.line())).collect();
        let name = &source.name;
        if broken.iter().all(|violation| violation.rule == "readable") {
            let reason = format!("they cannot be read, so {name} has no version to work on{lines}");
            return Ok(Error::invalid(format!("files of {name}"), reason));
        }
        let reason = format!(
            "{} breaks its contract, so {name} has no version to work on{lines}",
            version.reference()
        );
        Ok(Error::CheckFailed { check: "contract", record: version.reference(), reason })
    }

    /// The newest published version of a source, when there is one.
    pub(super) async fn newest(&self, ctx: &Context, source: &SourceSpec) -> Result<Option<PinnedData>> {
        match self.0.datasets().version_at(ctx, &source.name, &At::Latest).await {
            Ok(version) => Ok(pinned(version)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How the data room takes a source of a project.
fn spec(record: &ProjectRecord, source: &SourceSpec) -> crate::data::source::SourceSpec {
    crate::data::source::SourceSpec {
        name: source.name.clone(),
        root: PathBuf::from(&record.root),
        source: Source {
            path: source.path.clone(),
            kind: match source.kind {
                SourceKind::Table => DataKind::Table,
                SourceKind::Files => DataKind::Files,
            },
            key: source.key.clone(),
            time: source.time.clone(),
            contract: source.contract.clone(),
        },
        message: format!("collected from {}", source.path),
    }
}

fn pinned(version: DataVersion) -> Option<PinnedData> {
    let number = version.number()?;
    Some(PinnedData {
        dataset: version.dataset,
        number,
        commit: version.commit.to_string(),
        tree: version.tree.to_string(),
        rows: version.rows,
        files: version.files,
        bytes: version.size,
    })
}
