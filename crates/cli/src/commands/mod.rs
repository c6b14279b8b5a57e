//! One file per command. A command builds requests, and renders what comes back.

mod audit;
mod completions;
mod config;
mod contract;
mod data;
mod demo;
mod deploy;
mod diff;
mod doctor;
mod exp;
mod explain;
mod follow;
mod import;
mod init;
mod label;
mod login;
mod model;
mod monitor;
mod pipeline;
mod predict;
mod reference;
mod run;
mod run_step;
mod server;
mod side;
mod trace;
mod traces;
mod trash;
mod webhook;

use std::future::Future;

use crate::args::{Command, Globals};
use crate::client::{Client, Need};
use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;

/// Does what the command line says.
pub fn run(command: Command, globals: &Globals, out: &Output) -> Result<Exit> {
    match command {
        Command::Demo(args) => block_on(demo::run(args, globals, out)),
        Command::Init(args) => interruptible(init::run(args, globals, out)),
        Command::Run(args) => block_on(run::run(args, globals, out)),
        Command::Server(args) => block_on(server::run(args, globals, out)),
        Command::Login(args) => interruptible(login::run(args, out)),
        Command::Doctor => interruptible(doctor::run(globals, out)),
        Command::Data(command) => interruptible(data::run(command, globals, out)),
        Command::Contract(command) => interruptible(contract::run(command, globals, out)),
        Command::Pipeline(command) => block_on(pipeline::run(command, globals, out)),
        Command::Diff(args) => interruptible(diff::run(args, globals, out)),
        Command::Exp(command) => interruptible(exp::run(command, globals, out)),
        Command::Traces(command) => interruptible(traces::run(command, globals, out)),
        Command::Model(command) => interruptible(model::run(command, globals, out)),
        Command::Serve(args) => block_on(deploy::serve(args, globals, out)),
        Command::Deploy(args) => interruptible(deploy::run(args, globals, out)),
        Command::Predict(args) => interruptible(predict::run(args, globals, out)),
        Command::Monitor(command) => interruptible(monitor::run(command, globals, out)),
        Command::Label(command) => interruptible(label::run(command, globals, out)),
        Command::Webhook(command) => interruptible(webhook::run(command, globals, out)),
        Command::Trash(command) => interruptible(trash::run(command, globals, out)),
        Command::Import(command) => interruptible(import::run(command, globals, out)),
        Command::Trace(args) => interruptible(trace::run(args, globals, out)),
        Command::RunStep(args) => run_step::run(&args),
        Command::Audit(command) => interruptible(audit::run(command, globals, out)),
        Command::Config(command) => config::run(command, globals, out),
        Command::Completions(args) => completions::run(&args, out),
        Command::Candidates(args) => block_on(completions::candidates(args, globals, out)),
        Command::Explain(args) => explain::run(args.code.as_deref(), out),
        Command::Help(args) => reference::help(&args.topic, out),
        Command::Reference => reference::write(out),
        Command::Version => reference::version(out),
    }
}

/// Runs `work` to its end; it minds Ctrl-C itself.
fn block_on(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Failure::new(&codes::INTERNAL, format!("no threads could be started: {error}")))?;
    runtime.block_on(work)
}

/// Runs `work` until it ends or Ctrl-C.
fn interruptible(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    block_on(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        }
    })
}

/// Connects, works, and closes what was opened for it, however it went.
async fn with_client(
    globals: &Globals,
    need: Need,
    work: impl AsyncFnOnce(&Client) -> Result<Exit>,
) -> Result<Exit> {
    let client = Client::connect(globals, need).await?;
    let done = work(&client).await;
    client.close().await;
    done
}
