//! A project with a running loop, in a temporary folder of its own.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use app::{App, Clock, Context, Home};
use domain::Id;
use domain::pipelines::pipeline_run::{PipelineRun, RunState};
use domain::pipelines::step_run::StepRun;
use runner::{Runner, RunnerConfig};

/// The longest time that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Not a test: this binary as the step program of the others.
#[test]
fn step_entry() {
    if let Some(folder) = std::env::args().next_back().filter(|last| Path::new(last).is_dir()) {
        std::process::exit(runner::step_main(Path::new(&folder)));
    }
}

/// A project and the loop that works for it.
pub struct Loop {
    folder: tempfile::TempDir,
    pub app: App,
    pub ctx: Context,
    runner: Option<Runner>,
}

impl Loop {
    /// A project of these files, registered, with a running loop.
    pub async fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write(folder.path(), path, text);
        }
        let (app, ctx, runner) = open(folder.path()).await;
        Self { folder, app, ctx, runner: Some(runner) }
    }

    /// Writes a file of the project, whole at once.
    pub fn write(&self, path: &str, text: &str) {
        write(self.folder.path(), path, text);
    }

    /// Stops the loop and closes the home.
    pub async fn stop(&mut self) {
        if let Some(runner) = self.runner.take() {
            runner.shutdown().await;
            self.app.close().await;
        }
    }

    /// Asks for a run and waits for its end.
    pub async fn run(&self) -> PipelineRun {
        let project = self.project().await;
        let run = self.app.pipelines().start_run(&self.ctx, &project, &Default::default()).await.unwrap();
        self.ended(&run.id).await
    }

    /// Waits for the end of a run.
    pub async fn ended(&self, id: &Id) -> PipelineRun {
        let start = Instant::now();
        loop {
            let run = self.app.pipelines().status(&self.ctx, id).await.unwrap().pinned.run;
            if run.state.is_final() {
                return run;
            }
            assert!(start.elapsed() < PATIENCE, "the run has not ended: {run:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for the run of this number and its good end.
    pub async fn succeeded(&self, number: i64) -> PipelineRun {
        let project = self.project().await;
        let start = Instant::now();
        let id = loop {
            let runs = self.app.pipelines().runs(&self.ctx, &project, None, 100).await.unwrap();
            if let Some(run) = runs.into_iter().find(|run| run.number == number) {
                break run.id;
            }
            assert!(start.elapsed() < PATIENCE, "run {number} has not begun");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let run = self.ended(&id).await;
        assert_eq!(run.state, RunState::Succeeded, "{:?}", run.message);
        run
    }

    /// The step runs of a run, in the order of planning.
    pub async fn steps(&self, run: &PipelineRun) -> Vec<StepRun> {
        self.app.pipelines().status(&self.ctx, &run.id).await.unwrap().steps
    }

    /// What a step run printed.
    pub fn log(&self, step: &StepRun) -> String {
        fs::read_to_string(self.app.home().step_log(&step.id)).unwrap_or_default()
    }

    async fn project(&self) -> String {
        let projects = self.app.projects().list(&self.ctx).await.unwrap();
        projects[0].name.to_string()
    }
}

async fn open(root: &Path) -> (App, Context, Runner) {
    let home = Home::open(&root.join(".volano")).unwrap();
    let app = App::open(home, None, Clock::System).await.unwrap();
    let ctx = app.system();
    app.projects().register(&ctx, root).await.unwrap();
    let exe = std::env::current_exe().unwrap().into_os_string();
    let args = ["--exact", "--nocapture", "--test-threads=1", "support::step_entry"];
    let runner = runner::start(
        app.clone(),
        RunnerConfig {
            server_url: "http://127.0.0.1:9".to_owned(),
            step_program: std::iter::once(exe).chain(args.map(OsString::from)).collect(),
            slots: 2,
        },
    );
    (app, ctx, runner)
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let half = path.with_extension("half-written");
    fs::write(&half, text).unwrap();
    fs::rename(half, path).unwrap();
}
