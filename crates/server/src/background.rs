//! Projects and background work of this process.

use app::{App, ErrorKind};
use runner::{Runner, RunnerConfig};

use crate::{Config, Error};

/// Makes the configured project roots known. A project file with mistakes does not keep the server from starting: its
/// pages and `volano pipeline check` say what is wrong, and it is read again when it changes.
pub(crate) async fn register_projects(app: &App, config: &Config) -> Result<(), Error> {
    let ctx = app.system();
    for root in &config.projects {
        match app.projects().register(&ctx, root).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Invalid => {
                tracing::warn!(root = %root.display(), %error, "the project file is not right");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Starts the work that reaches this server at `url`.
pub(crate) fn start(app: &App, url: &str) -> Result<Runner, Error> {
    let config = RunnerConfig::new(url).map_err(app::Error::internal)?;
    Ok(runner::start(app.clone(), config))
}
