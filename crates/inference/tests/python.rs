//! Real models in real workers. Needs `VOLANO_TEST_PYTHON`, an interpreter with mlflow, scikit-learn and pandas.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use inference::onnx;
use inference::python::PythonRuntime;
use inference::{
    Error, Health, Limits, LoadedModel, ModelRuntime, ModelSource, Output, Request, RuntimeKind, invocation,
};
use serde_json::{Map, Value, json};

const MAKE: &str = include_str!("make_models.py");

fn python() -> PathBuf {
    std::env::var_os("VOLANO_TEST_PYTHON")
        .expect("VOLANO_TEST_PYTHON names a Python with mlflow: run the tests with `cargo xtask test`")
        .into()
}

/// Folder of models, written once by a script that uses mlflow as a user would.
fn models() -> &'static Path {
    static MODELS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = MODELS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new(python()).arg("-c").arg(MAKE).arg(folder.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        folder
    });
    folder.path()
}

async fn load(name: &str, limits: Limits) -> (Result<Arc<dyn LoadedModel>, Error>, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let runtime = PythonRuntime::new(home.path()).unwrap();
    let source = ModelSource { folder: models().join(name), python: python() };
    (runtime.load(source, limits).await, home)
}

fn ask(model: &dyn LoadedModel, body: &Value, limit: Duration) -> Request {
    let read = invocation::parse(body, model.info().signature.as_ref()).unwrap();
    Request { input: read.input, params: Map::new(), deadline: Instant::now() + limit }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_scikit_learn_pipeline_answers_with_probabilities_as_logged() {
    let (model, _home) = load("pipeline", Limits::default()).await;
    let model = model.unwrap();
    assert_eq!(model.kind(), RuntimeKind::Python);
    assert_eq!(model.health(), Health::Ready);
    let (example, answer) = model.example().expect("the model was logged with an example");
    assert_eq!(example.rows(), 3);
    let wanted: Value =
        serde_json::from_slice(&std::fs::read(models().join("pipeline.json")).unwrap()).unwrap();
    for (row, wanted) in answer.by_row(3).iter().zip(wanted.as_array().unwrap()) {
        let difference = row[1].as_f64().unwrap() - wanted[1].as_f64().unwrap();
        assert!(difference.abs() < 1e-12, "{row} {wanted}");
    }

    let body = json!({"dataframe_records": [{"hour": 8, "distance": 500.0, "carrier": "UA"}]});
    let one = model.predict(ask(&*model, &body, MINUTE)).await.unwrap();
    let rows = one.by_row(1);
    let total: f64 = rows[0].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
    assert!((total - 1.0).abs() < 1e-9, "{rows:?}");
}

#[tokio::test]
async fn an_export_takes_over_only_when_it_answers_as_the_model_does() {
    let (model, _home) = load("doubles", Limits::default()).await;
    let model = model.unwrap();
    let library = onnx::library(&python()).expect("the test's Python has onnxruntime");
    let replacing = |export: &str| {
        let answered = model.example().cloned().expect("the model has an example");
        onnx::replacing(model.info(), answered, &models().join(export), &library, 8)
    };
    let (export, delta) = replacing("doubles.onnx").unwrap();
    assert!(delta <= onnx::BOUND);
    assert_eq!(export.kind(), RuntimeKind::Onnx);
    let body = json!({"dataframe_split": {"columns": ["b", "a"], "data": [[50, 2.5], [1, 4], [99, 0.5]]}});
    let wanted = model.predict(ask(&*model, &body, MINUTE)).await.unwrap();
    let found = export.predict(ask(&*export, &body, MINUTE)).await.unwrap();
    let (Output::Tensor(wanted), Output::Tensor(found)) = (wanted, found) else { panic!() };
    assert_eq!((wanted.dtype, &wanted.shape), (found.dtype, &found.shape));
    for index in 0..wanted.elements() {
        assert!((wanted.element_f64(index) - found.element_f64(index)).abs() < onnx::BOUND);
    }

    let other = replacing("other.onnx").err().unwrap();
    assert!(other.contains("differ by"), "{other}");
    let none = replacing("doubles/MLmodel").err().unwrap();
    assert!(none.contains("ONNX Runtime refuses it"), "{none}");
}

#[tokio::test]
async fn rows_one_by_one_answer_as_they_do_together() {
    let (model, _home) = load("doubles", Limits::default()).await;
    let model = model.unwrap();
    let rows: Vec<Value> = (0..20).map(|i| json!([f64::from(i) / 3.0, f64::from(i) * 7.5])).collect();
    let all = json!({"dataframe_split": {"columns": ["a", "b"], "data": rows}});
    let together = model.predict(ask(&*model, &all, MINUTE)).await.unwrap().by_row(20);
    for (row, wanted) in rows.iter().zip(together) {
        let one = json!({"dataframe_split": {"columns": ["a", "b"], "data": [row]}});
        let alone = model.predict(ask(&*model, &one, MINUTE)).await.unwrap().by_row(1);
        // A matrix product sums in another order than a dot product: the last digit may differ.
        let difference = alone[0][1].as_f64().unwrap() - wanted[1].as_f64().unwrap();
        assert!(difference.abs() < 1e-12, "{} {wanted}", alone[0]);
    }
}

#[tokio::test]
async fn an_exception_in_the_model_is_an_answer_and_the_worker_lives_on() {
    let (model, _home) = load("moody", Limits::default()).await;
    let model = model.unwrap();
    let bad = model.predict(ask(&*model, &json!({"inputs": ["raise"]}), MINUTE)).await;
    let Err(Error::Model(message)) = bad else { panic!("{bad:?}") };
    assert_eq!(message, "no such flight");
    let good = model.predict(ask(&*model, &json!({"inputs": ["hello"]}), MINUTE)).await.unwrap();
    assert_eq!(good, Output::Json(json!(["hello"])));
}

#[tokio::test]
async fn a_late_request_costs_the_worker_its_life_and_another_takes_its_place() {
    let (model, _home) = load("moody", Limits::default()).await;
    let model = model.unwrap();
    let begun = Instant::now();
    let late = model.predict(ask(&*model, &json!({"inputs": ["sleep"]}), Duration::from_millis(300))).await;
    assert!(matches!(late, Err(Error::Timeout)), "{late:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let good = model.predict(ask(&*model, &json!({"inputs": ["again"]}), MINUTE)).await.unwrap();
    assert_eq!(good, Output::Json(json!(["again"])));
}

#[tokio::test]
async fn a_request_that_kills_workers_fails_with_their_last_words_and_the_model_recovers() {
    let (model, _home) = load("moody", Limits::default()).await;
    let model = model.unwrap();
    let dead = model.predict(ask(&*model, &json!({"inputs": ["die"]}), MINUTE)).await;
    let Err(Error::Worker(words)) = dead else { panic!("{dead:?}") };
    assert_eq!(words, "out of luck");
    let good = model.predict(ask(&*model, &json!({"inputs": ["back"]}), MINUTE)).await.unwrap();
    assert_eq!(good, Output::Json(json!(["back"])));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let limits = Limits { workers: 1, queue: 1 };
    let (model, _home) = load("moody", limits).await;
    let model = model.unwrap();
    let slow = || ask(&*model, &json!({"inputs": ["nap"]}), MINUTE);
    let (first, second, third) =
        tokio::join!(model.predict(slow()), model.predict(slow()), model.predict(slow()));
    assert!(first.is_ok() && second.is_ok());
    let Err(Error::Busy { queue: 1, retry_after }) = third else { panic!("{third:?}") };
    assert!(retry_after >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_worker_sees_none_of_the_servers_environment() {
    let (model, home) = load("moody", Limits::default()).await;
    let model = model.unwrap();
    let seen = model.predict(ask(&*model, &json!({"inputs": ["environment"]}), MINUTE)).await.unwrap();
    let Output::Json(Value::Array(names)) = seen else { panic!() };
    let text = Value::Array(names).to_string();
    assert!(!text.contains("VOLANO"), "{text}");
    assert!(text.contains(&format!("HOME={}", home.path().join("home").display())), "{text}");
}

#[tokio::test]
async fn workers_end_with_the_model() {
    let (model, _home) = load("moody", Limits { workers: 2, queue: 4 }).await;
    let model = model.unwrap();
    let answer = model.predict(ask(&*model, &json!({"inputs": ["pid"]}), MINUTE)).await.unwrap();
    let Output::Json(Value::Array(items)) = answer else { panic!() };
    let process = PathBuf::from("/proc").join(items[0].to_string());
    assert!(process.exists());
    drop(model);
    for _ in 0..100 {
        if !process.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} is still there", process.display());
}

#[tokio::test]
async fn a_model_that_does_not_load_says_why() {
    let (model, _home) = load("broken", Limits::default()).await;
    let error = model.err().unwrap().to_string();
    assert!(error.contains("no_such_module_anywhere"), "{error}");
}
