//! `volano exp`, `volano diff` and `volano model` on runs that a client logged.

use serde_json::{Value, json};

use crate::sandbox::{Running, Sandbox, settings};

/// A sandbox with a server, to which runs are logged as MLflow's clients do.
struct Lab {
    sandbox: Sandbox,
    server: Running,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Lab {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        // The first client decides which cryptography there is; nothing here is encrypted.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { sandbox, server, http: reqwest::Client::builder().no_proxy().build().unwrap(), runtime }
    }

    fn post(&self, call: &str, body: &Value) -> Value {
        let address = format!("{}/api/2.0/mlflow/{call}", self.server.url);
        self.runtime.block_on(async {
            let answer = self.http.post(address).json(body).send().await.unwrap();
            assert!(answer.status().is_success(), "{call}: {}", answer.text().await.unwrap());
            answer.json().await.unwrap()
        })
    }

    fn put(&self, place: &str, content: &str) {
        let address = format!("{}/api/2.0/mlflow-artifacts/artifacts/{place}", self.server.url);
        self.runtime.block_on(async {
            let answer = self.http.put(address).body(content.to_owned()).send().await.unwrap();
            assert!(answer.status().is_success(), "{place}: {}", answer.text().await.unwrap());
        });
    }

    fn experiment(&self, name: &str) -> String {
        self.post("experiments/create", &json!({"name": name}))["experiment_id"].as_str().unwrap().to_owned()
    }

