use std::process::Command;
use std::sync::Mutex;

use super::*;

fn environments() -> (tempfile::TempDir, Environments) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("envs");
    (folder, Environments::new(root))
}

fn spec(requirements: &str) -> Spec {
    Spec::new(Requirements::parse("requirements.txt", requirements).unwrap())
}

#[tokio::test]
async fn an_environment_is_built_once_and_works_after_its_rename() {
    let (_folder, environments) = environments();
    let steps = Mutex::new(Vec::new());
    let wanted = spec("");
    let env = environments.ensure(&wanted, |step| steps.lock().unwrap().push(step)).await.unwrap();
    assert_eq!(env.key, environments.key(&wanted).await.unwrap());
    let seen = steps.lock().unwrap().clone();
    assert_eq!(seen, [Progress::Creating, Progress::Probing, Progress::Ready]);
    let out = Command::new(&env.python).args(["-c", "import sys; print(sys.prefix)"]).output().unwrap();
    assert_eq!(String::from_utf8(out.stdout).unwrap().trim(), env.folder().to_str().unwrap());
    assert_eq!(env.record().unwrap().packages, Vec::<String>::new());

    steps.lock().unwrap().clear();
    environments.ensure(&wanted, |step| steps.lock().unwrap().push(step)).await.unwrap();
    assert_eq!(*steps.lock().unwrap(), [Progress::Ready]);
    assert!(environments.get(&env.key).unwrap().is_some());
}

#[tokio::test]
async fn concurrent_callers_share_one_build() {
    let (_folder, environments) = environments();
    let other = Environments::new(environments.inner.root.clone());
    let built = Mutex::new(0);
    let count = |step| {
        if step == Progress::Creating {
            *built.lock().unwrap() += 1;
        }
    };
    let wanted = spec("");
    let (one, two) = tokio::join!(environments.ensure(&wanted, count), other.ensure(&wanted, count));
    assert_eq!(one.unwrap().python, two.unwrap().python);
    assert_eq!(*built.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_failed_build_leaves_nothing() {
    let (_folder, environments) = environments();
    let mut wanted = spec("");
    wanted.imports = vec!["no_such_module".to_owned()];
    let text = environments.ensure(&wanted, |_| {}).await.unwrap_err().to_string();
    assert!(text.starts_with("the new environment cannot import no_such_module"), "{text}");
    let left: Vec<_> = fs::read_dir(&environments.inner.root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_package_that_no_index_has_is_named() {
    let (_folder, environments) = environments();
    // Only the (empty) folder is asked, so that the answer does not depend on the network.
    let empty = environments.inner.root.join("..");
    let text = format!("--no-index\n--find-links {}\nvolano-no-such-package==9\n", empty.display());
    let error = environments.ensure(&spec(&text), |_| {}).await.unwrap_err();
    assert!(error.is_input());
    assert!(error.to_string().contains("volano-no-such-package"), "{error}");
}

#[tokio::test]
async fn an_environment_in_use_is_never_collected() {
    let (_folder, environments) = environments();
    let env = environments.ensure(&spec(""), |_| {}).await.unwrap();
    let collected = environments.collect(Duration::ZERO).unwrap();
    assert_eq!((collected.removed.len(), collected.kept), (0, 1));

    let key = env.key.clone();
    let held = hold(env.lock_path()).unwrap();
    drop(env);
    assert_eq!(environments.collect(Duration::ZERO).unwrap().kept, 1);
    drop(held);
    assert_eq!(environments.collect(Duration::from_secs(60)).unwrap().kept, 1);
    let collected = environments.collect(Duration::ZERO).unwrap();
    assert_eq!(collected.removed, std::slice::from_ref(&key));
    assert!(environments.get(&key).unwrap().is_none());
}

#[test]
fn a_key_is_sixty_four_lower_case_digits() {
    assert!(Key::parse(&"0a".repeat(32)).is_some());
    for bad in ["", "0a", &"0A".repeat(32), &"../x".repeat(16)] {
        assert!(Key::parse(bad).is_none(), "{bad}");
    }
}
