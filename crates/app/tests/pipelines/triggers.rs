use domain::pipelines::decision::{DecisionKind, DecisionOutcome};
use domain::pipelines::event::{EventKind, NewEvent};
use domain::pipelines::pipeline_run::RunState;
use serde_json::json;

use crate::support::{Fixture, HOUR};

/// Evaluates until nothing is said any more, doing all work in between; what was decided.
async fn settle(fixture: &Fixture) -> Vec<String> {
    let mut said = Vec::new();
    loop {
        let now = fixture.evaluate().await;
        if now.is_empty() {
            return said;
        }
        said.extend(now);
        fixture.work().await;
    }
}

async fn drift(fixture: &Fixture, psi: f64) -> Vec<String> {
    let payload = json!({"alarm": psi > 0.25, "rows": 1000, "psi": {"delay": psi, "score": 9.0}, "prediction": "score"});
    let event = NewEvent::new(EventKind::MonitorDrift, "flights-late", payload);
    fixture.app.events().append(&fixture.ctx, event).await.unwrap();
    fixture.evaluate().await
}

#[tokio::test]
async fn new_data_fires_once_with_its_evidence_and_says_nothing_afterwards() {
    let fixture = Fixture::new("triggers: [{data: flights, when: new_rows >= 5 or age > 7d}]\n").await;
    assert!(fixture.evaluate().await.is_empty(), "nothing is collected yet");
    fixture.collect().await;
    assert_eq!(settle(&fixture).await, ["fired: new data in flights@v1: new_rows >= 5 or age > 7d"]);
    let decision = fixture.decisions(DecisionKind::Trigger).await.remove(0);
    assert_eq!(decision.subject, "flights/data-flights");
    assert_eq!(decision.evidence["values"][0]["name"], "new_rows");
    assert_eq!(decision.evidence["values"][0]["value"], 6.0);
    assert_eq!(decision.pipeline_run, Some(fixture.runs().await[0].id.clone()));

    fixture.pass(HOUR);
    fixture.month("2013-03", 2);
    fixture.collect().await;
    assert!(settle(&fixture).await.is_empty(), "two rows are not five");
    fixture.pass(HOUR);
    fixture.month("2013-04", 3);
    fixture.collect().await;
    assert_eq!(settle(&fixture).await.len(), 1, "two versions since the last run, five rows");
    assert_eq!(fixture.runs().await.len(), 2);
}

#[tokio::test]
async fn old_data_without_change_is_no_change_at_no_cost() {
    let fixture = Fixture::new("triggers: [{data: flights, when: new_rows >= 5 or age > 7d}]\n").await;
    fixture.collect().await;
    settle(&fixture).await;
    fixture.pass(8 * 24 * HOUR);
    let said = settle(&fixture).await;
    assert_eq!(
        said,
        ["no_change: old data in flights@v1: new_rows >= 5 or age > 7d; every step has its result already"]
    );
    assert_eq!(fixture.runs().await.len(), 1);
    fixture.pass(24 * HOUR);
    assert!(settle(&fixture).await.is_empty(), "the age counts from there");
}

#[tokio::test]
async fn arrivals_settle_before_they_count() {
    let fixture = Fixture::new("triggers: [{data: flights, settle: 10m}]\n").await;
    fixture.collect().await;
    assert!(fixture.evaluate().await.is_empty());
    fixture.pass(HOUR / 12);
    fixture.month("2013-03", 2);
    fixture.collect().await;
    fixture.pass(HOUR / 8);
    assert!(fixture.evaluate().await.is_empty(), "the second arrival started the wait again");
    fixture.pass(HOUR / 12);
    assert_eq!(fixture.evaluate().await, ["fired: new data in flights@v2"]);
    assert_eq!(fixture.runs().await.len(), 1);
}

#[tokio::test]
async fn a_schedule_that_was_missed_fires_once() {
    let fixture = Fixture::new("triggers: [{schedule: \"0 3 * * *\"}]\n").await;
    assert!(fixture.evaluate().await.is_empty());
    fixture.pass(3 * 24 * HOUR);
    let said = settle(&fixture).await;
    assert_eq!(said, ["fired: due since 2023-11-17T03:00:00.000Z by \"0 3 * * *\""]);
    fixture.pass(24 * HOUR);
    let next = settle(&fixture).await;
    assert_eq!(next.len(), 1);
    assert!(next[0].starts_with("no_change: due since 2023-11-18T03:00"), "{next:?}");
}

