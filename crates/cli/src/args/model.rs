//! Arguments of the commands for models, endpoints and what watches them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `model …`
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// List registered models
    Ls,
    /// Show a model's versions, or one version
    Show {
        /// Model, as NAME, NAME:3 or NAME@champion
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Point an alias at a version
    Promote(PromoteArgs),
    /// Give the champion's place back to the version before
    Rollback {
        /// Model
        #[arg(value_name = "NAME")]
        name: String,
        /// Say what would change, change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Arguments of `model promote`.
#[derive(Args, Debug)]
pub struct PromoteArgs {
    /// Version, as NAME:3 or NAME@challenger
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Alias to move
    #[arg(default_value = "champion", value_name = "ALIAS")]
    pub alias: String,
    /// Say what would change, change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Model, as NAME, NAME:3 or NAME@champion
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Name of the endpoint; the model's when left out
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 5000, value_name = "PORT")]
    pub port: u16,
}

/// Arguments of `deploy`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct DeployArgs {
    /// Look at deployments, or take the last one back
    #[command(subcommand)]
    pub command: Option<DeployCommand>,
    /// Model, as NAME, NAME:3 or NAME@champion
    #[arg(value_name = "REF", required = true)]
    pub reference: Option<String>,
    /// Endpoint
    #[arg(long, value_name = "NAME", required = true)]
    pub to: Option<String>,
    /// Share of requests it gets at first, as 10%; all when left out
    #[arg(long, value_name = "SHARE")]
    pub canary: Option<String>,
    /// Say what would change, change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `deploy …`
#[derive(Debug, Subcommand)]
pub enum DeployCommand {
    /// List endpoints
    Ls,
    /// Show versions, traffic and latency of an endpoint
    Status {
        /// Endpoint
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Return an endpoint to what it served before
    Undo {
        /// Endpoint
        #[arg(value_name = "NAME")]
        name: String,
        /// Say what would change, change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Arguments of `predict`.
#[derive(Args, Debug)]
pub struct PredictArgs {
    /// Endpoint
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Rows as CSV, JSON or JSON lines; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub input: PathBuf,
    /// Write the predictions here instead of printing them
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `monitor …`
#[derive(Debug, Subcommand)]
pub enum MonitorCommand {
    /// Everything watched, or one endpoint
    Status {
        /// Endpoint
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Compare recent requests with the training data
    Drift(FindingArgs),
    /// Compare predictions with what turned out to be true
    Performance(FindingArgs),
}

/// Which endpoint, and which findings.
#[derive(Args, Debug)]
pub struct FindingArgs {
    /// Endpoint
    #[arg(value_name = "NAME")]
    pub name: String,
    /// List the last N findings instead of looking now
    #[arg(long, value_name = "N")]
    pub history: Option<usize>,
}

/// `label …`
#[derive(Debug, Subcommand)]
pub enum LabelCommand {
    /// Add what turned out to be true, by prediction id
    Add(LabelAddArgs),
}

/// Arguments of `label add`.
#[derive(Args, Debug)]
pub struct LabelAddArgs {
    /// Endpoint
    #[arg(value_name = "NAME")]
    pub name: String,
    /// CSV or JSON lines with prediction_id and value; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "id")]
    pub file: Option<PathBuf>,
    /// One prediction
    #[arg(long, value_name = "PREDICTION", requires = "value", conflicts_with = "file")]
    pub id: Option<String>,
    /// Its true value
    #[arg(long, value_name = "VALUE", requires = "id", allow_hyphen_values = true)]
    pub value: Option<String>,
}
