//! MLflow's small client, an older one, and requests made up from the API's document.

use std::process::Command;

use crate::served::{python, run, script};

async fn basics(variable: &str) {
    let printed = run(|url| {
        let mut command = Command::new(python(variable));
        command.arg(script("mlflow/basic.py")).arg(url);
        command
    })
    .await;
    assert!(printed.contains("is content"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_mlflow_2_tracks_registers_and_loads() {
    basics("VOLANO_TEST_PYTHON_OLDER").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_without_scientific_packages_tracks_and_registers() {
    basics("VOLANO_TEST_PYTHON_SMALL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_that_the_document_allows_is_answered_with_a_failure_of_the_server() {
    let printed = run(|url| {
        let mut command = Command::new(python("VOLANO_TEST_PYTHON_SMALL"));
        command.arg(script("openapi/fuzz.py")).arg(url);
        command
    })
    .await;
    assert!(printed.contains("passed"), "{printed}");
}
