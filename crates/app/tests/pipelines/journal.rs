use std::collections::BTreeMap;

use app::ErrorKind;
use domain::pipelines::pipeline_run::RunState;
use domain::pipelines::plan::Action;
use domain::pipelines::step_run::{Failure, FailureCause, Process, StepState};

use crate::support::{Fixture, LEASE_MS};

fn lost() -> Failure {
    Failure { cause: FailureCause::Lost, message: "the process vanished".to_owned(), exit_code: None }
}

#[tokio::test]
async fn a_run_does_everything_once_and_the_next_one_nothing() {
    let fixture = Fixture::new("").await;
    let run = fixture.start().await;
    assert_eq!((run.number, run.state), (1, RunState::Queued));
    assert_eq!(fixture.work().await, ["prepare 2013-01", "prepare 2013-02", "train all", "evaluate all"]);
    assert_eq!(fixture.state(&run.id).await, RunState::Succeeded);
    let plan = fixture.app.pipelines().plan(&fixture.ctx, "flights", &BTreeMap::new()).await.unwrap();
    assert!(plan.is_done(), "{plan:#?}");
    let again = fixture.start().await;
    assert!(fixture.work().await.is_empty());
    let status = fixture.app.pipelines().status(&fixture.ctx, &again.id).await.unwrap();
    assert_eq!(status.pinned.run.state, RunState::Succeeded);
    assert!(status.steps.iter().all(|step| step.state == StepState::Skipped), "{:#?}", status.steps);
}

#[tokio::test]
async fn only_the_new_month_is_prepared() {
    let fixture = Fixture::new("").await;
    fixture.start().await;
    fixture.work().await;
    fixture.month("2013-03", 4);
    fixture.pass(5_000);
    let plan = fixture.app.pipelines().plan(&fixture.ctx, "flights", &BTreeMap::new()).await.unwrap();
    let actions: Vec<_> = plan
        .units
        .iter()
        .map(|unit| (unit.step.as_str(), unit.unit.partition.as_deref().unwrap_or(""), unit.action))
        .collect();
    assert_eq!(
        actions,
        [
            ("prepare", "2013-01", Action::Skip),
            ("prepare", "2013-02", Action::Skip),
            ("prepare", "2013-03", Action::Run),
            ("train", "", Action::Wait),
            ("evaluate", "", Action::Wait),
        ]
    );
    fixture.start().await;
    let tasks = fixture.claim().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].inputs[0].files.len(), 1);
    assert_eq!(tasks[0].inputs[0].files[0].rows, Some(4));
    fixture.finish(&tasks[0]).await;
    let train = fixture.claim().await;
    let paths: Vec<_> = train[0].inputs[0].files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["2013-01.parquet", "2013-02.parquet"], "all partitions but the newest");
    fixture.finish(&train[0]).await;
    let evaluate = fixture.claim().await;
    let held: Vec<_> = evaluate[0].inputs[1].files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(held, ["2013-03.parquet"]);
}

#[tokio::test]
async fn a_change_of_code_runs_what_uses_it_and_says_which_file() {
    let fixture = Fixture::new("").await;
    fixture.start().await;
    fixture.work().await;
    fixture.write("lib.py", "x = 1  # only a comment\n");
    fixture.write("features.sql", "-- only a comment\nSELECT *\n  FROM flights;\n");
    fixture.write("README.md", "not code of any step");
    let plan = fixture.app.pipelines().plan(&fixture.ctx, "flights", &BTreeMap::new()).await.unwrap();
    assert!(plan.is_done(), "{plan:#?}");
    fixture.write("lib.py", "x = 2\n");
    let why = fixture.app.pipelines().why(&fixture.ctx, "flights", "train").await.unwrap();
    assert_eq!(why.units[0].action, Action::Run);
    assert_eq!(why.units[0].reason, "code lib.py changed");
    let changed = BTreeMap::from([("lr".to_owned(), 0.2.into())]);
    let plan = fixture.app.pipelines().plan(&fixture.ctx, "flights", &changed).await.unwrap();
    let train = plan.units.iter().find(|unit| unit.step.as_str() == "train").unwrap();
    assert_eq!(train.reason, "code lib.py changed; param lr changed from 0.1 to 0.2");
}

#[tokio::test]
async fn an_earlier_state_is_restored_without_running() {
    let fixture = Fixture::new("").await;
    fixture.start().await;
    fixture.work().await;
    fixture.write("lib.py", "x = 2\n");
    fixture.start().await;
    assert_eq!(fixture.work().await, ["train all", "evaluate all"]);
    fixture.write("lib.py", "x = 1\n");
    let run = fixture.start().await;
    assert!(fixture.work().await.is_empty());
    let status = fixture.app.pipelines().status(&fixture.ctx, &run.id).await.unwrap();
    let train = status.steps.iter().find(|step| step.step.as_str() == "train").unwrap();
    assert_eq!(train.state, StepState::Restored);
}

