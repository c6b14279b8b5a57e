//! Arguments of the commands for lineage, audit, settings and help.

use clap::{Args, Subcommand};
use clap_complete::Shell;

/// `webhook …`
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// List webhooks
    Ls,
    /// Show what a webhook was told and is still to be told
    Deliveries {
        /// Webhook, by its id
        #[arg(value_name = "WEBHOOK")]
        webhook: String,
    },
}

/// Arguments of `trace`.
#[derive(Args, Debug)]
pub struct TraceArgs {
    /// Prediction, as in the header x-volano-prediction-id of its answer
    #[arg(value_name = "PREDICTION_ID")]
    pub prediction: String,
}

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List who did what, newest first
    Log(AuditLogArgs),
    /// Check that no entry was altered, removed or moved
    Verify,
}

/// Arguments of `audit log`.
#[derive(Args, Debug)]
pub struct AuditLogArgs {
    /// Only things of this kind: dataset, run, model, deployment, …
    #[arg(long, value_name = "NOUN")]
    pub noun: Option<String>,
    /// Only this thing
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Only what this actor did
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// How many entries
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// List settings
    Show {
        /// Also where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Print one setting
    Get {
        /// Setting
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Set one in the user file; an empty value removes it
    Set {
        /// Setting
        #[arg(value_name = "KEY")]
        key: String,
        /// Value
        #[arg(value_name = "VALUE")]
        value: String,
    },
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// Shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Code, as E0212; all codes when left out
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// Arguments of `help`.
#[derive(Args, Debug)]
pub struct HelpArgs {
    /// Command or topic: refs, filters, exit-codes, config, output
    #[arg(value_name = "TOPIC", num_args = 0..)]
    pub topic: Vec<String>,
}
