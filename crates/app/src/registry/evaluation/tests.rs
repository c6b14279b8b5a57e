use std::io::Write;

use domain::Name;
use domain::pipelines::decision::DecisionOutcome;
use domain::pipelines::expr::Condition;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::registry::gate::GateRequest;
use crate::{Actor, Clock, ErrorKind, Home};

/// Answers with a score that follows the label's cause as closely as `skill` says.
struct Model {
    skill: f64,
    /// Answers a row differently when it is alone.
    moody: bool,
}

impl Scorer for Model {
    fn answer<'a>(&'a self, rows: &'a [Record]) -> BoxFuture<'a, Result<Vec<Value>, String>> {
        Box::pin(async move {
            let mood = if self.moody && rows.len() == 1 { 0.01 } else { 0.0 };
            let score = |row: &Record| {
                assert!(!row.contains_key("late"), "the label is not shown to the model");
                let (cause, noise) = (row["cause"].as_f64().unwrap(), row["noise"].as_f64().unwrap());
                json!([0.5, (self.skill * cause + (1.0 - self.skill) * noise) * 0.9 + mood])
            };
            Ok(rows.iter().map(score).collect())
        })
    }
}

fn candidate(name: &str, skill: f64) -> Candidate {
    Candidate { name: name.to_owned(), version: None, scorer: Ok(Arc::new(Model { skill, moody: false })) }
}

struct Bench {
    app: App,
    ctx: Context,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let app = App::open(home, None, Clock::fixed(1_000)).await.unwrap();
        let ctx = app.context(Actor::local(), "test");
        Self { app, ctx, folder }
    }

    fn request(&self, challenger: Candidate, champion: Option<Candidate>) -> EvaluateRequest {
        let path = self.folder.path().join("holdout.csv");
        let mut file = std::fs::File::create(&path).unwrap();
        writeln!(file, "cause,noise,origin,late").unwrap();
        for row in 0..600_u32 {
            let (cause, noise) = (f64::from(row * 37 % 100) / 100.0, f64::from(row * 59 % 97) / 97.0);
            let late = if row % 50 == 0 { String::new() } else { u8::from(cause > 0.6).to_string() };
            writeln!(file, "{cause},{noise},{},{late}", ["EWR", "JFK"][usize::from(row % 3 == 0)]).unwrap();
        }
        EvaluateRequest {
            project: Some(Name::parse("flights").unwrap()),
            step_run: None,
            data: "holdout".to_owned(),
            files: vec![TableFile { name: "holdout.csv".to_owned(), path }],
            label: "late".to_owned(),
            slices: vec!["origin".to_owned()],
            metric: None,
            challenger,
            champion,
        }
    }

    async fn evaluate(&self, challenger: Candidate, champion: Option<Candidate>) -> Evaluation {
        self.app.evaluations().evaluate(&self.ctx, self.request(challenger, champion)).await.unwrap()
    }

    async fn gate(&self, evaluation: &Evaluation, require: &[&str]) -> domain::pipelines::decision::Decision {
        let request = GateRequest {
            evaluation: evaluation.id.clone(),
            project: Name::parse("flights").unwrap(),
            require: require.iter().map(|text| Condition::parse(text).unwrap()).collect(),
            approve: Vec::new(),
            subject: "flights".to_owned(),
            pipeline_run: None,
        };
        self.app.gates().decide(&self.ctx, request).await.unwrap()
    }
}

#[tokio::test]
async fn a_better_challenger_is_found_better_and_accepted() {
    let bench = Bench::new().await;
    let evaluation = bench.evaluate(candidate("new", 0.9), Some(candidate("old", 0.4))).await;
    assert_eq!((evaluation.rows, evaluation.metric.as_str()), (588, "roc_auc"));
    assert!(
        evaluation.sentence.ends_with("of old: better beyond chance (p < 0.001)"),
        "{}",
        evaluation.sentence
    );
    assert_eq!(
        evaluation.slices.iter().map(|slice| slice.name()).collect::<Vec<_>>(),
        ["origin=EWR", "origin=JFK"]
    );
    assert!(evaluation.challenger.latency.is_some_and(|latency| latency.requests > 100));
    assert_eq!((evaluation.challenger.starts_in_server, evaluation.challenger.no_skew), (true, Some(true)));
    let require =
        ["roc_auc >= champion.roc_auc", "worst(slice.roc_auc - champion.slice.roc_auc) >= 0", "no_skew"];
    let decision = bench.gate(&evaluation, &require).await;
    assert_eq!(decision.outcome, DecisionOutcome::Accepted, "{}", decision.reason);
    assert_eq!(bench.gate(&evaluation, &require).await.id, decision.id, "asked again, it recalls");
    let stored = bench.app.evaluations().get(&bench.ctx, &evaluation.id).await.unwrap();
    assert_eq!((stored.sentence, stored.slices.len()), (evaluation.sentence, 2));
}

#[tokio::test]
async fn the_first_model_has_nobody_to_beat_and_a_worse_one_is_refused() {
    let bench = Bench::new().await;
    let first = bench.evaluate(candidate("new", 0.9), None).await;
    assert!(first.sentence.ends_with("on 588 rows, no champion yet"), "{}", first.sentence);
    assert_eq!(bench.gate(&first, &["roc_auc >= champion.roc_auc"]).await.outcome, DecisionOutcome::Accepted);
    let worse = bench.evaluate(candidate("new", 0.3), Some(candidate("old", 0.9))).await;
    assert!(worse.sentence.contains("worse beyond chance"), "{}", worse.sentence);
    let refused = bench.gate(&worse, &["roc_auc >= champion.roc_auc - 0.002"]).await;
    assert_eq!(refused.outcome, DecisionOutcome::Rejected);
    assert!(refused.reason.contains("champion.roc_auc = "), "{}", refused.reason);
}

#[tokio::test]
async fn a_model_that_does_not_start_or_is_moody_is_a_finding() {
    let bench = Bench::new().await;
    let broken =
        Candidate { name: "new".to_owned(), version: None, scorer: Err("no module named x".to_owned()) };
    let evaluation = bench.evaluate(broken, None).await;
    assert_eq!(evaluation.sentence, "new was not measured: no module named x");
    assert_eq!(bench.gate(&evaluation, &["starts_in_server"]).await.outcome, DecisionOutcome::Rejected);
    let moody = Arc::new(Model { skill: 0.9, moody: true });
    let moody = Candidate { name: "new".to_owned(), version: None, scorer: Ok(moody) };
    let evaluation = bench.evaluate(moody, None).await;
    assert_eq!(evaluation.challenger.no_skew, Some(false));
    assert!(
        evaluation.challenger.problem.is_some_and(|problem| problem.starts_with("row 0 alone is answered"))
    );
}

#[tokio::test]
async fn a_label_column_that_is_not_there_is_named_with_the_nearest() {
    let bench = Bench::new().await;
    let mut request = bench.request(candidate("new", 0.9), None);
    request.label = "lat".to_owned();
    let error = bench.app.evaluations().evaluate(&bench.ctx, request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.to_string(), "label: the data has no column \"lat\": did you mean \"late\"?");
}
