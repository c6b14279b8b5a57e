//! Arguments of the commands that look at and tend experiments and runs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::work::Param;

/// `exp …`
#[derive(Debug, Subcommand)]
pub enum ExpCommand {
    /// List runs, or experiments
    Ls(ExpListArgs),
    /// Show one run
    Show {
        /// Run: its id, a unique end of it, @last or @best
        #[arg(value_name = "RUN")]
        run: String,
        /// Metric that @best looks at; the objective's when left out
        #[arg(long, value_name = "NAME")]
        metric: Option<String>,
    },
    /// Put runs side by side: only what differs
    Compare(CompareArgs),
    /// Show the run with the best value of a metric
    Best(BestArgs),
    /// Make an experiment
    Create {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Tag
        #[arg(long = "tag", value_name = "KEY=VALUE")]
        tags: Vec<Param>,
    },
    /// Give an experiment or a run another name
    Rename {
        /// Experiment by name or number, or run by id, @last or run:NAME
        #[arg(value_name = "REF")]
        reference: String,
        /// The new name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show or write the note of an experiment or a run
    Note(NoteArgs),
    /// Set and remove tags of an experiment or a run
    Tag(TagArgs),
    /// Delete experiments or runs; they can be restored
    Rm {
        /// Experiments by name or number, or runs by id, @last or run:NAME
        #[arg(required = true, value_name = "REF")]
        references: Vec<String>,
        /// Say what would be deleted, delete nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Bring deleted experiments or runs back
    Restore {
        /// Experiments by name or number, or runs by id or run:NAME
        #[arg(required = true, value_name = "REF")]
        references: Vec<String>,
    },
    /// Move runs to another experiment, with all that they logged
    Mv {
        /// Runs: ids, unique ends of them, @last, run:NAME
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
        /// Experiment, by name or number
        #[arg(long, value_name = "EXPERIMENT")]
        to: String,
    },
    /// Copy runs into another experiment; files are shared, not copied
    Cp {
        /// Runs: ids, unique ends of them, @last, run:NAME
        #[arg(required_unless_present = "experiment", conflicts_with = "experiment", value_name = "RUN")]
        runs: Vec<String>,
        /// Copy all runs of this experiment, by name or number
        #[arg(long, value_name = "EXPERIMENT")]
        experiment: Option<String>,
        /// Experiment, by name or number; with --experiment a new name makes one
        #[arg(long, value_name = "EXPERIMENT")]
        to: String,
    },
    /// Write the runs of an experiment as CSV or Parquet
    Export(ExportArgs),
}

/// Arguments of `exp ls`.
#[derive(Args, Debug)]
pub struct ExpListArgs {
    /// Experiment; all when left out
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    /// List experiments instead of runs
    #[arg(long)]
    pub experiments: bool,
    /// Only what is deleted
    #[arg(long)]
    pub deleted: bool,
    /// Only runs for which this holds (see `volano help filters`)
    #[arg(long, short, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Order, as "metrics.auc DESC"; newest first when left out
    #[arg(long, value_name = "ORDER")]
    pub order_by: Vec<String>,
    /// What to show, as name,metrics.auc,params.lr,tags.team
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,…")]
    pub columns: Vec<String>,
    /// How many
    #[arg(long, default_value_t = 30, value_name = "N")]
    pub limit: usize,
}

/// Traces.
#[derive(Debug, Subcommand)]
pub enum TracesCommand {
    /// List traces, newest first
    Ls(TracesListArgs),
    /// Show one trace: its steps as a tree, what went in and out, and what was said about it
    Show {
        /// Trace: its id
        #[arg(value_name = "TRACE")]
        trace: String,
        /// Also what went into each step and came out of it
        #[arg(long)]
        steps: bool,
    },
    /// Delete traces for good
    Rm {
        /// Traces: their ids
        #[arg(required = true, value_name = "TRACE")]
        traces: Vec<String>,
        /// Say what would be deleted, delete nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Arguments of `traces ls`.
#[derive(Args, Debug)]
pub struct TracesListArgs {
    /// Experiment, by name or number; all when left out
    #[arg(long, short, value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    /// Only traces for which this holds, as "status = 'ERROR' AND span.type = 'LLM'"
    #[arg(long, short, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Order, as "execution_time DESC"; newest first when left out
    #[arg(long, value_name = "ORDER")]
    pub order_by: Vec<String>,
    /// How many
    #[arg(long, default_value_t = 30, value_name = "N")]
    pub limit: usize,
}

/// Arguments of `exp compare`.
#[derive(Args, Debug)]
pub struct CompareArgs {
    /// Runs: ids, unique ends of them, @last, @best
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub runs: Vec<String>,
    /// Also what is equal
    #[arg(long)]
    pub all: bool,
    /// Metric that @best looks at; the objective's when left out
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
}

/// Arguments of `exp best`.
#[derive(Args, Debug)]
pub struct BestArgs {
    /// Experiment; all when left out
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    /// Metric; the objective's of the project when left out
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
    /// The lowest value is the best; known by the metric's name when left out
    #[arg(long, conflicts_with = "highest")]
    pub lowest: bool,
    /// The highest value is the best
    #[arg(long)]
    pub highest: bool,
    /// Only among runs for which this holds (see `volano help filters`)
    #[arg(long, short, value_name = "FILTER")]
    pub filter: Option<String>,
}

/// Arguments of `exp note`.
#[derive(Args, Debug)]
pub struct NoteArgs {
    /// Experiment by name or number, or run by id, @last or run:NAME
    #[arg(value_name = "REF")]
    pub reference: String,
    /// The new text, in Markdown; the one there is is shown when left out
    #[arg(value_name = "TEXT", conflicts_with = "file")]
    pub text: Option<String>,
    /// Read the text from a file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Arguments of `exp tag` and `model tag`.
#[derive(Args, Debug)]
pub struct TagArgs {
    /// What to tag
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Tags to set
    #[arg(value_name = "KEY=VALUE", required_unless_present = "remove")]
    pub tags: Vec<Param>,
    /// Tag to remove
    #[arg(long, value_name = "KEY")]
    pub remove: Vec<String>,
}

/// Arguments of `exp export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// Experiment, by name or number
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: String,
    /// Form; told by the file's ending when left out, else CSV
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ExportFormat>,
    /// File, which is replaced; standard output when left out (CSV only)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Every point of every metric as a row, instead of a row for each run
    #[arg(long, conflicts_with = "columns")]
    pub metrics_history: bool,
    /// Only runs for which this holds (see `volano help filters`)
    #[arg(long, short, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Order, as "metrics.auc DESC"; newest first when left out
    #[arg(long, value_name = "ORDER")]
    pub order_by: Vec<String>,
    /// Which columns, as name,metrics.auc,params.lr; all when left out
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,…")]
    pub columns: Vec<String>,
    /// How many runs; all when left out
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Only deleted runs
    #[arg(long)]
    pub deleted: bool,
}

/// Form of an exported table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Text with a header line
    Csv,
    /// Typed columns, compressed
    Parquet,
}

/// Arguments of `diff`.
#[derive(Args, Debug)]
pub struct DiffAnyArgs {
    /// Run (id, @last, @best), model version (NAME:3, NAME@alias), data version (NAME@v1) or pipeline run (pipeline:ID)
    #[arg(value_name = "A")]
    pub a: String,
    /// Another of the same kind
    #[arg(value_name = "B")]
    pub b: String,
    /// Also what is equal
    #[arg(long)]
    pub all: bool,
    /// Metric that @best looks at; the objective's when left out
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
    /// Leave with 3 when there is a difference
    #[arg(long)]
    pub exit_code: bool,
}
