//! `volano init`: projects around people's own data.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// Telephone customers with everything that data have: names with blanks, missing values, constants, free text.
fn customers() -> String {
    let mut text = String::from("Customer ID,Signed Up,Plan,Monthly Charge,Country,Note,Has Left\n");
    for n in 0..240 {
        let plan = ["basic", "plus", "pro"][n % 3];
        let charge = if n % 17 == 0 { String::new() } else { format!("{}.5", 20 + n % 60) };
        let left = if n % 7 == 0 { "Yes" } else { "No" };
        text.push_str(&format!(
            "C{n:04},2025-{:02}-{:02},{plan},{charge},IT,\"note, no. {n}\",{left}\n",
            1 + n / 40,
            1 + n % 28
        ));
    }
    text
}

fn made() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("Telco Customers.csv", customers());
    sandbox.ok(&["init", "churn", "--data", "Telco Customers.csv"]);
    sandbox
}

#[test]
fn a_project_is_written_around_a_file() {
    let sandbox = made();
    let read = |name: &str| std::fs::read_to_string(sandbox.path().join("churn").join(name)).unwrap();
    insta::assert_snapshot!(read("volano.yaml"));
    insta::assert_snapshot!(read("sql/features.sql"));
    insta::assert_snapshot!(read("src/train.py"));
    let notebook: Value = serde_json::from_str(&read("notebooks/explore.ipynb")).unwrap();
    assert_eq!(notebook["nbformat"], 4);
    assert_eq!(read("data/telco_customers/Telco Customers.csv"), customers());
    assert!(read("contracts/telco_customers.yaml").contains("Monthly Charge"));
}

#[test]
fn what_was_written_is_a_right_project_that_can_be_planned() {
    let sandbox = made();
    let inside = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.current_dir(sandbox.path().join("churn"));
        crate::sandbox::done(command)
    };
    let check = inside(&["pipeline", "check"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    let plan = inside(&["pipeline", "plan"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    insta::assert_snapshot!(plan.stdout);
    let syntax = std::process::Command::new("python3")
        .args(["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())"])
        .arg(sandbox.path().join("churn/src/train.py"))
        .status()
        .unwrap();
    assert!(syntax.success());
}

#[test]
fn every_template_gives_a_right_project() {
    let sandbox = Sandbox::new();
    for arguments in [vec!["a"], vec!["b", "--template", "forecast"], vec!["c", "--template", "empty"]] {
        sandbox.ok(&[vec!["init"], arguments.clone()].concat());
        let mut command = sandbox.command(&["pipeline", "check"]);
        command.current_dir(sandbox.path().join(arguments[0])).env_remove("VOLANO_HOME");
        let done = crate::sandbox::done(command);
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.stderr);
    }
    insta::assert_snapshot!(std::fs::read_to_string(sandbox.path().join("b/sql/features.sql")).unwrap());
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("Telco Customers.csv", customers());
    let text = sandbox.ok(&["init", "churn", "--data", "Telco Customers.csv", "--dry-run", "--json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    insta::assert_json_snapshot!(document);
    assert!(!sandbox.path().join("churn").exists());
}

#[test]
fn what_cannot_be_made_is_refused_and_nothing_is_written() {
    let sandbox = made();
    sandbox.write("ragged.csv", "a,b\n1,2\n3\n");
    sandbox.write("header.csv", "a,b\n");
    sandbox.write("empty.csv", "");
    sandbox.write("taken/README.md", "mine");
    let wrong: [&[&str]; 9] = [
        &["init", "churn"],
        &["init", "x", "--data", "nowhere.csv"],
        &["init", "x", "--data", "ragged.csv"],
        &["init", "x", "--data", "header.csv"],
        &["init", "x", "--data", "empty.csv"],
        &["init", "x", "--data", "Telco Customers.csv", "--label", "HasLeft"],
        &["init", "x", "--data", "Telco Customers.csv", "--label", "Note"],
        &["init", "taken"],
        &["init", "x", "--template", "tabullar"],
    ];
    let texts: Vec<String> = wrong
        .iter()
        .map(|slip| {
            let done = sandbox.run(slip);
            format!("$ volano {}\n{}exit {}", slip.join(" "), sandbox.redacted(&done.stderr), done.code)
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n\n"));
    assert!(!sandbox.path().join("x").exists());
    assert_eq!(std::fs::read_dir(sandbox.path().join("taken")).unwrap().count(), 1);
}

#[test]
fn a_label_that_nothing_can_be_learned_from_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    let rows = |count: usize, label: fn(usize) -> &'static str| {
        let row = |n: usize| format!("C{n},{},{},{}\n", 20 + n % 50, ["a", "b"][n % 2], label(n));
        format!("id,age,plan,churned\n{}", (0..count).map(row).collect::<String>())
    };
    sandbox.write("same.csv", rows(60, |_| "yes"));
    sandbox.write("none.csv", rows(60, |_| ""));
    sandbox.write("few.csv", rows(12, |n| if n % 2 == 0 { "yes" } else { "no" }));
    sandbox.write("rare.csv", rows(60, |n| if n == 7 { "yes" } else { "no" }));
    sandbox.write("good.csv", rows(60, |n| if n % 3 == 0 { "yes" } else { "no" }));
    sandbox.write("alone.csv", format!("churned\n{}", "yes\nno\n".repeat(30)));
    sandbox.write("semicolons.csv", "id;churned\n1;0\n");
    std::fs::create_dir(sandbox.path().join("folder")).unwrap();
    let wrong: [&[&str]; 12] = [
        &["--data", "same.csv", "--label", "churned"],
        &["--data", "none.csv", "--label", "churned"],
        &["--data", "few.csv", "--label", "churned"],
        &["--data", "rare.csv", "--label", "churned"],
        &["--data", "alone.csv", "--label", "churned"],
        &["--data", "good.csv", "--label", "chruned"],
        &["--data", "good.csv", "--label", "id"],
        &["--data", "good.csv", "--template", "forecast"],
        &["--data", "good.csv", "--name", "a/b"],
        &["--data", "semicolons.csv"],
        &["--data", "gold.csv"],
        &["--data", "folder"],
    ];
    let texts = wrong.map(|slip| {
        let done = sandbox.run(&[&["init", "x"], slip].concat());
        format!("$ volano init x {}\n{}exit {}", slip.join(" "), sandbox.redacted(&done.stderr), done.code)
    });
    insta::assert_snapshot!(texts.join("\n\n"));
    assert!(!sandbox.path().join("x").exists());
}

#[test]
fn the_features_of_a_project_around_awkward_names_are_made() {
    let sandbox = Sandbox::new();
    let row = |n: usize| format!("{n},{},{},{}\n", n % 7, ["x", "y"][n % 2], n % 3 % 2);
    let rows: String = (0..80).map(row).collect();
    // A reserved word as the file's name, an index without a name, a column that is an expression elsewhere.
    sandbox.write("select.csv", format!(",Group By,\"a, b\",churned\n{rows}"));
    sandbox.ok(&["init", "shop", "--data", "select.csv", "--label", "churned"]);
    let project = sandbox.path().join("shop/volano.yaml");
    let text = std::fs::read_to_string(&project).unwrap();
    let (start, end) = (text.find("  explore:").unwrap(), text.find("gate:").unwrap());
    std::fs::write(&project, format!("{}\n", &text[..start])).unwrap();
    assert!(text[start..end].contains("use: evaluate"));
    let mut command = sandbox.command(&["pipeline", "run"]);
    command.current_dir(sandbox.path().join("shop"));
    let done = crate::sandbox::done(command);
    assert_eq!(done.code, 0, "{}", done.stderr);
}
