//! Contracts in force: rules that look beyond one file, what is learned from several versions, and the history.

use app::data::contract::{Lesson, Tried, fired_in};
use app::data::dataset::AddVersion;
use app::data::publish::Ingested;
use domain::Name;
use domain::data::{DataVersion, Violation};

use crate::support::{Fixture, published};

/// The clock of a fixture stands at 2023-11-14T22:13:20Z.
const FLIGHTS: &str = "id,carrier,dep,arr,at,mail\n1,UA,10,20,2023-11-13T00:00:00,ann@example.org\n\
    2,ZZ,30,20,2023-11-14T00:00:00,bob@example.org\n3,,15,20,2023-11-12T00:00:00,cat@example.org\n";

async fn checked(fixture: &Fixture, rules: &str, data: &str) -> (bool, Vec<Violation>) {
    fixture.write("c.yaml", rules);
    fixture.write("d/a.csv", data);
    let version = match fixture.ingest("d/*.csv", Some("c.yaml")).await.unwrap() {
        Ingested::Published(version) | Ingested::Rejected(version) => version,
        other => panic!("{other:?}"),
    };
    (!version.is_rejected(), version.violations)
}

async fn add(fixture: &Fixture, name: &str, content: &str) -> DataVersion {
    let files: [(&str, &[u8]); 1] = [("t.csv", content.as_bytes())];
    let add = AddVersion { dataset: Name::parse(name).unwrap(), ..fixture.adding(&files, false) };
    published(fixture.app.datasets().add(&fixture.ctx, add).await.unwrap())
}

#[tokio::test]
async fn the_newest_row_may_not_be_too_old() {
    let cases = [
        ("{column: at, max_age: 1d}", None),
        ("{column: at, max_age: 12h, severity: warn}", Some("22 h 13 min older than the arrival")),
        ("{column: id, max_age: 1d}", Some("id is integer, a date or timestamp is expected")),
        ("{column: when, max_age: 1d}", Some("has no column \"when\"")),
    ];
    for (rule, wanted) in cases {
        let fixture = Fixture::new().await;
        let (passes, found) = checked(&fixture, &format!("freshness: {rule}\n"), FLIGHTS).await;
        assert_eq!(passes, wanted.is_none() || rule.contains("warn"), "{found:?}");
        match wanted {
            None => assert_eq!(found, []),
            Some(words) => {
                assert!(found.len() == 1 && found[0].message.contains(words), "{found:?}");
                assert_eq!(found[0].place.as_deref(), Some("c.yaml:1:1"));
            }
        }
    }
}

#[tokio::test]
async fn values_must_be_in_the_data_set_that_is_referred_to() {
    let rule = |more: &str| format!("references:\n  - {{columns: [carrier], {more}}}\n");
    let fixture = Fixture::new().await;
    add(&fixture, "airlines", "code,name\nUA,United\n").await;
    let to = "to: airlines, columns_there: [code]";
    let (passes, found) = checked(&fixture, &rule(to), FLIGHTS).await;
    assert!(!passes && found.len() == 1, "{found:?}");
    let one = &found[0];
    assert_eq!((one.rule.as_str(), one.count, one.examples[0].row), ("references", Some(1), 2));
    assert_eq!((one.examples[0].value.as_str(), one.place.as_deref()), ("ZZ", Some("c.yaml:2:5")));
    let cases = [
        ("to: airlines, columns_there: [cod]", "airlines t.csv has no column \"cod\""),
        ("to: airports, columns_there: [code]", "airports"),
        ("to: airlines@v9, columns_there: [code]", "airlines@v9"),
    ];
    for (more, words) in cases {
        let (passes, found) = checked(&fixture, &rule(more), FLIGHTS).await;
        assert!(!passes && found.len() == 1 && found[0].message.contains(words), "{found:?}");
    }
    add(&fixture, "airlines", "code,name\nUA,United\nZZ,Zed\n").await;
    let old = "to: airlines@v1, columns_there: [code], severity: warn";
    let tried = Tried { contract: Some(rule(old)), ..Tried::default() };
    let name = Name::parse("flights").unwrap();
    let trials = fixture.app.contracts().test(&fixture.ctx, &name, tried).await.unwrap();
    assert_eq!(trials[0].violations[0].count, Some(1));
    let (passes, found) = checked(&fixture, &rule(to), FLIGHTS).await;
    assert!(passes && found.is_empty(), "the newest version has it: {found:?}");
}

#[tokio::test]
async fn assertions_find_rows_and_hide_what_is_personal() {
    let rules = "columns:\n  id: {}\n  mail: {pii: true}\n  dep: {}\nassertions:\n  \
        - name: in order\n    sql: |\n      select id, dep, mail\n      from this where arr < dep\n";
    let fixture = Fixture::new().await;
    let (passes, found) = checked(&fixture, rules, FLIGHTS).await;
    assert!(!passes && found.len() == 1, "{found:?}");
    assert_eq!(found[0].message, "in order: 1 row found, none is expected");
    assert_eq!((found[0].count, found[0].place.as_deref()), (Some(1), Some("c.yaml:6:5")));
    assert!(!found[0].examples[0].value.contains("example.org"), "{found:?}");
    let shown = rules.replace("select id, dep, mail", "select *");
    let (_, found) = checked(&fixture, &shown, FLIGHTS).await;
    let value = &found[0].examples[0].value;
    assert!(value.starts_with("id: 2, ") && value.ends_with("mail: (masked)"), "{value}");
    let hidden = rules.replace("select id, dep, mail", "select mail as id");
    let (_, found) = checked(&fixture, &hidden, FLIGHTS).await;
    assert_eq!(found[0].examples[0].value, "id: (masked)");
    let few = format!("{rules}    mostly: 0.6\n");
    let (passes, found) = checked(&fixture, &few, FLIGHTS).await;
    assert!(passes && found.is_empty(), "one of three rows is borne: {found:?}");
}

