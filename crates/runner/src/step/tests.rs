use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::*;
use crate::process;

/// Not a test: this binary as the step program of the others.
#[test]
fn watch_entry() {
    if let Some(folder) = std::env::args().next_back().filter(|last| Path::new(last).is_dir()) {
        let code = step_main(Path::new(&folder));
        std::process::exit(code);
    }
}

struct Step {
    folder: tempfile::TempDir,
    order: Order,
    env: Vec<(String, String)>,
}

impl Step {
    fn sh(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let order = Order {
            step_run: format!("test-{}", folder.path().file_name().unwrap().display()),
            argv: ["/bin/sh", "-c", script].map(ToOwned::to_owned).to_vec(),
            folder: folder.path().to_owned(),
            log: folder.path().join("log"),
            memory: None,
            open_files: 256,
            timeout_ms: None,
            secrets: vec!["TOKEN".to_owned()],
            environment: None,
        };
        let env = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
            ("TOKEN".to_owned(), "hush-hush-hush".to_owned()),
        ];
        Self { folder, order, env }
    }

    async fn launch(&self) -> Launched {
        let exe = std::env::current_exe().unwrap().into_os_string();
        let args = ["--exact", "--nocapture", "--test-threads=1", "step::tests::watch_entry"];
        let program: Vec<_> = std::iter::once(exe).chain(args.map(Into::into)).collect();
        launch(&program, self.folder.path(), &self.order, &self.env).await.unwrap()
    }

    async fn run(&self) -> Option<Exit> {
        let mut launched = self.launch().await;
        launched.go().await.unwrap();
        launched.wait().await.unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.order.log).unwrap_or_default()
    }

    fn living(&self) -> usize {
        process::of_step(&self.order.step_run).len()
    }
}

async fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_end_and_both_streams_are_recorded_and_secrets_are_masked() {
    let step = Step::sh("echo out $TOKEN; echo err >&2; exit 7");
    let exit = step.run().await.unwrap();
    assert_eq!(exit.ending, Ending::Exited { code: 7 });
    assert!(exit.started_ms <= exit.finished_ms && exit.peak_memory > 0);
    let log = step.log();
    assert!(log.contains("out ***\n") && log.contains("err\n"), "{log}");
    assert!(!log.contains("hush"));
}

#[tokio::test]
async fn nothing_starts_before_the_word() {
    let step = Step::sh("touch started");
    let launched = step.launch().await;
    let identity = launched.identity();
    drop(launched);
    until(|| !identity.is_alive()).await;
    assert!(!step.folder.path().join("started").exists());
    assert_eq!(Exit::read(step.folder.path()).unwrap(), None);
}

#[tokio::test]
async fn the_time_limit_ends_a_step_with_its_children() {
    let mut step = Step::sh("sleep 60 & sleep 60");
    step.order.timeout_ms = Some(200);
    assert_eq!(step.run().await.unwrap().ending, Ending::TimedOut);
    assert_eq!(step.living(), 0);
    assert!(step.log().contains("time limit"));
}

#[tokio::test]
async fn what_a_step_leaves_behind_is_ended() {
    let step = Step::sh("setsid sleep 60 >/dev/null 2>&1 & exit 0");
    assert_eq!(step.run().await.unwrap().ending, Ending::Exited { code: 0 });
    assert_eq!(step.living(), 0);
}

#[tokio::test]
async fn a_cancelled_step_is_stopped() {
    let step = Step::sh("echo begun; sleep 60");
    let mut launched = step.launch().await;
    launched.go().await.unwrap();
    until(|| step.log().contains("begun")).await;
    launched.cancel();
    assert_eq!(launched.wait().await.unwrap().unwrap().ending, Ending::Cancelled);
}

#[tokio::test]
async fn a_step_whose_watcher_is_killed_is_lost_and_gone() {
    let step = Step::sh("echo begun; sleep 60");
    let mut launched = step.launch().await;
    launched.go().await.unwrap();
    until(|| step.log().contains("begun")).await;
    launched.identity().signal(Signal::SIGKILL);
    assert_eq!(launched.wait().await.unwrap(), None);
    assert_eq!(step.living(), 0);
}

#[tokio::test]
async fn a_step_is_found_again_by_its_identity() {
    let step = Step::sh("echo begun; while [ ! -e go-on ]; do sleep 0.05; done; exit 3");
    let mut launched = step.launch().await;
    launched.go().await.unwrap();
    let identity = launched.identity();
    until(|| step.log().contains("begun")).await;
    // The starter forgets everything; what is left is what its journal says.
    std::mem::forget(launched);
    fs::write(step.folder.path().join("go-on"), "").unwrap();
    let id = &step.order.step_run;
    let exit = Launched::adopt(step.folder.path(), id, identity).wait().await.unwrap().unwrap();
    assert_eq!(exit.ending, Ending::Exited { code: 3 });
    // Found a second time, after its end: the record is enough.
    let exit = Launched::adopt(step.folder.path(), id, identity).wait().await.unwrap().unwrap();
    assert_eq!(exit.ending, Ending::Exited { code: 3 });
}

#[tokio::test]
async fn a_memory_limit_is_felt_by_the_step() {
    let mut step = Step::sh("python3 -c 'x = bytearray(1 << 30)'");
    step.order.memory = Some(256 << 20);
    assert_eq!(step.run().await.unwrap().ending, Ending::Exited { code: 1 });
    assert!(step.log().contains("MemoryError"), "{}", step.log());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let mut step = Step::sh("");
    step.order.argv = vec!["no-such-program".to_owned()];
    let Ending::NotStarted { reason } = step.run().await.unwrap().ending else {
        panic!("it must not start");
    };
    assert_eq!(
        reason,
        "cannot start \"no-such-program\": no such program on the step's PATH; install it, or write ./FILE for a script of \
         the project"
    );
    assert!(step.log().contains(&reason));
}
