//! The registry as the unmodified MLflow client uses it.

use std::path::Path;
use std::process::Command;

use server::{Config, Server};

#[tokio::test(flavor = "multi_thread")]
async fn the_unmodified_mlflow_client_keeps_models_webhooks_and_large_artifacts() {
    let python = std::env::var_os("VOLANO_TEST_PYTHON")
        .expect("VOLANO_TEST_PYTHON names a Python with mlflow: run the tests with `cargo xtask test`");
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let outgoing_allow = vec!["127.0.0.1".to_owned()];
    let config = Config { port: 0, outgoing_allow, ..Config::local(home) };
    let server = Server::open(config).await.unwrap();
    let listening = server.bind().await.unwrap();
    let url = listening.url().to_owned();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(listening, async {
        // A dropped sender stops the server as well: the test has failed then.
        let _ended = stopped.await;
    }));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat/mlflow/registry.py");
    let work = folder.path().to_owned();
    let client =
        move || Command::new(python).arg(script).arg(url).current_dir(&work).env("HOME", &work).output();
    let output = tokio::task::spawn_blocking(client).await.unwrap().unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
