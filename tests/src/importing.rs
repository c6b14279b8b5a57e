//! A store of MLflow is taken over by the binary.

use std::process::Command;

use crate::served::{binary, python, script};

#[test]
fn a_store_of_mlflow_is_taken_over_whole_also_when_the_import_is_killed() {
    let mut command = Command::new(python("VOLANO_TEST_PYTHON"));
    command.arg(script("mlflow/importing.py")).arg(binary());
    for name in ["VOLANO_HOME", "VOLANO_URL", "MLFLOW_TRACKING_URI"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
