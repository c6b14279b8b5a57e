//! The same requests to MLflow's own server and to ours.

use std::process::Command;

use crate::served::{python, run, script};

/// `VOLANO_TEST_SEQUENCES`, `VOLANO_TEST_FILTERS` and `VOLANO_TEST_SEED` make it try more, or something else.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_requests_get_the_same_answers_as_from_mlflows_own_server() {
    let printed = run(|url| {
        let mut command = Command::new(python("VOLANO_TEST_PYTHON"));
        command.arg(script("mlflow/differential/run.py")).arg(url);
        command
    })
    .await;
    println!("{printed}");
}
