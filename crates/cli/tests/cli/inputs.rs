//! What people put into data files and contracts, and what they are told when it cannot be used.

use serde_json::Value;

use crate::sandbox::{Sandbox, settings};

const PEOPLE: &str = "id,age,plan,score,joined\n1,30,basic,0.5,2024-01-01\n2,41,pro,0.7,2024-01-02\n\
                      2,-5,gold,,2024-01-03\n4,200,basic,,2024-01-04\n";

fn people() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("people.csv", PEOPLE);
    sandbox.ok(&["data", "add", "people.csv"]);
    sandbox
}

fn told(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let done = sandbox.run(arguments);
    format!("{}exit {}", sandbox.redacted(&done.stderr), done.code)
}

/// `a,b` and `1,2`, packed with gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\xd4\x49\xe2\x32\xd4\x31\xe2\x02\x00\x7b\x07\x97\x0a\x08\x00\x00\x00";

#[test]
fn every_broken_file_is_refused_with_its_place_and_nothing_is_published() {
    let parquet: &[u8] = include_bytes!("../../../../examples/flights/data/weather/2013-01.parquet");
    let deep = format!("{{\"a\": {}{}}}\n", "[".repeat(300), "]".repeat(300));
    let bad: [(&str, &[u8]); 25] = [
        ("header.csv", b"a,b\n"),
        ("blank.csv", b"\n\n"),
        ("long.csv", b"a,b\n1,2\n3,4,5\n"),
        ("twice.csv", b"a,b,a\n1,2,3\n"),
        ("semicolons.csv", b"a;b\n1;2\n"),
        ("tabs.csv", b"a\tb\n1\t2\n"),
        ("nul.csv", b"a,b\n1,x\0y\n"),
        ("quote.csv", b"a,b\n1,\"x\n2,y\n3,z\n"),
        ("utf16.csv", b"\xff\xfea\0,\0b\0\n\0"),
        ("latin-header.csv", b"a,pre\xe7o\n1,2\n"),
        ("parquet.csv", parquet),
        ("sheet.csv", b"PK\x03\x04\x14\0\x06\0rest"),
        ("csv.parquet", b"a,b\n1,2\n"),
        ("cut.parquet", &parquet[..3000]),
        ("end.parquet", &parquet[3000..]),
        ("cut.csv.gz", &GZIP[..15]),
        ("cut.arrow", b"ARROW1\0\0\0\0"),
        ("list.json", b"[{\"a\": 1}]"),
        ("list.jsonl", b"[{\"a\": 1}]\n"),
        ("open.jsonl", b"{\"a\": 1}\n{\"a\": \n"),
        ("number.jsonl", b"{\"a\": 1}\n7\n"),
        ("mixed.jsonl", b"{\"a\": 1}\n{\"a\": \"x\"}\n"),
        ("deep.jsonl", deep.as_bytes()),
        ("words.parquet", b"\x01\x02\x03\x04\x05\x06\x07\x08"),
        ("prose.csv", b"hello"),
    ];
    let sandbox = Sandbox::new();
    let running = sandbox.server();
    let texts = bad.map(|(name, bytes)| {
        sandbox.write(name, bytes);
        format!("$ volano data add {name}\n{}", told(&sandbox, &["data", "add", name, "--name", "bad"]))
    });
    insta::assert_snapshot!(texts.join("\n\n"));
    let versions = sandbox.ok(&["data", "ls", "bad", "--json"]);
    let states = versions.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let states: Vec<String> = states.map(|version| version["state"].to_string()).collect();
    assert_eq!(states, vec!["\"rejected\""; bad.len()], "kept for inspection, none published");
    let audit = sandbox.ok(&["audit", "log", "--limit", "100"]);
    assert_eq!(audit.matches("data.data_version.reject").count(), bad.len());
    assert!(!audit.contains("publish"), "{audit}");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn odd_files_that_say_what_they_mean_are_taken() {
    let good: [(&str, &[u8], i64); 7] = [
        ("mark.csv", b"\xef\xbb\xbf\"a\",b\n1,2\n", 1),
        ("index.csv", b",a\n0,x\n1,y\n", 2),
        ("lines.csv", b"a,b\r\n\r\n1,2\r\n\r\n", 1),
        ("inches.csv", b"a,b\n1,5\" pipe\n2,\"say \"\"x\"\", then\ny\"\n", 2),
        ("quoted.csv", b"\"a;b\",\"x,y\",\"x,z\"\n1,2,3\n", 1),
        ("packed.csv.gz", GZIP, 1),
        ("null.jsonl", b"{\"a\": null}\n{\"a\": 1}\n", 2),
    ];
    let sandbox = Sandbox::new();
    let running = sandbox.server();
    for (name, bytes, rows) in good {
        sandbox.write(name, bytes);
        let stem = name.split('.').next().unwrap();
        let answer = sandbox.ok(&["data", "add", name, "--name", stem, "--json"]);
        let added: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(added["version"]["rows"], rows, "{name}");
        sandbox.ok(&["data", "profile", stem]);
    }
    let index: Value = serde_json::from_str(&sandbox.ok(&["data", "profile", "index", "--json"])).unwrap();
    assert_eq!(index["columns"][0]["name"], "column_1");
    let long = format!("a,b\n1,{}\n", "x".repeat(3_000_000));
    sandbox.write("long.csv", long);
    sandbox.ok(&["data", "add", "long.csv"]);
    assert!(sandbox.ok(&["data", "profile", "long"]).len() < 1000, "a profile does not repeat long values");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn files_of_one_set_must_fit_together() {
    let sandbox = Sandbox::new();
    sandbox.write("mixed/1.csv", "a,b\n1,2\n");
    sandbox.write("mixed/2.csv", "a,b\nx,2\n");
    insta::assert_snapshot!(told(&sandbox, &["data", "add", "mixed"]));
    sandbox.write("blank/1.csv", "a,b\n1,2\n");
    sandbox.write("blank/2.csv", "a,b\n,2\n");
    sandbox.ok(&["data", "add", "blank"]);
    let text = sandbox.ok(&["data", "profile", "blank", "--json"]);
    let profile: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&profile["columns"][0]["type"], &profile["columns"][0]["nulls"]),
        (&"integer".into(), &1.into())
    );
}

