//! A server inside this process, on a home folder: for commands when no server runs.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use app::home::HomeError;
use server::{Config, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::args::Globals;
use crate::client::{Client, Need};
use crate::codes;
use crate::failure::{Failure, Result};
use crate::place;

/// Another short command may hold the home this long before we give up.
const HOME_PATIENCE: Duration = Duration::from_secs(5);
const HOME_RETRY: Duration = Duration::from_millis(50);

/// What lives as long as the command.
pub enum Held {
    /// Records and files.
    Records(Box<Server>),
    /// Also the listener and the background work.
    Work {
        /// Tells it to stop.
        stop: oneshot::Sender<()>,
        /// Ends when it has.
        task: JoinHandle<std::result::Result<(), server::Error>>,
    },
}

impl Held {
    /// Finishes what was accepted and closes the home.
    pub async fn close(self) {
        match self {
            Self::Records(server) => server.app().close().await,
            Self::Work { stop, task } => {
                // An ended server no longer listens for this.
                let _ended = stop.send(());
                match task.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "cli.server.close"),
                    Err(error) => tracing::warn!(%error, "cli.server.close"),
                }
            }
        }
    }
}

/// The server's settings for the home at `path` and the project of the working directory.
pub fn config(globals: &Globals, path: &Path) -> Config {
    let mut config = Config::local(path);
    config.projects = place::project_of(globals).into_iter().collect();
    config.database = variable("VOLANO_DATABASE");
    config.objects = variable("VOLANO_OBJECTS");
    config
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A client of a server in this process; of the one that has the home open, when that came up meanwhile.
pub async fn client(globals: &Globals, path: &Path, need: Need, port: u16) -> Result<Client> {
    let mut config = config(globals, path);
    config.port = port;
    config.transient = need != Need::Stay;
    let server = match open(&config, need).await? {
        Opened::Here(server) => server,
        Opened::There(client) => return Ok(client),
    };
    let router = server.router();
    if need == Need::Records {
        return Ok(Client::in_process(router, None, Some(Held::Records(server))));
    }
    let listening = server.bind().await.map_err(|error| failure(&error))?;
    let url = listening.url().to_owned();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(listening, async move {
        // A dropped sender means the same as a sent word: the command is over.
        let _word = stopped.await;
    }));
    Ok(Client::in_process(router, Some(url), Some(Held::Work { stop, task })))
}

/// A client of a server on a folder that is thrown away afterwards: to look at data without keeping them.
pub async fn scratch(path: &Path) -> Result<Client> {
    let server = Server::open(Config::local(path)).await.map_err(|error| failure(&error))?;
    let router = server.router();
    Ok(Client::in_process(router, None, Some(Held::Records(Box::new(server)))))
}

enum Opened {
    Here(Box<Server>),
    There(Client),
}

/// Opens the home, waiting for commands that have it open. A server that stays is used instead; one that ends with its
/// command is used for a quick look only, when it keeps us waiting: what works for longer waits for its end.
async fn open(config: &Config, need: Need) -> Result<Opened> {
    let started = Instant::now();
    let mut told = false;
    loop {
        let error = match Server::open(config.clone()).await {
            Ok(server) => return Ok(Opened::Here(Box::new(server))),
            Err(error) => error,
        };
        if !matches!(error, server::Error::Home(HomeError::InUse { .. })) {
            return Err(failure(&error));
        }
        let transient = app::Home::running_server(&config.home).is_some_and(|server| server.transient);
        let patient = started.elapsed() < HOME_PATIENCE;
        let answering = if transient && (patient || need != Need::Records) {
            None
        } else {
            Client::running(&config.home).await?
        };
        match answering {
            Some(client) => return Ok(Opened::There(client)),
            None if patient => {}
            None if transient && Client::running(&config.home).await?.is_some() => {
                if !told {
                    eprintln!("waiting for the command that has the home {} open", config.home.display());
                    told = true;
                }
            }
            None => return Err(failure(&error)),
        }
        tokio::time::sleep(HOME_RETRY).await;
    }
}

/// What a server that does not start means for people.
pub fn failure(error: &server::Error) -> Failure {
    match error {
        server::Error::Home(HomeError::InUse { path, by, .. }) => {
            Failure::new(&codes::HOME_IN_USE, format!("the home {} is in use by {by}", path.display()))
                .help("stop that process, or give another folder with --home")
                .help("volano doctor looks at it")
        }
        server::Error::Home(HomeError::Io { path, source })
            if matches!(source.kind(), ErrorKind::AlreadyExists | ErrorKind::NotADirectory) =>
        {
            Failure::new(&codes::HOME, format!("{} cannot be a home: it is not a folder", path.display()))
                .help("name another folder: --home DIR")
        }
        server::Error::Home(error) => Failure::new(&codes::HOME, error).help("volano doctor"),
        server::Error::App(error) => app_failure(error),
        server::Error::PortInUse { host, port } => {
            Failure::new(&codes::PORT_IN_USE, format!("port {port} on {host} is in use by another program"))
                .help("take a free one   volano server --port 0")
                .help(format_args!("look who it is    curl http://{host}:{port}/version"))
        }
        server::Error::Open { host } => Failure::new(
            &codes::LISTEN,
            format!("{host} can be reached from other machines, and this home has no accounts: anybody there could run code here"),
        )
        .help("listen on this machine only   volano server --host 127.0.0.1")
        .help("the network is closed         volano server --insecure-no-auth"),
        server::Error::Listen { .. } => Failure::new(&codes::VALUE, error),
    }
}

fn app_failure(error: &app::Error) -> Failure {
    use app::ErrorKind;
    if let app::Error::Conflict { reason, .. } = error {
        return Failure::new(&codes::HOME, reason).help("volano doctor looks at it");
    }
    let code = match error.kind() {
        ErrorKind::Invalid => &codes::VALUE,
        ErrorKind::Unavailable | ErrorKind::LimitReached => &codes::BUSY,
        ErrorKind::NotFound => &codes::NOT_FOUND,
        ErrorKind::AlreadyExists => &codes::EXISTS,
        ErrorKind::Conflict => &codes::HOME,
        ErrorKind::CheckFailed => &codes::CHECK,
        ErrorKind::Unauthenticated => &codes::NOT_SIGNED_IN,
        ErrorKind::Forbidden => &codes::NOT_ALLOWED,
        ErrorKind::Internal => &codes::INTERNAL,
    };
    Failure::new(code, error)
}
