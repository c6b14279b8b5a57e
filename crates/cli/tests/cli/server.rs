//! A running server, and commands that find it.

use crate::sandbox::{Sandbox, done};

#[test]
fn commands_go_to_the_server_that_has_the_home_open() {
    let sandbox = Sandbox::new();
    let running = sandbox.server();
    assert!(running.url.starts_with("http://127.0.0.1:"), "{}", running.url);
    assert!(sandbox.ok(&["audit", "verify"]).starts_with("intact"));
    assert_eq!(sandbox.ok(&["config", "get", "server"]).trim(), running.url);
    sandbox.ok(&["run", "--name", "there", "--", "true"]);
    assert_eq!(running.stop(), Some(0));
    assert!(sandbox.ok(&["audit", "log"]).contains("name=there"), "the record stays after the server");
    assert_eq!(sandbox.ok(&["config", "get", "server"]).trim(), "");
}

#[test]
fn an_address_wins_over_the_home() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let running = one.server();
    two.ok(&["run", "--server", &running.url, "--", "true"]);
    let mut command = two.command(&["audit", "log"]);
    command.env("VOLANO_URL", &running.url);
    assert!(done(command).stdout.contains("tracking.run.create"));
    let mut command = two.command(&["audit", "log"]);
    command.env("MLFLOW_TRACKING_URI", &running.url);
    assert!(done(command).stdout.contains("tracking.run.create"));
    assert_eq!(two.ok(&["audit", "log"]), "");
}

#[test]
fn a_login_is_remembered_and_taken_back() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let running = one.server();
    let command = |arguments: &[&str]| {
        let mut command = two.command(arguments);
        command.env_remove("VOLANO_HOME");
        done(command)
    };
    assert_eq!(command(&["login", &running.url]).code, 0);
    assert_eq!(command(&["config", "get", "server"]).stdout.trim(), running.url);
    assert_eq!(command(&["run", "--", "true"]).code, 0);
    assert!(one.ok(&["audit", "log"]).contains("tracking.run.create"));
    command(&["config", "set", "server", ""]);
    assert_eq!(command(&["config", "get", "server"]).stdout.trim(), "");
    assert_eq!(two.run(&["login", "127.0.0.1:5000"]).code, 2);
    assert_eq!(two.run(&["login", "http://127.0.0.1:1"]).code, 5);
}

#[test]
fn two_commands_on_one_home_wait_for_each_other() {
    let sandbox = Sandbox::new();
    let commands: Vec<_> = (0..4)
        .map(|n| sandbox.command(&["run", "--name", &format!("n{n}"), "--", "sleep", "0.1"]).spawn().unwrap())
        .collect();
    for mut command in commands {
        assert!(command.wait().unwrap().success());
    }
    let log = sandbox.ok(&["audit", "log", "--json"]);
    assert_eq!(log.matches("tracking.run.create").count(), 4);
}
