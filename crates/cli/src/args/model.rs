//! Arguments of the commands for models, endpoints and what watches them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::explore::TagArgs;
use super::work::Param;

/// `model …`
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// List registered models
    Ls(ModelListArgs),
    /// Show a model's versions, or one version
    Show {
        /// Model, as NAME, NAME:3 or NAME@champion
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Register the model of a run as a new version
    Register(RegisterArgs),
    /// Put versions side by side: only what differs
    Compare {
        /// Versions, as NAME:3 or NAME@champion
        #[arg(required = true, num_args = 2.., value_name = "REF")]
        references: Vec<String>,
        /// Also what is equal
        #[arg(long)]
        all: bool,
    },
    /// Point an alias at a version
    Promote(PromoteArgs),
    /// Give the champion's place back to the version before
    Rollback {
        /// Model
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, for the alias's history
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Say what would change, change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Who moved which alias from which version to which, when and why
    History {
        /// Model, or one alias of it as NAME@champion
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Set and remove tags of a model or a version
    Tag(TagArgs),
    /// Show or write the description of a model or a version
    Note {
        /// Model, as NAME, NAME:3 or NAME@champion
        #[arg(value_name = "REF")]
        reference: String,
        /// The new text; the one there is is shown when left out
        #[arg(value_name = "TEXT")]
        text: Option<String>,
    },
    /// Delete a model or a version; it can be restored while its name is free
    Rm {
        /// Models, as NAME, NAME:3 or NAME@challenger
        #[arg(required = true, value_name = "REF")]
        references: Vec<String>,
        /// Do it
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
        /// Say what would be deleted, delete nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Bring deleted models or versions back
    Restore {
        /// Models, as NAME or NAME:3
        #[arg(required = true, value_name = "REF")]
        references: Vec<String>,
    },
    /// Print a version's card as Markdown: what it is, how good, and where it comes from
    Card {
        /// Version, as NAME:3 or NAME@champion; the newest when only NAME is given
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Write a version's files, card and provenance into a folder
    Export {
        /// Version, as NAME:3 or NAME@champion; the newest when only NAME is given
        #[arg(value_name = "REF")]
        reference: String,
        /// Folder, which must not exist
        #[arg(long, short, value_name = "DIR")]
        output: PathBuf,
    },
}

/// Arguments of `model ls`.
#[derive(Args, Debug)]
pub struct ModelListArgs {
    /// Only models for which this holds, as "name LIKE 'churn%'" or "tags.team = 'ops'"
    #[arg(long, short, value_name = "FILTER")]
    pub filter: Option<String>,
    /// How many
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub limit: usize,
}

/// Arguments of `model register`.
#[derive(Args, Debug)]
pub struct RegisterArgs {
    /// Run whose model it is: its id, a unique end of it, @last, @best; or a source as models:/m-… or runs:/ID/PATH
    #[arg(value_name = "RUN")]
    pub source: String,
    /// Model to register it under; it is made when it is new
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Which model of a run that logged several
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Metric that @best looks at; the objective's when left out
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
    /// What it is
    #[arg(long, short, value_name = "TEXT")]
    pub message: Option<String>,
    /// Tag
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<Param>,
    /// Say what would be registered, register nothing
    #[arg(long)]
    pub dry_run: bool,
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
    /// Why, for the alias's history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
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
