//! Commands and flags that the command line knows but this build does not
//! have: parsed, whatever follows them, and answered by name.

use clap::{Arg, ArgAction, Command};

/// Commands of later versions, and what they will do.
const COMMANDS: &[(&str, &str)] = &[
    ("batch", "One run or one call per row of a CSV or JSONL file"),
    ("config", "Effective settings and where each comes from"),
    ("doctor", "What is missing: keys, reachability"),
    ("import", "A manifest from OpenAPI, Postman, curl or Arazzo"),
    ("init", "A first manifest"),
    ("report", "A run as one HTML file"),
    ("resume", "Continue a run"),
    ("runs", "List runs"),
    ("serve", "Serve the tools over MCP"),
    ("test", "Run the `tests:` blocks"),
];

/// Whether a later version has that command.
pub(super) fn is_command(name: &str) -> bool {
    COMMANDS.iter().any(|(known, _)| *known == name)
}

/// Adds the commands of later versions: hidden, taking any arguments.
pub(super) fn add_commands(command: Command) -> Command {
    command.subcommands(COMMANDS.iter().map(|(name, about)| {
        Command::new(*name)
            .about(*about)
            .hide(true)
            .disable_help_flag(true)
            .arg(
                Arg::new("rest")
                    .action(ArgAction::Append)
                    .num_args(0..)
                    .allow_hyphen_values(true)
                    .trailing_var_arg(true),
            )
    }))
}

/// Flags of later versions, hidden from help.
#[derive(Debug, clap::Args)]
pub(crate) struct AbsentFlags {
    #[arg(long, hide = true, value_name = "WHAT", num_args = 0..=1)]
    on_unknown: Option<Option<String>>,
    #[arg(long, hide = true, value_name = "FILE")]
    record: Option<String>,
    #[arg(long, hide = true, value_name = "FILE")]
    replay: Option<String>,
    #[arg(long, hide = true)]
    no_bodies: bool,
}

impl AbsentFlags {
    /// The first flag that was given and that this build does not have.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            (self.on_unknown.is_some(), "--on-unknown"),
            (self.record.is_some(), "--record"),
            (self.replay.is_some(), "--replay"),
            (self.no_bodies, "--no-bodies"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_apart_from_what_is_built() {
        assert!(COMMANDS.is_sorted());
        let built = <super::super::Cli as clap::CommandFactory>::command();
        for sub in built.get_subcommands() {
            assert!(
                !is_command(sub.get_name()),
                "`{}` is in this build: take it off the table",
                sub.get_name()
            );
        }
    }
}
