//! The command line as types: every command and flag with its help.
//!
//! Holds no behaviour beyond parsing. Commands and flags of later versions are
//! known by name, so that they get an answer of their own instead of "unknown".

mod absent;
mod call;
mod check;
mod connection;
mod run;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use absent::AbsentFlags;
pub(crate) use call::{CallArgs, ToolsArgs, WireName};
pub(crate) use check::{CheckArgs, CheckFormat, Deny};
pub(crate) use connection::{Assignment, ConnectionArgs};
pub(crate) use run::{DemoArgs, LimitFlag, LoopArgs, ModelArgs, RunArgs};

use crate::console::Console;
use crate::exit;

/// Offers REST endpoints, described in one YAML file, to a language model.
///
/// The model decides what to call; toolrun checks the arguments, sends the
/// request, hands the result back and prints the answer. Data goes to stdout,
/// everything else to stderr.
#[derive(Debug, Parser)]
#[command(
    name = "toolrun",
    disable_version_flag = true,
    arg_required_else_help = true,
    subcommand_required = false,
    max_term_width = 100,
    after_help = "\
Examples:
  toolrun demo                              See the whole loop on this machine alone
  toolrun check shop.yaml                   Find every mistake in a manifest
  toolrun tools shop.yaml                   What the model will see, and what it costs
  toolrun call shop.yaml find_orders email=ann@example.com
                                            Call one tool, without a model
  toolrun run shop.yaml \"Which orders does ann@example.com have?\"
                                            Let a model answer with the tools

Exit codes:
  0 done                  1 check found errors      2 usage, or a broken manifest
  3 failed                4 a limit stopped it      5 refused by policy
  6 no usable answer      7 outcome unknown         130 interrupted"
)]
pub(crate) struct Cli {
    /// Print the version; with --verbose also what is built in, and credits
    #[arg(short = 'V', long)]
    pub(crate) version: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// How things are printed, for every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) color: ColorWhen,

    /// Print only data and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Say more of what happens
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Also into pipes and files.
    Always,
    /// Never.
    Never,
}

/// The commands of this build.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Box<RunArgs>),
    Check(CheckArgs),
    Call(Box<CallArgs>),
    Tools(ToolsArgs),
    Demo(Box<DemoArgs>),
}

/// Reads the command line, or says why it cannot and gives the exit code.
pub(crate) fn parse() -> Result<(Cli, Console), ExitCode> {
    let matches = command().try_get_matches().map_err(|error| exit::usage(&error))?;
    if let Some(name) = matches.subcommand_name().filter(|name| absent::is_command(name)) {
        return Err(exit::absent_command(name));
    }
    let cli = Cli::from_arg_matches(&matches).map_err(|error| exit::usage(&error))?;
    let console = Console::new(&cli.output);
    Ok((cli, console))
}

/// The whole command line, later versions' commands included.
pub(crate) fn command() -> clap::Command {
    absent::add_commands(Cli::command())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for sub in Cli::command().get_subcommands() {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                help.contains(&format!("toolrun {}", sub.get_name())),
                "add an example to `{}`",
                sub.get_name()
            );
        }
    }
}
