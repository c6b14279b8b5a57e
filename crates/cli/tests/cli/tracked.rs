//! `volano run`: what it records, what it shows, how it leaves.

use std::process::Command;

use serde_json::Value;

use crate::sandbox::Sandbox;

fn run_of(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["run"].clone()
}

fn pairs(run: &Value, kind: &str) -> Vec<(String, String)> {
    let listed = run["data"][kind].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    listed.iter().map(|entry| (text(&entry["key"]), text(&entry["value"]))).collect()
}

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .current_dir(sandbox.path())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_command_is_recorded_with_parameters_output_and_figures() {
    let sandbox = Sandbox::new();
    let done =
        sandbox.run(&["run", "-p", "depth=8", "--name", "deep", "--json", "--", "echo", "d=${params.depth}"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.contains("d=8\n"), "under --json the command's output is not on standard output");
    let run = run_of(&done.stdout);
    assert_eq!(run["info"]["run_name"], "deep");
    assert_eq!(run["info"]["status"], "FINISHED");
    assert_eq!(pairs(&run, "params"), [("depth".to_owned(), "8".to_owned())]);
    let metrics: Vec<String> = pairs(&run, "metrics").into_iter().map(|(key, _)| key).collect();
    assert_eq!(metrics, ["system/cpu_seconds", "system/peak_memory_megabytes", "system/seconds"]);
    assert!(sandbox.ok(&["audit", "log"]).contains("path=output.log"));
}

#[test]
fn the_commands_output_and_exit_code_pass_through() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["run", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((done.code, done.stdout.as_str()), (7, "out\n"));
    assert!(
        done.stderr.contains("err\n") && done.stderr.contains("failed with exit code 7"),
        "{}",
        done.stderr
    );
    let killed = sandbox.run(&["run", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.code, 137);
}

#[test]
fn the_command_knows_where_it_is_tracked() {
    let sandbox = Sandbox::new();
    let script = "echo $MLFLOW_RUN_ID $VOLANO_PARAMS; case $MLFLOW_TRACKING_URI in http://127.0.0.1:*) ;; *) exit 1;; esac";
    let done = sandbox.run(&["run", "-p", "lr=0.1", "-p", "kind=a", "--", "sh", "-c", script]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let (id, params) = done.stdout.trim().split_once(' ').unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(params, r#"{"lr":0.1,"kind":"a"}"#);
}

#[test]
fn the_state_of_git_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("train.py", "print(1)\n");
    git(&sandbox, &["init", "-q", "-b", "main"]);
    git(&sandbox, &["add", "train.py"]);
    git(&sandbox, &["commit", "-q", "-m", "first"]);
    sandbox.write("train.py", "print(2)\n");
    let done = sandbox.run(&["run", "--json", "--", "true"]);
    let tags = pairs(&run_of(&done.stdout), "tags");
    let tag = |key: &str| tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    assert_eq!(tag("mlflow.source.git.commit").map(str::len), Some(40));
    assert_eq!(tag("mlflow.source.git.branch"), Some("main"));
    assert_eq!(tag("volano.git.changed_files"), Some("2"), "train.py, and the sandbox's own home");
    assert!(done.stderr.contains("changed)"), "{}", done.stderr);
    assert!(sandbox.ok(&["audit", "log"]).contains("path=source/changes.diff"));
}

#[test]
fn only_the_id_is_printed_when_asked_for() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["run", "-q", "--", "echo", "noise"]);
    assert_eq!(done.stdout.trim().len(), 32);
}

#[test]
fn a_notebook_that_is_not_there_is_refused() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["run", "explore.ipynb"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("explore.ipynb"), "{}", done.stderr);
}