#[tokio::test]
async fn what_a_worker_writes_after_it_lost_the_step_is_refused() {
    let fixture = Fixture::new("").await;
    fixture.start().await;
    let task = fixture.claim().await.remove(0);
    let (id, lease) = (task.step_run.id.clone(), task.step_run.lease);
    let pipelines = fixture.app.pipelines();
    let process = Process { pid: 7, start_ticks: 9 };
    pipelines.step_spawned(&fixture.ctx, &id, lease, process, None).await.unwrap();
    let held = pipelines.held_steps(&fixture.ctx).await.unwrap();
    let adopted = pipelines.adopt_step(&fixture.ctx, &held[0], "second", LEASE_MS).await.unwrap().unwrap();
    assert_eq!(adopted.step_run.lease, lease + 1);
    assert!(!pipelines.step_alive(&fixture.ctx, &id, lease, LEASE_MS).await.unwrap());
    let late = pipelines.step_finished(&fixture.ctx, &id, lease, fixture.made(&task)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
    let result =
        pipelines.step_result(&fixture.ctx, &pipelines.step_run(&fixture.ctx, &id).await.unwrap()).await;
    assert!(result.unwrap().is_none());
    pipelines.step_finished(&fixture.ctx, &id, adopted.step_run.lease, fixture.made(&adopted)).await.unwrap();
    let twice =
        pipelines.step_finished(&fixture.ctx, &id, adopted.step_run.lease, fixture.made(&adopted)).await;
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_lost_step_is_tried_again_and_a_failed_check_is_not() {
    let fixture = Fixture::new("").await;
    let run = fixture.start().await;
    let pipelines = fixture.app.pipelines();
    for attempt in 1..=6 {
        let task =
            fixture.claim().await.into_iter().find(|task| task.step_run.unit.label() == "2013-01").unwrap();
        assert_eq!(task.step_run.attempt, attempt);
        let again = pipelines
            .step_failed(&fixture.ctx, &task.step_run.id, task.step_run.lease, lost(), None)
            .await
            .unwrap();
        assert_eq!(again, attempt < 6, "five more attempts are the default for a lost process");
    }
    let advanced = pipelines.advance(&fixture.ctx).await.unwrap();
    assert_eq!(fixture.state(&run.id).await, RunState::Failed);
    assert_eq!(advanced.stop.len(), 1, "the other month was with a worker");
    let message = advanced.finished[0].message.clone().unwrap();
    assert_eq!(message, "step prepare (2013-01): the process vanished");

    let second = fixture.start().await;
    let task = fixture.claim().await.remove(0);
    let failure = Failure { cause: FailureCause::Check, message: "rows > 10".to_owned(), exit_code: None };
    let (id, lease) = (&task.step_run.id, task.step_run.lease);
    assert!(!pipelines.step_failed(&fixture.ctx, id, lease, failure, None).await.unwrap());
    pipelines.advance(&fixture.ctx).await.unwrap();
    assert_eq!(fixture.state(&second.id).await, RunState::Failed);
}

#[tokio::test]
async fn a_cancelled_run_takes_its_steps_from_their_workers() {
    let fixture = Fixture::new("").await;
    let run = fixture.start().await;
    let task = fixture.claim().await.remove(0);
    let pipelines = fixture.app.pipelines();
    let cancelled = pipelines.cancel(&fixture.ctx, &run.id, "not wanted").await.unwrap();
    assert_eq!(cancelled.state, RunState::Cancelled);
    let (id, lease) = (&task.step_run.id, task.step_run.lease);
    assert!(!pipelines.step_alive(&fixture.ctx, id, lease, LEASE_MS).await.unwrap());
    assert!(pipelines.step_finished(&fixture.ctx, id, lease, fixture.made(&task)).await.is_err());
    let twice = pipelines.cancel(&fixture.ctx, &run.id, "again").await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Conflict);
    assert!(fixture.claim().await.is_empty());
}

#[tokio::test]
async fn runs_of_a_pipeline_go_one_after_the_other() {
    let fixture = Fixture::new("").await;
    let first = fixture.start().await;
    fixture.claim().await;
    fixture.write("lib.py", "x = 2\n");
    let second = fixture.start().await;
    fixture.claim().await;
    assert_eq!(fixture.state(&first.id).await, RunState::Running);
    assert_eq!(fixture.state(&second.id).await, RunState::Queued);
}

#[tokio::test]
async fn without_data_the_refusal_names_the_pattern() {
    let fixture = Fixture::new("").await;
    std::fs::remove_dir_all(fixture.root().join("data")).unwrap();
    let error = fixture.app.pipelines().plan(&fixture.ctx, "flights", &BTreeMap::new()).await.unwrap_err();
    assert!(error.to_string().contains("data/*.csv"), "{error}");
}
