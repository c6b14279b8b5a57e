//! `volano demo`: the whole lifecycle on real data, then a server that stays up.

mod chapters;
mod example;
mod narrator;
mod traffic;
mod watch;

use std::path::PathBuf;

use server::{Config, Server};
use tokio::sync::oneshot;

use crate::args::{DemoArgs, Globals};
use crate::client::Client;
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::local;
use crate::output::Output;

use chapters::Demo;
use example::Example;
use narrator::Narrator;

/// Plays the loop against a server of its own in this process.
pub async fn run(args: DemoArgs, _globals: &Globals, out: &Output) -> Result<Exit> {
    let root = args.dir.clone().unwrap_or_else(|| PathBuf::from("flights-demo"));
    let example = Example::write(&root)?;
    let root =
        example.root().canonicalize().map_err(|error| Failure::file(example.root(), "open", &error))?;
    let config = Config {
        port: args.port,
        database: args.database.clone(),
        projects: vec![root.clone()],
        ..Config::local(root.join(".volano"))
    };
    let server = Server::open(config).await.map_err(|error| local::failure(&error))?;
    let listening = server.bind().await.map_err(|error| local::failure(&error))?;
    let url = listening.url().to_owned();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(listening, async move {
        // A dropped sender stops the server as well.
        let _dropped = stopped.await;
    }));
    let narrator = Narrator::new(out, &url);
    out.note(format!("the page is at {url}, the project in {}", root.display()));
    let mut demo = Demo::new(Client::http(&url, None)?, url.clone(), example, narrator, args.fast);
    let played = tokio::select! {
        played = demo.play() => played.map(|()| Exit::Done),
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
    };
    if matches!(played, Ok(Exit::Done)) && !args.exit {
        out.note(format!("\nthe loop is closed; everything stays open at {url} until Ctrl-C"));
        // Without a signal handler there is nothing to wait for.
        let _unavailable = tokio::signal::ctrl_c().await;
    }
    let _already_stopped = stop.send(());
    let ended = serving
        .await
        .map_err(|error| Failure::new(&codes::INTERNAL, format!("the server ended abnormally: {error}")))?;
    ended.map_err(|error| local::failure(&error))?;
    played
}
