//! What contracts say to real files: rules that are learned let pass what they were learned from, and every rule fires.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use domain::data::contract::Contract;
use domain::data::profile::TableProfile;
use domain::data::violation::Violation;
use proptest::prelude::*;
use tables::TableFile;
use tables::breach::find;
use tables::profile::profile;

fn file(folder: &Path, name: &str, text: &str) -> TableFile {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    TableFile { name: name.to_owned(), path }
}

fn broken(contract: &Contract, file: &TableFile) -> Vec<Violation> {
    let profile = profile(std::slice::from_ref(file)).unwrap();
    let mut found = contract.check(&file.name, &profile, None, "c.yaml");
    let questions = contract.questions(&profile, &found);
    let answers = find(file, &questions).unwrap();
    for (question, answer) in questions.iter().zip(answers) {
        contract.answer((&file.name, &profile), question, answer, "c.yaml", &mut found);
    }
    found
}

type Row = (Option<i32>, Option<f64>, Option<String>, bool);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let number = prop_oneof![-1e3..1e3, any::<f64>().prop_filter("finite", |n| n.is_finite())];
    let text = prop_oneof![Just("a".to_owned()), Just("b".to_owned()), "[a-z@.]{1,6}"];
    let row = (
        proptest::option::weighted(0.8, any::<i32>()),
        proptest::option::weighted(0.8, number),
        proptest::option::weighted(0.8, text),
        any::<bool>(),
    );
    proptest::collection::vec(row, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_was_learned_from_passes(versions in proptest::collection::vec(rows(), 1..5)) {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (n, rows) in versions.iter().enumerate() {
            let mut text = String::from("i,n,t,b\n");
            for (i, n, t, b) in rows {
                let i = i.map_or_else(String::new, |i| i.to_string());
                let n = n.map_or_else(String::new, |n| n.to_string());
                text.push_str(&format!("{i},{n},{},{b}\n", t.as_deref().unwrap_or_default()));
            }
            files.push(file(folder.path(), &format!("v{n}.csv"), &text));
        }
        let profiles: Vec<TableProfile> =
            files.iter().map(|file| profile(std::slice::from_ref(file)).unwrap()).collect();
        let learned = Contract::infer(&profiles, &[]);
        let yaml = learned.to_yaml();
        let read = Contract::parse(&yaml, "c.yaml");
        prop_assert!(read.is_ok(), "{yaml}\n{read:?}");
        let read = read.unwrap();
        for file in &files {
            let found = broken(&read, file);
            prop_assert!(found.is_empty(), "{yaml}\n{found:?}");
        }
        prop_assert!(read.revise(&yaml, &learned).changes.is_empty(), "{yaml}");
    }
}

const PEOPLE: &str = "id,mail,code,joined,score\n1,ann@example.org,AB1,2024-01-05,1.5\n\
    2,bob@example.org,ab2,2024-02-05,2.5\n3,cat@example.org,XY34,2024-03-05,30\n4,,QQ9,2024-04-05,4\n";

#[test]
fn every_rule_fires_and_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let people = file(folder.path(), "people.csv", PEOPLE);
    let cases = [
        ("code: {pattern: '[A-Z]+[0-9]+'}", Some(("pattern", Some(1)))),
        ("code: {pattern: '(?i)[A-Z]+[0-9]+'}", None),
        ("code: {pattern: '[A-Z]+[0-9]+', mostly: 0.75}", None),
        ("code: {pattern: '[A-Z]+[0-9]+', mostly: 0.76}", Some(("pattern", Some(1)))),
        ("code: {length: {min: 3, max: 3}}", Some(("length", Some(1)))),
        ("code: {length: {min: 3, max: 4}}", None),
        ("code: {length: {max: 3}, mostly: 0.5}", None),
        ("joined: {type: date, min: 2024-01-06}", Some(("range", Some(1)))),
        ("joined: {type: date, min: 2024-01-05, max: 2024-04-05}", None),
        ("joined: {type: date, max: 2024-02-01T00:00:00Z}", Some(("range", Some(3)))),
        ("score: {max: 10, mostly: 0.75}", None),
        ("score: {max: 10, mostly: 0.9}", Some(("range", Some(1)))),
        ("mail: {pattern: '.+@.+', mostly: 1}", None),
        ("score: {distribution: {mean: {max: 9}}}", Some(("mean", None))),
        ("score: {distribution: {mean: {max: 9.5}}}", None),
        ("score: {distribution: {quantiles: {0.5: {min: 4}}}}", Some(("quantile", None))),
        ("score: {distribution: {quantiles: {0.5: {min: 3, max: 3.5}}}}", None),
        ("code: {distribution: {distinct: {max: 3}}}", Some(("distinct", None))),
        ("code: {distribution: {distinct: {min: 4, max: 4}}}", None),
    ];
    for (rule, wanted) in cases {
        let contract = Contract::parse(&format!("columns:\n  {rule}\n"), "c.yaml").unwrap();
        let found = broken(&contract, &people);
        let told: Vec<(&str, Option<u64>)> = found.iter().map(|v| (v.rule.as_str(), v.count)).collect();
        assert_eq!(told, wanted.into_iter().collect::<Vec<_>>(), "{rule}: {found:?}");
    }
    for (rows, fires) in [("{min: 4, max: 4}", 0), ("{max: 3}", 1), ("{min: 5}", 1)] {
        let contract = Contract::parse(&format!("rows: {rows}\n"), "c.yaml").unwrap();
        assert_eq!(broken(&contract, &people).len(), fires, "{rows}");
    }
}

#[test]
fn personal_values_are_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let people = file(folder.path(), "people.csv", PEOPLE);
    let rules = [
        "mail: {pii: true, pattern: '[a-b].*'}",
        "mail: {pii: true, allowed: [x]}",
        "mail: {pii: true, length: {max: 3}}",
        "mail: {pii: true, type: integer}",
        "score: {pii: true, max: 10}",
        "joined: {pii: true, type: date, max: 2024-01-01}",
    ];
    for rule in rules {
        let contract = Contract::parse(&format!("columns:\n  {rule}\n"), "c.yaml").unwrap();
        let told = format!("{:?}", broken(&contract, &people));
        assert!(told.contains("(masked)"), "{told}");
        for value in ["example.org", "30.0", "to 30", "2024-04"] {
            assert!(!told.contains(value), "{value} in {told}");
        }
    }
    let learned = Contract::infer(&[profile(&[people]).unwrap()], &[]);
    assert!(learned.is_pii("mail") && !learned.to_yaml().contains("example.org"), "{}", learned.to_yaml());
}

/// Cases are `[pattern, value, whether re.fullmatch matches]`, from Python's `re`.
#[test]
fn patterns_match_as_pythons_fullmatch_does() {
    let cases: Vec<(String, String, bool)> =
        serde_json::from_str(include_str!("golden/fullmatch.json")).unwrap();
    assert!(cases.len() > 45);
    for (pattern, value, matches) in cases {
        let compiled = domain::data::contract::pattern::compile(&pattern).unwrap();
        assert_eq!(compiled.is_match(&value), matches, "{pattern:?} on {value:?}");
    }
}
