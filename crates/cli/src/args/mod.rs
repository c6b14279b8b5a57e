//! The command tree: what people may type. Examples and the next likely command are in [`crate::help`].

mod explore;
mod govern;
mod keep;
mod model;
mod start;
mod trash;
mod work;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use explore::{
    BestArgs, CompareArgs, DiffAnyArgs, ExpCommand, ExpListArgs, ExportArgs, ExportFormat, NoteArgs, TagArgs,
    TracesCommand, TracesListArgs,
};
pub use govern::{
    AuditCommand, AuditLogArgs, CompletionsArgs, ConfigCommand, ExplainArgs, HelpArgs, TraceArgs,
    WebhookCommand,
};
pub use keep::{ImportCommand, ImportMlflowArgs};
pub use model::{
    DeployArgs, DeployCommand, FindingArgs, LabelAddArgs, LabelCommand, ModelCommand, ModelListArgs,
    MonitorCommand, PredictArgs, PromoteArgs, RegisterArgs, ServeArgs,
};
pub use start::{DemoArgs, InitArgs, LoginArgs, ServerArgs, Template};
pub use trash::{PurgeArgs, RetentionCommand, TrashCommand, TrashListArgs};
pub use work::{
    ContractCommand, ContractHistoryArgs, ContractInferArgs, ContractTestArgs, DataAddArgs, DataCommand,
    DataMergeArgs, DataRefArgs, DataSqlArgs, DiffArgs, LogsArgs, Param, PipelineArgs, PipelineCommand,
    PipelineRunArgs, RunArgs, SqlFormat,
};

/// The machine-learning lifecycle in one binary
#[derive(Debug, Parser)]
#[command(name = "volano", version, disable_help_subcommand = true, infer_subcommands = false)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// Server to speak to; without one the folder's own store is used
    #[arg(long, global = true, value_name = "URL", env = "VOLANO_URL", hide_env_values = true)]
    pub server: Option<String>,
    /// Home folder that holds the records and files
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "VOLANO_HOME",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub home: Option<PathBuf>,
    /// Folder of the project; its volano.yaml is looked for upwards from here
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "VOLANO_PROJECT",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub project: Option<PathBuf>,
    /// Print JSON: one document, or one object a line for lists
    #[arg(long, global = true)]
    pub json: bool,
    /// Print ids only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "VOLANO_COLOR",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub color: Option<ColorChoice>,
    /// Log what happens inside, to standard error
    #[arg(long, global = true, hide_short_help = true)]
    pub debug: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On terminals
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole loop on real data, then stay up
    Demo(DemoArgs),
    /// Write a complete project from your own data
    Init(InitArgs),
    /// Serve the page, the APIs and predictions on one port
    #[command(visible_alias = "up")]
    Server(ServerArgs),
    /// Remember a server, so that commands go there
    Login(LoginArgs),
    /// Check machine, project and server; say how to mend what is wrong
    Doctor,
    /// Data sets and their versions
    #[command(subcommand)]
    Data(DataCommand),
    /// What data must look like
    #[command(subcommand)]
    Contract(ContractCommand),
    /// Run a command or a notebook, tracked
    Run(RunArgs),
    /// The steps of volano.yaml
    #[command(subcommand)]
    Pipeline(PipelineCommand),
    /// Experiments and their runs
    #[command(subcommand)]
    Exp(ExpCommand),
    /// Traces: what requests to an application did, step by step
    #[command(subcommand)]
    Traces(TracesCommand),
    /// Compare any two of a kind: runs, model versions, data versions, pipeline runs
    Diff(DiffAnyArgs),
    /// Registered models, versions and aliases
    #[command(subcommand)]
    Model(ModelCommand),
    /// Serve a model from this machine, now
    Serve(ServeArgs),
    /// Put a model version behind an endpoint
    Deploy(DeployArgs),
    /// Ask an endpoint for predictions
    Predict(PredictArgs),
    /// What is watched on an endpoint
    #[command(subcommand)]
    Monitor(MonitorCommand),
    /// What turned out to be true
    #[command(subcommand)]
    Label(LabelCommand),
    /// Who is told of changes in the registry, and what they were told
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// What is deleted: bring it back, or free its space
    #[command(subcommand)]
    Trash(TrashCommand),
    /// Follow a prediction back to its data
    Trace(TraceArgs),
    /// Who did what, and whether the record is intact
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Take over what another store holds
    #[command(subcommand)]
    Import(ImportCommand),
    /// Settings and where their values come from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write the completion script of a shell
    Completions(CompletionsArgs),
    /// Explain an error code
    Explain(ExplainArgs),
    /// Help on a command or a topic
    Help(HelpArgs),
    /// Print the version
    Version,
    /// Run one prepared step; started by the runner.
    #[command(hide = true)]
    RunStep(RunStepArgs),
    /// Print the command reference as Markdown.
    #[command(hide = true)]
    Reference,
    /// Print what can follow a word; started by completion scripts.
    #[command(hide = true)]
    Candidates(CandidatesArgs),
}

/// Arguments of the hidden command that supervises one step.
#[derive(Args, Debug)]
pub struct RunStepArgs {
    /// What the runner passes on.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<std::ffi::OsString>,
}

/// Arguments of the hidden command behind tab completion.
#[derive(Args, Debug)]
pub struct CandidatesArgs {
    /// Kind of thing: `run`, `explore` (experiments and runs), `data`, `model`, `any` (what `diff` takes), `deployment`.
    pub noun: String,
}
