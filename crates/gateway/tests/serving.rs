//! The whole way of a request on real models: registry, deployment, scoring in every form, rollout, rollback, restart.
//! Needs `VOLANO_TEST_PYTHON`, an interpreter with mlflow, scikit-learn and pandas.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use app::registry::model_version::NewVersion;
use app::serving::rollout::StartRollout;
use app::tracking::run::NewRun;
use app::{Actor, App, Clock, Context, Home};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::registry::alias::CHAMPION;
use domain::registry::model::ModelName;
use domain::registry::model_version::Provenance;
use domain::serving::{DeploymentSpec, RolloutPlan, Share};
use domain::{Id, Name, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt;

const MAKE: &str = include_str!("../../inference/tests/make_models.py");
/// Any 64 digits: the key of the environment that the test stands in for.
const ENVIRONMENT: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

struct World {
    app: App,
    ctx: Context,
    gateway: Router,
    folder: Arc<tempfile::TempDir>,
}

fn python() -> PathBuf {
    std::env::var_os("VOLANO_TEST_PYTHON")
        .expect("VOLANO_TEST_PYTHON names a Python with mlflow: run the tests with `cargo xtask test`")
        .into()
}

/// An environment that is there already, so that nothing is installed.
fn stand_in(home: &Path) {
    let bin = home.join("envs").join(ENVIRONMENT).join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", python().display());
    std::fs::write(bin.join("python"), script).unwrap();
    std::fs::set_permissions(bin.join("python"), std::fs::Permissions::from_mode(0o700)).unwrap();
}

async fn open(folder: Arc<tempfile::TempDir>) -> World {
    let home = Home::open(&folder.path().join("home")).unwrap();
    let app = App::open(home, None, Clock::System).await.unwrap();
    let ctx = app.system();
    let gateway = gateway::router().with_state(app.clone());
    World { app, ctx, gateway, folder }
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(python()).arg("-c").arg(MAKE).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::create_dir_all(folder.path().join("home")).unwrap();
    stand_in(&folder.path().join("home"));
    open(Arc::new(folder)).await
}

fn model() -> ModelName {
    ModelName::parse("flights").unwrap()
}

fn late() -> Name {
    Name::parse("late").unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect()
}

impl World {
    /// Registers the model folder `name` as the next version.
    async fn register(&self, name: &str) -> i64 {
        let title = format!("e-{}", self.ctx.new_id());
        let experiment = self.app.experiments().create(&self.ctx, &title, None, Vec::new()).await.unwrap();
        let new = NewRun { experiment, name: None, user: None, start: None, tags: Vec::new() };
        let run = self.app.runs().create(&self.ctx, new).await.unwrap();
        let place = run.info.artifact_uri.trim_start_matches("mlflow-artifacts:/").to_owned();
        for file in files(&self.folder.path().join(name)) {
            let path = format!("{place}/model/{}", file.file_name().unwrap().to_str().unwrap());
            self.app.artifacts().put_bytes(&self.ctx, &path, std::fs::read(&file).unwrap()).await.unwrap();
        }
        let new = NewVersion {
            source: format!("runs:/{}/model", run.info.id),
            run: Some(run.info.id.clone()),
            provenance: Provenance { environment: Some(ENVIRONMENT.to_owned()), ..Provenance::default() },
            create_model: true,
            ..NewVersion::default()
        };
        self.app.models().create_version(&self.ctx, &model(), new).await.unwrap().version
    }

    async fn until<F: Fn(&Value) -> bool>(&self, what: &str, holds: F) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.app.deployments().status(&self.ctx, &late()).await.unwrap();
            let status = serde_json::to_value(status).unwrap();
            if holds(&status) {
                return status;
            }
            assert_ne!(status["state"], "failed", "{status}");
            assert!(begun.elapsed() < Duration::from_secs(120), "{what}: {status:#}");
            self.app.deployments().reconcile(&self.ctx).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn deploy(&self, version: i64) {
        let reference = format!("flights:{version}");
        let spec = DeploymentSpec::following(reference);
        self.app.deployments().apply(&self.ctx, late(), spec).await.unwrap();
        self.until("deployed", |status| status["live"]["version"] == version && status["state"] == "ready")
            .await;
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        send(&self.gateway, request).await
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, HeaderMap, Value) {
        let (status, headers, bytes) = self.send(request(path, "application/json", body.to_string())).await;
        (status, headers, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

fn request(path: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path).header("content-type", kind).body(body.into()).unwrap();
    request.extensions_mut().insert(Actor::local());
    request
}

async fn send(gateway: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = gateway.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, bytes.to_vec())
}

fn row() -> Value {
    json!({"hour": 8, "distance": 500.0, "carrier": "UA"})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_gives_the_same_answer_and_every_answer_is_on_record() {
    let world = world().await;
    let version = world.register("pipeline").await;
    world.deploy(version).await;

    let (status, headers, rows) = world.post("/serve/late", &json!({"rows": [row()]})).await;
    assert_eq!(status, StatusCode::OK, "{rows}");
    assert_eq!(headers["x-volano-model-version"], "flights:1");
    let wanted = rows["predictions"].clone();

    let records = json!({"dataframe_records": [row()]});
    for path in ["/invocations", "/invocations?deployment=late", "/serve/late/invocations"] {
        let (status, _, answer) = world.post(path, &records).await;
        assert_eq!((status, &answer["predictions"]), (StatusCode::OK, &wanted), "{path}");
    }
    let csv = request("/invocations", "text/csv", "carrier,distance,hour\nUA,500,8\n");
    let (_, _, bytes) = world.send(csv).await;
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(answer["predictions"], wanted);

    let tensors = json!({"id": "r-7", "inputs": [
        {"name": "carrier", "shape": [1], "datatype": "BYTES", "data": ["UA"]},
        {"name": "hour", "shape": [1, 1], "datatype": "INT64", "data": [8]},
        {"name": "distance", "shape": [1], "datatype": "FP64", "data": [500.0]},
    ]});
    let (status, headers, answer) = world.post("/v2/models/late/infer", &tensors).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["outputs"][0]["shape"], json!([1, 2]));
    assert_eq!(answer["outputs"][0]["data"], wanted[0]);
    assert_eq!((answer["id"].as_str(), answer["model_version"].as_str()), (Some("r-7"), Some("1")));

    let id = Id::parse(headers["x-volano-prediction-id"].to_str().unwrap()).unwrap();
    let found = world.app.predictions().get(&world.ctx, &id).await.unwrap();
    assert_eq!(Value::Object(found.features), row());
    assert_eq!((found.output, found.request_id.as_deref()), (wanted[0].clone(), Some("r-7")));
    let all = world.app.predictions().list(&world.ctx, &late(), None, 100).await.unwrap();
    assert_eq!(all.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_with_the_column_and_without_a_stack_trace() {
    let world = world().await;
    let (status, _, answer) = world.post("/serve/late", &json!({"rows": [row()]})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(answer["detail"], "there is no deployment \"late\"");
    let version = world.register("pipeline").await;
    world.deploy(version).await;

    let bad = json!({"dataframe_records": [row(), {"hour": 8.5, "distance": 1.0, "carrier": "UA"}]});
    let (status, _, answer) = world.post("/invocations", &bad).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let wanted = json!({"error_code": "INVALID_PARAMETER_VALUE", "message": "column \"hour\", row 1: 8.5 is not a long"});
    assert_eq!(answer, wanted);
    let unseen = json!({"rows": [{"hour": 8, "distance": 1.0, "carrier": "ZZ"}]});
    let (status, _, answer) = world.post("/serve/late", &unseen).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["detail"].as_str().unwrap().contains("ZZ"), "{answer}");
    assert!(!answer.to_string().contains("Traceback"));
    let (status, _, _) = world.send(request("/invocations", "text/html", "x")).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, _, answer) = world.post("/v2/models/late/versions/9/infer", &json!({"inputs": []})).await;
    assert_eq!(
        (status, answer["error"].as_str()),
        (StatusCode::NOT_FOUND, Some("the deployment \"late\" serves version 1, not 9"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unmodified_tritonclient_is_answered() {
    let world = world().await;
    let version = world.register("pipeline").await;
    world.deploy(version).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = world.gateway.clone().layer(axum::Extension(Actor::local()));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/compat/oip/client.py");
    let asked =
        tokio::task::spawn_blocking(move || Command::new(python()).args([client, &url, "late"]).output());
    let asked = asked.await.unwrap().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
}

/// Clients that call without a pause until they are told to stop or a call fails; how many calls they made and
/// which failed.
struct Hammer {
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

fn hammer(gateway: &Router) -> Hammer {
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let tasks = (0..4)
        .map(|client| {
            let (gateway, stop, calls) = (gateway.clone(), Arc::clone(&stop), Arc::clone(&calls));
            tokio::spawn(async move {
                let mut failed = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let body = json!({"rows": [{"a": f64::from(client), "b": 50.0}]}).to_string();
                    let (status, _, bytes) =
                        send(&gateway, request("/serve/late", "application/json", body)).await;
                    calls.fetch_add(1, Ordering::Relaxed);
                    if status != StatusCode::OK {
                        failed.push(format!("{status}: {}", String::from_utf8_lossy(&bytes)));
                        break;
                    }
                }
                failed
            })
        })
        .collect();
    Hammer { stop, calls, tasks }
}

impl Hammer {
    async fn finish(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            assert_eq!(task.await.unwrap(), Vec::<String>::new());
        }
        self.calls.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_takes_over_step_by_step_without_a_dropped_request_and_gives_back_in_a_second() {
    let world = world().await;
    let (first, second) = (world.register("doubles").await, world.register("doubles").await);
    let plan = RolloutPlan {
        canary: vec![Share::parse("25%").unwrap(), Share::FULL],
        every_ms: 1_500,
        rollback: vec!["error_rate > 1%".to_owned()],
    };
    let start = |version| StartRollout { deployment: late(), model: model(), version, plan: plan.clone() };
    world.app.rollouts().start(&world.ctx, start(first)).await.unwrap();
    world.until("first", |status| status["live"]["version"] == first).await;
    let champion = world.app.models().by_alias(&world.ctx, &model(), CHAMPION).await.unwrap();
    assert_eq!(champion.version, first);

    let clients = hammer(&world.gateway);
    world.app.rollouts().start(&world.ctx, start(second)).await.unwrap();
    world.until("canary", |status| status["active_rollout"]["state"] == "canary").await;
    world.until("second", |status| status["live"]["version"] == second).await;
    let champion = world.app.models().by_alias(&world.ctx, &model(), CHAMPION).await.unwrap();
    assert_eq!(champion.version, second);

    let begun = Instant::now();
    let done = world.app.deployments().rollback(&world.ctx, &late(), "a test").await.unwrap();
    let (_, headers, _) = world.post("/serve/late", &json!({"rows": [{"a": 1.0, "b": 2.0}]})).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(headers["x-volano-model-version"], "flights:1");
    assert_eq!((done.from_version, done.to_version, done.alias_moved), (second, first, true));
    let champion = world.app.models().by_alias(&world.ctx, &model(), CHAMPION).await.unwrap();
    assert_eq!(champion.version, first);
    let again = world.app.deployments().rollback(&world.ctx, &late(), "a test").await.unwrap_err();
    assert!(again.to_string().contains("nothing to go back to"), "{again}");

    let calls = clients.finish().await;
    let to = Timestamp::from_millis(i64::MAX);
    let logged =
        world.app.predictions().window(&world.ctx, &late(), Timestamp::from_millis(0), to).await.unwrap();
    assert_eq!(logged.len(), calls + 1);
    let tried = logged.iter().filter(|prediction| prediction.version == second).count();
    assert!(tried > 0, "the canary had no traffic in {calls} calls");
    let decisions = world.app.decisions().list(&world.ctx, &Default::default(), 10).await.unwrap();
    assert!(decisions.len() >= 4, "{decisions:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_brings_deployments_back_by_itself() {
    let world = world().await;
    let version = world.register("doubles").await;
    world.deploy(version).await;
    let (_, headers, _) = world.post("/serve/late", &json!({"rows": [{"a": 1.0, "b": 2.0}]})).await;
    let id = Id::parse(headers["x-volano-prediction-id"].to_str().unwrap()).unwrap();
    let World { app, ctx, gateway, folder } = world;
    drop(gateway);
    app.close().await;
    drop((app, ctx));

    let world = open(folder).await;
    world.app.deployments().reconcile(&world.ctx).await.unwrap();
    world.until("back", |status| status["state"] == "ready").await;
    let (status, _, _) = world.post("/serve/late", &json!({"rows": [{"a": 1.0, "b": 2.0}]})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.app.predictions().get(&world.ctx, &id).await.unwrap().version, version);
    world.app.deployments().tidy_logs(&world.ctx).await.unwrap();
    assert_eq!(world.app.predictions().get(&world.ctx, &id).await.unwrap().version, version);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_load_leaves_the_traffic_where_it_is() {
    let world = world().await;
    let (good, bad) = (world.register("doubles").await, world.register("broken").await);
    world.deploy(good).await;
    let spec = DeploymentSpec::following(format!("flights:{bad}"));
    world.app.deployments().apply(&world.ctx, late(), spec).await.unwrap();
    world.until("ended", |status| status["active_rollout"].is_null()).await;
    let (status, headers, _) = world.post("/serve/late", &json!({"rows": [{"a": 1.0, "b": 2.0}]})).await;
    assert_eq!((status, &headers["x-volano-model-version"]), (StatusCode::OK, &"flights:1".parse().unwrap()));
    let last = world.app.rollouts().list(&world.ctx, &late(), 1).await.unwrap().remove(0);
    let reason = serde_json::to_value(&last).unwrap()["reason"].to_string();
    assert!(reason.contains("no_such_module_anywhere"), "{reason}");
}
