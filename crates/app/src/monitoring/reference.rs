//! What a model version's requests are compared with: its training input, else the first requests that it answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use db::pipelines::{pipeline_run, step_run};
use domain::data::FileId;
use domain::governance::role::Permission;
use domain::monitoring::monitor::MonitorWindow;
use domain::pipelines::step::{InputRef, OutputKind};
use domain::pipelines::step_run::StepResult;
use domain::registry::model::ModelName;
use tables::drift::{Sample, reference};
use tables::read::TableFile;

use super::drift::{answers_of, columns_of};
use crate::governance::lineage::{cut, results_of};
use crate::{App, Context, Error, ErrorKind, Result};

/// References kept in memory.
const KEPT: usize = 4;

/// Comparable columns of a reference.
pub(super) struct ReferenceColumns {
    /// In words.
    pub text: String,
    /// The data it comes from, by content.
    pub tree: Option<String>,
    /// Rows that it has.
    pub rows: u64,
    /// A sample per column.
    pub samples: BTreeMap<String, Sample>,
}

/// The files of a training input.
struct TrainingInput {
    text: String,
    files: Vec<(String, FileId)>,
}

impl App {
    /// The reference of a version: its training input, or `None` when the platform did not train it.
    pub(super) async fn training_reference(
        &self,
        ctx: &Context,
        model: &str,
        version: i64,
    ) -> Result<Option<Arc<ReferenceColumns>>> {
        let key = (model.to_owned(), version);
        if let Some(found) = self.kept_reference(&key) {
            return Ok(Some(found));
        }
        let Some(input) = self.training_input(ctx, model, version).await? else {
            return Ok(None);
        };
        let store = self.objects().clone();
        let read = move || -> Result<ReferenceColumns> {
            let files: Vec<TableFile> = input
                .files
                .iter()
                .map(|(name, id)| {
                    Ok(TableFile { name: name.clone(), path: store.path(id).map_err(Error::internal)? })
                })
                .collect::<Result<_>>()?;
            let (rows, samples) =
                reference(&files).map_err(|error| Error::invalid("reference", error.to_string()))?;
            Ok(ReferenceColumns { text: input.text, tree: None, rows, samples })
        };
        let found = Arc::new(tokio::task::spawn_blocking(read).await.map_err(Error::internal)??);
        let mut kept = self.monitoring().references.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.push((key, Arc::clone(&found)));
        if kept.len() > KEPT {
            kept.remove(0);
        }
        Ok(Some(found))
    }

    fn kept_reference(&self, key: &(String, i64)) -> Option<Arc<ReferenceColumns>> {
        let mut kept = self.monitoring().references.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let position = kept.iter().position(|(known, _)| known == key)?;
        let entry = kept.remove(position);
        let found = Arc::clone(&entry.1);
        kept.push(entry);
        Some(found)
    }

    /// The first requests that a version answered, as a reference, with the sample of its answers.
    pub(super) async fn first_window(
        &self,
        ctx: &Context,
        window: &MonitorWindow,
    ) -> Result<(ReferenceColumns, Sample)> {
        let deployment = super::monitor::name_of(&window.deployment)?;
        let rows = self.predictions().window(ctx, &deployment, window.from_ms, window.to_ms).await?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.version == window.version).collect();
        let columns = ReferenceColumns {
            text: format!(
                "the first {} requests that {} v{} answered",
                rows.len(),
                window.model,
                window.version
            ),
            tree: None,
            rows: rows.len() as u64,
            samples: columns_of(&rows),
        };
        Ok((columns, answers_of(&rows)))
    }

    async fn training_input(
        &self,
        ctx: &Context,
        model: &str,
        version: i64,
    ) -> Result<Option<TrainingInput>> {
        let Ok(name) = ModelName::parse(model) else { return Ok(None) };
        let step_run = match self.models().version(ctx, &name, version).await {
            Ok(found) => found.provenance.step_run,
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let Some(step_run) = step_run else { return Ok(None) };
        let mut reader = self.read(ctx, Permission::Read).await?;
        let mut conn = reader.conn();
        let Some(step_run) = step_run::get(&mut conn, &step_run).await? else { return Ok(None) };
        let Some(pinned) = pipeline_run::get_pinned(&mut conn, &step_run.pipeline_run).await? else {
            return Ok(None);
        };
        let Some(step) = pinned.definition.step(step_run.step.as_str()) else { return Ok(None) };
        for input in &step.inputs {
            let InputRef::Step { step: from, output } = &input.from else { continue };
            let results = results_of(&mut conn, &step_run.pipeline_run, from).await?;
            let results = cut(results, input.split);
            let files = table_files(&results, output.as_str());
            if !files.is_empty() {
                let text =
                    format!("training input of {model} v{version}: {from}.{output}@{}", input.split.as_str());
                return Ok(Some(TrainingInput { text, files }));
            }
        }
        Ok(None)
    }
}

fn table_files(results: &[StepResult], output: &str) -> Vec<(String, FileId)> {
    let contents = results.iter().filter_map(|result| result.outputs.get(output));
    let tables = contents.filter(|content| content.kind == OutputKind::Table);
    tables
        .flat_map(|content| &content.files)
        .filter_map(|file| Some((file.path.clone(), FileId::parse(&file.file_id)?)))
        .collect()
}
