//! The `toolrun` binary: turns flags into calls and events into text.

mod approve;
mod args;
mod arguments;
mod commands;
mod consent;
mod console;
mod content;
mod environment;
mod exit;
mod files;
mod interrupt;
mod literals;
mod lock;
mod lsp;
mod manifest_file;
mod parallel;
mod private_file;
mod prompt;
mod question;
mod reference;
mod render;
mod schemas;
mod secrets;
mod select_model;
mod session;
mod surroundings;
mod vars;
mod visible;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::install_panic_hook();
    match args::parse() {
        Ok((cli, console)) => {
            let output = cli.output_of_failure();
            exit::settle(commands::run(cli, &console), output, &console)
        }
        Err(code) => code,
    }
}
