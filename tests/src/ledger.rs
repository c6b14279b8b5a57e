//! Eight clients write everything that can be written while the server is killed again and again. What was acknowledged is
//! found exactly once and whole; what was not is there whole or not at all. On both databases.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::durability::{Random, Server, free_port, random};

const CLIENTS: u64 = 8;
const KILLS: u64 = 6;
const API: &str = "/api/2.0/mlflow/";
/// The model whose versions all clients register.
const SHARED: &str = "shared";

/// What one client did, and what it knows of the answers.
#[derive(Default)]
struct Ledger {
    /// Experiments by id, with their names.
    experiments: BTreeMap<String, String>,
    /// Runs by id.
    runs: BTreeMap<String, Written>,
    /// Registered models, with the last version their alias was said to point at.
    models: BTreeMap<String, Option<Moved>>,
    /// Versions of the shared model, with the tag that each was made with.
    versions: BTreeMap<String, String>,
    /// Logged models by id, with their name and whether they were said to be ready.
    logged: BTreeMap<String, (String, bool)>,
}

/// Where an alias was said to point, and where it was asked to point since.
#[derive(Default)]
struct Moved {
    known: Option<String>,
    asked: Vec<String>,
}

/// What was written to one run.
#[derive(Default)]
struct Written {
    name: String,
    /// Steps of the metric `m` whose points were acknowledged.
    points: Vec<i64>,
    params: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    /// Numbers of batches, and whether each was acknowledged.
    batches: BTreeMap<u64, bool>,
    /// Artifacts: path, bytes, and whether they were acknowledged.
    artifacts: BTreeMap<String, (String, bool)>,
}

/// A client: it does one thing after the other until it is told to stop or the server is gone.
struct Client<'a> {
    address: &'a str,
    number: u64,
    random: Random,
    next: u64,
    ledger: Ledger,
}

