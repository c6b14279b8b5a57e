//! Questions in SQL, with the clients that people have.

use std::path::Path;
use std::process::Command;

use crate::served::{python, run, script};

#[tokio::test(flavor = "multi_thread")]
async fn pyarrow_and_pandas_read_what_is_answered_and_the_figures_are_pandas_own() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/flights/data");
    let data = data.canonicalize().unwrap();
    let printed = run(|url| {
        let mut command = Command::new(python("VOLANO_TEST_PYTHON"));
        command.arg(script("sql/client.py")).arg(url).arg(data);
        command
    })
    .await;
    assert!(printed.contains("109119 rows are as pandas has them"), "{printed}");
}
