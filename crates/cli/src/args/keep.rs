//! Arguments of the commands that bring records in.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `import …`
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Take over an MLflow store: experiments, runs, models, traces, files, with ids and times
    Mlflow(ImportMlflowArgs),
}

/// Arguments of `import mlflow`.
#[derive(Args, Debug)]
pub struct ImportMlflowArgs {
    /// SQLite database (a path, or sqlite:///PATH) or mlruns folder of MLflow; it is only read
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// Folder that the store's artifact root is on this machine; an mlruns folder has its own
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// Take over records only
    #[arg(long, conflicts_with = "artifacts")]
    pub without_artifacts: bool,
    /// Only say what would come, and what cannot
    #[arg(long)]
    pub dry_run: bool,
}
