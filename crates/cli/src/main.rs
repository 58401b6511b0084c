//! The `toolrun` binary: turns flags into calls and events into text.

mod approve;
mod args;
mod arguments;
mod commands;
mod consent;
mod console;
mod environment;
mod exit;
mod interrupt;
mod manifest_file;
mod prompt;
mod render;
mod schemas;
mod secrets;
mod select_model;
mod session;
mod vars;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::install_panic_hook();
    match args::parse() {
        Ok((cli, console)) => exit::settle(commands::run(cli, &console), &console),
        Err(code) => code,
    }
}