#[test]
fn what_is_no_file_is_named_before_anything_is_sent() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path().join("none")).unwrap();
    sandbox.write("loop/.hidden", "x");
    std::os::unix::fs::symlink("../loop", sandbox.path().join("loop/again")).unwrap();
    std::os::unix::fs::symlink("nowhere.csv", sandbox.path().join("dangling.csv")).unwrap();
    std::os::unix::fs::symlink("round.csv", sandbox.path().join("round.csv")).unwrap();
    nix::unistd::mkfifo(&sandbox.path().join("pipe.csv"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    sandbox.write("zero.parquet", "");
    sandbox.write("one/x.csv", "a\n1\n");
    sandbox.write("two/x.csv", "a\n1\n");
    let slips: [&[&str]; 8] = [
        &["none"],
        &["loop"],
        &["dangling.csv"],
        &["round.csv"],
        &["pipe.csv"],
        &["zero.parquet"],
        &["data/*.csv"],
        &["one/x.csv", "two/x.csv"],
    ];
    let texts = slips.map(|slip| {
        format!(
            "$ volano data add {}\n{}",
            slip.join(" "),
            told(&sandbox, &[&["data", "add"], slip].concat())
        )
    });
    insta::assert_snapshot!(texts.join("\n\n"));
    assert_eq!(sandbox.ok(&["audit", "log"]), "");
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    // Whoever may read everything cannot be refused.
    if nix::unistd::geteuid().is_root() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let path = sandbox.write("secret.csv", "a\n1\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    insta::assert_snapshot!(told(&sandbox, &["data", "add", "secret.csv"]));
}

#[test]
fn every_slip_in_a_contract_is_shown_with_its_place_and_the_way_out() {
    let slips = [
        "columns:\n  age: {typ: integer}\n",
        "columns:\n  age: {type: int}\n",
        "columns:\n  age: {type: intger}\n",
        "columns:\n  age: {type: 3}\n",
        "columns:\n  age: {min: 10, max: 1}\n",
        "columns:\n  age: {min: low}\n",
        "columns:\n  age: {min: .nan}\n",
        "columns:\n  plan: {type: text, max: 3}\n",
        "columns:\n  age: {max_null_share: 2}\n",
        "columns:\n  age: {nullable: false, max_null_share: 0.5}\n",
        "columns:\n  age: {nullable: maybe}\n",
        "columns:\n  age: {severity: error}\n",
        "columns:\n  age: {type: integer}\n  age: {type: text}\n",
        "columns:\n  age: integer\n",
        "columns: [age]\n",
        "columns: {\n",
        "columns:\n\tage: {type: integer}\n",
        "",
        "# nothing yet\n",
        "{}\n",
        "just text\n",
        "columns:\n  plan: {allowed: []}\n",
        "columns:\n  plan: {allowed: basic}\n",
        "columns:\n  plan: {allowed: [basic, {a: b}]}\n",
        "unique: id\n",
        "unique: []\n",
        "unique: [id, id]\n",
        "rows: 5\n",
        "rows: {min: -1}\n",
        "rows: {most: 10}\n",
        "columns:\n  plan: {pattern: 'ba(sic'}\n",
        "columns:\n  plan: {length: 3}\n",
        "columns:\n  age: {type: integer, min: 2024-01-31}\n",
        "columns:\n  age: {mostly: 2}\n",
        "freshness: {column: joined}\n",
        "references: [{columns: [plan], to: plans, columns_there: [a, b]}]\n",
        "assertions:\n  - name: in order\n    sql: select * form this\n",
        "others: forbid\n",
        "colums: {}\nuniqe: [id]\n",
    ];
    let sandbox = people();
    let running = sandbox.server();
    let texts = slips.map(|slip| {
        sandbox.write("c.yaml", slip);
        format!("{slip}---\n{}", told(&sandbox, &["contract", "test", "people", "--contract", "c.yaml"]))
    });
    insta::assert_snapshot!(texts.join("\n\n"));
    sandbox.write("c.yaml", b"\xff\xfe");
    insta::assert_snapshot!(told(&sandbox, &["contract", "test", "people", "--contract", "c.yaml"]));
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn every_broken_rule_is_shown_with_how_many_rows_and_some_of_them() {
    let rules = [
        "columns:\n  age: {type: integer, min: 0, max: 120}\n",
        "columns:\n  plan: {allowed: [basic, pro]}\n",
        "columns:\n  score: {type: number, nullable: false}\n",
        "columns:\n  plan: {type: integer}\n",
        "columns:\n  joined: {type: text}\n",
        "columns:\n  agee: {type: integer}\n",
        "unique: [id]\n",
        "unique: [idd]\n",
        "rows: {min: 1000}\n",
        "columns:\n  id: {type: integer}\n  age: {type: integer}\n  plan: {}\n  score: {}\nothers: block\n",
        "columns:\n  plan: {pattern: '[a-z]{3,4}', pii: true}\n",
        "assertions: [{name: grown up, sql: 'select id, age from this where age > 120'}]\n",
        "references: [{columns: [plan], to: plans}]\n",
    ];
    let sandbox = people();
    let running = sandbox.server();
    let texts = rules.map(|rule| {
        sandbox.write("c.yaml", rule);
        format!("{rule}---\n{}", told(&sandbox, &["contract", "test", "people", "--contract", "c.yaml"]))
    });
    insta::assert_snapshot!(texts.join("\n\n"));
    sandbox.write("c.yaml", rules[0]);
    let done = sandbox.run(&["contract", "test", "people", "--contract", "c.yaml", "--json"]);
    let trial: Value = serde_json::from_str(done.stdout.trim()).unwrap();
    insta::assert_json_snapshot!(trial);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_rare_value_is_found_among_many_allowed_ones() {
    let sandbox = Sandbox::new();
    let mut text = String::from("code\n");
    let names: Vec<String> = (0..40).map(|n| format!("c{n}")).collect();
    (0..400).for_each(|n| text.push_str(&format!("{}\n", names[n % 40])));
    text.push_str("stranger\n");
    sandbox.write("codes.csv", text);
    sandbox.ok(&["data", "add", "codes.csv"]);
    sandbox.write("c.yaml", format!("columns:\n  code: {{allowed: [{}]}}\n", names.join(", ")));
    let done = sandbox.run(&["contract", "test", "codes", "--contract", "c.yaml"]);
    assert_eq!(done.code, 3, "{}", done.stdout);
    assert!(done.stderr.contains("code in codes.csv, row 401: stranger"), "{}", done.stderr);
}

#[test]
fn data_that_breaks_the_contract_of_a_project_is_not_published_and_no_run_starts() {
    let sandbox = Sandbox::new();
    let project = "project: p\ndata: {people: {path: data/*.csv, contract: contracts/people.yaml}}\n\
                   steps: {a: {sql: a.sql, in: {people: data.people}, out: {t: {kind: table}}}}\n";
    sandbox.write("volano.yaml", project);
    sandbox.write("a.sql", "SELECT * FROM people");
    sandbox.write("contracts/people.yaml", "columns:\n  age: {type: int}\n");
    let mut texts = vec![told(&sandbox, &["pipeline", "check"]), told(&sandbox, &["pipeline", "run"])];
    sandbox.write("contracts/people.yaml", "columns:\n  age: {type: integer, min: 0}\n");
    texts.push(told(&sandbox, &["pipeline", "run"]));
    sandbox.write("data/people.csv", "id,age\n1\n");
    texts.push(told(&sandbox, &["pipeline", "plan"]));
    sandbox.write("data/people.csv", PEOPLE);
    texts.push(told(&sandbox, &["pipeline", "run"]));
    texts.push(told(&sandbox, &["data", "show", "people"]));
    let reference = sandbox.ok(&["data", "ls", "people", "-q"]).lines().next().unwrap().to_owned();
    texts.push(sandbox.ok(&["data", "show", &reference]));
    let mut settings = settings();
    settings.add_filter(r"people@[0-9a-f]{12}", "people@[COMMIT]");
    settings.bind(|| insta::assert_snapshot!(texts.join("\n\n")));
    let audit = sandbox.ok(&["audit", "log"]);
    assert_eq!(audit.matches("data.data_version.reject").count(), 2, "{audit}");
    assert!(!audit.contains("publish") && !audit.contains("pipeline_run"), "{audit}");
    assert_eq!(sandbox.ok(&["pipeline", "status"]), "");
}
