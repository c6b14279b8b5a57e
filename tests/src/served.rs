//! A whole server, and a program that is run against it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use server::{Config, Server};

/// An interpreter that `cargo xtask test` has made.
pub fn python(variable: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} names a Python with packages: run the tests with `cargo xtask test`")
    })
}

/// A script of `tests/compat`.
pub fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("compat").join(path)
}

/// The binary of this build, beside the tests' own.
pub fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("volano");
    assert!(path.is_file(), "{} is not there: run the tests with `cargo xtask test`", path.display());
    path
}

/// Runs the program that `command` makes of the server's address; what it prints. It must end well.
pub async fn run(command: impl FnOnce(&str) -> Command) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { port: 0, ..Config::local(folder.path().join("home")) };
    let server = Server::open(config).await.unwrap();
    let listening = server.bind().await.unwrap();
    let mut command = command(listening.url());
    // Whatever the program keeps for itself stays in the test's folder.
    command.current_dir(folder.path()).env("HOME", folder.path());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(listening, async {
        // A dropped sender stops the server as well: the test has failed then.
        let _ended = stopped.await;
    }));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{told}");
    printed.into_owned()
}
