//! Where things are: the project found upwards, the home, the user's own file.

use std::env;
use std::path::{Path, PathBuf};

use crate::args::Globals;

/// The project file's name.
pub const PROJECT_FILE: &str = "volano.yaml";
/// The home's name inside a project.
pub const HOME_DIR: &str = ".volano";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, with its name.
    Flag(&'static str),
    /// An environment variable, with its name.
    Environment(&'static str),
    /// The project file or its folder.
    Project(PathBuf),
    /// The user file.
    User(PathBuf),
    /// A server that announced itself in the home.
    Running(PathBuf),
    /// Nobody said anything.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Project(path) => write!(f, "project {}", path.display()),
            Self::User(path) => write!(f, "user file {}", path.display()),
            Self::Running(path) => write!(f, "announced in {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Whether a global option came from its flag or from its variable.
pub fn flag_or_environment(flag: &'static str, variable: &'static str) -> Origin {
    let written = format!("--{flag}");
    let given =
        env::args().any(|argument| argument == written || argument.starts_with(&format!("{written}=")));
    if given { Origin::Flag(flag) } else { Origin::Environment(variable) }
}

/// The folder of the project file, looked for from `start` upwards.
pub fn project_root(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file()).map(Path::to_owned)
}

/// The project of the working directory.
pub fn project_root_here() -> Option<PathBuf> {
    let start = env::var_os("VOLANO_PROJECT").map_or_else(|| PathBuf::from("."), PathBuf::from);
    project_root(&start)
}

/// The project that the flags name, else that of the working directory.
pub fn project_of(globals: &Globals) -> Option<PathBuf> {
    globals.project.as_deref().map_or_else(project_root_here, project_root)
}

/// The home and where that comes from: flag, environment, project, user file, the user's data folder.
pub fn home_of(globals: &Globals, from_user_file: Option<&Path>, user_file: &Path) -> (PathBuf, Origin) {
    if let Some(home) = &globals.home {
        return (home.clone(), flag_or_environment("home", "VOLANO_HOME"));
    }
    if let Some(root) = project_of(globals) {
        return (root.join(HOME_DIR), Origin::Project(root));
    }
    if let Some(home) = from_user_file {
        return (home.to_owned(), Origin::User(user_file.to_owned()));
    }
    (data_folder().join("volano"), Origin::Default)
}

/// Where calls wait that a server which is away has still to be told.
pub fn spools() -> PathBuf {
    env::var_os("VOLANO_SPOOL").map_or_else(|| data_folder().join("volano-spool"), PathBuf::from)
}

/// The user's data folder.
fn data_folder() -> PathBuf {
    folder_from("XDG_DATA_HOME", ".local/share")
}

/// The user's configuration folder.
pub fn config_folder() -> PathBuf {
    folder_from("XDG_CONFIG_HOME", ".config")
}

fn folder_from(variable: &str, below_home: &str) -> PathBuf {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(below_home)))
        .unwrap_or_else(|| env::temp_dir().join("volano-user"))
}
