//! `volano server`: the page, the APIs and predictions on one port, until it is told to stop.

use std::future::Future;
use std::path::Path;
use std::time::Instant;

use app::home::HomeError;
use serde_json::json;
use server::{Config, Server};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Globals, ServerArgs};
use crate::client::Client;
use crate::codes;
use crate::config::UserFile;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::local;
use crate::output::{Output, Page, duration_ms};
use crate::place;

/// Serves until SIGINT or SIGTERM; a second one leaves at once.
pub async fn run(args: ServerArgs, globals: &Globals, out: &Output) -> Result<Exit> {
    let started = Instant::now();
    let user = UserFile::load()?;
    let (home, _) = place::home_of(globals, user.settings.home.as_deref(), &user.path);
    let config = config(&args, globals, &home);
    let opened = Server::open(config.clone()).await;
    let server = match opened {
        Ok(server) => server,
        Err(error) => return Err(not_started(&error, &home).await?),
    };
    let listening = server.bind().await.map_err(|error| local::failure(&error))?;
    let url = listening.url().to_owned();
    let ready_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    announce(out, &config, &url, ready_ms);
    if args.open {
        open_browser(&url, out);
    }
    let stop = stop_signal()?;
    server.run(listening, stop).await.map_err(|error| local::failure(&error))?;
    Ok(Exit::Done)
}

fn config(args: &ServerArgs, globals: &Globals, home: &Path) -> Config {
    let mut config = local::config(globals, home);
    config.host = args.host.to_string();
    config.port = args.port;
    config.database = args.database.clone();
    config.objects = args.objects.clone();
    config.outgoing_allow.clone_from(&args.outgoing_allow);
    config.insecure_no_auth = args.insecure_no_auth;
    config
}

/// A home in use by a server that answers is named with its address.
async fn not_started(error: &server::Error, home: &Path) -> Result<Failure> {
    if let server::Error::Home(HomeError::InUse { .. }) = error
        && let Some(client) = Client::running(home).await?
    {
        let url = client.base().unwrap_or_default();
        return Ok(Failure::new(
            &codes::HOME_IN_USE,
            format!("a server has the home {} open already", home.display()),
        )
        .help(format_args!("it is here        {url}"))
        .help("commands go to it by themselves; another server needs another --home"));
    }
    Ok(local::failure(error))
}

fn announce(out: &Output, config: &Config, url: &str, ready_ms: i64) {
    let home = config.home.display().to_string();
    let store = if config.database.is_some() { "PostgreSQL" } else { "SQLite" };
    let document = json!({"url": url, "home": home, "store": store, "ready_ms": ready_ms});
    let paint = out.paint();
    let page = Page::new()
        .line(
            format!(
                "{} page and API  {}   home {home} ({store})   ready in {}",
                paint.good("✓"),
                paint.bold(url),
                duration_ms(ready_ms)
            ),
            vec![url.to_owned()],
        )
        .text(format!("  MLflow clients: export MLFLOW_TRACKING_URI={url}"))
        .text("  Ctrl-C stops it");
    out.show(&document, &[url.to_owned()], &page);
}

/// Resolves at the first SIGINT or SIGTERM; the second ends the process.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send> {
    let deaf = |error| Failure::new(&codes::INTERNAL, format!("signals cannot be listened for: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(deaf)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(i32::from(Exit::Interrupted.number()));
        });
    })
}

/// Opens `url` in the browser of the desktop, when there is one.
pub fn open_browser(url: &str, out: &Output) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let silent = std::process::Stdio::null;
    let started =
        std::process::Command::new(opener).arg(url).stdin(silent()).stdout(silent()).stderr(silent()).spawn();
    if started.is_err() {
        out.warn(format_args!("no browser could be opened: go to {url}"));
    }
}
