//! Data sets and contracts, and what is said about data that cannot be used.

use serde_json::Value;

use crate::sandbox::{Sandbox, settings};

const TELCO: &str = "id,tenure,plan,churned\n1,3,basic,0\n2,40,pro,0\n3,1,basic,1\n4,22,plus,0\n";

fn added(content: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("churn.csv", content);
    sandbox.ok(&["data", "add", "churn.csv"]);
    sandbox
}

#[test]
fn a_file_becomes_a_version_and_the_same_file_again_changes_nothing() {
    let sandbox = added(TELCO);
    let again: Value = serde_json::from_str(&sandbox.ok(&["data", "add", "churn.csv", "--json"])).unwrap();
    assert_eq!(
        (again["outcome"].as_str(), again["version"]["number"].as_i64()),
        (Some("unchanged"), Some(1))
    );
    sandbox.write("churn.csv", format!("{TELCO}5,7,pro,1\n"));
    assert_eq!(sandbox.ok(&["data", "add", "churn.csv", "-q"]).trim(), "churn@v2");
    settings().bind(|| {
        insta::assert_snapshot!(sandbox.ok(&["data", "ls"]));
        insta::assert_snapshot!(sandbox.ok(&["data", "ls", "churn"]));
        insta::assert_snapshot!(sandbox.ok(&["data", "show", "churn@v2", "--rows", "2"]));
        insta::assert_snapshot!(sandbox.ok(&["data", "profile", "churn"]));
        insta::assert_snapshot!(sandbox.ok(&["data", "diff", "churn@v1", "v2"]));
    });
    assert_eq!(sandbox.run(&["data", "diff", "churn@v1", "v2", "--exit-code"]).code, 3);
    assert_eq!(sandbox.run(&["data", "diff", "churn@v1", "v1", "--exit-code"]).code, 0);
}

#[test]
fn a_change_is_tried_on_a_branch_and_merged() {
    let sandbox = added(TELCO);
    sandbox.write("more.csv", "id,tenure,plan,churned\n5,7,pro,1\n");
    let add =
        sandbox.ok(&["data", "add", "more.csv", "--name", "churn", "--append", "--branch", "review/may"]);
    let merge = |more: &[&str]| sandbox.ok(&[&["data", "merge", "churn@review/may"], more].concat());
    let mut settings = settings();
    settings.add_filter("@[0-9a-f]{12}", "@[COMMIT]");
    settings.bind(|| {
        insta::assert_snapshot!(add);
        insta::assert_snapshot!(sandbox.ok(&["data", "branch", "churn"]));
        insta::assert_snapshot!(merge(&["--dry-run"]));
        insta::assert_snapshot!(merge(&["-m", "May"]));
        insta::assert_snapshot!(merge(&[]));
    });
    sandbox.ok(&["data", "tag", "churn@v1", "before-may"]);
    assert_eq!(sandbox.ok(&["data", "tag", "churn", "-q"]).trim(), "churn@before-may");
    sandbox.ok(&["data", "branch", "churn", "review/may", "--rm"]);
    assert_eq!(sandbox.ok(&["data", "branch", "churn", "-q"]).trim(), "churn@main");
    let refused: [&[&str]; 5] = [
        &["data", "merge", "churn@review/may"],
        &["data", "merge", "churn"],
        &["data", "branch", "churn", "v3"],
        &["data", "tag", "churn", "before-may"],
        &["data", "add", "more.csv", "--name", "churn", "--branch", "before-may"],
    ];
    let texts = refused.map(|args| {
        let done = sandbox.run(args);
        format!("$ volano {}\n{}exit {}", args.join(" "), done.stderr, done.code)
    });
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_version_is_checked_out_whole() {
    let sandbox = added(TELCO);
    assert!(sandbox.ok(&["data", "checkout", "churn"]).contains("churn-v1"));
    assert_eq!(std::fs::read_to_string(sandbox.path().join("churn-v1/churn.csv")).unwrap(), TELCO);
    let again = sandbox.run(&["data", "checkout", "churn@v1"]);
    assert_eq!(again.code, 2, "{}", again.stderr);
    assert!(again.stderr.contains("churn-v1 is there already"), "{}", again.stderr);
    sandbox.ok(&["data", "checkout", "churn@v1", "other"]);
    assert_eq!(std::fs::read_to_string(sandbox.path().join("other/churn.csv")).unwrap(), TELCO);
    let left = std::fs::read_dir(sandbox.path()).unwrap().flatten();
    assert!(left.map(|entry| entry.file_name()).all(|name| !name.to_string_lossy().ends_with(".part")));
}

#[test]
fn a_dry_run_adds_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("churn.csv", TELCO);
    assert!(sandbox.ok(&["data", "add", "churn.csv", "--dry-run"]).contains("churn.csv"));
    assert_eq!(sandbox.ok(&["audit", "log"]), "");
}