#[tokio::test]
async fn drift_must_hold_and_end_before_it_fires_again() {
    let fixture =
        Fixture::new("triggers: [{drift: flights-late, when: psi(any_feature) > 0.25 for 6h}]\n").await;
    assert!(drift(&fixture, 0.3).await.is_empty(), "it has only begun");
    fixture.pass(3 * HOUR);
    assert!(drift(&fixture, 0.1).await.is_empty());
    fixture.pass(HOUR);
    assert!(drift(&fixture, 0.4).await.is_empty(), "begun again");
    fixture.pass(5 * HOUR);
    assert!(drift(&fixture, 0.5).await.is_empty(), "five hours");
    fixture.pass(HOUR);
    let fired = drift(&fixture, 0.5).await;
    assert_eq!(fired, ["fired: drift of flights-late: psi(any_feature) > 0.25 for 6h"]);
    let evidence = fixture.decisions(DecisionKind::Trigger).await.remove(0).evidence;
    assert_eq!(
        evidence["values"][0],
        json!({"name": "psi(any_feature)", "value": 0.5}),
        "not the prediction's"
    );
    fixture.work().await;
    fixture.pass(12 * HOUR);
    assert!(drift(&fixture, 0.5).await.is_empty(), "the same drift goes on");
    fixture.pass(HOUR);
    assert!(drift(&fixture, 0.1).await.is_empty());
    fixture.pass(HOUR);
    assert!(drift(&fixture, 0.6).await.is_empty());
    fixture.pass(6 * HOUR);
    let second = drift(&fixture, 0.6).await;
    assert!(second[0].starts_with("no_change: "), "{second:?}");
}

#[tokio::test]
async fn performance_is_held_against_the_release() {
    let rule = "roc_auc < champion.roc_auc_at_release - 0.03 and labels >= 500";
    let fixture = Fixture::new(&format!("triggers: [{{performance: flights-late, when: {rule}}}]\n")).await;
    let finding = |labels: i64, roc_auc: f64| {
        let payload =
            json!({"labels": labels, "metrics": {"roc_auc": roc_auc}, "at_release": {"roc_auc": 0.7}});
        NewEvent::new(EventKind::MonitorPerformance, "flights-late", payload)
    };
    for (labels, roc_auc, fires) in [(400, 0.6, 0), (600, 0.68, 0), (600, 0.66, 1)] {
        fixture.app.events().append(&fixture.ctx, finding(labels, roc_auc)).await.unwrap();
        assert_eq!(fixture.evaluate().await.len(), fires, "{labels} {roc_auc}");
    }
}

#[tokio::test]
async fn cooldown_and_daily_limit_hold_back_and_are_said_once() {
    let sections = "triggers: [{data: flights}]\nlimits: {cooldown: 2h, per_day: 2}\n";
    let fixture = Fixture::new(sections).await;
    fixture.collect().await;
    settle(&fixture).await;
    fixture.pass(HOUR);
    fixture.month("2013-03", 2);
    fixture.collect().await;
    let held = settle(&fixture).await;
    assert_eq!(
        held,
        ["suppressed: new data in flights@v2; held back: cooldown until 2023-11-15T00:13:20.000Z"]
    );
    fixture.pass(HOUR);
    assert_eq!(settle(&fixture).await, ["fired: new data in flights@v2"], "nothing was lost");
    fixture.pass(3 * HOUR);
    fixture.month("2013-04", 2);
    fixture.collect().await;
    let limited = settle(&fixture).await;
    assert_eq!(
        limited,
        ["suppressed: new data in flights@v3; held back: fired 2 times in the last 24 hours, 2 are allowed"]
    );
    fixture.pass(20 * HOUR);
    assert_eq!(settle(&fixture).await, ["fired: new data in flights@v3"]);
}

#[tokio::test]
async fn two_triggers_start_one_run() {
    let sections = "triggers: [{data: flights}, {schedule: \"0 3 * * *\"}]\n";
    let fixture = Fixture::new(sections).await;
    assert!(fixture.evaluate().await.is_empty());
    fixture.pass(24 * HOUR);
    fixture.collect().await;
    let said = fixture.evaluate().await;
    assert_eq!(said.len(), 2);
    assert!(
        said[0].starts_with("fired: ") && said[1].ends_with("; joined run 1 of another trigger"),
        "{said:?}"
    );
    assert_eq!(fixture.runs().await.len(), 1);
}

#[tokio::test]
async fn with_overlap_latest_one_run_waits_with_the_newest_data() {
    let fixture = Fixture::new("triggers: [{data: flights}]\n").await;
    fixture.collect().await;
    fixture.evaluate().await;
    fixture.claim().await;
    for month in ["2013-03", "2013-04"] {
        fixture.pass(HOUR);
        fixture.month(month, 2);
        fixture.collect().await;
        fixture.evaluate().await;
    }
    let runs = fixture.runs().await;
    assert_eq!(runs.len(), 2, "the third arrival joined the waiting run");
    assert_eq!((runs[0].state, runs[0].data["flights"].number), (RunState::Queued, 3));
    let decisions = fixture.decisions(DecisionKind::Trigger).await;
    assert_eq!(decisions[0].outcome, DecisionOutcome::Merged);
}

