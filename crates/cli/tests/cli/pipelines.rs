//! Everything that goes wrong in a pipeline run: the step, the cause, the place, the last lines, the way out.

use crate::sandbox::{Sandbox, done, settings};

const PEOPLE: &str = "id,age,plan\n1,30,basic\n2,41,pro\n3,50,gold\n";

/// A query, then a program; `train` are the lines of the program's step, `prepare` more keys of the query's.
fn project(train: &str, prepare: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("data/people.csv", PEOPLE);
    sandbox.write("sql/prepare.sql", "SELECT id, age FROM people\n");
    describe(&sandbox, train, prepare);
    sandbox
}

fn describe(sandbox: &Sandbox, train: &str, prepare: &str) {
    let text = format!(
        "project: p\nparams: {{lr: {{default: 0.1, min: 0.001, max: 1}}, kind: {{default: a, choices: [a, b]}}}}\n\
         data: {{people: {{path: data/*.csv}}}}\nsteps:\n  prepare: {{sql: sql/prepare.sql, in: {{people: \
         data.people}}, out: {{rows: {{kind: table}}}}{prepare}}}\n  train:\n    in: {{rows: prepare.rows}}\n    \
         out: {{scores: {{kind: metrics}}}}\n    {train}\n"
    );
    sandbox.write("volano.yaml", text);
}

/// What a run leaves with, from the error on: what came before tells how long steps took.
fn refusal(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let done = sandbox.run(arguments);
    let error = done.stderr.find("error[").map_or("", |at| &done.stderr[at..]);
    format!("{}exit {}", sandbox.redacted(error), done.code)
}

fn shown(name: &str, texts: &[String]) {
    let mut settings = settings();
    settings.add_filter(r"--run [0-9a-f]{8}", "--run [RUN]");
    settings.add_filter(r"status [0-9a-f]{8}", "status [RUN]");
    settings.add_filter(r"pipeline run [0-9a-f]{8}", "pipeline run [RUN]");
    settings.add_filter(r"/\S*/python3?[0-9.]*: can't open", "[PYTHON]: can't open");
    settings.bind(|| insta::assert_snapshot!(name, texts.join("\n\n")));
}

#[test]
fn a_program_that_fails_is_shown_with_its_exit_code_and_last_lines() {
    let cases = [
        ("run: python3 src/train.py", "def fit():\n    raise ValueError(\"no such learning rate\")\nfit()\n"),
        ("run: python3 src/none.py", ""),
        ("run: sh src/train.py ${out.scores}", "echo almost done\n"),
        ("run: sh src/train.py ${out.scores}", "echo 'not json' > $1\n"),
        ("run: sh src/train.py", "for n in $(seq 40); do echo line $n; done; exit 7\n"),
        ("run: sh src/train.py", "exit 3\n"),
        ("run: sh src/train.py", "echo working; kill -9 $$\n"),
        ("run: sh src/train.py", "kill -6 $$\n"),
        ("run: sh src/train.py\n    timeout: 1s", "echo started; exec sleep 60\n"),
        ("run: trian --fast", ""),
        ("run: ./src/train.py", "#!/bin/sh\n"),
    ];
    let sandbox = project(cases[0].0, "");
    let texts = cases.map(|(step, script)| {
        describe(&sandbox, step, "");
        sandbox.write("src/train.py", script);
        format!("{step}\n{}", refusal(&sandbox, &["pipeline", "run"]))
    });
    shown("programs", &texts);
    assert!(sandbox.ok(&["pipeline", "status"]).lines().all(|line| line.contains("failed")));
    let listed = sandbox.ok(&["data", "ls", "-q"]);
    assert_eq!(listed.trim(), "people", "a failed step leaves no output behind");
}

#[test]
fn the_log_of_a_failed_step_is_there_and_the_run_goes_on_when_it_is_mended() {
    let sandbox = project("run: sh src/train.sh ${out.scores}", "");
    sandbox.write("src/train.sh", "echo looking; exit 1\n");
    assert_eq!(sandbox.run(&["pipeline", "run"]).code, 1);
    assert_eq!(sandbox.ok(&["pipeline", "logs", "train"]), "looking\n");
    sandbox.write("src/train.sh", "echo '{\"auc\": 0.9}' > $1\n");
    let mended = sandbox.run(&["pipeline", "run"]);
    assert_eq!(mended.code, 0, "{}", mended.stderr);
    assert!(!mended.stderr.contains("✓ prepare"), "what was done is not done again: {}", mended.stderr);
}

#[test]
fn without_python_a_step_says_how_to_get_it() {
    let sandbox = project("run: python3 src/train.py", "");
    sandbox.write("bin/empty", "");
    let mut command = sandbox.command(&["pipeline", "run"]);
    command.env("PATH", sandbox.path().join("bin"));
    let done = done(command);
    let error = &done.stderr[done.stderr.find("error[").unwrap()..];
    shown("python", &[format!("{error}exit {}", done.code)]);
}

