//! Which server a command speaks to.
//!
//! Flag, `VOLANO_URL`, `MLFLOW_TRACKING_URI`, the server logged in to, the server that announced itself in the home,
//! and at last a server inside this process on the home folder.

use std::path::PathBuf;
use std::time::Duration;

use app::home::Home;

use super::Client;
use crate::args::Globals;
use crate::config::UserFile;
use crate::failure::Result;
use crate::local;
use crate::place::{self, Origin};

/// How long an announced server may take to say that it lives.
const ALIVE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a command needs of a server inside its own process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Records and files.
    Records,
    /// Also what other programs can reach, and what runs steps and models.
    Work,
    /// All that, until the user ends it: other commands may rely on it.
    Stay,
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A server.
    Server {
        /// `http(s)://HOST:PORT`
        url: String,
        /// Access token.
        token: Option<String>,
        /// Who said so.
        origin: Origin,
    },
    /// A home folder, in this process.
    Home {
        /// The folder.
        path: PathBuf,
        /// Who said so.
        origin: Origin,
    },
}

/// Where requests go, before anybody was asked whether it answers.
pub fn target(globals: &Globals, user: &UserFile) -> Target {
    let server = |url: &str, origin| {
        let known = user.server(url);
        Target::Server {
            url: known.map_or_else(|| url.to_owned(), |known| known.url.clone()),
            token: token(user, url),
            origin,
        }
    };
    if let Some(url) = &globals.server {
        return server(url, place::flag_or_environment("server", "VOLANO_URL"));
    }
    if let Some(url) = environment("MLFLOW_TRACKING_URI").filter(|url| url.starts_with("http")) {
        return server(&url, Origin::Environment("MLFLOW_TRACKING_URI"));
    }
    if let (None, Some(url)) = (&globals.home, &user.settings.server) {
        return server(url, Origin::User(user.path.clone()));
    }
    let (path, origin) = place::home_of(globals, user.settings.home.as_deref(), &user.path);
    Target::Home { path, origin }
}

/// The token for a server: environment, then what `volano login` kept for that address.
pub fn token(user: &UserFile, url: &str) -> Option<String> {
    environment("VOLANO_TOKEN")
        .or_else(|| user.server(url).and_then(|known| known.token.clone()))
        .or_else(|| environment("MLFLOW_TRACKING_TOKEN"))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Client {
    /// The client for a command that needs `need`.
    pub async fn connect(globals: &Globals, need: Need) -> Result<Self> {
        Self::connect_on(globals, need, 0).await
    }

    /// The same; a server in this process listens on `port`.
    pub async fn connect_on(globals: &Globals, need: Need, port: u16) -> Result<Self> {
        let user = UserFile::load()?;
        match target(globals, &user) {
            Target::Server { url, token, .. } => Self::http(&url, token),
            Target::Home { path, .. } => {
                let stays = Home::running_server(&path).is_some_and(|server| !server.transient);
                match if stays { Self::running(&path).await? } else { None } {
                    Some(client) => Ok(client),
                    None => local::client(globals, &path, need, port).await,
                }
            }
        }
    }

    /// The server that announced itself in the home and answers.
    pub async fn running(home: &std::path::Path) -> Result<Option<Self>> {
        let Some(announced) = Home::running_server(home) else {
            return Ok(None);
        };
        let client = Self::http(&announced.url, environment("VOLANO_TOKEN"))?;
        let alive = tokio::time::timeout(ALIVE_TIMEOUT, client.open("/health")).await;
        Ok(matches!(alive, Ok(Ok(_))).then_some(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_everything() {
        let globals = Globals { server: Some("http://one:5000".to_owned()), ..Globals::default() };
        let Target::Server { url, .. } = target(&globals, &UserFile::empty("/none/config.toml")) else {
            panic!("a server is meant");
        };
        assert_eq!(url, "http://one:5000");
    }

    #[test]
    fn a_named_home_wins_over_a_login() {
        let mut user = UserFile::empty("/none/config.toml");
        user.settings.server = Some("http://two:5000".to_owned());
        let globals = Globals { home: Some(PathBuf::from("/tmp/home")), ..Globals::default() };
        assert!(matches!(target(&globals, &user), Target::Home { .. }));
        assert!(matches!(target(&Globals::default(), &user), Target::Server { .. }));
    }
}
