//! The command line as types: every command and flag with its help.
//!
//! Holds no behaviour beyond parsing. Commands and flags of later versions are
//! known by name, so that they get an answer of their own instead of "unknown".

mod absent;
mod call;
mod check;
mod connection;
mod graph;
mod lock;
mod lsp;
mod reference;
mod run;
mod schema;
mod shell;
mod trust;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use absent::AbsentFlags;
pub(crate) use call::{CallArgs, ToolsArgs, WireName};
pub(crate) use check::{CheckArgs, CheckFormat, Deny};
pub(crate) use connection::{Assignment, ConnectionArgs, WritesFlag};
pub(crate) use graph::GraphArgs;
pub(crate) use lock::LockArgs;
pub(crate) use lsp::LspArgs;
pub(crate) use reference::{Page, ReferenceArgs};
pub(crate) use run::{DemoArgs, LimitFlag, LoopArgs, ModelArgs, RunArgs};
pub(crate) use schema::{SchemaArgs, SchemaOf};
pub(crate) use shell::{CompletionsArgs, ManArgs};
pub(crate) use trust::TrustArgs;

use crate::console::Console;
use crate::exit;
use crate::render::jsonl;

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
  toolrun demo              See the whole loop on this machine alone
  toolrun check shop.yaml   Find every mistake in a manifest
  toolrun tools shop.yaml   What the model will see, and what it costs
  toolrun call shop.yaml find_orders email=ann@example.com
                            Call one tool, without a model
  toolrun run shop.yaml \"Which orders does ann@example.com have?\"
                            Let a model answer with the tools

Exit codes:
  0 done               1 errors in `check`, a change in `lock --check`
  2 usage, or a broken manifest               3 failed
  4 a limit stopped it   5 refused by policy  6 no usable answer
  130 interrupted"
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
    /// When to use colour: auto, always or never; `NO_COLOR` is honoured
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
    Graph(GraphArgs),
    Demo(Box<DemoArgs>),
    Schema(SchemaArgs),
    Trust(TrustArgs),
    Lock(LockArgs),
    Lsp(LspArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    #[command(hide = true)]
    Reference(ReferenceArgs),
}

/// What stdout gets when a command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureOutput {
    /// Nothing.
    None,
    /// One object, as `--json` promises.
    Json,
}

impl Cli {
    /// An object where `--json` was given and nothing else has stdout.
    pub(crate) fn output_of_failure(&self) -> FailureOutput {
        let (json, events) = match &self.command {
            Some(Command::Run(args)) => (args.agent.json, args.agent.events.as_deref()),
            Some(Command::Demo(args)) => (args.agent.json, args.agent.events.as_deref()),
            Some(Command::Call(args)) => (args.json, args.events.as_deref()),
            Some(Command::Check(args)) => (args.written_as() == CheckFormat::Json, None),
            Some(Command::Tools(args)) => (args.json, None),
            Some(Command::Trust(args)) => (args.json, None),
            Some(Command::Lock(args)) => (args.json, None),
            Some(
                Command::Graph(_)
                | Command::Schema(_)
                | Command::Completions(_)
                | Command::Lsp(_)
                | Command::Man(_)
                | Command::Reference(_),
            )
            | None => (false, None),
        };
        if json && !jsonl::on_stdout(events) {
            FailureOutput::Json
        } else {
            FailureOutput::None
        }
    }
}

/// Reads the command line, or says why it cannot and gives the exit code.
pub(crate) fn parse() -> Result<(Cli, Console), ExitCode> {
    let told = |error: clap::Error| exit::usage(error, remedy(std::env::args_os()));
    let matches = command().try_get_matches().map_err(told)?;
    if let Some(name) = matches.subcommand_name().filter(|name| absent::is_command(name)) {
        return Err(exit::absent_command(name));
    }
    let cli = Cli::from_arg_matches(&matches).map_err(told)?;
    let console = Console::new(&cli.output);
    Ok((cli, console))
}

/// What may be behind a command line that cannot be read: a name after
/// `--allow-writes` that looks like its value and is not.
fn remedy(words: impl Iterator<Item = OsString>) -> Option<String> {
    let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let name = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(flag, next)| *flag == "--allow-writes" && !next.starts_with('-'))
        .map(|(_, name)| name)
        .filter(|name| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ',')
        })?;
    Some(format!("to permit `{name}`, write --allow-writes={name}"))
}

/// The command line as help shows it: what completions, the manual and the
/// reference are made from.
pub(crate) fn shown() -> clap::Command {
    without_hidden(&Cli::command())
}

fn without_hidden(command: &clap::Command) -> clap::Command {
    let about = command.get_about().cloned().unwrap_or_default();
    let long_about = command.get_long_about().unwrap_or(&about).clone();
    let subs = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    clap::Command::new(command.get_name().to_owned())
        .about(about)
        .long_about(long_about)
        .after_help(command.get_after_help().cloned().unwrap_or_default())
        .args(command.get_arguments().filter(|arg| !arg.is_hide_set()))
        .subcommands(subs.map(without_hidden))
}

/// The whole command line, later versions' commands included.
pub(crate) fn command() -> clap::Command {
    absent::add_commands(Cli::command().mut_subcommands(pointed))
}

/// A command whose help says where the exit codes stand.
fn pointed(command: clap::Command) -> clap::Command {
    let own = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    command.after_help(format!("{own}\n\nExit codes: see `toolrun --help`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_name_that_stands_apart_from_its_flag_is_put_right() {
        let remedy = |line: &str| remedy(line.split(' ').map(OsString::from));
        assert_eq!(
            remedy("toolrun run a.yaml --allow-writes a,b prompt").as_deref(),
            Some("to permit `a,b`, write --allow-writes=a,b")
        );
        for other in [
            "toolrun run a.yaml --allow-writes",
            "toolrun run --allow-writes --json a.yaml x",
        ] {
            assert_eq!(remedy(other), None, "{other}");
        }
    }

    /// What stands on a command line is seen by every process of the machine.
    #[test]
    fn d04_no_flag_takes_a_key() {
        let secret = ["key", "token", "secret", "password", "auth"];
        for sub in Cli::command().get_subcommands() {
            for flag in sub.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                let name = flag.get_long().unwrap_or_default();
                assert!(
                    !secret.iter().any(|word| name.contains(word)),
                    "{} --{name}",
                    sub.get_name()
                );
            }
        }
    }

    #[test]
    fn no_help_shows_an_escape() {
        for sub in command().get_subcommands_mut() {
            for help in [sub.render_help(), sub.render_long_help()] {
                let help = help.to_string();
                assert!(!help.contains('\\'), "a backslash in {help}");
            }
        }
    }

    #[test]
    fn examples_fit_a_terminal_of_80_columns() {
        let command = Cli::command();
        for one in std::iter::once(&command).chain(command.get_subcommands()) {
            let help = one.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
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
