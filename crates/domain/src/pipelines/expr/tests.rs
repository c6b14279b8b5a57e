use std::collections::BTreeMap;

use super::*;

#[derive(Default)]
struct Known {
    names: BTreeMap<&'static str, f64>,
    facts: BTreeMap<&'static str, bool>,
    slices: Vec<(&'static str, f64, f64)>,
    held_ms: i64,
}

impl Lookup for Known {
    fn name(&self, name: &str) -> Value {
        if let Some(fact) = self.facts.get(name) {
            return Value::Bool(*fact);
        }
        self.names.get(name).map_or_else(|| Value::missing(format!("no {name}")), |v| Value::Number(*v))
    }
    fn call(&self, function: &str, argument: &str) -> Value {
        self.name(&format!("{function}({argument})"))
    }
    fn slices(&self) -> Vec<String> {
        self.slices.iter().map(|s| s.0.to_owned()).collect()
    }
    fn slice(&self, slice: &str, name: &str) -> Value {
        let found = self.slices.iter().find(|s| s.0 == slice).unwrap();
        match name {
            "roc_auc" => Value::Number(found.1),
            "champion.roc_auc" => Value::Number(found.2),
            other => Value::missing(format!("no {other}")),
        }
    }
    fn held_ms(&self, text: &str) -> Option<i64> {
        assert_eq!(text, "psi(any_feature) > 0.25");
        Some(self.held_ms)
    }
}

fn known() -> Known {
    Known {
        names: BTreeMap::from([
            ("roc_auc", 0.71),
            ("champion.roc_auc", 0.711),
            ("latency_p99", 12.0),
            ("new_rows", 30_000.0),
            ("psi(any_feature)", 0.3),
            ("psi(any)", 0.3),
        ]),
        facts: BTreeMap::from([("no_skew", true), ("no_nulls(late)", false)]),
        slices: vec![("origin=EWR", 0.70, 0.69), ("origin=JFK", 0.65, 0.68)],
        held_ms: 3_600_000,
    }
}

fn verdict(text: &str) -> Value {
    Condition::parse(text).unwrap().evaluate(&known()).verdict
}

#[test]
fn gates_checks_and_triggers_read_as_they_are_written() {
    for (text, expected) in [
        ("roc_auc >= champion.roc_auc - 0.002", true),
        ("roc_auc >= champion.roc_auc", false),
        ("latency_p99 < 50ms", true),
        ("latency_p99 < 0.01 s", false),
        ("no_skew", true),
        ("no_nulls(late)", false),
        ("not no_nulls(late) and no_skew", true),
        ("new_rows >= 20000 or age > 7d", true),
        ("new_rows >= 50_000 and age > 7d", false),
        ("roc_auc * 100 > 71% * 99", true),
        ("(1 + 2) * 3 == 9 and -1 < 0", true),
        ("psi(any_feature) > 0.25 for 1h", true),
        ("psi(any_feature) > 0.25 for 6h", false),
        ("2KiB == 2048", true),
    ] {
        assert_eq!(verdict(text), Value::Bool(expected), "{text}");
    }
}

#[test]
fn the_worst_slice_is_the_one_that_its_comparison_refuses_first() {
    let condition = Condition::parse("worst(slice.roc_auc - champion.slice.roc_auc) >= -0.02").unwrap();
    let evaluation = condition.evaluate(&known());
    assert_eq!(evaluation.verdict, Value::Bool(false));
    assert_eq!(evaluation.values[0].slice.as_deref(), Some("origin=JFK"));
    assert_eq!(evaluation.values[0].value, Value::Number(0.65));
    assert_eq!(verdict("worst(slice.roc_auc) < 0.69"), Value::Bool(false));
    assert_eq!(verdict("0.69 > worst(slice.roc_auc)"), Value::Bool(false));
    assert!(condition.mentions("champion"));
}

#[test]
fn what_is_missing_stays_missing_unless_the_other_side_decides() {
    assert_eq!(verdict("age > 7d"), Value::missing("no age"));
    assert_eq!(verdict("age > 7d and no_skew"), Value::missing("no age"));
    assert_eq!(verdict("age > 7d or no_skew"), Value::Bool(true));
    assert_eq!(verdict("age > 7d and not no_skew"), Value::Bool(false));
    assert_eq!(verdict("not age > 7d"), Value::missing("no age"));
    assert_eq!(verdict("roc_auc / 0 > 1"), Value::missing("division by zero"));
}

#[test]
fn a_slip_is_shown_at_its_place() {
    for (text, at, message) in [
        ("rows = 3", 5, "a single = compares nothing"),
        ("rows >", 6, "the expression breaks off"),
        ("rows > 3 rows", 9, "\"rows\" is not expected here"),
        ("rows > 3parsecs", 8, "\"parsecs\" is not a unit"),
        ("rows && x", 5, "'&' is not an operator here"),
        ("(rows > 3", 0, "this parenthesis is not closed"),
        ("a < b < c", 6, "comparisons do not chain"),
        ("rows + 1", 0, "\"rows + 1\" is a number, not a condition"),
        ("x > 1 for ever", 10, "`for` wants a duration"),
        ("psi(1) > 1", 4, "`psi(…)` wants one name"),
        ("psi(a, b) > 1", 5, "only one argument is taken"),
        ("", 0, "an empty expression says nothing"),
        ("1.2.3 > 1", 0, "\"1.2.3\" is not a number"),
        ("rows > $x", 7, "'$' has no meaning in an expression"),
    ] {
        let error = Condition::parse(text).unwrap_err();
        assert_eq!((error.at, error.message.as_str()), (at, message), "{text}");
    }
    assert!(Condition::parse(&"(".repeat(1500)).is_err());
    assert!(Condition::parse(&"not ".repeat(400)).is_err());
}

#[test]
fn a_condition_is_stored_as_its_text() {
    let condition = Condition::parse(" rows > 10 ").unwrap();
    let json = serde_json::to_string(&condition).unwrap();
    assert_eq!(json, "\"rows > 10\"");
    assert_eq!(serde_json::from_str::<Condition>(&json).unwrap(), condition);
}
