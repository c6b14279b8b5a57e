//! Arguments of the commands for what is deleted.

use clap::{Args, Subcommand};

/// `trash …`
#[derive(Debug, Subcommand)]
pub enum TrashCommand {
    /// List what is deleted and can be restored
    Ls(TrashListArgs),
    /// Bring deleted things back, with all that was deleted with them
    Restore {
        /// As `volano trash ls` names them: exp:NAME, run:ID, m-ID, model:NAME, NAME:3; or a name or part of an id
        #[arg(required = true, value_name = "REF")]
        references: Vec<String>,
    },
    /// Free the space of what is deleted; it cannot be restored afterwards
    Purge(PurgeArgs),
    /// List purges, and what each took
    Purges,
    /// How long deleted things stay in the trash
    #[command(subcommand)]
    Retention(RetentionCommand),
}

/// Arguments of `trash ls`.
#[derive(Args, Debug)]
pub struct TrashListArgs {
    /// Only things of this kind
    #[arg(long, value_name = "KIND", value_parser = ["experiment", "run", "logged_model", "model", "model_version"])]
    pub kind: Option<String>,
    /// Only this experiment and what is in it, by name or number
    #[arg(long, value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    /// Only what was deleted so long ago or earlier, as 30d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub older_than: Option<i64>,
    /// How many
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: usize,
}

/// Arguments of `trash purge`.
#[derive(Args, Debug)]
pub struct PurgeArgs {
    /// Deleted things; all of the trash that fits the options when left out
    #[arg(value_name = "REF", conflicts_with_all = ["older_than", "experiment"])]
    pub references: Vec<String>,
    /// Only what was deleted so long ago or earlier, as 30d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub older_than: Option<i64>,
    /// Only this experiment and what is in it, by name or number
    #[arg(long, value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    /// Say what would be taken and how much space that frees, take nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do it
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
}

/// `trash retention …`
#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// List the rules; without any, deleted things stay
    Show,
    /// Purge what is deleted after so many days
    Set {
        /// Days in the trash, as 30d
        #[arg(value_name = "DAYS", value_parser = days)]
        days: i64,
        /// Experiment, by name or number; all without a rule of their own, and the registry, when left out
        #[arg(long, value_name = "EXPERIMENT")]
        experiment: Option<String>,
    },
    /// Remove a rule
    Rm {
        /// Experiment whose rule it is, by name or number; the general rule when left out
        #[arg(long, value_name = "EXPERIMENT")]
        experiment: Option<String>,
    },
}

/// Days, written `30d`, `4w` or `30`.
fn days(text: &str) -> Result<i64, String> {
    let (number, factor) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let parsed = number.parse::<i64>().ok().and_then(|number| number.checked_mul(factor));
    parsed.filter(|days| *days >= 0).ok_or_else(|| "write days as 30d or weeks as 4w".to_owned())
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn days_are_read_as_people_write_them() {
        assert_eq!((days("30d"), days("4w"), days("0")), (Ok(30), Ok(28), Ok(0)));
        for text in ["", "d", "30h", "-1d", "1.5d", "9223372036854775807w"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
