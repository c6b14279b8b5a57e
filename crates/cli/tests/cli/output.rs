//! Results on standard output in the form that was asked for.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::{Sandbox, done, settings};

#[test]
fn the_version_is_one_word_in_a_pipe_and_a_document_as_json() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.ok(&["version"]).trim(), env!("CARGO_PKG_VERSION"));
    let document: Value = serde_json::from_str(&sandbox.ok(&["version", "--json"])).unwrap();
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn lists_stream_one_object_a_line() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["run", "--name", "first", "--", "true"]);
    let text = sandbox.ok(&["audit", "log", "--json"]);
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let keys: Vec<&String> = events[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["seq", "time_ms", "actor", "action", "noun", "id", "outcome", "detail", "prev_hash", "hash"]
    );
    let ids = sandbox.ok(&["audit", "log", "-q"]);
    assert_eq!(ids.lines().count(), events.len());
    settings().bind(|| insta::assert_snapshot!(sandbox.ok(&["audit", "log", "--limit", "2"])));
}

#[test]
fn the_audit_log_proves_itself() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["run", "--", "true"]);
    assert!(sandbox.ok(&["audit", "verify"]).starts_with("intact\t"));
    let verdict: Value = serde_json::from_str(&sandbox.ok(&["audit", "verify", "--json"])).unwrap();
    assert_eq!(verdict["intact"], true);
}

#[test]
fn settings_are_shown_with_where_they_come_from() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["config", "set", "color", "never"]);
    assert_eq!(sandbox.ok(&["config", "get", "color"]).trim(), "never");
    insta::assert_snapshot!(sandbox.redacted(&sandbox.ok(&["config", "show", "--origin"])));
    sandbox.ok(&["config", "set", "color", ""]);
    assert_eq!(sandbox.ok(&["config", "get", "color"]).trim(), "auto");
    let refused = sandbox.run(&["config", "set", "colour", "never"]);
    assert_eq!(refused.code, 2);
}

#[test]
fn a_project_found_upwards_holds_the_home() {
    let sandbox = Sandbox::new();
    sandbox.write("volano.yaml", "project: churn\n");
    sandbox.write("src/deep/x", "");
    let mut command = sandbox.command(&["config", "get", "home"]);
    command.env_remove("VOLANO_HOME").current_dir(sandbox.path().join("src/deep"));
    assert_eq!(sandbox.redacted(&done(command).stdout).trim(), "[DIR]/.volano");
}

#[test]
fn no_colour_goes_into_a_pipe_unless_it_is_asked_for() {
    let sandbox = Sandbox::new();
    assert!(!sandbox.run(&["trace", "x"]).stderr.contains('\x1b'));
    assert!(sandbox.run(&["trace", "x", "--color", "always"]).stderr.contains('\x1b'));
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let sandbox = Sandbox::new();
    let mut child =
        sandbox.command(&["reference"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn doctor_names_what_is_there_and_what_is_missing() {
    let sandbox = Sandbox::new();
    let document: Value = serde_json::from_str(&sandbox.ok(&["doctor", "--json"])).unwrap();
    let names: Vec<&str> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["volano", "python", "environments", "mlflow client", "disk", "home", "project", "server"]
    );
    let mut command = sandbox.command(&["doctor"]);
    command.env("PATH", sandbox.path());
    let without = done(command);
    assert_eq!(without.code, 1);
    assert!(without.stdout.contains("wrong\tpython\tno python3 on the PATH"), "{}", without.stdout);
}
