//! `volano trash`, `exp mv`, `exp cp` and `model restore`, without a server: the purge is done by the command itself.

use crate::sandbox::{Sandbox, settings};

/// A sandbox with an experiment and two runs; their ids.
fn lab() -> (Sandbox, [String; 2]) {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        sandbox.ok(&["run", "--experiment", "churn", "--", "true"]);
    }
    let ids: Vec<String> = sandbox.ok(&["exp", "ls", "churn", "-q"]).lines().map(ToOwned::to_owned).collect();
    (sandbox, ids.try_into().unwrap())
}

#[test]
fn deleted_things_are_listed_restored_looked_at_and_purged() {
    let (sandbox, [first, second]) = lab();
    let ok = |arguments: &[&str]| sandbox.ok(arguments);
    ok(&["exp", "rm", &first]);
    assert_eq!(ok(&["trash", "ls", "-q"]), format!("run:{first}\n"));
    ok(&["trash", "restore", &first[..12]]);
    assert_eq!(ok(&["trash", "ls", "-q"]), "");
    ok(&["exp", "rm", "churn"]);
    let experiment = ok(&["trash", "ls", "-q"]);
    assert!(experiment.starts_with("exp:"), "{experiment}");
    let refused = sandbox.run(&["trash", "purge", "exp:churn"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("1 experiment, 2 runs would be gone for good"), "{}", refused.stderr);
    let preview: serde_json::Value =
        serde_json::from_str(&ok(&["trash", "purge", "--experiment", "churn", "--dry-run", "--json"]))
            .unwrap();
    assert_eq!(ok(&["trash", "purge", "--older-than", "1d", "--yes", "-q"]).lines().count(), 1);
    let purge: serde_json::Value =
        serde_json::from_str(&ok(&["trash", "purge", "exp:churn", "--yes", "--json"])).unwrap();
    assert_eq!((&purge["state"], &purge["freed"]), (&"finished".into(), &preview["freed"]));
    assert_eq!(ok(&["trash", "purges", "-q"]).lines().count(), 2);
    let gone = sandbox.run(&["exp", "show", &second]);
    assert_eq!(gone.code, 1);
    let nothing = sandbox.run(&["trash", "restore", "churn"]);
    assert_eq!(nothing.code, 1);
    assert!(nothing.stderr.contains("volano trash ls"), "{}", nothing.stderr);
}

#[test]
fn rules_of_retention_are_set_shown_and_removed() {
    let (sandbox, _) = lab();
    let ok = |arguments: &[&str]| sandbox.ok(arguments);
    let mut told = ok(&["trash", "retention", "set", "30d"]);
    told += &ok(&["trash", "retention", "set", "1w", "--experiment", "churn"]);
    told += &ok(&["trash", "retention", "show"]);
    told += &ok(&["trash", "retention", "rm"]);
    told += &ok(&["trash", "retention", "show", "-q"]);
    settings().bind(|| insta::assert_snapshot!(told));
    assert_eq!(sandbox.run(&["trash", "retention", "rm"]).code, 1);
    assert_eq!(sandbox.run(&["trash", "retention", "set", "soon"]).code, 2);
}

#[test]
fn runs_are_moved_and_copied_and_models_come_back() {
    let (sandbox, [first, second]) = lab();
    let ok = |arguments: &[&str]| sandbox.ok(arguments);
    ok(&["exp", "create", "attic"]);
    ok(&["exp", "mv", &first, "--to", "attic"]);
    assert_eq!(ok(&["exp", "ls", "attic", "-q"]), format!("{first}\n"));
    assert_eq!(ok(&["exp", "ls", "churn", "-q"]), format!("{second}\n"));
    let copy = ok(&["exp", "cp", &second, "--to", "attic", "-q"]);
    let copied = ok(&["exp", "ls", "attic", "--filter", "tags.volano.copiedFrom IS NOT NULL", "-q"]);
    assert_eq!(copied, copy);
    ok(&["exp", "cp", "--experiment", "attic", "--to", "again"]);
    assert_eq!(ok(&["exp", "ls", "again", "-q"]).lines().count(), 2);
    let same = sandbox.run(&["exp", "mv", &first, "--to", "attic"]);
    assert_eq!(same.code, 2);
    assert!(same.stderr.contains("already"), "{}", same.stderr);
    assert_eq!(sandbox.run(&["exp", "mv", &first, "--to", "nowhere"]).code, 1);
    assert_eq!(sandbox.run(&["exp", "cp", "--to", "attic"]).code, 2);
    let missing = sandbox.run(&["model", "restore", "flights"]);
    assert_eq!(missing.code, 1);
    assert_eq!(sandbox.run(&["model", "restore", "flights@champion"]).code, 2);
}
