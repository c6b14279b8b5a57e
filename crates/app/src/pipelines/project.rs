//! Projects: folders that the server's operator named, each with a `volano.yaml`.

use std::path::{Path, PathBuf};

use db::pipelines::project;
pub use db::pipelines::project::ProjectRecord;
use domain::governance::role::Permission;
use domain::pipelines::project::{FILE_NAME, Problem, Project};
use domain::yaml::Place;
use serde_json::json;

use super::snapshot::Snapshot;
use crate::{App, Audit, Context, Error, Result};

/// The projects as a view on [`App`].
pub struct Projects<'a>(pub(super) &'a App);

impl App {
    /// The projects.
    pub fn projects(&self) -> Projects<'_> {
        Projects(self)
    }
}

/// What a project file says right now.
struct Reading {
    hash: String,
    parsed: Result<Project, Vec<Problem>>,
}

impl Projects<'_> {
    /// Makes the project in the folder `root` known; a second time it is read again. The folder comes from the
    /// server's configuration: no client can name one.
    pub async fn register(&self, ctx: &Context, root: &Path) -> Result<ProjectRecord> {
        self.0.authorize(ctx, Permission::RunCode).await?;
        let root = root
            .canonicalize()
            .map_err(|error| Error::invalid("project", format!("cannot read {}: {error}", root.display())))?;
        let reading = read(root.clone()).await?;
        let definition = reading.parsed.map_err(|problems| refused(&problems))?;
        let known = self.find(definition.name.as_str()).await?;
        if let Some(known) = known.filter(|known| Path::new(&known.root) != root)
            && Path::new(&known.root).join(FILE_NAME).exists()
        {
            let reason =
                format!("is registered from {} already: give one of the two another name", known.root);
            return Err(Error::conflict("project", definition.name, reason));
        }
        let now = ctx.now();
        let record = ProjectRecord {
            name: definition.name.clone(),
            root: root.display().to_string(),
            file_hash: reading.hash,
            definition,
            problems: Vec::new(),
            registered: now,
            updated: now,
        };
        self.save(ctx, "pipelines.project.register", record).await
    }

    /// All projects by name, as they were read last.
    pub async fn list(&self, ctx: &Context) -> Result<Vec<ProjectRecord>> {
        let mut reader = self.0.read(ctx, Permission::Read).await?;
        Ok(project::list(&mut reader.conn()).await?)
    }

    /// One project, as it was read last.
    pub async fn get(&self, ctx: &Context, name: &str) -> Result<ProjectRecord> {
        self.0.authorize(ctx, Permission::Read).await?;
        self.find(name).await?.ok_or_else(|| Error::not_found("project", name))
    }

    /// Reads the file again when it has changed. A file with problems keeps the last valid definition and shows the
    /// problems beside it.
    pub async fn refresh(&self, ctx: &Context, name: &str) -> Result<ProjectRecord> {
        let known = self.get(ctx, name).await?;
        let reading = read(PathBuf::from(&known.root)).await?;
        // Contracts can be mended, or broken, without a change to the file itself.
        let problems = reading.parsed.as_ref().err().cloned().unwrap_or_default();
        if reading.hash == known.file_hash && problems == known.problems {
            return Ok(known);
        }
        let mut record = ProjectRecord { file_hash: reading.hash, updated: ctx.now(), ..known };
        match reading.parsed {
            Ok(definition) if definition.name != record.name => {
                let reason = format!(
                    "the file now calls itself {}: restart the server to register it",
                    definition.name
                );
                return Err(Error::conflict("project", record.name, reason));
            }
            Ok(definition) => {
                record.definition = definition;
                record.problems.clear();
            }
            Err(problems) => record.problems = problems,
        }
        self.save(&self.0.system(), "pipelines.project.change", record).await
    }

    /// Everything that is wrong with the file as it is now; empty when nothing is.
    pub async fn check(&self, ctx: &Context, name: &str) -> Result<Vec<Problem>> {
        let known = self.get(ctx, name).await?;
        match read(PathBuf::from(&known.root)).await?.parsed {
            Ok(_) => Ok(Vec::new()),
            Err(problems) => Ok(problems),
        }
    }

    /// The valid definition of the file as it is now; its problems are an error.
    pub(super) async fn current(&self, ctx: &Context, name: &str) -> Result<ProjectRecord> {
        let record = self.refresh(ctx, name).await?;
        if record.problems.is_empty() { Ok(record) } else { Err(refused(&record.problems)) }
    }

    /// Stores the project's files.
    pub(super) async fn snapshot(&self, record: &ProjectRecord) -> Result<Snapshot> {
        let (store, root) = (self.0.objects().clone(), PathBuf::from(&record.root));
        let definition = record.definition.clone();
        super::off_thread(move || Snapshot::take(&store, &root, &definition)).await
    }

    async fn find(&self, name: &str) -> Result<Option<ProjectRecord>> {
        let mut reader = self.0.inner.db.read().await?;
        Ok(project::get(&mut reader.conn(), name).await?)
    }

    async fn save(
        &self,
        ctx: &Context,
        action: &'static str,
        record: ProjectRecord,
    ) -> Result<ProjectRecord> {
        self.0
            .mutate(ctx, Permission::RunCode, move |conn| {
                Box::pin(async move {
                    project::save(conn, &record).await?;
                    let audit = Audit::new(action, "project", &record.name).detail(json!({
                        "root": record.root, "file_hash": record.file_hash, "problems": record.problems.len(),
                    }));
                    Ok((record, audit))
                })
            })
            .await
    }
}

/// The name of the project in `root`, valid or not, for messages before it is registered.
pub fn problems_of(root: &Path) -> Result<Vec<Problem>> {
    Ok(read_now(root)?.parsed.err().unwrap_or_default())
}

async fn read(root: PathBuf) -> Result<Reading> {
    super::off_thread(move || read_now(&root)).await
}

fn read_now(root: &Path) -> Result<Reading> {
    let path = root.join(FILE_NAME);
    let bytes = std::fs::read(&path).map_err(|error| {
        let reason = format!("cannot read {}: {error}; `volano init` writes one", path.display());
        Error::invalid("project", reason)
    })?;
    let hash = blake3::hash(&bytes).to_hex().to_string();
    let Ok(text) = String::from_utf8(bytes) else {
        let message = "the file is not UTF-8 text".to_owned();
        let problem = Problem::new(FILE_NAME, Place::START, message, Some("save it as UTF-8".to_owned()));
        return Ok(Reading { hash, parsed: Err(vec![problem]) });
    };
    let exists = |path: &str| root.join(path).is_file();
    let content = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let parsed = Project::parse_with_contracts(&text, FILE_NAME, &exists, &content);
    Ok(Reading { hash, parsed })
}

/// All problems as one refusal.
fn refused(problems: &[Problem]) -> Error {
    let Some(first) = problems.first() else {
        return Error::invalid(FILE_NAME, "has problems");
    };
    let mut reason = first.message.clone();
    if let Some(help) = &first.help {
        reason = format!("{reason} ({help})");
    }
    if problems.len() > 1 {
        let others = problems.len() - 1;
        reason = format!("{reason}; and {others} more: `volano pipeline check` shows all");
    }
    Error::invalid(format!("{}:{}:{}", first.file, first.line, first.column), reason)
}
