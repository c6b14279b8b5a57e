//! Arguments of the commands that start something.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// A smaller slice of the data; still real
    #[arg(long)]
    pub fast: bool,
    /// Leave when the loop is done, instead of staying up
    #[arg(long)]
    pub exit: bool,
    /// Port of the page and the APIs
    #[arg(long, default_value_t = 5000, value_name = "PORT")]
    pub port: u16,
    /// Folder of the project that the demo makes, ./flights-demo when left out
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// PostgreSQL database (postgres://…) instead of the file in the home
    #[arg(long, value_name = "URL", env = "VOLANO_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

/// Arguments of `init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Folder of the new project; made when absent
    #[arg(default_value = ".", value_name = "DIR")]
    pub dir: PathBuf,
    /// What kind of project
    #[arg(long, value_name = "KIND")]
    pub template: Option<Template>,
    /// Your data: CSV, TSV, JSON lines or Parquet
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Column to predict; guessed when left out
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub label: Option<String>,
    /// Name of the project; the folder's name when left out
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Say what would be written, write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Kinds of projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// Predict one column from the others
    Tabular,
    /// Predict the next values of a series
    Forecast,
    /// The project file alone
    Empty,
}

/// Arguments of `server`.
#[derive(Args, Debug)]
pub struct ServerArgs {
    /// Address to listen on
    #[arg(
        long,
        default_value = "127.0.0.1",
        value_name = "ADDRESS",
        env = "VOLANO_HOST",
        hide_env_values = true
    )]
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 5000, value_name = "PORT", env = "VOLANO_PORT", hide_env_values = true)]
    pub port: u16,
    /// PostgreSQL database (postgres://…) instead of the file in the home
    #[arg(long, value_name = "URL", env = "VOLANO_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Folder for files, as path or file:// address, instead of the one in the home
    #[arg(long, value_name = "URL", env = "VOLANO_OBJECTS", hide_env_values = true)]
    pub objects: Option<String>,
    /// Range of addresses that webhooks may go to besides the public network, as 10.0.0.0/8; may be given again
    #[arg(
        long,
        value_name = "RANGE",
        env = "VOLANO_OUTGOING_ALLOW",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub outgoing_allow: Vec<String>,
    /// Allow listening beyond this machine although nobody needs to sign in
    #[arg(long)]
    pub insecure_no_auth: bool,
    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,
}

/// Arguments of `login`.
#[derive(Args, Debug)]
pub struct LoginArgs {
    /// Address of the server
    #[arg(value_name = "URL")]
    pub url: String,
    /// Short name for it
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub name: String,
    /// Read an access token from standard input
    #[arg(long)]
    pub token_stdin: bool,
}