    /// A finished run that began at second `start`.
    fn run(&self, experiment: &str, name: &str, start: i64, auc: &[f64], params: &[(&str, &str)]) -> String {
        let start = 1_700_000_000_000 + start * 1000;
        let body =
            json!({"experiment_id": experiment, "run_name": name, "user_id": "ada", "start_time": start});
        let run = self.post("runs/create", &body)["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        let points = auc.iter().zip(0..);
        let metrics: Vec<Value> = points
            .map(|(value, step)| json!({"key": "val/auc", "value": value, "timestamp": start + step, "step": step}))
            .collect();
        let pairs = params.iter().map(|(key, value)| json!({"key": key, "value": value}));
        let params: Vec<Value> = pairs.collect();
        let tags = json!([{"key": "team", "value": "ops, north"}]);
        self.post(
            "runs/log-batch",
            &json!({"run_id": run, "metrics": metrics, "params": params, "tags": tags}),
        );
        self.post("runs/update", &json!({"run_id": run, "status": "FINISHED", "end_time": start + 14_000}));
        run
    }

    /// Three runs in one experiment, the last of them without a figure.
    fn three(&self) -> [String; 3] {
        let lab = self.experiment("lab");
        [
            self.run(&lab, "brisk-otter", 0, &[0.5, 0.625, 0.75], &[("depth", "6"), ("loss", "log")]),
            self.run(&lab, "deft-lynx", 60, &[0.875], &[("depth", "8"), ("loss", "log")]),
            self.run(&lab, "calm-hare", 120, &[], &[("depth", "8"), ("note", "says \"no\",\nreally")]),
        ]
    }

    fn refused(&self, arguments: &[&str], code: i32) -> String {
        let done = self.sandbox.run(arguments);
        assert_eq!(done.code, code, "{arguments:?}: {}{}", done.stdout, done.stderr);
        self.sandbox.redacted(&done.stderr)
    }
}

#[test]
fn runs_are_listed_with_the_columns_that_were_asked_for() {
    let lab = Lab::new();
    let [best, ..] = [lab.three()[1].clone()];
    settings().bind(|| {
        let columns = "name,val/auc,params.depth,tags.team,started,took";
        let asked = ["exp", "ls", "lab", "--order-by", "metrics.`val/auc` DESC", "--columns", columns];
        insta::assert_snapshot!(lab.sandbox.ok(&asked));
        insta::assert_snapshot!(lab.sandbox.ok(&[asked.as_slice(), &["--json"]].concat()));
        insta::assert_snapshot!(lab.sandbox.ok(&["exp", "ls", "--filter", "params.depth = '8'"]));
        insta::assert_snapshot!(lab.refused(&["exp", "ls", "lab", "--columns", "name,val/acu"], 2));
        insta::assert_snapshot!(lab.refused(&["exp", "ls", "labb"], 1));
        insta::assert_snapshot!(lab.refused(&["exp", "ls", "--filter", "metrics.x >"], 2));
    });
    assert_eq!(lab.sandbox.ok(&["exp", "best", "lab", "--metric", "val/auc", "-q"]).trim(), best);
    let lowest = lab.sandbox.ok(&["exp", "best", "--metric", "val/auc", "--lowest", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&lowest).unwrap()["name"], "brisk-otter");
    assert!(lab.refused(&["exp", "best", "--metric", "accuracy"], 1).contains("no run has the metric"));
    assert!(lab.refused(&["exp", "best"], 2).contains("--metric"));
    assert_eq!(lab.sandbox.ok(&["exp", "ls", "lab", "-q", "--limit", "2"]).lines().count(), 2);
    let offered = lab.sandbox.ok(&["candidates", "explore"]);
    assert!(offered.lines().any(|line| line == "lab") && offered.lines().any(|line| line == "deft-lynx"));
}

#[test]
fn experiments_and_runs_are_named_noted_tagged_deleted_and_brought_back() {
    let lab = Lab::new();
    let [first, ..] = lab.three();
    let ok = |arguments: &[&str]| lab.sandbox.ok(arguments);
    settings().bind(|| {
        let mut told = ok(&["exp", "create", "trial", "--tag", "owner=ada"]);
        told += &ok(&["exp", "rename", "trial", "trials"]);
        told += &ok(&["exp", "rename", "run:brisk-otter", "slow otter"]);
        told += &ok(&["exp", "note", &first, "**shallow** trees"]);
        told += &ok(&["exp", "note", "slow otter"]);
        told += &ok(&["exp", "tag", "trials", "stage=1", "--remove", "owner"]);
        told += &ok(&["exp", "rm", "trials", "run:slow otter", "--dry-run"]);
        told += &ok(&["exp", "rm", "trials", &first]);
        told += &ok(&["exp", "ls", "--experiments", "--deleted", "-q"]);
        told += &ok(&["exp", "ls", "--deleted", "--columns", "name"]);
        told += &ok(&["exp", "restore", "trials", "slow otter"]);
        insta::assert_snapshot!(told);
        let experiments = ok(&["exp", "ls", "--experiments", "--filter", "name = 'trials'", "--json"]);
        insta::assert_snapshot!(lab.refused(&["exp", "create", "trials"], 1));
        insta::assert_snapshot!(lab.refused(&["exp", "restore", "trials"], 1));
        insta::assert_snapshot!(lab.refused(&["exp", "restore", "nothing"], 1));
        insta::assert_snapshot!(lab.refused(&["exp", "rm", "deft-lynx", "trails"], 1));
        insta::assert_snapshot!(lab.refused(&["exp", "tag", "trials", "no-value"], 2));
        assert_eq!(serde_json::from_str::<Value>(&experiments).unwrap()["tags"], json!({"stage": "1"}));
    });
    assert_eq!(ok(&["exp", "ls", "-q"]).lines().count(), 3, "a slip in one reference deletes nothing");
    let log = ok(&["audit", "log"]);
    assert!(log.contains("experiment.delete") && log.contains("run.restore"), "{log}");
}

#[test]
fn runs_are_written_as_csv_and_parquet() {
    let lab = Lab::new();
    lab.three();
    settings().bind(|| {
        insta::assert_snapshot!(lab.sandbox.ok(&["exp", "export", "lab"]));
        insta::assert_snapshot!(lab.sandbox.ok(&[
            "exp",
            "export",
            "lab",
            "--metrics-history",
            "--format",
            "csv"
        ]));
        let told = lab.sandbox.run(&[
            "exp",
            "export",
            "lab",
            "-o",
            "runs.parquet",
            "--filter",
            "params.depth = '8'",
        ]);
        insta::assert_snapshot!(told.stderr);
        // What was written is read as any other table.
        lab.sandbox.ok(&["data", "add", "runs.parquet", "--name", "runs"]);
        let columns = lab.sandbox.ok(&["data", "profile", "runs", "--json"]);
        let columns: Value = serde_json::from_str(&columns).unwrap();
        let types = columns["columns"].as_array().unwrap().iter();
        let types: Vec<String> =
            types.map(|column| format!("{} {}", column["name"], column["type"])).collect();
        insta::assert_snapshot!(types.join("\n"));
        insta::assert_snapshot!(lab.refused(&["exp", "export", "lab", "--format", "parquet"], 2));
        insta::assert_snapshot!(lab.refused(&["exp", "export", "lab", "-o", "none/runs.csv"], 2));
        insta::assert_snapshot!(lab.refused(&["exp", "export", "lab", "--columns", "name,run_name"], 2));
        insta::assert_snapshot!(lab.refused(&["exp", "export", "lob"], 1));
    });
}

#[test]
fn any_two_of_a_kind_are_compared_and_only_what_differs_is_shown() {
    let lab = Lab::new();
    let [first, second, _] = lab.three();
    lab.sandbox.write("a.csv", "x,y\n1,2\n3,4\n");
    lab.sandbox.ok(&["data", "add", "a.csv", "--name", "points"]);
    lab.sandbox.write("a.csv", "x,y\n1,2\n3,5\n");
    lab.sandbox.ok(&["data", "add", "a.csv", "--name", "points"]);
    settings().bind(|| {
        insta::assert_snapshot!(lab.sandbox.ok(&["diff", &first, "deft-lynx"]));
        insta::assert_snapshot!(lab.sandbox.ok(&["diff", &first, "deft-lynx", "--all"]));
        insta::assert_snapshot!(lab.refused(&["diff", "points:1", "points@v1"], 2));
        insta::assert_snapshot!(lab.refused(&["diff", "deft-lynks", "@last"], 1));
    });
    assert_eq!(lab.sandbox.run(&["diff", &first, &second, "--exit-code"]).code, 3);
    assert_eq!(lab.sandbox.run(&["diff", &first, "run:brisk-otter", "--exit-code"]).code, 0);
    assert_eq!(lab.sandbox.run(&["diff", "points@v1", "v2", "--exit-code"]).code, 3);
    assert_eq!(lab.sandbox.run(&["diff", "points", "points@v2", "--exit-code"]).code, 0);
}

const MLMODEL: &str = r#"artifact_path: model
flavors:
  python_function: {loader_module: mlflow.sklearn}
  sklearn: {pickled_model: model.pkl}
signature:
  inputs: '[{"type": "double", "name": "hour", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
"#;

/// Gives a run a model, as clients before version 3 do.
fn log_model(lab: &Lab, run: &str, description: &str) {
    let place = format!("1/{run}/artifacts/model");
    lab.put(&format!("{place}/MLmodel"), &format!("{MLMODEL}{description}"));
    lab.put(&format!("{place}/data/weights.bin"), &"w".repeat(1000));
    let history = json!([{"artifact_path": "model", "run_id": run}]).to_string();
    lab.post("runs/set-tag", &json!({"run_id": run, "key": "mlflow.log-model.history", "value": history}));
}

#[test]
fn the_model_of_a_run_is_registered_described_compared_and_taken_away() {
    let lab = Lab::new();
    let [first, second, _] = lab.three();
    log_model(&lab, &first, "");
    log_model(&lab, &second, "model_size_bytes: 1000\n");
    let ok = |arguments: &[&str]| lab.sandbox.ok(arguments);
    let mut settings = settings();
    settings.add_filter(r"\b[0-9a-f]{8}\b", "[SHORT]");
    settings.bind(|| {
        let mut told = ok(&["model", "register", &first, "--name", "churn", "--dry-run"]);
        told += &ok(&["model", "register", &first, "--name", "churn", "-m", "the first"]);
        told += &ok(&[
            "model",
            "register",
            "@best",
            "--metric",
            "val/auc",
            "--name",
            "churn",
            "--tag",
            "checked=yes",
        ]);
        told += &ok(&["model", "note", "churn", "who leaves"]);
        told += &ok(&["model", "note", "churn:1"]);
        told += &ok(&["model", "tag", "churn", "team=growth"]);
        told += &ok(&["model", "tag", "churn:2", "seen=1", "--remove", "checked"]);
        told += &ok(&["model", "promote", "churn:2"]);
        told += &ok(&["model", "ls", "--filter", "tags.team = 'growth'"]);
        told += &ok(&["model", "ls", "--filter", "name LIKE 'x%'"]);
        told += &ok(&["model", "compare", "churn:1", "churn@champion"]);
        insta::assert_snapshot!(told);
        insta::assert_snapshot!(ok(&["model", "card", "churn@champion"]));
        insta::assert_snapshot!(lab.refused(&["model", "register", "calm-hare", "--name", "churn"], 1));
        insta::assert_snapshot!(lab.refused(&["model", "rm", "churn:1"], 2));
        insta::assert_snapshot!(lab.refused(&["model", "tag", "churn:9", "a=b"], 1));
        insta::assert_snapshot!(lab.refused(&["model", "card", "chrun"], 1));
    });
    assert_eq!(lab.sandbox.run(&["diff", "churn:1", "2", "--exit-code"]).code, 3);
    ok(&["model", "rm", "churn:1", "--yes"]);
    lab.refused(&["model", "show", "churn:1"], 1);
    ok(&["model", "rm", "churn", "--yes"]);
    lab.refused(&["model", "show", "churn"], 1);
}

#[test]
fn a_version_is_exported_whole_into_a_new_folder() {
    let lab = Lab::new();
    let [first, ..] = lab.three();
    log_model(&lab, &first, "");
    lab.sandbox.ok(&["model", "register", &first, "--name", "churn"]);
    lab.sandbox.ok(&["model", "export", "churn", "-o", "out"]);
    let folder = lab.sandbox.path().join("out");
    assert_eq!(std::fs::read_to_string(folder.join("MLmodel")).unwrap(), MLMODEL);
    assert_eq!(std::fs::read_to_string(folder.join("data/weights.bin")).unwrap().len(), 1000);
    assert!(std::fs::read_to_string(folder.join("volano-card.md")).unwrap().starts_with("# churn:1\n"));
    let known = std::fs::read_to_string(folder.join("volano-provenance.json")).unwrap();
    let known: Value = serde_json::from_str(&known).unwrap();
    assert_eq!((&known["run"]["id"], &known["files"][1]["size"]), (&json!(first), &json!(1000)));
    settings().bind(|| {
        insta::assert_snapshot!(lab.refused(&["model", "export", "churn", "-o", "out"], 2));
        insta::assert_snapshot!(lab.refused(&["model", "export", "churn", "-o", "none/out"], 2));
        insta::assert_snapshot!(lab.refused(&["model", "export", "churn:7", "-o", "other"], 1));
    });
    let left: Vec<_> =
        std::fs::read_dir(lab.sandbox.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("part")), "{left:?}");
}