impl Client<'_> {
    fn post(&self, path: &str, body: Value) -> Option<Value> {
        self.sent("POST", path, &body)
    }

    /// The answer of a call that was acknowledged; `None` when the server died meanwhile.
    fn sent(&self, method: &str, path: &str, body: &Value) -> Option<Value> {
        let (status, answer) =
            Server::exchange(self.address, method, &format!("{API}{path}"), Some(body)).ok()?;
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        Some(answer)
    }

    fn unique(&mut self, what: &str) -> String {
        self.next += 1;
        format!("{what}-{}-{}", self.number, self.next)
    }

    /// A run that was acknowledged.
    fn run(&mut self) -> Option<String> {
        let at = usize::try_from(self.random.below(self.ledger.runs.len().max(1) as u64)).unwrap();
        self.ledger.runs.keys().nth(at).cloned()
    }

    fn step(&mut self) -> Option<()> {
        let Some(run) = self.run() else { return self.make_run() };
        match self.random.below(12) {
            0 => self.make_experiment(),
            1 | 2 => self.make_run(),
            3 => self.log_point(run),
            4 => self.log_param(run),
            5 => self.set_tag(run),
            6 | 7 => self.log_batch(run),
            8 => self.make_model(),
            9 => self.make_version(),
            10 => self.store_artifact(run),
            _ => self.log_model(run),
        }
    }

    fn make_experiment(&mut self) -> Option<()> {
        let name = self.unique("experiment");
        let made = self.post("experiments/create", json!({"name": name}))?;
        self.ledger.experiments.insert(text(&made["experiment_id"]), name);
        Some(())
    }

    fn make_run(&mut self) -> Option<()> {
        let name = self.unique("run");
        let tags = json!([{"key": "one", "value": name}, {"key": "two", "value": name}]);
        let made = self.post("runs/create", json!({"experiment_id": "0", "run_name": name, "tags": tags}))?;
        let written = Written { name, ..Written::default() };
        self.ledger.runs.insert(text(&made["run"]["info"]["run_id"]), written);
        Some(())
    }

    fn written(&mut self, run: &str) -> &mut Written {
        self.ledger.runs.get_mut(run).expect("runs stay in the ledger")
    }

    fn log_point(&mut self, run: String) -> Option<()> {
        self.next += 1;
        let step = i64::try_from(self.next).unwrap();
        self.post(
            "runs/log-metric",
            json!({"run_id": run, "key": "m", "value": 0.5, "timestamp": 1, "step": step}),
        )?;
        self.written(&run).points.push(step);
        Some(())
    }

    fn log_param(&mut self, run: String) -> Option<()> {
        let key = self.unique("param");
        self.post("runs/log-parameter", json!({"run_id": run, "key": key, "value": key}))?;
        self.written(&run).params.insert(key.clone(), key);
        Some(())
    }

    fn set_tag(&mut self, run: String) -> Option<()> {
        let key = self.unique("tag");
        self.post("runs/set-tag", json!({"run_id": run, "key": key, "value": key}))?;
        self.written(&run).tags.insert(key.clone(), key);
        Some(())
    }

    fn log_batch(&mut self, run: String) -> Option<()> {
        self.next += 1;
        let number = self.next;
        self.written(&run).batches.insert(number, false);
        let metrics: Vec<Value> = (0..5)
            .map(
                |step| json!({"key": format!("batch-{number}"), "value": step, "timestamp": 1, "step": step}),
            )
            .collect();
        let pair = json!([{"key": format!("batch-{number}-a"), "value": "1"}, {"key": format!("batch-{number}-b"), "value": "2"}]);
        self.post(
            "runs/log-batch",
            json!({"run_id": run, "metrics": metrics, "params": pair, "tags": pair}),
        )?;
        self.written(&run).batches.insert(number, true);
        Some(())
    }

    fn make_model(&mut self) -> Option<()> {
        let name = self.unique("model");
        self.post("registered-models/create", json!({"name": name}))?;
        self.ledger.models.insert(name, None);
        Some(())
    }

    /// A version of the shared model; then an alias of this client's own points at it.
    fn make_version(&mut self) -> Option<()> {
        let tag = self.unique("version");
        let ready = self.ledger.logged.iter().find(|(_, (_, ready))| *ready).map(|(id, _)| id.clone());
        let Some(logged) = ready else {
            let run = self.run()?;
            return self.log_model(run);
        };
        let body = json!({"name": SHARED, "source": format!("models:/{logged}"), "model_id": logged,
            "tags": [{"key": "by", "value": tag}]});
        let made = self.post("model-versions/create", body)?;
        let version = text(&made["model_version"]["version"]);
        self.ledger.versions.insert(version.clone(), tag);
        let alias = format!("alias-{}", self.number);
        let moved = self.ledger.models.entry(SHARED.to_owned()).or_default().get_or_insert_default();
        moved.asked.push(version.clone());
        self.post("registered-models/alias", json!({"name": SHARED, "alias": alias, "version": version}))?;
        self.ledger.models.insert(SHARED.to_owned(), Some(Moved { known: Some(version), asked: Vec::new() }));
        Some(())
    }

    fn store_artifact(&mut self, run: String) -> Option<()> {
        let path = format!("folder/{}.txt", self.unique("artifact"));
        let size = usize::try_from(1 + self.random.below(200_000)).unwrap();
        let bytes = format!("{path} ").repeat(size / path.len() + 1);
        self.written(&run).artifacts.insert(path.clone(), (bytes.clone(), false));
        let place = format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{path}");
        let (status, answer) = Server::raw(self.address, "PUT", &place, bytes.as_bytes()).ok()?;
        assert_eq!(status, 200, "{place}: {answer}");
        self.written(&run).artifacts.insert(path, (bytes, true));
        Some(())
    }

    fn log_model(&mut self, run: String) -> Option<()> {
        let name = self.unique("net");
        let body = json!({"experiment_id": "0", "name": name, "source_run_id": run, "params": [{"key": "p", "value": name}]});
        let made = self.post("logged-models", body)?;
        let id = text(&made["model"]["info"]["model_id"]);
        self.ledger.logged.insert(id.clone(), (name.clone(), false));
        let body = json!({"model_id": id, "status": "LOGGED_MODEL_READY"});
        self.sent("PATCH", &format!("logged-models/{id}"), &body)?;
        self.ledger.logged.insert(id, (name, true));
        Some(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Keys and values of a list of params, tags or metrics; a key that comes twice is told.
fn pairs(list: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in list.as_array().into_iter().flatten() {
        let value = item["value"].as_str().map_or_else(|| item["value"].to_string(), ToOwned::to_owned);
        let before = found.insert(text(&item["key"]), value);
        assert!(before.is_none(), "twice: {item}");
    }
    found
}

fn get(server: &Server, path: &str) -> Value {
    let (status, answer) = server.send("GET", &format!("{API}{path}"), None).unwrap();
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// The steps of all points of a metric.
fn steps(server: &Server, run: &str, key: &str) -> Vec<i64> {
    let history = get(server, &format!("metrics/get-history?run_id={run}&metric_key={key}"));
    history["metrics"].as_array().into_iter().flatten().map(|point| point["step"].as_i64().unwrap()).collect()
}

fn check_run(server: &Server, id: &str, written: &Written) {
    let run = get(server, &format!("runs/get?run_id={id}"))["run"].clone();
    assert_eq!(run["info"]["run_name"], *written.name.as_str());
    let (params, tags) = (pairs(&run["data"]["params"]), pairs(&run["data"]["tags"]));
    assert_eq!((&tags["one"], &tags["two"]), (&written.name, &written.name));
    for (found, expected) in [(&params, &written.params), (&tags, &written.tags)] {
        for (key, value) in expected {
            assert_eq!(found.get(key), Some(value), "{key} of {id}");
        }
    }
    let points = steps(server, id, "m");
    for step in &written.points {
        assert_eq!(points.iter().filter(|found| *found == step).count(), 1, "step {step} of {id}");
    }
    for (number, acknowledged) in &written.batches {
        let points = steps(server, id, &format!("batch-{number}"));
        let keys = [format!("batch-{number}-a"), format!("batch-{number}-b")];
        let there = keys.iter().filter(|key| params.contains_key(*key)).count()
            + keys.iter().filter(|key| tags.contains_key(*key)).count();
        let whole = points == [0, 1, 2, 3, 4] && there == 4;
        let none = points.is_empty() && there == 0;
        assert!(whole || (none && !acknowledged), "batch {number} of {id}: {points:?} and {there} of 4");
    }
    for (path, (bytes, acknowledged)) in &written.artifacts {
        let place = format!("/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/{path}");
        let (status, found) = Server::raw(&server.address, "GET", &place, b"").unwrap();
        assert!(
            (status == 200 && found == *bytes) || (status == 404 && !acknowledged),
            "{path} of {id}: {status}"
        );
    }
}

/// How often each name is found by a search, over all its pages.
fn counted(
    server: &Server,
    path: &str,
    list: &str,
    name: impl Fn(&Value) -> String,
) -> BTreeMap<String, usize> {
    let (mut found, mut token) = (BTreeMap::new(), Value::Null);
    loop {
        let body = json!({"experiment_ids": ["0"], "max_results": 500, "page_token": token});
        let (status, page) = server.send("POST", &format!("{API}{path}"), Some(&body)).unwrap();
        assert_eq!(status, 200, "{page}");
        for item in page[list].as_array().into_iter().flatten() {
            *found.entry(name(item)).or_default() += 1;
        }
        token = page["next_page_token"].clone();
        if token.is_null() {
            return found;
        }
    }
}

fn check(server: &Server, clients: &[Client<'_>]) {
    let runs = counted(server, "runs/search", "runs", |run| text(&run["info"]["run_name"]));
    let experiments = counted(server, "experiments/search", "experiments", |found| text(&found["name"]));
    let logged = counted(server, "logged-models/search", "models", |found| text(&found["info"]["name"]));
    let mut versions: BTreeMap<&String, &String> = BTreeMap::new();
    for client in clients {
        for (id, name) in &client.ledger.experiments {
            assert_eq!(
                get(server, &format!("experiments/get?experiment_id={id}"))["experiment"]["name"],
                *name.as_str()
            );
            assert_eq!(experiments.get(name), Some(&1), "{name}");
        }
        for (id, written) in &client.ledger.runs {
            assert_eq!(runs.get(&written.name), Some(&1), "{}", written.name);
            check_run(server, id, written);
        }
        for (id, (name, ready)) in &client.ledger.logged {
            assert_eq!(logged.get(name), Some(&1), "{name}");
            let model = get(server, &format!("logged-models/{id}"))["model"].clone();
            assert_eq!(pairs(&model["data"]["params"]), BTreeMap::from([("p".to_owned(), name.clone())]));
            assert!(!ready || model["info"]["status"] == "LOGGED_MODEL_READY", "{model}");
        }
        for (name, moved) in &client.ledger.models {
            get(server, &format!("registered-models/get?name={name}"));
            let Some(Moved { known: Some(known), asked }) = moved else { continue };
            let alias = format!("alias-{}", client.number);
            let found = get(server, &format!("registered-models/alias?name={name}&alias={alias}"));
            let found = text(&found["model_version"]["version"]);
            assert!(found == *known || asked.contains(&found), "{alias} points at {found}, not {known}");
        }
        for (version, tag) in &client.ledger.versions {
            assert!(versions.insert(version, tag).is_none(), "version {version} was given twice");
            let found = get(server, &format!("model-versions/get?name={SHARED}&version={version}"));
            assert_eq!(pairs(&found["model_version"]["tags"])["by"], *tag, "version {version}");
        }
    }
    let verdict = server.get("/audit/verify");
    assert_eq!(verdict["intact"], true, "{verdict}");
}

fn survives(database: Option<&str>) {
    let (mut random, port) = (random(), free_port());
    let folder = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{port}");
    let start = || start(folder.path(), port, database);
    let server = start();
    let (status, made) = server
        .send("POST", &format!("{API}registered-models/create"), Some(&json!({"name": SHARED})))
        .unwrap();
    assert_eq!(status, 200, "{made}");
    let mut clients: Vec<Client<'_>> = (0..CLIENTS)
        .map(|number| Client {
            address: &address,
            number,
            random: Random(random.below(u64::MAX)),
            next: 0,
            ledger: Ledger::default(),
        })
        .collect();
    let mut running = Some(server);
    for _ in 0..KILLS {
        let server = running.take().unwrap_or_else(start);
        let (done, steps) = mpsc::channel();
        std::thread::scope(|scope| {
            for client in &mut clients {
                let done = done.clone();
                // A call without an answer, or nobody who counts any more: the server is dead.
                scope.spawn(move || while client.step().is_some() && done.send(()).is_ok() {});
            }
            drop(done);
            let until = usize::try_from(40 + random.below(80)).unwrap();
            assert_eq!(steps.iter().take(until).count(), until, "the server died by itself");
            server.kill();
            drop(steps);
        });
    }
    check(&start(), &clients);
}

fn start(folder: &Path, port: u16, database: Option<&str>) -> Server {
    let mut options = vec!["--home".to_owned(), folder.join("home").display().to_string()];
    options.extend(database.iter().flat_map(|url| ["--database".to_owned(), (*url).to_owned()]));
    Server::start_with(folder, port, &options)
}

#[test]
fn what_eight_clients_were_told_is_written_survives_kills() {
    survives(None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_eight_clients_were_told_is_written_survives_kills_with_postgresql() {
    let url = testkit::postgres_url().await;
    tokio::task::spawn_blocking(move || survives(Some(&url))).await.unwrap();
}
