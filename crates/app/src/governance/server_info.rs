//! What this server is and works for.

use db::dialect::Engine;
use domain::governance::role::Permission;

use crate::{App, Context, Result};

/// What a server says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The home folder.
    pub home: String,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Names of its projects.
    pub projects: Vec<String>,
}

impl App {
    /// What this server is and works for.
    pub async fn server_info(&self, ctx: &Context) -> Result<ServerInfo> {
        let engine = self.read(ctx, Permission::Read).await?.conn().engine();
        let projects = self.projects().list(ctx).await?;
        Ok(ServerInfo {
            home: self.home().root().display().to_string(),
            database: match engine {
                Engine::Sqlite => "sqlite",
                Engine::Postgres => "postgresql",
            },
            projects: projects.into_iter().map(|project| project.name.to_string()).collect(),
        })
    }
}
