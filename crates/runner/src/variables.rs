//! The environment of a step's program: a clean one, with what the step is to know.

use std::collections::BTreeMap;
use std::path::Path;

use crate::process::STEP_RUN_VARIABLE;
use crate::workspace::Workspace;

/// What comes from the machine; everything else of the server's environment stays out of a step.
const KEPT: [&str; 4] = ["LANG", "LC_ALL", "LC_CTYPE", "TZ"];
/// The variable that holds the step's token, the one secret of a step.
pub(crate) const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";

/// What the variables tell.
pub(crate) struct Told<'a> {
    pub step_run: &'a str,
    pub server_url: &'a str,
    pub token: &'a str,
    pub experiment: &'a str,
    pub tracked_run: &'a str,
    pub params: &'a BTreeMap<String, serde_json::Value>,
    pub workspace: &'a Workspace,
    /// The `bin` folder of the step's environment.
    pub bin: Option<&'a Path>,
    /// Cores that the step asked for.
    pub cores: Option<f64>,
}

/// The whole environment, in a stable order.
pub(crate) fn of(told: &Told<'_>) -> Vec<(String, String)> {
    let mut env: BTreeMap<String, String> =
        KEPT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    let mut set = |name: &str, value: String| {
        env.insert(name.to_owned(), value);
    };
    set("PATH", path(told.bin));
    let home = told.workspace.home.display().to_string();
    set("HOME", home.clone());
    set("TMPDIR", home);
    set("MLFLOW_TRACKING_URI", told.server_url.to_owned());
    set("MLFLOW_EXPERIMENT_NAME", told.experiment.to_owned());
    set("MLFLOW_RUN_ID", told.tracked_run.to_owned());
    set(TOKEN, told.token.to_owned());
    set(STEP_RUN_VARIABLE, told.step_run.to_owned());
    set("VOLANO_PARAMS", serde_json::json!(told.params).to_string());
    for (name, path) in &told.workspace.inputs {
        set(&format!("VOLANO_INPUT_{}", word(name)), path.display().to_string());
    }
    for (name, path) in &told.workspace.outputs {
        set(&format!("VOLANO_OUTPUT_{}", word(name)), path.display().to_string());
    }
    // Output that appears as it is made; the same hash order, hence the same bytes, in every run.
    set("PYTHONUNBUFFERED", "1".to_owned());
    set("PYTHONHASHSEED", "0".to_owned());
    set("PYTHONDONTWRITEBYTECODE", "1".to_owned());
    // The mlflow client looks for a git repository, which a pinned copy of the project is not.
    set("GIT_PYTHON_REFRESH", "quiet".to_owned());
    if let Some(cores) = told.cores {
        let threads = cores.ceil().max(1.0).to_string();
        for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            set(name, threads.clone());
        }
    }
    env.into_iter().collect()
}

fn path(bin: Option<&Path>) -> String {
    let machine = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    bin.map_or(machine.clone(), |bin| format!("{}:{machine}", bin.display()))
}

/// A name as part of a variable's name: `train-data` becomes `TRAIN_DATA`.
fn word(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_step_sees_what_it_is_told_and_nothing_of_the_server() {
        let workspace = Workspace {
            folder: PathBuf::from("/w"),
            code: PathBuf::from("/w/code"),
            home: PathBuf::from("/w/home"),
            inputs: BTreeMap::from([("train-data".to_owned(), PathBuf::from("/w/in/x"))]),
            outputs: BTreeMap::new(),
        };
        let env: BTreeMap<String, String> = of(&Told {
            step_run: "s",
            server_url: "http://127.0.0.1:5000",
            token: "t",
            experiment: "flights",
            tracked_run: "r",
            params: &BTreeMap::from([("lr".to_owned(), serde_json::json!(0.1))]),
            workspace: &workspace,
            bin: Some(Path::new("/env/bin")),
            cores: Some(1.5),
        })
        .into_iter()
        .collect();
        assert_eq!(env["VOLANO_INPUT_TRAIN_DATA"], "/w/in/x");
        assert_eq!(env["VOLANO_PARAMS"], r#"{"lr":0.1}"#);
        assert_eq!(env["OMP_NUM_THREADS"], "2");
        assert!(env["PATH"].starts_with("/env/bin:"));
        // Cargo sets this for tests; it stands for any variable of the server.
        assert!(!env.contains_key("CARGO_MANIFEST_DIR"));
    }
}