#[tokio::test]
async fn with_overlap_queue_every_firing_waits_its_turn_and_with_skip_none() {
    for (overlap, expected) in [("queue", 3), ("skip", 1)] {
        let sections = format!("triggers: [{{data: flights}}]\nlimits: {{overlap: {overlap}}}\n");
        let fixture = Fixture::new(&sections).await;
        fixture.collect().await;
        fixture.evaluate().await;
        fixture.claim().await;
        for month in ["2013-03", "2013-04"] {
            fixture.pass(HOUR);
            fixture.month(month, 2);
            fixture.collect().await;
            fixture.evaluate().await;
        }
        assert_eq!(fixture.runs().await.len(), expected, "{overlap}");
    }
}

#[tokio::test]
async fn a_storm_of_rejected_models_pauses_the_trigger_until_somebody_resumes_it() {
    let sections = "triggers: [{data: flights}]\nlimits: {pause_after: 2 rejected}\n";
    let fixture = Fixture::new(sections).await;
    let arrive = async |month: &str| {
        fixture.pass(HOUR);
        fixture.month(month, 2);
        fixture.collect().await;
        settle(&fixture).await
    };
    for month in ["2013-03", "2013-04"] {
        arrive(month).await;
        let run = fixture.runs().await.remove(0);
        fixture.judge(&run, DecisionOutcome::Rejected).await;
    }
    let paused = arrive("2013-05").await;
    assert!(
        paused[0].contains("the trigger pauses: its last 2 runs brought no accepted model"),
        "{paused:?}"
    );
    assert!(arrive("2013-06").await[0].starts_with("suppressed: "));
    assert_eq!(fixture.runs().await.len(), 2);
    let events = fixture.app.events().list(&fixture.ctx, None, 100).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::TriggerPaused).count(), 1);
    let status = fixture.app.triggers().list(&fixture.ctx).await.unwrap().remove(0);
    assert!(status.state.paused.is_some());
    fixture.pass(1);
    fixture.app.triggers().resume(&fixture.ctx, "flights", "data-flights").await.unwrap();
    assert_eq!(settle(&fixture).await, ["fired: new data in flights@v4"]);
}

#[tokio::test]
async fn the_budget_counts_the_time_of_steps() {
    let sections = "triggers: [{data: flights}]\nlimits: {budget: 1 h/week}\n";
    let fixture = Fixture::new(sections).await;
    fixture.collect().await;
    fixture.evaluate().await;
    let tasks = fixture.claim().await;
    fixture.pass(HOUR);
    for task in &tasks {
        fixture.finish(task).await;
    }
    fixture.work().await;
    fixture.month("2013-03", 2);
    fixture.collect().await;
    let said = fixture.evaluate().await;
    assert_eq!(
        said,
        [
            "suppressed: new data in flights@v2; held back: steps ran 2.0 h in the last 7 days, the budget is 1.0 h"
        ]
    );
    fixture.pass(8 * 24 * HOUR);
    assert_eq!(fixture.evaluate().await, ["fired: new data in flights@v2"]);
}

#[tokio::test]
async fn a_run_that_cannot_start_is_said_once_and_tried_again() {
    let fixture = Fixture::new("triggers: [{data: flights}]\n").await;
    fixture.collect().await;
    let good = std::fs::read_to_string(fixture.root().join("train.py")).unwrap();
    std::fs::remove_file(fixture.root().join("features.sql")).unwrap();
    let said = fixture.evaluate().await;
    assert!(
        said[0].starts_with("failed: new data in flights@v1; no run could be started:")
            && said[0].contains("features.sql"),
        "{said:?}"
    );
    fixture.pass(2 * 60_000);
    assert!(fixture.evaluate().await.is_empty(), "the same failure is not said again");
    fixture.write("features.sql", "SELECT * FROM flights");
    fixture.write("train.py", &good);
    fixture.pass(2 * 60_000);
    assert_eq!(fixture.evaluate().await, ["fired: new data in flights@v1"]);
}

#[tokio::test]
async fn a_viewer_may_look_but_not_start() {
    let fixture = Fixture::new("").await;
    let viewer = app::Actor { name: "eve".to_owned(), role: domain::governance::role::Role::Viewer };
    let ctx = fixture.app.context(viewer, "test");
    let refused = fixture.app.pipelines().start_run(&ctx, "flights", &Default::default()).await;
    assert_eq!(refused.unwrap_err().kind(), app::ErrorKind::Forbidden);
    assert!(fixture.app.pipelines().runs(&ctx, "flights", None, 10).await.unwrap().is_empty());
    assert!(fixture.app.triggers().evaluate(&ctx).await.is_err());
}
