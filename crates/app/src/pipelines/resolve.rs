//! From a step and what its inputs are to its units, each with its inputs and its key.

use std::collections::BTreeMap;

use domain::Name;
use domain::data::TreeId;
use domain::pipelines::key::{KeyFields, StepKey, normalize_sql};
use domain::pipelines::pipeline_run::PinnedData;
use domain::pipelines::project::{Project, SourceKind};
use domain::pipelines::step::{Action, Each, Input, InputRef, OutputKind, Partition, Split, StepSpec};
use domain::pipelines::step_run::{OutputFile, StepResult, Unit, content_hash};
use environments::{Requirements, Spec};
use serde_json::{Value, json};

use super::snapshot::Snapshot;
use crate::{App, Error, Result};

/// Changes when the built-in query engine may answer differently: results of queries are then made anew.
const SQL_ENGINE: &str = "1";

/// One input of a unit, ready to be laid out in a step's folder.
#[derive(Clone, Debug, PartialEq)]
pub struct StepInput {
    /// What the step calls it.
    pub name: Name,
    /// What it is.
    pub kind: InputKind,
    /// Where it comes from, for people: `flights@v3`, `prepare.features@train`.
    pub reference: String,
    /// The files, sorted by path.
    pub files: Vec<OutputFile>,
    /// Only the rows of this partition count.
    pub partition: Option<(Partition, String)>,
    /// Only this part of the rows counts: a table without partitions is cut by the position of each row
    /// ([`Split::Train`] 80 %, [`Split::Holdout`] 20 %, see [`in_holdout`]).
    pub sample: Split,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A table in one or several files.
    Table,
    /// Files as they are.
    Files,
    /// A model's folder.
    Model,
    /// One file.
    File,
    /// A JSON object of numbers.
    Metrics,
}

/// Whether row `position` (from 0, over all files in the order of their paths) of a table without partitions belongs
/// to the holdout: one row in five, by BLAKE3 of the position.
pub fn in_holdout(position: u64) -> bool {
    let hash = blake3::hash(&position.to_le_bytes());
    let first: [u8; 4] = hash.as_bytes()[..4].try_into().expect("a hash has 32 bytes");
    u32::from_le_bytes(first).is_multiple_of(5)
}

/// One unit of a step with everything that decides its result.
#[derive(Clone, Debug)]
pub(super) struct PlannedUnit {
    pub unit: Unit,
    pub key: StepKey,
    pub fields: KeyFields,
    pub inputs: Vec<StepInput>,
    /// The parameters that the step uses.
    pub params: BTreeMap<String, Value>,
}

impl PlannedUnit {
    pub fn input_bytes(&self) -> i64 {
        self.inputs.iter().flat_map(|input| &input.files).map(|file| file.size).sum()
    }
}

/// The results of finished steps, by step.
pub(super) type Done = BTreeMap<Name, Vec<StepResult>>;

/// What a run has pinned.
pub(super) struct Resolver<'a> {
    pub app: &'a App,
    pub definition: &'a Project,
    pub params: &'a BTreeMap<String, Value>,
    pub data: &'a BTreeMap<String, PinnedData>,
    pub code: &'a Snapshot,
}

/// An input and what names its content.
struct Whole {
    input: StepInput,
    hash: String,
}