#[test]
fn data_that_cannot_be_read_is_refused_with_the_place() {
    let parquet = include_bytes!("../../../../examples/flights/data/weather/2013-01.parquet");
    let bad: [(&str, &[u8]); 4] = [
        ("ragged.csv", b"a,b\n1,2\n3\n"),
        ("latin.csv", b"a,b\n1,caf\xe9\n"),
        ("cut.parquet", &parquet[..3000]),
        ("lines.jsonl", b"{\"a\": 1}\n{\"a\": \n"),
    ];
    let texts: Vec<String> = bad
        .iter()
        .map(|(name, bytes)| {
            let sandbox = Sandbox::new();
            sandbox.write(name, bytes);
            let done = sandbox.run(&["data", "add", name]);
            assert_eq!(
                sandbox.ok(&["data", "ls", "-q"]).lines().count(),
                1,
                "kept for inspection, not published"
            );
            format!("$ volano data add {name}\n{}exit {}", done.stderr, done.code)
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn what_is_not_there_is_named_with_the_nearest() {
    let sandbox = added(TELCO);
    let missing: [&[&str]; 5] = [
        &["data", "show", "chrun"],
        &["data", "show", "churn@v7"],
        &["data", "profile", "churn", "--column", "tenur"],
        &["contract", "show", "churn"],
        &["contract", "test", "churn@v7"],
    ];
    let texts: Vec<String> = missing
        .iter()
        .map(|slip| {
            let done = sandbox.run(slip);
            format!("$ volano {}\n{}exit {}", slip.join(" "), done.stderr, done.code)
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_contract_is_learned_tried_and_says_what_breaks_it() {
    let sandbox = added(TELCO);
    let text = sandbox.ok(&["contract", "infer", "churn"]);
    insta::assert_snapshot!(text);
    sandbox.write("strict.yaml", "columns:\n  tenure: {type: integer, max: 5}\n  gone: {type: text}\n");
    let done = sandbox.run(&["contract", "test", "churn", "--contract", "strict.yaml"]);
    insta::assert_snapshot!(format!("{}{}exit {}", done.stdout, done.stderr, done.code));
    sandbox.write("wrong.yaml", "columns:\n  tenure: {tpye: integer}\n");
    let done = sandbox.run(&["contract", "test", "churn", "--contract", "wrong.yaml"]);
    insta::assert_snapshot!(format!("{}exit {}", done.stderr, done.code));
}

#[test]
fn a_contract_is_learned_from_several_versions_and_reviewed_as_a_difference() {
    let sandbox = added(TELCO);
    sandbox.write("churn.csv", format!("{TELCO}5,70,gold,1\n"));
    sandbox.ok(&["data", "add", "churn.csv"]);
    sandbox.write(
        "volano.yaml",
        "project: p\ndata: {churn: {path: churn.csv, contract: contracts/churn.yaml}}\n",
    );
    let known = "columns:\n  # months\n  tenure: {type: integer, nullable: false, min: 0, max: 50} # by hand\n  \
                 plan: {type: text, pattern: '[a-z]+'}\n  left: {type: text}\nrows: {min: 2}\n";
    let file = sandbox.write("contracts/churn.yaml", known);
    settings().bind(|| {
        insta::assert_snapshot!(sandbox.ok(&["contract", "infer", "churn", "--last", "2"]));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), known, "nothing is written unasked");
        sandbox.ok(&["contract", "infer", "churn", "--from", "v1..v2", "--write"]);
        insta::assert_snapshot!(std::fs::read_to_string(&file).unwrap());
        let test = |more: &[&str]| {
            let done =
                sandbox.run(&[&["contract", "test", "churn", "--contract", "strict.yaml"], more].concat());
            format!("{}{}exit {}", done.stdout, done.stderr, done.code)
        };
        sandbox.write(
            "strict.yaml",
            "columns:\n  tenure: {max: 50}\n  plan: {pattern: '[a-o]+', severity: warn}\n",
        );
        insta::assert_snapshot!(test(&["--since", "90d"]));
        let mut settings = settings();
        settings.add_filter(r"\d{4}-\d\d-\d\dT[^\t\n]*", "[TIME]");
        settings.bind(|| insta::assert_snapshot!(sandbox.ok(&["contract", "history", "churn"])));
    });
    let json: Value =
        serde_json::from_str(&sandbox.ok(&["contract", "infer", "churn", "--last", "2", "--json"])).unwrap();
    assert_eq!(json["changes"], serde_json::json!([]));
    let slip = sandbox.run(&["contract", "infer", "churn", "--from", "first"]);
    assert_eq!(slip.code, 2, "{}", slip.stderr);
}
