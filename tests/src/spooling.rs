//! What a tracked command logs while the server is away.

use std::process::Command;

use crate::served::{binary, python, script};

#[test]
fn what_is_logged_while_the_server_is_away_is_there_once_and_in_order_in_the_end() {
    let mut command = Command::new(python("VOLANO_TEST_PYTHON"));
    command.arg(script("mlflow/spooling.py")).arg(binary());
    for name in ["VOLANO_HOME", "VOLANO_URL", "MLFLOW_TRACKING_URI"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
