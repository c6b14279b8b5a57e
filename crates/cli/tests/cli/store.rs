//! The store of files: many small ones, older versions in packs, and damage that is found and named.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sandbox::Sandbox;

const NOTES: usize = 300;

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    serde_json::from_str(&sandbox.ok(&[arguments, &["--json"]].concat())).unwrap()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn notes() -> Sandbox {
    let sandbox = Sandbox::new();
    for n in 0..NOTES {
        sandbox.write(&format!("notes/{}/{n:03}.txt", n % 7), format!("note {n}: {}\n", n * n));
    }
    sandbox.write("notes/large.bin", vec![7; 200_000]);
    sandbox.ok(&["data", "add", "notes", "--name", "notes"]);
    sandbox
}

#[test]
fn many_small_files_go_into_packs_and_come_back() {
    let sandbox = notes();
    sandbox.ok(&["data", "checkout", "notes", "out"]);
    let (given, back) = (files(&sandbox.path().join("notes")), files(&sandbox.path().join("out")));
    assert_eq!((given.len(), back.len()), (NOTES + 1, NOTES + 1));
    for (given, back) in given.iter().zip(&back) {
        assert_eq!(given.file_name(), back.file_name());
        assert_eq!(fs::read(given).unwrap(), fs::read(back).unwrap());
    }
    let usage = json(&sandbox, &["data", "usage"]);
    assert_eq!(usage["packed_files"], NOTES);
    assert_eq!(usage["datasets"][0]["versions"], 1);
    assert!(sandbox.ok(&["data", "usage"]).contains("notes"));
    assert_eq!(json(&sandbox, &["data", "add", "notes", "--name", "notes"])["outcome"], "unchanged");
}

#[test]
fn a_flipped_bit_in_a_pack_is_named_with_the_versions_it_hurts() {
    let sandbox = notes();
    assert!(sandbox.ok(&["data", "verify"]).starts_with("whole"));
    let pack = files(&sandbox.home().join("objects/packs")).remove(0);
    let mut bytes = fs::read(&pack).unwrap();
    bytes[200] ^= 1;
    let mut writable = fs::metadata(&pack).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut writable, 0o600);
    fs::set_permissions(&pack, writable).unwrap();
    fs::write(&pack, bytes).unwrap();
    let done = sandbox.run(&["data", "verify", "--json"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    let found: Value = serde_json::from_str(&done.stdout).unwrap();
    let damaged = &found["damaged"][0];
    assert_eq!((&damaged["kind"], &damaged["mended"]), (&Value::from("pack"), &Value::from(false)));
    assert_eq!(damaged["versions"], serde_json::json!(["notes@v1"]));
    assert_eq!(damaged["files"].as_array().unwrap().len(), 1);
    let refused = sandbox.run(&["data", "checkout", "notes", "out"]);
    assert_ne!(refused.code, 0);
    assert!(!sandbox.path().join("out").exists());
}

#[test]
fn older_versions_go_into_packs_and_read_as_before() {
    let sandbox = Sandbox::new();
    let rows = |n: usize| -> String {
        let lines = (0..n).map(|row| format!("{row},{}\n", row * 7919 % 1_000_003));
        std::iter::once("id,value\n".to_owned()).chain(lines).collect()
    };
    for n in [60_000, 60_600, 61_200] {
        sandbox.write("table.csv", rows(n));
        sandbox.ok(&["data", "add", "table.csv"]);
    }
    let plan = json(&sandbox, &["data", "gc", "--plan"]);
    assert_eq!((&plan["files"], &plan["kept_files"]), (&Value::from(2), &Value::from(1)));
    assert_eq!(json(&sandbox, &["data", "usage"])["whole_files"], 3, "a plan changes nothing");
    assert!(sandbox.ok(&["data", "gc", "--plan"]).starts_with("packed\t2\t"), "one line each for scripts");
    let done = json(&sandbox, &["data", "gc"]);
    assert_eq!(done["files"], 2);
    let usage = json(&sandbox, &["data", "usage"]);
    assert_eq!(usage["whole_files"], 1);
    let (whole, packs) = (usage["whole_bytes"].as_u64().unwrap(), usage["pack_bytes"].as_u64().unwrap());
    let all = usage["datasets"][0]["all_bytes"].as_u64().unwrap();
    assert!(whole + packs < all * 3 / 4, "{whole} + {packs} of {all}");
    for (version, n) in [("table@v1", 60_000), ("table@v2", 60_600), ("table@v3", 61_200)] {
        sandbox.ok(&["data", "checkout", version, version]);
        assert_eq!(fs::read_to_string(sandbox.path().join(version).join("table.csv")).unwrap(), rows(n));
    }
    let counted = json(&sandbox, &["data", "sql", "SELECT count(*) AS n FROM table@v1"]);
    assert_eq!(counted["rows"][0][0], 60_000);
    assert!(sandbox.ok(&["data", "verify"]).starts_with("whole"));
}
