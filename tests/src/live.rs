//! The unmodified MLflow client as people use it every day, and training frameworks that log by themselves.

use std::process::Command;

use server::{Config, Server};

#[tokio::test(flavor = "multi_thread")]
async fn scripts_and_notebooks_do_with_the_client_what_they_do_every_day() {
    passes("VOLANO_TEST_PYTHON", "live.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_kept_searched_and_assessed() {
    passes("VOLANO_TEST_PYTHON", "traces.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_kept_in_postgresql() {
    passes_on("VOLANO_TEST_PYTHON", "traces.py", Some(testkit::postgres_url().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn training_frameworks_log_by_themselves() {
    passes("VOLANO_TEST_FRAMEWORKS", "frameworks.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pytorch_lightning_logs_by_itself() {
    passes("VOLANO_TEST_NETWORKS", "networks.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluation_data_sets_and_scorers_are_kept() {
    passes("VOLANO_TEST_PYTHON", "evaluation.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluation_data_sets_and_scorers_are_kept_in_postgresql() {
    passes_on("VOLANO_TEST_PYTHON", "evaluation.py", Some(testkit::postgres_url().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_the_client_is_served_or_says_what_is_missing() {
    passes("VOLANO_TEST_PYTHON", "surface.py").await;
}

/// Runs a script of `compat/mlflow` with the interpreter that the variable names, against a server of its own.
pub(crate) async fn passes(interpreter: &str, script: &str) {
    passes_on(interpreter, script, None).await;
}

/// The same with the records in another database than the home's own.
pub(crate) async fn passes_on(interpreter: &str, script: &str, database: Option<String>) {
    let python = std::env::var_os(interpreter)
        .unwrap_or_else(|| panic!("{interpreter} names a Python: run the tests with `cargo xtask test`"));
    let folder = tempfile::tempdir().unwrap();
    let config = Config { port: 0, database, ..Config::local(folder.path().join("home")) };
    let server = Server::open(config).await.unwrap();
    let listening = server.bind().await.unwrap();
    let url = listening.url().to_owned();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(listening, async {
        // A dropped sender stops the server as well: the test has failed then.
        let _ended = stopped.await;
    }));
    let scripts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("compat/mlflow");
    let mut command = Command::new(python);
    // Whatever the client and the frameworks keep for themselves stays in the test's folder.
    command.arg(scripts.join(script)).arg(url).current_dir(folder.path()).env("HOME", folder.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
