//! Data versions read as an object store, with the clients that people have.

use std::path::Path;
use std::process::Command;

use crate::served::{python, run, script};

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_s3_read_versions_without_download_and_nobody_else_does() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/flights/data");
    let data = data.canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let printed = run(|url| {
        let mut command = Command::new(python("VOLANO_TEST_PYTHON"));
        command.arg(script("s3/client.py")).arg(url).arg(data).current_dir(folder.path());
        // What the machine's own settings say about other stores.
        command.env("HOME", folder.path()).env_remove("AWS_PROFILE").env_remove("AWS_ENDPOINT_URL");
        command
    })
    .await;
    assert!(printed.contains("versions are read without download"), "{printed}");
}
