//! `toolrun completions`: scripts for shells, made from the command line as it
//! is declared.

use clap::{Arg, Command, ValueHint};

use crate::args::{self, CompletionsArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure};

/// What a shell offers for a value of that name.
const HINTS: &[(&str, ValueHint)] = &[
    ("DIR", ValueHint::DirPath),
    ("FILE", ValueHint::FilePath),
    ("URL", ValueHint::Url),
];

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut offered(), "toolrun", &mut script);
    console.out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// The command line without what help hides, with hints for values.
fn offered() -> Command {
    hinted(args::shown())
}

fn hinted(command: Command) -> Command {
    command
        .mut_args(|arg| match arg.get_action().takes_values() {
            true => {
                let hint = hint(&arg);
                arg.value_hint(hint)
            }
            false => arg,
        })
        .mut_subcommands(hinted)
}

/// The hint of an argument; a value that is no file, such as a prompt, has
/// none, so that a shell does not offer files for it.
fn hint(arg: &Arg) -> ValueHint {
    let name = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(|name| name.as_str());
    HINTS
        .iter()
        .find(|(known, _)| name == Some(*known))
        .map_or(ValueHint::Other, |(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;

    use super::*;

    #[test]
    fn every_shell_gets_every_command_and_nothing_hidden() {
        for shell in [
            Shell::Bash,
            Shell::Elvish,
            Shell::Fish,
            Shell::PowerShell,
            Shell::Zsh,
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut offered(), "toolrun", &mut script);
            let script = String::from_utf8(script).expect("UTF-8");
            for command in ["run", "check", "call", "tools", "completions"] {
                assert!(script.contains(command), "{shell}: {command}");
            }
            for hidden in ["no-bodies", "reference", "doctor"] {
                assert!(!script.contains(hidden), "{shell}: {hidden}");
            }
        }
    }
}
