use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use app::pipelines::decision::DecisionFilter;
use app::pipelines::journal::{FinishedStep, StepTask};
use app::{Actor, App, Clock, Context, Home};
use domain::Id;
use domain::pipelines::decision::{Decision, DecisionKind, DecisionOutcome, NewDecision};
use domain::pipelines::pipeline_run::{PipelineRun, RunState};
use domain::pipelines::step::OutputKind;
use domain::pipelines::step_run::{OutputContent, OutputFile, Process};
use serde_json::json;

/// 2023-11-14T22:13:20Z
pub const START_MS: i64 = 1_700_000_000_000;
pub const HOUR: i64 = 3_600_000;
pub const LEASE_MS: i64 = 30_000;

const STEPS: &str = "
project: flights
objective: {label: late, metric: roc_auc}
params: {lr: 0.1}
data: {flights: {path: data/*.csv}}
steps:
  prepare:
    sql: features.sql
    in: {flights: data.flights}
    out: {features: {kind: table}}
    by: month(time)
  train:
    run: python train.py --lr ${params.lr}
    in: {features: prepare.features@train}
    out: {model: {kind: model}}
  evaluate: {use: evaluate, in: {model: train.model, data: prepare.features@holdout}}
gate: {require: [roc_auc > 0.5]}
deploy: {to: flights-late}
monitor: {performance: {label: late, after: 1h}}
";

/// An app in a temporary home at a fixed time, with a registered project beside it.
pub struct Fixture {
    pub app: App,
    pub ctx: Context,
    folder: tempfile::TempDir,
}

impl Fixture {
    /// A project with two months of data and these further sections (`triggers:`, `limits:`).
    pub async fn new(sections: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let app = App::open(home, None, Clock::fixed(START_MS)).await.unwrap();
        let ctx = app.context(Actor::local(), "test");
        let fixture = Self { app, ctx, folder };
        fixture.write("volano.yaml", &format!("{STEPS}{sections}"));
        fixture.write("features.sql", "SELECT * FROM flights");
        fixture.write("train.py", "import lib\n");
        fixture.write("lib.py", "x = 1\n");
        fixture.month("2013-01", 3);
        fixture.month("2013-02", 3);
        fixture.app.projects().register(&fixture.ctx, &fixture.root()).await.unwrap();
        fixture
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
    }

    /// A month of data with so many rows.
    pub fn month(&self, month: &str, rows: usize) {
        let lines: String = (0..rows).map(|n| format!("{month}-01T0{}:00:00,{n}\n", n % 10)).collect();
        self.write(&format!("data/{month}.csv"), &format!("time,late\n{lines}"));
    }

    pub async fn collect(&self) {
        self.app.projects().collect(&self.ctx, "flights").await.unwrap();
    }

    pub fn pass(&self, millis: i64) {
        self.app.clock().advance(millis);
    }

    pub async fn start(&self) -> PipelineRun {
        self.app.pipelines().start_run(&self.ctx, "flights", &BTreeMap::new()).await.unwrap()
    }

    pub async fn claim(&self) -> Vec<StepTask> {
        self.app.pipelines().advance(&self.ctx).await.unwrap();
        self.app.pipelines().claim_ready_steps(&self.ctx, "worker", 10, LEASE_MS).await.unwrap()
    }

    /// What a step would make, as a function of its key.
    pub fn made(&self, task: &StepTask) -> FinishedStep {
        let mut finished = FinishedStep::default();
        for output in &task.step.outputs {
            let bytes = format!("{} {}", task.step_run.key, output.name);
            let stored = self.app.objects().put_bytes(bytes.as_bytes()).unwrap();
            let path = match output.kind {
                OutputKind::Table => format!("{}.parquet", task.step_run.unit.label()),
                _ => "model.bin".to_owned(),
            };
            let file = OutputFile {
                path,
                file_id: stored.id.to_string(),
                size: i64::try_from(stored.size).unwrap(),
                rows: None,
            };
            let content = OutputContent { kind: output.kind, files: vec![file], rows: Some(3) };
            finished.outputs.insert(output.name.to_string(), content);
        }
        finished
    }

    pub async fn finish(&self, task: &StepTask) {
        let (id, lease) = (&task.step_run.id, task.step_run.lease);
        let process = Process { pid: 1, start_ticks: 1 };
        let pipelines = self.app.pipelines();
        pipelines.step_spawned(&self.ctx, id, lease, process, None).await.unwrap();
        pipelines.step_finished(&self.ctx, id, lease, self.made(task)).await.unwrap();
    }

    /// Runs everything that is on its way to its end; what ran, as `step unit`.
    pub async fn work(&self) -> Vec<String> {
        let mut ran = Vec::new();
        loop {
            let tasks = self.claim().await;
            if tasks.is_empty() {
                return ran;
            }
            for task in tasks {
                ran.push(format!("{} {}", task.step_run.step, task.step_run.unit.label()));
                self.finish(&task).await;
            }
        }
    }

    pub async fn state(&self, run: &Id) -> RunState {
        self.app.pipelines().status(&self.ctx, run).await.unwrap().pinned.run.state
    }

    pub async fn runs(&self) -> Vec<PipelineRun> {
        self.app.pipelines().runs(&self.ctx, "flights", None, 100).await.unwrap()
    }

    /// One evaluation of the triggers: what was decided, as `outcome: reason`.
    pub async fn evaluate(&self) -> Vec<String> {
        let decisions = self.app.triggers().evaluate(&self.ctx).await.unwrap();
        decisions
            .iter()
            .map(|d| format!("{}: {}", serde_json::to_value(d.outcome).unwrap().as_str().unwrap(), d.reason))
            .collect()
    }

    pub async fn decisions(&self, kind: DecisionKind) -> Vec<Decision> {
        let filter = DecisionFilter { kind: Some(kind), ..DecisionFilter::default() };
        self.app.decisions().list(&self.ctx, &filter, 100).await.unwrap()
    }

    /// A gate's word on a run.
    pub async fn judge(&self, run: &PipelineRun, outcome: DecisionOutcome) {
        let new = NewDecision {
            kind: DecisionKind::Gate,
            subject: "flights:1".to_owned(),
            outcome,
            reason: "as the test says".to_owned(),
            evidence: json!({}),
            project: Some(run.project.clone()),
            pipeline_run: Some(run.id.clone()),
        };
        self.app.decisions().record(&self.ctx, new).await.unwrap();
    }
}
