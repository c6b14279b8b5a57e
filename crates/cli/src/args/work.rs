//! Arguments of the commands for data, runs and pipelines.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};

/// One `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Left of the first `=`.
    pub key: String,
    /// Right of it.
    pub value: String,
}

impl FromStr for Param {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Self { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err(format!(
                "write KEY=VALUE, for instance {}=0.1",
                if text.is_empty() { "lr" } else { text }
            )),
        }
    }
}

/// `data …`
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Add files as a new version of a data set
    Add(DataAddArgs),
    /// List data sets, or the versions of one
    Ls {
        /// Data set whose versions to list
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Show one version: files, columns, rows
    Show {
        /// Version, as NAME or NAME@v3
        #[arg(value_name = "REF")]
        reference: String,
        /// Rows to show
        #[arg(long, default_value_t = 5, value_name = "N")]
        rows: usize,
    },
    /// Compare two versions
    Diff(DiffArgs),
    /// Put the files of a version into a folder
    Checkout {
        /// Version, as NAME, NAME@v3 or NAME@BRANCH
        #[arg(value_name = "REF")]
        reference: String,
        /// Folder to make; NAME-v3 when left out
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// List branches, or make one to try a change on
    Branch(DataRefArgs),
    /// List tags, or give a version a name that stays
    Tag(DataRefArgs),
    /// Publish what is on a branch
    Merge(DataMergeArgs),
    /// Statistics of each column
    Profile {
        /// Version, as NAME or NAME@v3
        #[arg(value_name = "REF")]
        reference: String,
        /// Only this column
        #[arg(long, value_name = "COLUMN")]
        column: Option<String>,
    },
    /// Ask in SQL over any versions: FROM flights@v3
    Sql(DataSqlArgs),
    /// Key for reading versions without download, as an S3 client: s3://NAME/v3/PATH
    S3,
    /// What the versions hold, and what is stored for them
    Usage,
    /// Read everything that is stored and compare it with its hash
    Verify,
    /// Put what only older versions hold into packs, and free what nothing needs
    Gc {
        /// Say what would be done, do nothing
        #[arg(long)]
        plan: bool,
    },
}

/// Arguments of `data sql`.
#[derive(Args, Debug)]
pub struct DataSqlArgs {
    /// One SELECT; its tables are versions, as NAME or NAME@v3. From standard input with -, from a file with @FILE
    #[arg(value_name = "SQL")]
    pub sql: String,
    /// Form of the rows; without it a table on a terminal, else what the ending of --output says, else csv
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<SqlFormat>,
    /// File to write, whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// At most this many rows; 100 of a table and 1,000 of json when left out, of the others all
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Form of the rows of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SqlFormat {
    /// For people
    Table,
    /// Text with a header line
    Csv,
    /// One document with columns, their types and rows
    Json,
    /// Typed columns, compressed
    Parquet,
    /// Arrow's stream format
    Arrow,
}

/// Arguments of `data add`.
#[derive(Args, Debug)]
pub struct DataAddArgs {
    /// Files or folders
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Data set to add to; the first file's name when left out
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What changed and why
    #[arg(long, short, value_name = "TEXT")]
    pub message: Option<String>,
    /// Keep the files of the newest version that are not given here
    #[arg(long)]
    pub append: bool,
    /// Commit on this branch instead of publishing; made when it is not there
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// Say what would be added, add nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `data branch` and `data tag`.
#[derive(Args, Debug)]
pub struct DataRefArgs {
    /// Data set, or the version to start from, as NAME or NAME@v3
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Name to give; the names there are when left out
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Take the name away; the versions stay
    #[arg(long, requires = "name")]
    pub rm: bool,
}

/// Arguments of `data merge`.
#[derive(Args, Debug)]
pub struct DataMergeArgs {
    /// Branch, as NAME@BRANCH
    #[arg(value_name = "REF")]
    pub reference: String,
    /// What changed and why
    #[arg(long, short, value_name = "TEXT")]
    pub message: Option<String>,
    /// Say what would change and what stands in the way, merge nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `data diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// Older version, as NAME@v1
    #[arg(value_name = "FROM")]
    pub from: String,
    /// Newer version, as NAME@v2 or v2
    #[arg(value_name = "TO")]
    pub to: String,
    /// Only this column
    #[arg(long, value_name = "COLUMN")]
    pub column: Option<String>,
    /// Leave with 3 when there is a difference
    #[arg(long)]
    pub exit_code: bool,
}

/// `contract …`
#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// Learn rules from what is there
    Infer(ContractInferArgs),
    /// Show the rules in force
    Show {
        /// Data set
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Try the rules on the versions there are
    Test(ContractTestArgs),
    /// Say how the check of each version ended when it came
    History(ContractHistoryArgs),
}

/// Arguments of `contract infer`.
#[derive(Args, Debug)]
pub struct ContractInferArgs {
    /// Data set; its newest version is learned from
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Learn from these versions
    #[arg(long, value_name = "vN..vM", conflicts_with = "last")]
    pub from: Option<String>,
    /// Learn from the newest so many versions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub last: Option<u32>,
    /// Write it into the project, to contracts/NAME.yaml
    #[arg(long)]
    pub write: bool,
}

/// Arguments of `contract test`.
#[derive(Args, Debug)]
pub struct ContractTestArgs {
    /// Data set, to try every version; or one version, as NAME@v3
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Try the rules of this file instead of those in force
    #[arg(long, value_name = "FILE")]
    pub contract: Option<PathBuf>,
    /// Say rule by rule how often it would have fired on the newest so many versions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub last: Option<u32>,
    /// Say rule by rule how often it would have fired since so long ago
    #[arg(long, value_name = "90d")]
    pub since: Option<String>,
}

/// Arguments of `contract history`.
#[derive(Args, Debug)]
pub struct ContractHistoryArgs {
    /// Data set
    #[arg(value_name = "NAME")]
    pub name: String,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Parameter; recorded, and given to the command as ${params.KEY} and VOLANO_PARAMS
    #[arg(long = "param", short = 'p', value_name = "KEY=VALUE")]
    pub params: Vec<Param>,
    /// Name of the run
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Experiment to put it in; the project's name when left out
    #[arg(long, value_name = "NAME", env = "MLFLOW_EXPERIMENT_NAME", hide_env_values = true)]
    pub experiment: Option<String>,
    /// Seconds that reading and making things waits for a server that is away
    #[arg(long, value_name = "SECONDS", default_value_t = 60, hide_short_help = true)]
    pub wait: u64,
    /// Hand over what was logged while the server was away, and run nothing
    #[arg(long, conflicts_with_all = ["params", "name", "command"])]
    pub replay: bool,
    /// NOTEBOOK.ipynb, or a command after `--`
    #[arg(
        required_unless_present = "replay",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    pub command: Vec<String>,
}

/// Which pipeline a command is about.
#[derive(Args, Clone, Debug, Default)]
pub struct PipelineArgs {
    /// Pipeline; the project's when left out
    #[arg(long, short = 'P', value_name = "NAME")]
    pub pipeline: Option<String>,
}

/// `pipeline …`
#[derive(Debug, Subcommand)]
pub enum PipelineCommand {
    /// Check volano.yaml
    Check(PipelineArgs),
    /// Say which steps would run, and why
    Plan(PipelineRunArgs),
    /// Run what has changed, and follow it
    Run(PipelineRunArgs),
    /// Say why a step ran or was skipped
    Why {
        /// Step
        #[arg(value_name = "STEP")]
        step: String,
        /// Which pipeline
        #[command(flatten)]
        pipeline: PipelineArgs,
    },
    /// Show the latest run, or one run
    Status {
        /// Pipeline run; the latest when left out
        #[arg(value_name = "RUN")]
        run: Option<String>,
        /// Which pipeline
        #[command(flatten)]
        pipeline: PipelineArgs,
        /// How many runs to list
        #[arg(long, default_value_t = 10, value_name = "N")]
        limit: usize,
    },
    /// Print what a step wrote
    Logs(LogsArgs),
}

/// Arguments of `pipeline plan` and `pipeline run`.
#[derive(Args, Debug)]
pub struct PipelineRunArgs {
    /// Which pipeline
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Parameter of the project
    #[arg(long = "param", short = 'p', value_name = "KEY=VALUE")]
    pub params: Vec<Param>,
    /// Start it and leave; needs a running server
    #[arg(long)]
    pub no_wait: bool,
    /// Show the plan, run nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `pipeline logs`.
#[derive(Args, Debug)]
pub struct LogsArgs {
    /// Step, as NAME in the latest run, or the id of a step run
    #[arg(value_name = "STEP")]
    pub step: String,
    /// Which pipeline
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Pipeline run; the latest when left out
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Go on until the step ends
    #[arg(long, short)]
    pub follow: bool,
}
