//! One process: configuration, middleware, router, embedded page, shutdown.

mod background;
pub mod config;
mod listen;
mod metrics;
mod metrics_serving;
mod middleware;
mod page;

use std::future::Future;

use app::home::HomeError;
use app::{App, Clock, Home};
use axum::Router;

pub use config::Config;
pub use listen::Listening;

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The home folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The database, a project or the object store cannot be used.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The port is taken.
    #[error("port {port} on {host} is in use by another program: stop it, or choose another with --port")]
    PortInUse {
        /// Address asked for.
        host: String,
        /// Port asked for.
        port: u16,
    },
    /// Listening beyond this machine without accounts.
    #[error(
        "{host} can be reached from other machines and this home has no accounts: anybody there could run code here. \
         Listen on 127.0.0.1, or say --insecure-no-auth when the network is closed"
    )]
    Open {
        /// Address asked for.
        host: String,
    },
    /// The address does not resolve or cannot be bound.
    #[error("cannot listen on {host}:{port}: {source}")]
    Listen {
        /// Address asked for.
        host: String,
        /// Port asked for.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
}

/// An opened home with its routes, not yet listening: the command line calls [`Server::router`] in process.
pub struct Server {
    app: App,
    router: Router,
    config: Config,
}

impl Server {
    /// Opens the home and the database and registers the configured projects.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let mut home = Home::open(&config.home)?;
        if let Some(objects) = &config.objects {
            home = home.with_objects(config::objects_folder(objects)?);
        }
        let app = App::open(home, config.database.as_deref(), Clock::System).await?;
        app.allow_outgoing(&config.outgoing_allow)?;
        background::register_projects(&app, &config).await?;
        let router = routes(&app, &config);
        Ok(Self { app, router, config })
    }

    /// The use-cases.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// All routes with all middleware, for calls without a socket.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Takes the configured port and writes the address into the home, so that whoever is told it finds the server by
    /// the home as well.
    pub async fn bind(&self) -> Result<Listening, Error> {
        let listening = Listening::bind(&self.config).await?;
        if let Err(error) = self.app.home().announce(listening.url(), self.config.transient) {
            tracing::warn!(%error, "the address could not be written into the home");
        }
        Ok(listening)
    }

    /// Serves and works in the background until `stop` resolves, then finishes what was accepted and closes the home.
    pub async fn run(self, listening: Listening, stop: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let url = listening.url().to_owned();
        let background = background::start(&self.app, &url)?;
        listening.serve(self.router, stop).await;
        self.app.home().withdraw();
        background.shutdown().await;
        self.app.close().await;
        Ok(())
    }
}

fn routes(app: &App, config: &Config) -> Router {
    let metrics = metrics::Metrics::new();
    let routes = Router::new()
        .merge(api::router())
        .merge(mlflow::router())
        .merge(gateway::router())
        .with_state(app.clone())
        .merge(metrics.route(app))
        .fallback(page::serve);
    middleware::wrap(routes, app, config, metrics)
}
