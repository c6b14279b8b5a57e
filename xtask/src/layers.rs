//! Who may know whom: the two invariants of ARCHITECTURE.md that a program can check.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::run::{Result, cargo, output};

/// For each crate the crates of ours that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("environments", &["domain"]),
    ("db", &["domain"]),
    ("objects", &["domain"]),
    ("tables", &["domain"]),
    ("sql", &["domain", "tables"]),
    ("inference", &["domain", "environments"]),
    ("outgoing", &[]),
    ("app", &["domain", "db", "objects", "tables", "sql", "environments", "inference", "outgoing"]),
    ("runner", &["domain", "app", "environments", "objects", "sql", "tables"]),
    ("api", &["domain", "app"]),
    ("mlflow", &["domain", "app"]),
    ("gateway", &["domain", "app"]),
    ("s3", &["domain", "app"]),
    ("server", &["domain", "app", "api", "mlflow", "gateway", "s3", "runner"]),
    ("cli", &["domain", "tables", "app", "server", "runner"]),
    ("testkit", &["domain", "db"]),
];

/// Heavy dependencies and the crates that may name them.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["db"]),
    ("arrow", &["tables", "sql"]),
    ("parquet", &["tables", "sql"]),
    ("datafusion", &["sql"]),
    ("ort", &["inference"]),
    ("axum", &["api", "mlflow", "gateway", "s3", "server", "cli"]),
    ("utoipa", &["api"]),
    ("clap", &["cli"]),
    ("reqwest", &["cli", "outgoing"]),
    ("ring", &["app"]),
    ("notify", &["runner"]),
    ("hyper", &["server"]),
];

/// Checks both from `cargo metadata`.
pub fn check() -> Result {
    let text = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let problems = problems(&dependencies(&metadata));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n       ")) }
}

/// Normal dependencies by crate, with the prefix of our packages taken off.
fn dependencies(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(name) = package["name"].as_str() else { continue };
        let used = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str().map(ours))
            .collect();
        all.insert(ours(name), used);
    }
    all
}

fn ours(name: &str) -> String {
    if name == "volano" { "cli".to_owned() } else { name.strip_prefix("volano-").unwrap_or(name).to_owned() }
}

fn problems(all: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut problems = Vec::new();
    let floors: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (name, used) in all {
        let outside = matches!(name.as_str(), "tests" | "xtask");
        let Some(allowed) = floors.get(name.as_str()) else {
            if !outside {
                problems.push(format!("{name} has no floor: give it its place in xtask/src/layers.rs"));
            }
            continue;
        };
        for dependency in used {
            if floors.contains_key(dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                problems.push(format!("{name} may not know {dependency}"));
            }
            let home = HOMES.iter().find(|(heavy, _)| heavy == dependency);
            if let Some((heavy, homes)) = home
                && !homes.contains(&name.as_str())
            {
                problems.push(format!("{name} uses {heavy}, whose home is {}", homes.join(", ")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, used: &[&str]) -> Vec<String> {
        let used = used.iter().map(|&name| name.to_owned()).collect();
        problems(&BTreeMap::from([(name.to_owned(), used)]))
    }

    #[test]
    fn an_arrow_to_the_left_and_a_heavy_guest_are_found() {
        assert!(found("app", &["db", "domain", "serde"]).is_empty());
        assert_eq!(found("api", &["db"]), ["api may not know db"]);
        assert_eq!(found("app", &["sqlx"]), ["app uses sqlx, whose home is db"]);
        assert_eq!(found("attic", &[]).len(), 1);
    }
}
