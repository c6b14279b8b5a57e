//! `volano data sql`: what people see, what pipes and files get, and what is said of slips.

use serde_json::Value;

use crate::sandbox::{Sandbox, settings};

const TELCO: &str = "id,tenure,plan,churned\n1,3,basic,0\n2,40,pro,0\n3,1,basic,1\n4,22,,0\n";

fn with_versions() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("churn.csv", TELCO);
    sandbox.ok(&["data", "add", "churn.csv"]);
    sandbox.write("churn.csv", format!("{TELCO}5,7,pro,1\n"));
    sandbox.ok(&["data", "add", "churn.csv"]);
    sandbox
}

#[test]
fn people_get_a_table_pipes_csv_and_machines_a_document() {
    let sandbox = with_versions();
    let sql =
        "SELECT plan, count(*) AS n, avg(tenure) AS tenure FROM churn@v2 GROUP BY plan ORDER BY n DESC, plan";
    settings().bind(|| {
        insta::assert_snapshot!(sandbox.ok(&["data", "sql", sql, "--format", "table"]));
        insta::assert_snapshot!(sandbox.ok(&["data", "sql", sql]));
        insta::assert_snapshot!(sandbox.ok(&["data", "sql", sql, "--json"]));
    });
    let done = sandbox.run(&[
        "data",
        "sql",
        "SELECT id FROM churn ORDER BY id",
        "--format",
        "table",
        "--limit",
        "2",
    ]);
    assert_eq!(done.stderr, "2 of 5 rows; more with --limit N, all with --output FILE.csv\n");
    let done = sandbox.run(&["data", "sql", "SELECT id FROM churn WHERE id > 9", "--format", "table"]);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", "no rows; the columns are id\n"));
}

#[test]
fn a_query_comes_from_a_file_or_from_standard_input() {
    let sandbox = with_versions();
    sandbox.write("report.sql", "-- how many, before and now\nSELECT (SELECT count(*) FROM churn@v1) AS a,\n  (SELECT count(*) FROM churn) AS b;\n");
    assert_eq!(sandbox.ok(&["data", "sql", "@report.sql"]), "a,b\n4,5\n");
    let mut command = sandbox.command(&["data", "sql", "-"]);
    command.stdin(std::fs::File::open(sandbox.path().join("report.sql")).unwrap());
    assert_eq!(crate::sandbox::done(command).stdout, "a,b\n4,5\n");
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let sandbox = with_versions();
    let names = || {
        let mut names: Vec<String> = std::fs::read_dir(sandbox.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let before = names();
    for name in ["rows.parquet", "rows.arrow", "rows.csv", "rows.json"] {
        let done = sandbox.run(&["data", "sql", "SELECT * FROM churn@v1 ORDER BY id", "-o", name]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert!(done.stderr.contains(&format!("the rows are in {name}")), "{}", done.stderr);
    }
    assert_eq!(std::fs::read_to_string(sandbox.path().join("rows.csv")).unwrap(), TELCO);
    let json: Value =
        serde_json::from_slice(&std::fs::read(sandbox.path().join("rows.json")).unwrap()).unwrap();
    assert_eq!(json["rows"][3], serde_json::json!([4, 22, null, 0]));
    sandbox.ok(&["data", "add", "rows.parquet", "--name", "again"]);
    assert_eq!(sandbox.ok(&["data", "sql", "SELECT * FROM again ORDER BY id"]), TELCO);
    let done = sandbox.run(&["data", "sql", "SELECT 1/(id-5) FROM churn", "-o", "rows.csv"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(sandbox.path().join("rows.csv")).unwrap(), TELCO, "it is as it was");
    assert_eq!(names().len(), before.len() + 4);
}

#[test]
fn slips_are_drawn_at_their_place() {
    let sandbox = with_versions();
    sandbox.write("slip.sql", "SELECT id,\n  tenur\nFROM churn@v2\n");
    let slips: [&[&str]; 8] = [
        &["data", "sql", "@slip.sql"],
        &["data", "sql", "SELECT * FROM chrun@v1"],
        &["data", "sql", "SELECT * FROM churn@v7"],
        &["data", "sql", "SELECT * FROM read_csv('/etc/passwd')"],
        &["data", "sql", "DROP TABLE churn"],
        &["data", "sql", "SELECT * FROM churn", "--format", "json", "--limit", "20000"],
        &["data", "sql", "SELECT * FROM churn", "--format", "table", "-o", "x.txt"],
        &["data", "sql", "@sli.sql"],
    ];
    let texts: Vec<String> = slips
        .iter()
        .map(|slip| {
            let done = sandbox.run(slip);
            format!("$ volano {}\n{}exit {}", slip.join(" "), done.stderr, done.code)
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}