impl Resolver<'_> {
    /// The units of `step`, given the results of every step before it; in a stable order.
    pub async fn units(&self, step: &StepSpec, done: &Done) -> Result<Vec<PlannedUnit>> {
        let mut wholes = Vec::with_capacity(step.inputs.len());
        for input in &step.inputs {
            wholes.push(self.whole(input, done).await?);
        }
        let parts = match &step.by {
            Some(partition) => self.partitions(step, partition, wholes).await?,
            None => vec![(None, wholes)],
        };
        let code = self.code_fields(step).await?;
        let items = step.each.as_ref().map_or_else(|| vec![BTreeMap::new()], Each::items);
        let mut units = Vec::with_capacity(parts.len() * items.len());
        for (partition, inputs) in &parts {
            for item in &items {
                let unit = Unit { partition: partition.clone(), item: item.clone() };
                let params = self.params_of(step, item);
                let fields = self.fields(step, &unit, inputs, &params, &code);
                let inputs = inputs.iter().map(|whole| whole.input.clone()).collect();
                units.push(PlannedUnit { unit, key: fields.key(), fields, inputs, params });
            }
        }
        Ok(units)
    }

    /// An input before it is cut into partitions.
    async fn whole(&self, input: &Input, done: &Done) -> Result<Whole> {
        let mut sample = Split::All;
        let (kind, files, reference) = match &input.from {
            InputRef::Data { data } => {
                let pinned =
                    self.data.get(data.as_str()).ok_or_else(|| Error::not_found("data version", data))?;
                let files = self.tree_files(&pinned.tree).await?;
                sample = input.split;
                let kind = match self.definition.source(data.as_str()).map(|source| source.kind) {
                    Some(SourceKind::Files) => InputKind::Files,
                    _ => InputKind::Table,
                };
                (kind, files, format!("{}@v{}", pinned.dataset, pinned.number))
            }
            InputRef::Step { step, output } => {
                let (kind, files, cut) = self.step_output(step, output.as_str(), input.split, done)?;
                if !cut {
                    sample = input.split;
                }
                let at = if input.split == Split::All { "" } else { "@" };
                let split = if input.split == Split::All { "" } else { input.split.as_str() };
                (kind, files, format!("{step}.{output}{at}{split}"))
            }
        };
        let mut hash = hash_of(&files);
        if sample != Split::All {
            hash = format!("{hash}@{}", sample.as_str());
        }
        let input = StepInput { name: input.name.clone(), kind, reference, files, partition: None, sample };
        Ok(Whole { input, hash })
    }

    /// The files of a step's output over all its units, and whether the split is already applied to them.
    fn step_output(
        &self,
        step: &Name,
        output: &str,
        split: Split,
        done: &Done,
    ) -> Result<(InputKind, Vec<OutputFile>, bool)> {
        let results = done.get(step).ok_or_else(|| Error::not_found("step result", step))?;
        let spec = self.definition.step(step.as_str()).ok_or_else(|| Error::not_found("step", step))?;
        let mut results: Vec<&StepResult> = match spec.each.as_ref().and_then(|each| each.keep.as_ref()) {
            Some(keep) => vec![super::keep::best(results, keep)?],
            None => results.iter().collect(),
        };
        results.sort_by_key(|result| result.unit.label());
        let mut cut = split == Split::All;
        if split != Split::All && spec.by.is_some() {
            let newest = results.iter().filter_map(|result| result.unit.partition.clone()).max();
            let several = results.iter().any(|result| result.unit.partition != newest);
            if several {
                results.retain(|result| (result.unit.partition == newest) == (split == Split::Holdout));
                cut = true;
            }
        }
        let several = results.len() > 1;
        let mut files = Vec::new();
        let mut kind = OutputKind::Table;
        for result in results {
            let content = result.outputs.get(output).ok_or_else(|| {
                Error::conflict(
                    "step",
                    step,
                    format!("its result {} has no output {output}", result.step_run),
                )
            })?;
            kind = content.kind;
            for file in &content.files {
                let mut file = file.clone();
                // Units are made apart from one another and may use the same names.
                let label = result.unit.label();
                if several && !file.path.starts_with(&label) {
                    file.path = format!("{label}/{}", file.path);
                }
                files.push(file);
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let kind = match kind {
            OutputKind::Table => InputKind::Table,
            OutputKind::Model => InputKind::Model,
            OutputKind::File => InputKind::File,
            OutputKind::Metrics => InputKind::Metrics,
        };
        Ok((kind, files, cut))
    }

    async fn tree_files(&self, tree: &str) -> Result<Vec<OutputFile>> {
        let id = TreeId::parse(tree).ok_or_else(|| Error::invalid("tree", format!("{tree:?} is no tree")))?;
        let store = self.app.objects().clone();
        super::off_thread(move || {
            let mut files: Vec<OutputFile> = store
                .tree(&id)?
                .into_iter()
                .map(|file| OutputFile {
                    path: file.path.as_str().to_owned(),
                    file_id: file.file_id.to_string(),
                    size: i64::try_from(file.size).unwrap_or(i64::MAX),
                    rows: None,
                })
                .collect();
            files.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(files)
        })
        .await
    }

    /// One set of inputs per partition. The first table that has the column decides which partitions there are.
    async fn partitions(
        &self,
        step: &StepSpec,
        partition: &Partition,
        wholes: Vec<Whole>,
    ) -> Result<Vec<(Option<String>, Vec<Whole>)>> {
        let mut indexes = Vec::with_capacity(wholes.len());
        for whole in &wholes {
            let index = match whole.input.kind {
                InputKind::Table => super::partition::index(self.app, &whole.input.files, partition).await?,
                _ => None,
            };
            indexes.push(index);
        }
        let Some(leading) = indexes.iter().flatten().next() else {
            let reason = format!("no input has the column {:?}", partition.column);
            return Err(Error::invalid(format!("steps.{}.by", step.name), reason));
        };
        let names: Vec<String> = leading.names();
        if names.is_empty() {
            let reason = format!("the inputs have no rows to cut by {partition}");
            return Err(Error::invalid(format!("steps.{}.by", step.name), reason));
        }
        let one = |name: &String| {
            let inputs = wholes.iter().zip(&indexes).map(|(whole, index)| match index {
                None => Whole { input: whole.input.clone(), hash: whole.hash.clone() },
                Some(index) => Whole {
                    input: StepInput {
                        files: index.files(name, &whole.input.files),
                        partition: Some((partition.clone(), name.clone())),
                        ..whole.input.clone()
                    },
                    hash: index.hash(name),
                },
            });
            (Some(name.clone()), inputs.collect())
        };
        Ok(names.iter().map(one).collect())
    }

    /// The parameters that a step uses: those its command or query names, those of `each`, and all for a notebook.
    fn params_of(&self, step: &StepSpec, item: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let text = match &step.action {
            Action::Run(command) => command.clone(),
            Action::Notebook(_) => {
                return self.params.iter().chain(item).map(|(k, v)| (k.clone(), v.clone())).collect();
            }
            Action::Sql(_) | Action::Evaluate => String::new(),
        };
        let used = |name: &str| text.contains(&format!("${{params.{name}}}"));
        let mut params: BTreeMap<_, _> = self
            .params
            .iter()
            .filter(|(name, _)| used(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        params.extend(item.clone());
        params
    }

    fn fields(
        &self,
        step: &StepSpec,
        unit: &Unit,
        inputs: &[Whole],
        params: &BTreeMap<String, Value>,
        code: &KeyFields,
    ) -> KeyFields {
        let mut fields = code.clone();
        if let Some(partition) = &unit.partition {
            let by = step.by.as_ref().map(ToString::to_string).unwrap_or_default();
            fields.set("partition", format!("{by} = {partition}"));
        }
        for whole in inputs {
            fields.set(format!("input.{}", whole.input.name), &whole.hash);
        }
        for (name, value) in params {
            fields.set(format!("param.{name}"), value.to_string());
        }
        fields
    }

    /// The fields that all units of a step share.
    async fn code_fields(&self, step: &StepSpec) -> Result<KeyFields> {
        let mut fields = KeyFields::default();
        fields.set("action", step.action.kind());
        if let Action::Evaluate = step.action {
            let objective = &self.definition.objective;
            let said = json!({"label": self.definition.label(), "metric": self.definition.metric(), "slices": objective.slices});
            fields.set("objective", said.to_string());
            let require: Vec<_> =
                self.definition.gate.iter().flat_map(|gate| &gate.require).map(|c| c.text()).collect();
            fields.set("gate", json!(require).to_string());
        }
        if matches!(step.action, Action::Run(_) | Action::Notebook(_)) {
            fields.set("platform", format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH));
        }
        if !step.checks.is_empty() {
            let checks: Vec<_> = step.checks.iter().map(|check| check.text()).collect();
            fields.set("check", json!(checks).to_string());
        }
        let (store, code, step_spec) = (self.app.objects().clone(), self.code.clone(), step.clone());
        let read = super::off_thread(move || {
            for output in &step_spec.outputs {
                let contract =
                    output.contract.as_deref().map(|path| code.code_hash(&store, path)).transpose()?;
                let said = json!({"kind": output.kind, "contract": contract});
                fields.set(format!("output.{}", output.name), said.to_string());
            }
            code_of(&store, &code, &step_spec.action, &mut fields)?;
            let requirements = match &step_spec.env {
                Some(env) => Some((env.clone(), code.text(&store, &env.file)?)),
                None => None,
            };
            Ok((fields, requirements))
        });
        let (mut fields, requirements) = read.await?;
        if let Some((env, text)) = requirements {
            fields.set("env", self.env_key(&env.file, &text, env.python).await?);
        }
        Ok(fields)
    }

    /// The environment's key; where no Python is found the packages alone, and the step will say what is missing.
    async fn env_key(&self, file: &str, text: &str, python: Option<String>) -> Result<String> {
        let requirements = Requirements::parse(file, text).map_err(|error| match error {
            environments::Error::Requirements { place, reason } => Error::invalid(place, reason),
            other => Error::invalid(file, other.to_string()),
        })?;
        let normalised = blake3::hash(requirements.normalised().as_bytes()).to_hex().to_string();
        let mut spec = Spec::new(requirements);
        spec.python = python;
        match self.app.environments().key(&spec).await {
            Ok(key) => Ok(key.as_str().to_owned()),
            Err(error) => {
                tracing::warn!(%error, "no python for the key of an environment");
                Ok(format!("requirements {normalised}"))
            }
        }
    }
}

/// What names the content of files: their own hashes and paths.
fn hash_of(files: &[OutputFile]) -> String {
    content_hash(files.iter().map(|file| (file.path.as_str(), file.file_id.as_str())))
}

/// The command or query, and every file of code behind it. Blocking.
fn code_of(store: &objects::Store, code: &Snapshot, action: &Action, fields: &mut KeyFields) -> Result<()> {
    match action {
        Action::Sql(path) => {
            fields.set("sql", normalize_sql(&code.text(store, path)?));
            fields.set("engine", SQL_ENGINE);
        }
        Action::Run(command) => {
            fields.set("command", one_line(command));
            for path in code.closure_of_command(store, command)? {
                fields.set(format!("code.{path}"), code.code_hash(store, &path)?);
            }
        }
        Action::Notebook(path) => {
            let source = notebook_source(path, &code.text(store, path)?)?;
            for path in code.closure(store, code.imports(path, &source))? {
                fields.set(format!("code.{path}"), code.code_hash(store, &path)?);
            }
            fields.set("notebook", blake3::hash(source.as_bytes()).to_hex().to_string());
        }
        Action::Evaluate => {}
    }
    Ok(())
}

/// A command with single blanks outside quotes.
fn one_line(command: &str) -> String {
    let mut out = String::with_capacity(command.len());
    let mut quote = None;
    for c in command.trim().chars() {
        if quote.is_none() && c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
            continue;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The source of a notebook's code cells: outputs, counts and metadata do not change what it does.
fn notebook_source(path: &str, text: &str) -> Result<String> {
    let notebook: Value = serde_json::from_str(text)
        .map_err(|error| Error::invalid(path, format!("is not a notebook: {error}")))?;
    let Some(cells) = notebook["cells"].as_array() else {
        return Err(Error::invalid(path, "is not a notebook: it has no cells"));
    };
    let source = |cell: &Value| match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect::<String>(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let code: Vec<String> = cells.iter().filter(|cell| cell["cell_type"] == "code").map(source).collect();
    Ok(domain::pipelines::key::normalize_python(&code.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_rows_is_held_out_and_always_the_same() {
        let held = (0..10_000).filter(|row| in_holdout(*row)).count();
        assert!((1900..2100).contains(&held), "{held}");
        // Models were trained on the others: this must never change.
        assert_eq!((0..30).filter(|row| in_holdout(*row)).collect::<Vec<_>>(), HELD_OF_30);
    }

    const HELD_OF_30: [u64; 8] = [2, 11, 13, 17, 20, 22, 25, 27];

    #[test]
    fn blanks_in_a_command_count_only_in_quotes() {
        assert_eq!(one_line("python  a.py\n   --x 'a  b'"), "python a.py --x 'a  b'");
    }

    #[test]
    fn outputs_and_prose_of_a_notebook_do_not_count() {
        let a = r#"{"cells":[{"cell_type":"markdown","source":"x"},{"cell_type":"code","source":["a = 1\n","b"],"outputs":[]}]}"#;
        let b = r#"{"cells":[{"cell_type":"code","source":"a = 1  # why\nb","outputs":[1],"execution_count":3}]}"#;
        assert_eq!(notebook_source("n", a).unwrap(), notebook_source("n", b).unwrap());
        assert!(notebook_source("n", "[]").is_err());
    }
}
