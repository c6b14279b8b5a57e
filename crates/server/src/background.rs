//! Projects and background work of this process.

use app::App;

use crate::{Config, Error};

/// Makes the configured project roots known.
pub(crate) async fn register_projects(app: &App, config: &Config) -> Result<(), Error> {
    let _ctx = app.system();
    let _roots = &config.projects;
    Ok(())
}

/// The running background work.
pub(crate) struct Background;

/// Starts it.
pub(crate) async fn start(_app: &App, _url: &str) -> Result<Background, Error> {
    Ok(Background)
}

impl Background {
    /// Ends it: no new work, running steps are left to be found again.
    pub(crate) async fn shutdown(self) {}
}
