//! One file for each command; each reads as a list of steps.

mod call;
mod check;
mod completions;
mod demo;
mod graph;
mod lock;
mod man;
mod reference;
mod run;
pub(crate) mod schema;
mod tools;
mod trust;
mod version;
mod wire_form;

use std::future::Future;

use crate::args::{Cli, Command};
use crate::console::Console;
use crate::exit::{Exit, Failure, Kind};
use crate::lsp;
use crate::secrets;

/// Does what the command line says.
pub(crate) fn run(cli: Cli, console: &Console) -> Result<Exit, Failure> {
    if cli.version {
        return version::print(console);
    }
    match cli.command {
        Some(Command::Check(args)) => check::run(&args, console),
        Some(Command::Tools(args)) => tools::run(&args, console),
        Some(Command::Schema(args)) => schema::run(&args, console),
        Some(Command::Graph(args)) => graph::run(&args, console),
        Some(Command::Trust(args)) => trust::run(&args, console),
        Some(Command::Lock(args)) => lock::run(&args, console),
        Some(Command::Lsp(_)) => lsp::run(),
        Some(Command::Completions(args)) => completions::run(&args, console),
        Some(Command::Man(args)) => man::run(&args, console),
        Some(Command::Reference(args)) => reference::run(&args, console),
        Some(Command::Run(args)) => wait_for(run::run(&args, console)),
        Some(Command::Call(args)) => wait_for(call::run(&args, console)),
        Some(Command::Demo(args)) => wait_for(demo::run(&args, console)),
        None => Err(Failure::usage("no command was given").with_hint("`toolrun --help` lists them")),
    }
}

/// Waits for a command on a runtime of its own. One thread does: a run waits
/// for servers, and handing each answer to another thread would cost more than
/// the work on it.
fn wait_for(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Failed, format!("cannot start: {error}")))?;
    let ended = runtime.block_on(command);
    // A thread that waits for the terminal must not keep the process alive, and
    // no program that was asked for a secret may outlive it.
    runtime.shutdown_background();
    secrets::end_all();
    ended
}
