//! What a gate concludes from an evaluation, condition by condition.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use domain::monitoring::performance::Problem;
use domain::pipelines::expr::Condition;
use domain::registry::evaluation::{Evaluation, Latency, Scored, SliceResult};
use domain::registry::gate::{ConditionOutcome, GateOutcome, GateVerdict, judge};
use domain::{Id, Timestamp};

fn scored(auc: f64) -> Scored {
    Scored {
        model: "flights:2".to_owned(),
        version: Some(2),
        values: values(auc),
        intervals: BTreeMap::new(),
        latency: Some(Latency { p50_ms: 3.0, p99_ms: 12.0, requests: 200 }),
        starts_in_server: true,
        no_skew: Some(true),
        problem: None,
        calibration: Vec::new(),
    }
}

fn values(auc: f64) -> BTreeMap<String, f64> {
    BTreeMap::from([("roc_auc".to_owned(), auc)])
}

fn evaluation(champion: Option<f64>) -> Evaluation {
    let slice = |value: &str, challenger: f64, was: f64| SliceResult {
        column: "origin".to_owned(),
        value: value.to_owned(),
        rows: 100,
        challenger: values(challenger),
        champion: champion.map(|_| values(was)),
    };
    Evaluation {
        id: Id::new(Timestamp::from_millis(1), [1; 10]),
        time_ms: Timestamp::from_millis(1),
        project: None,
        step_run: None,
        data: "holdout".to_owned(),
        rows: 300,
        label: "late".to_owned(),
        problem: Problem::Binary,
        metric: "roc_auc".to_owned(),
        challenger: scored(0.74),
        champion: champion.map(scored),
        comparison: None,
        slices: vec![slice("EWR", 0.75, 0.74), slice("JFK", 0.70, 0.73)],
        sentence: "roc_auc 0.74 against 0.73".to_owned(),
    }
}

fn gate(evaluation: &Evaluation, require: &[&str]) -> GateVerdict {
    let conditions: Vec<Condition> = require.iter().map(|text| Condition::parse(text).unwrap()).collect();
    judge(evaluation, &conditions, &[])
}

const REQUIRE: [&str; 5] = [
    "roc_auc >= champion.roc_auc - 0.002",
    "worst(slice.roc_auc - champion.slice.roc_auc) >= -0.02",
    "latency_p99 < 50ms",
    "starts_in_server",
    "no_skew",
];

#[test]
fn the_first_model_passes_what_speaks_of_a_champion() {
    let verdict = gate(&evaluation(None), &REQUIRE);
    assert_eq!(verdict.outcome, GateOutcome::Accepted);
    let outcomes: Vec<ConditionOutcome> = verdict.conditions.iter().map(|found| found.outcome).collect();
    use ConditionOutcome::{NoChampion, Passed};
    assert_eq!(outcomes, [NoChampion, NoChampion, Passed, Passed, Passed]);
    assert!(verdict.conditions[0].sentence.ends_with("no champion yet"));
    let latency = &verdict.conditions[2].sentence;
    assert!(latency.ends_with("latency_p99 = 12.0000ms"), "{latency}");
}

#[test]
fn a_slice_that_got_worse_is_named_with_its_numbers() {
    let verdict = gate(&evaluation(Some(0.73)), &REQUIRE);
    assert_eq!(verdict.outcome, GateOutcome::Rejected);
    assert_eq!(verdict.conditions[0].outcome, ConditionOutcome::Passed);
    assert_eq!(verdict.conditions[1].outcome, ConditionOutcome::Failed);
    assert!(verdict.sentence.contains("slice.roc_auc of origin=JFK = 0.7000"), "{}", verdict.sentence);
}

#[test]
fn an_unknown_metric_refuses_and_says_what_was_meant() {
    let verdict = gate(&evaluation(None), &["roc_acu > 0.5"]);
    assert_eq!(verdict.outcome, GateOutcome::Rejected);
    assert_eq!(verdict.conditions[0].outcome, ConditionOutcome::Unknown);
    assert!(verdict.sentence.contains("did you mean roc_auc?"), "{}", verdict.sentence);
}

#[test]
fn a_model_that_does_not_answer_fails_its_flags() {
    let mut broken = evaluation(None);
    broken.challenger.starts_in_server = false;
    broken.challenger.no_skew = None;
    broken.challenger.latency = None;
    let verdict = gate(&broken, &["starts_in_server", "no_skew", "latency_p99 < 50ms"]);
    let outcomes: Vec<ConditionOutcome> = verdict.conditions.iter().map(|found| found.outcome).collect();
    use ConditionOutcome::{Failed, Unknown};
    assert_eq!(outcomes, [Failed, Unknown, Unknown]);
    assert!(verdict.sentence.contains("and 2 more"), "{}", verdict.sentence);
}

#[test]
fn people_are_asked_only_when_the_conditions_hold() {
    let holds = Condition::parse("roc_auc > 0.7").unwrap();
    let fails = Condition::parse("roc_auc > 0.8").unwrap();
    let roles = ["model".to_owned()];
    let waiting = judge(&evaluation(None), &[holds], &roles);
    assert_eq!(waiting.outcome, GateOutcome::WaitingApproval);
    assert!(waiting.sentence.starts_with("waiting for approval by model"));
    assert_eq!(judge(&evaluation(None), &[fails], &roles).outcome, GateOutcome::Rejected);
}
