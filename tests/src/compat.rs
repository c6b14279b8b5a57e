//! Unmodified clients of other products against a whole server.

use std::process::Command;

use server::{Config, Server};

/// An interpreter with the packages of `tests/requirements.txt`.
fn python() -> std::ffi::OsString {
    std::env::var_os("VOLANO_TEST_PYTHON")
        .expect("VOLANO_TEST_PYTHON names a Python with mlflow: run the tests with `cargo xtask test`")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unmodified_mlflow_client_tracks_registers_and_loads() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let server = Server::open(Config { port: 0, ..Config::local(home) }).await.unwrap();
    let listening = server.bind().await.unwrap();
    let url = listening.url().to_owned();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(listening, async {
        // A dropped sender stops the server as well: the test has failed then.
        let _ended = stopped.await;
    }));
    // Whatever the client keeps for itself stays in the test's folder.
    let (work, script) = (folder.path().to_owned(), script("mlflow"));
    let client =
        move || Command::new(python()).arg(script).arg(url).current_dir(&work).env("HOME", &work).output();
    let output = tokio::task::spawn_blocking(client).await.unwrap().unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn script(product: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("compat").join(product).join("client.py")
}