#[test]
fn a_query_that_fails_is_shown_at_its_line_with_what_was_meant() {
    let queries = [
        "SELECT id,\n  agee FROM people\n",
        "SELECT id\nFORM people\n",
        "SELECT id FROM peopel\n",
        "SELECT sqrrt(id) AS root FROM people\n",
        "SELECT CAST(plan AS INT) AS plan FROM people\n",
        "SELECT id, id FROM people\n",
        "SELECT id FROM people; DELETE FROM people\n",
        "DELETE FROM people\n",
        "-- nothing yet\n",
    ];
    let sandbox = project("run: echo done", "");
    let texts = queries.map(|query| {
        sandbox.write("sql/prepare.sql", query);
        format!("{query}---\n{}", refusal(&sandbox, &["pipeline", "run"]))
    });
    shown("queries", &texts);
}

#[test]
fn a_check_that_does_not_hold_names_what_it_found_and_leaves_with_3() {
    let sandbox = project("run: echo done", "");
    let texts = ["rows > 1000", "no_nulls(agee)", "unique(agee)", "max(age) < 40"].map(|check| {
        describe(&sandbox, "run: echo done", &format!(", check: [{check}]"));
        format!("check: {check}\n{}", refusal(&sandbox, &["pipeline", "run"]))
    });
    shown("checks", &texts);
}

#[test]
fn what_a_run_cannot_start_with_is_refused() {
    let sandbox = project("run: echo done", "");
    let slips: [&[&str]; 6] = [
        &["pipeline", "run", "-p", "lr=7"],
        &["pipeline", "run", "-p", "lr=fast"],
        &["pipeline", "run", "-p", "kind=c"],
        &["pipeline", "plan", "-p", "lrr=1"],
        &["pipeline", "why", "trian"],
        &["pipeline", "logs", "train"],
    ];
    let mut texts: Vec<String> = slips
        .iter()
        .map(|slip| format!("$ volano {}\n{}", slip.join(" "), refusal(&sandbox, slip)))
        .collect();
    std::fs::remove_file(sandbox.path().join("data/people.csv")).unwrap();
    let fresh = project("run: echo done", "");
    std::fs::remove_file(fresh.path().join("data/people.csv")).unwrap();
    texts.push(refusal(&fresh, &["pipeline", "run"]));
    describe(&fresh, "run: echo ${in.rows}", ", by: month(joined)");
    fresh.write("data/people.csv", PEOPLE);
    texts.push(refusal(&fresh, &["pipeline", "run"]));
    fresh.write(
        "volano.yaml",
        "project: p\nsteps:\n  a: {run: echo, in: {x: b.o}, out: {o: {kind: file}}}\n  \
         b: {run: echo, in: {x: a.o}, out: {o: {kind: file}}}\n",
    );
    texts.push(refusal(&fresh, &["pipeline", "run"]));
    shown("starts", &texts);
    assert!(!fresh.ok(&["audit", "log"]).contains("step_run"), "nothing was started");
}

#[test]
fn requirements_that_cannot_be_installed_are_shown_with_the_package() {
    let sandbox = project("run: python3 -V", "");
    let texts = ["./local\n", "pandas === = 1\n", "--no-index\nno-such-package==1.0\n"].map(|requirements| {
        sandbox.write("requirements.txt", requirements);
        describe(&sandbox, "run: python3 -V\n    env: {requirements: requirements.txt}", "");
        let text = refusal(&sandbox, &["pipeline", "run"]);
        // What the installer says differs from version to version.
        let ours = text.lines().filter(|line| !line.contains('│')).collect::<Vec<_>>().join("\n");
        format!("{requirements}---\n{ours}")
    });
    shown("requirements", &texts);
}

#[test]
fn files_that_were_refused_after_the_newest_version_do_not_go_unsaid() {
    let sandbox = project("run: sh -c 'echo {} > $0' ${out.scores}", "");
    assert_eq!(sandbox.run(&["pipeline", "run"]).code, 0);
    sandbox.write("data/people.csv", "id,age,plan\n1,30\n");
    let again = sandbox.run(&["pipeline", "run"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(
        again.stderr.contains("files of people were refused, the run works on people@v1"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_first_run_does_not_mind_that_the_server_looks_at_the_same_files() {
    // Who is first with the files differs from try to try.
    for _ in 0..6 {
        let sandbox = project("run: sh -c 'echo {} > $0' ${out.scores}", "");
        // Files that have settled are taken by the watch at once.
        let data =
            std::fs::File::options().append(true).open(sandbox.path().join("data/people.csv")).unwrap();
        data.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let done = sandbox.run(&["pipeline", "run"]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert_eq!(sandbox.ok(&["data", "ls", "people", "-q"]), "people@v1\n");
    }
}