#[tokio::test]
async fn slips_in_an_assertion_stand_in_the_contract() {
    let fixture = Fixture::new().await;
    published(fixture.add(&[("a.csv", FLIGHTS.as_bytes())], false).await.unwrap());
    let name = Name::parse("flights").unwrap();
    let rules = |sql: &str| Tried {
        contract: Some(format!("assertions:\n  - {{name: x, sql: \"{sql}\"}}\n")),
        path: Some("c.yaml".to_owned()),
        ..Tried::default()
    };
    let refused = fixture.app.contracts().test(&fixture.ctx, &name, rules("delete from this")).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.starts_with("c.yaml:2:21: DELETE is not allowed"), "{refused}");
    for (sql, place, words) in [
        ("select depp from this", "c.yaml:2:28", "did you mean dep?"),
        ("select * from airlines", "c.yaml:2:35", "there is no data set"),
    ] {
        let trials = fixture.app.contracts().test(&fixture.ctx, &name, rules(sql)).await.unwrap();
        let found = &trials[0].violations;
        assert!(found.len() == 1 && found[0].message.contains(words), "{found:?}");
        assert_eq!(found[0].place.as_deref(), Some(place), "{found:?}");
    }
    add(&fixture, "airlines", "code\nUA\n").await;
    let sql = "select carrier from this where carrier not in (select code from airlines)";
    let trials = fixture.app.contracts().test(&fixture.ctx, &name, rules(sql)).await.unwrap();
    assert_eq!(trials[0].violations[0].examples[0].value, "carrier: ZZ");
}

#[tokio::test]
async fn several_versions_teach_and_history_tells() {
    let fixture = Fixture::new().await;
    let rules = "columns:\n  n: {type: integer, max: 50} # by hand\n  k: {type: text, pattern: '.'}\n";
    let data = |most: i64, kind: &str| format!("n,k\n1,a\n{most},{kind}\n");
    assert!(checked(&fixture, rules, &data(10, "b")).await.0);
    assert!(checked(&fixture, rules, &data(20, "c")).await.0);
    assert!(!checked(&fixture, rules, &data(90, "c")).await.0);
    let warn = rules.replace("max: 50}", "max: 50, severity: warn}");
    assert!(checked(&fixture, &warn, &data(60, "a")).await.0);
    let name = Name::parse("flights").unwrap();
    let contracts = fixture.app.contracts();

    let history = contracts.history(&fixture.ctx, &name, 10, 0).await.unwrap();
    let outcomes: Vec<&str> = history.iter().map(|check| check.outcome()).collect();
    assert_eq!(outcomes, ["warned", "blocked", "kept", "kept"]);
    assert!(history[0].contract != history[1].contract && history[1].contract == history[2].contract);

    let lesson = |between, last| Lesson {
        between,
        last,
        contract: Some((warn.clone(), "contracts/flights.yaml".to_owned())),
    };
    let learned = contracts.infer(&fixture.ctx, &name, lesson(Some((1, 2)), None)).await.unwrap();
    assert_eq!(learned.versions, ["flights@v1", "flights@v2"]);
    let told = |learned: &app::data::contract::Learned| -> Vec<String> {
        let changes = learned.changes.as_ref().unwrap().iter();
        changes
            .map(|change| format!("{:?} {} {}", change.column, change.rule, change.changed.as_str()))
            .collect()
    };
    let told_of = told(&learned);
    assert!(told_of.contains(&"Some(\"n\") max tightened".to_owned()), "{told_of:?}");
    assert!(told_of.contains(&"Some(\"k\") allowed added".to_owned()), "{told_of:?}");
    assert!(
        learned.contract.text.contains("allowed: [a, b, c], pattern: \".\"}"),
        "{}",
        learned.contract.text
    );
    assert!(learned.contract.text.contains("# by hand"), "{}", learned.contract.text);
    let learned = contracts.infer(&fixture.ctx, &name, lesson(None, Some(3))).await.unwrap();
    assert!(told(&learned).contains(&"Some(\"n\") max loosened".to_owned()), "{:?}", told(&learned));
    for lesson in [lesson(Some((2, 1)), None), lesson(Some((1, 9)), None), lesson(None, Some(0))] {
        assert!(contracts.infer(&fixture.ctx, &name, lesson).await.is_err());
    }

    let strict = Some("columns:\n  n: {max: 15}\n".to_owned());
    let tried = Tried { contract: strict.clone(), ..Tried::default() };
    let trials = contracts.test(&fixture.ctx, &name, tried).await.unwrap();
    let fired = fired_in(&trials);
    assert_eq!((trials.len(), fired.len(), fired[0].versions), (4, 1, 3), "rejected ones too");
    assert_eq!((fired[0].first.as_str(), fired[0].last.as_str()), ("flights@v2", "flights@v3"));
    let tried = Tried { contract: strict.clone(), since: Some("2s".to_owned()), ..Tried::default() };
    assert_eq!(contracts.test(&fixture.ctx, &name, tried).await.unwrap().len(), 3);
    let tried = Tried { contract: strict, last: Some(1), ..Tried::default() };
    assert_eq!(contracts.test(&fixture.ctx, &name, tried).await.unwrap().len(), 1);
}
