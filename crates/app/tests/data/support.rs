use std::path::Path;
use std::time::{Duration, SystemTime};

use app::data::dataset::{AddVersion, NewFile};
use app::data::publish::Ingested;
use app::data::source::SourceSpec;
use app::{Actor, App, Clock, Context, Home};
use domain::Name;
use domain::data::{DataKind, DataVersion, RelativePath, Source};

/// An app in a temporary home at a fixed time, and a project folder beside it.
pub struct Fixture {
    pub app: App,
    pub ctx: Context,
    folder: tempfile::TempDir,
}

impl Fixture {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let app = App::open(home, None, Clock::fixed(1_700_000_000_000)).await.unwrap();
        let ctx = app.context(Actor::local(), "test");
        Self { app, ctx, folder }
    }

    pub fn project(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the project, old enough that its looks are trusted.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
    }

    pub fn spec(&self, path: &str, contract: Option<&str>) -> SourceSpec {
        SourceSpec {
            name: Name::parse("flights").unwrap(),
            root: self.project().to_owned(),
            source: Source {
                path: path.to_owned(),
                contract: contract.map(ToOwned::to_owned),
                ..Source::default()
            },
            message: "from the project".to_owned(),
        }
    }

    pub async fn ingest(&self, path: &str, contract: Option<&str>) -> app::Result<Ingested> {
        self.app.clock().advance(1000);
        self.app.datasets().ingest(&self.ctx, self.spec(path, contract)).await
    }

    pub fn adding(&self, files: &[(&str, &[u8])], append: bool) -> AddVersion {
        let files = files.iter().map(|(path, content)| NewFile {
            path: RelativePath::parse(path).unwrap(),
            file_id: self.app.objects().put_bytes(content).unwrap().id,
        });
        AddVersion {
            dataset: Name::parse("flights").unwrap(),
            kind: DataKind::Table,
            files: files.collect(),
            append,
            message: "added".to_owned(),
            origin: "test".to_owned(),
            branch: None,
        }
    }

    pub async fn add(&self, files: &[(&str, &[u8])], append: bool) -> app::Result<Ingested> {
        self.app.clock().advance(1000);
        self.app.datasets().add(&self.ctx, self.adding(files, append)).await
    }

    pub async fn paths(&self, version: &DataVersion) -> Vec<String> {
        let files = self.app.datasets().files(&self.ctx, version).await.unwrap();
        files.iter().map(|file| file.path.to_string()).collect()
    }
}

pub fn published(ingested: Ingested) -> DataVersion {
    match ingested {
        Ingested::Published(version) => version,
        other => panic!("not published: {other:?}"),
    }
}

/// Sets a file's time of change back, so that it no longer counts as just written.
pub fn age(path: &Path) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}
