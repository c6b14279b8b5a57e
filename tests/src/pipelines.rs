//! Projects run from a file's arrival to a committed result.

use std::time::{Duration, Instant};

use domain::pipelines::pipeline_run::RunState;
use domain::pipelines::step_run::{FailureCause, StepState};

use crate::support::Loop;

const PROJECT: &str = "\
project: sums
data:
  numbers: {path: data/*.csv, kind: table, time: at}
steps:
  prepare:
    sql: sql/prepare.sql
    in: {numbers: data.numbers}
    out: {clean: {kind: table}}
    by: month(at)
    check: [rows > 0, no_nulls(value)]
  add:
    run: python3 src/add.py ${in.clean} ${out.total}
    in: {clean: prepare.clean}
    out: {total: {kind: file}}
triggers:
  - {data: numbers, settle: 0s}
limits: {cooldown: 0s}
";
const SQL: &str = "SELECT at, value FROM numbers WHERE value >= 0\n";
const ADD: &str = "\
import os, sys
# Counts the bytes of the input's files: the standard library reads no Parquet.
path = sys.argv[1]
files = [path] if os.path.isfile(path) else sorted(os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs)
print('adding', len(files), 'files')
with open(sys.argv[2], 'w') as out:
    out.write(str(len(files)))
";
const JANUARY: &str = "at,value\n2024-01-01,1\n2024-01-02,2\n2024-01-03,-5\n";
const FEBRUARY: &str = "at,value\n2024-02-01,3\n2024-02-02,4\n";

fn with(yaml: &str, extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, String)> {
    let mut files = vec![("volano.yaml", yaml.to_owned())];
    files.extend(extra.iter().map(|(path, text)| (*path, (*text).to_owned())));
    files
}

async fn started(yaml: &str, extra: &[(&'static str, &'static str)]) -> Loop {
    let files = with(yaml, extra);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    Loop::start(&files).await
}

/// A project of one program and no data.
fn program(run: &str, more: &str) -> String {
    format!("project: one\nsteps:\n  only:\n    run: {run}\n    out: {{made: {{kind: file}}}}\n{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_arrives_is_worked_on_and_only_what_is_new_runs() {
    let mut the =
        started(PROJECT, &[("sql/prepare.sql", SQL), ("src/add.py", ADD), ("data/2024-01.csv", JANUARY)])
            .await;
    let first = the.succeeded(1).await;
    let steps = the.steps(&first).await;
    assert_eq!(steps.len(), 2);
    assert!(steps.iter().all(|step| step.state == StepState::Succeeded), "{steps:?}");
    assert_eq!(the.log(&steps[1]), "adding 1 files\n");
    assert_eq!(first.data["numbers"].number, 1);

    let arrived = Instant::now();
    the.write("data/2024-02.csv", FEBRUARY);
    let second = the.succeeded(2).await;
    assert!(arrived.elapsed() < Duration::from_secs(20));
    let steps = the.steps(&second).await;
    let states: Vec<_> = steps.iter().map(|step| (step.unit.label(), step.state)).collect();
    assert_eq!(
        states,
        [
            ("2024-01".to_owned(), StepState::Skipped),
            ("2024-02".to_owned(), StepState::Succeeded),
            ("all".to_owned(), StepState::Succeeded),
        ]
    );
    assert_eq!(the.log(&steps[2]), "adding 2 files\n");

    // Asked for once more, there is nothing to do.
    let third = the.run().await;
    assert_eq!(third.state, RunState::Succeeded);
    assert!(the.steps(&third).await.iter().all(|step| step.state == StepState::Skipped));
    the.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_makes_the_same_bytes_stops_the_work_there() {
    let yaml = "\
project: cut
steps:
  first:
    run: python3 first.py ${out.made}
    out: {made: {kind: file}}
  second:
    run: cp ${in.made} ${out.copy}
    in: {made: first.made}
    out: {copy: {kind: file}}
";
    let mut the = started(yaml, &[("first.py", "import sys\nopen(sys.argv[1], 'w').write('same')\n")]).await;
    assert_eq!(the.run().await.state, RunState::Succeeded);
    the.write("first.py", "import sys\ntext = 'same'\nopen(sys.argv[1], 'w').write(text)\n");
    let again = the.run().await;
    let states: Vec<_> = the.steps(&again).await.iter().map(|step| step.state).collect();
    assert_eq!(states, [StepState::Succeeded, StepState::Skipped]);
    the.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_script_is_quoted_and_leaves_nothing() {
    let yaml = program("python3 fail.py ${out.made}", "");
    let script = "import sys\nopen(sys.argv[1], 'w').write('half')\nraise ValueError('no column late')\n";
    let mut the = started(&yaml, &[("fail.py", script)]).await;
    let run = the.run().await;
    assert_eq!(run.state, RunState::Failed);
    let message = run.message.clone().unwrap();
    assert!(message.contains("exit code 1") && message.contains("ValueError: no column late"), "{message}");
    let steps = the.steps(&run).await;
    assert_eq!((steps[0].state, steps[0].attempt), (StepState::Failed, 1));
    assert_eq!(steps[0].failure.as_ref().unwrap().cause, FailureCause::Exit);
    assert!(the.app.pipelines().step_result(&the.ctx, &steps[0]).await.unwrap().is_none());
    assert!(!the.app.home().work_dir().join(steps[0].id.as_str()).exists());
    the.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_repeated_for_the_declared_cause_only() {
    let more = "    retry: {max: 2, if: [timeout]}\n    timeout: 1s\n";
    let mut the = started(&program("sleep 30", more), &[]).await;
    let run = the.run().await;
    let steps = the.steps(&run).await;
    assert_eq!((steps[0].state, steps[0].attempt), (StepState::Failed, 3));
    assert_eq!(steps[0].failure.as_ref().unwrap().cause, FailureCause::Timeout);
    assert!(the.log(&steps[0]).contains("stopped at the time limit"), "{}", the.log(&steps[0]));
    the.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_output_is_named_with_its_place() {
    let mut the = started(&program("'true'", ""), &[]).await;
    let message = the.run().await.message.unwrap();
    assert!(
        message.contains("did not write its output \"made\": write it to ${out.made} (here out/made)"),
        "{message}"
    );
    the.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_step_is_tried_again_and_a_stopped_server_goes_on_later() {
    let script = "\
import os, pathlib, sys, time
marker = pathlib.Path(os.environ['MARKER'] if 'MARKER' in os.environ else sys.argv[2])
if not marker.exists():
    marker.write_text('first')
    time.sleep(60)
open(sys.argv[1], 'w').write('done')
";
    let marker = tempfile::tempdir().unwrap();
    let marker = marker.path().join("marker");
    let yaml = program(&format!("python3 slow.py ${{out.made}} {}", marker.display()), "");
    let script: &'static str = script;
    let mut the = started(&yaml, &[("slow.py", script)]).await;
    let project = "one";
    let run = the.app.pipelines().start_run(&the.ctx, project, &Default::default()).await.unwrap();
    let start = Instant::now();
    while !marker.exists() {
        assert!(start.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let step = the.app.pipelines().status(&the.ctx, &run.id).await.unwrap().steps.remove(0);
    assert!(runner::process::kill_step(step.id.as_str()) >= 1);
    let run = the.ended(&run.id).await;
    assert_eq!(run.state, RunState::Succeeded, "{:?}", run.message);
    let step = the.steps(&run).await.remove(0);
    assert_eq!((step.state, step.attempt), (StepState::Succeeded, 2));
    the.stop().await;
}
