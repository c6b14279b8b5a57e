//! Every wrong thing that a person can do at the command line: one clear message, the place, the way out, the exit code.

use std::fs::File;
use std::net::TcpListener;

use crate::sandbox::{Done, Sandbox, done, settings};

fn shown(sandbox: &Sandbox, done: &Done) -> String {
    assert_eq!(done.stdout, "", "nothing but results is on standard output");
    format!("{}exit {}", sandbox.redacted(&done.stderr), done.code)
}

fn fails(arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    let done = sandbox.run(arguments);
    shown(&sandbox, &done)
}

#[test]
fn slips_on_the_command_line_are_answered_with_what_was_meant() {
    let slips: [&[&str]; 9] = [
        &["depoly", "ls"],
        &["data", "ad", "x.csv"],
        &["data", "add", "--nmae", "x", "y.csv"],
        &["data", "add"],
        &["audit", "log", "--limit", "many"],
        &["completions", "bsh"],
        &["run", "-p", "depth", "--", "true"],
        &["help", "filtres"],
        &["explain", "E0213x"],
    ];
    let texts: Vec<String> =
        slips.iter().map(|slip| format!("$ volano {}\n{}", slip.join(" "), fails(slip))).collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn references_that_are_not_written_right_are_refused() {
    let wrong: [&[&str]; 5] = [
        &["data", "show", "churn@"],
        &["data", "diff", "churn@v1", "other@v2"],
        &["model", "show", "churn:three"],
        &["deploy", "churn:1", "--to", "api", "--canary", "110%"],
        &["trace", "3fa9"],
    ];
    let texts: Vec<String> =
        wrong.iter().map(|slip| format!("$ volano {}\n{}", slip.join(" "), fails(slip))).collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_missing_file_is_named_with_the_nearest() {
    let sandbox = Sandbox::new();
    sandbox.write("telco.csv", "a,b\n1,2\n");
    insta::assert_snapshot!(shown(&sandbox, &sandbox.run(&["data", "add", "telko.csv"])));
}

#[test]
fn an_empty_file_is_refused_before_anything_is_sent() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.csv", "");
    insta::assert_snapshot!(shown(&sandbox, &sandbox.run(&["data", "add", "empty.csv"])));
    assert_eq!(sandbox.ok(&["audit", "log"]), "");
}

#[test]
fn rows_that_cannot_be_read_are_refused_with_their_place() {
    let sandbox = Sandbox::new();
    sandbox.write("ragged.csv", "a,b\n1,2\n3\n");
    sandbox.write("broken.json", "[{\"a\": 1},\n {\"a\": }]");
    sandbox.write("latin.csv", b"a,b\ncaf\xe9,2\n");
    sandbox.write("labels.csv", "id,value\nx,1\n");
    let wrong: [&[&str]; 4] = [
        &["predict", "api", "ragged.csv"],
        &["predict", "api", "broken.json"],
        &["predict", "api", "latin.csv"],
        &["label", "add", "api", "labels.csv"],
    ];
    let texts: Vec<String> = wrong.iter().map(|slip| shown(&sandbox, &sandbox.run(slip))).collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    settings().bind(|| insta::assert_snapshot!(fails(&["server", "--port", &port])));
}

#[test]
fn a_home_in_use_by_a_server_is_named_with_its_address() {
    let sandbox = Sandbox::new();
    let running = sandbox.server();
    let second = sandbox.run(&["server", "--port", "0"]);
    settings().bind(|| insta::assert_snapshot!(shown(&sandbox, &second)));
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_home_held_by_a_process_that_does_not_answer_is_an_error_with_the_way_out() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["audit", "verify"]);
    let lock = File::options().write(true).open(sandbox.home().join("lock")).unwrap();
    lock.lock().unwrap();
    insta::assert_snapshot!(shown(&sandbox, &sandbox.run(&["audit", "verify"])));
}

#[test]
fn a_home_that_cannot_be_used_is_refused_in_one_line() {
    let newer = Sandbox::new();
    newer.write("home/format", "99\n");
    let damaged = Sandbox::new();
    damaged.write("home/volano.db", [7_u8; 8192]);
    let is_file = Sandbox::new();
    is_file.write("home", "a file");
    let texts =
        [&newer, &damaged, &is_file].map(|sandbox| shown(sandbox, &sandbox.run(&["audit", "verify"])));
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn without_python_the_way_to_get_it_is_said() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["run", "--", "python3", "train.py"]);
    command.env("PATH", sandbox.path());
    let done = done(command);
    settings().bind(|| {
        let stderr = done.stderr.lines().filter(|line| !line.starts_with('●')).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(format!("{stderr}\nexit {}", done.code));
    });
}

#[test]
fn a_command_that_is_not_there_keeps_a_failed_run() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["run", "--", "no-such-program"]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("error[E0502]: cannot run no-such-program"), "{}", done.stderr);
    assert!(sandbox.ok(&["audit", "log"]).contains("status=failed"));
}

#[test]
fn a_server_that_does_not_answer_is_named_with_where_it_comes_from() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["audit", "verify"]);
    command.env("VOLANO_URL", "http://127.0.0.1:1");
    settings().bind(|| insta::assert_snapshot!(shown(&sandbox, &done(command))));
}

#[test]
fn listening_beyond_the_machine_without_accounts_is_refused() {
    insta::assert_snapshot!(fails(&["server", "--host", "0.0.0.0", "--port", "0"]));
}

#[test]
fn a_damaged_user_file_shows_the_place() {
    let sandbox = Sandbox::new();
    sandbox.write("user/.config/volano/config.toml", "server = \"x\"\nhmoe = \"/srv\"\n");
    insta::assert_snapshot!(shown(&sandbox, &sandbox.run(&["config", "show"])));
}

#[test]
fn without_a_project_the_way_to_one_is_said() {
    insta::assert_snapshot!(fails(&["pipeline", "plan"]));
}

#[test]
fn a_wrong_project_file_shows_every_problem_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox
        .write("volano.yaml", "project: churn\nstpes: {}\ndata:\n  churn: {path: data/*.csv, knid: table}\n");
    insta::assert_snapshot!(shown(&sandbox, &sandbox.run(&["pipeline", "check"])));
}

#[test]
fn what_is_not_there_is_said_with_the_way_to_it() {
    let missing: [&[&str]; 4] = [
        &["deploy", "status", "churn-api"],
        &["deploy", "undo", "churn-api"],
        &["monitor", "drift", "churn-api"],
        &["trace", "019a3c5e7f2b7d11a4c09be2f3d81c55"],
    ];
    let texts: Vec<String> =
        missing.iter().map(|slip| format!("$ volano {}\n{}", slip.join(" "), fails(slip))).collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn errors_are_documents_under_json() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["trace", "3fa9", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&done.stderr).unwrap();
    insta::assert_json_snapshot!(document);
    let slip = sandbox.run(&["depoly", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&slip.stderr).unwrap();
    assert_eq!(document["error"]["code"], "E0101");
}
