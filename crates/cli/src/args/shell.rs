//! `toolrun completions` and `toolrun man`.

use clap_complete::Shell;

/// Print the completions of a shell.
///
/// Commands, flags and their values are completed, and files where a file is
/// expected. Print them again after an update.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Install:
  bash        dir=~/.local/share/bash-completion/completions; mkdir -p $dir
              toolrun completions bash > $dir/toolrun
  zsh         toolrun completions zsh > ~/.zfunc/_toolrun
              with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  fish        toolrun completions fish > ~/.config/fish/completions/toolrun.fish
  powershell  toolrun completions powershell >> $PROFILE
  elvish      toolrun completions elvish >> ~/.config/elvish/rc.elv

Examples:
  source <(toolrun completions bash)      For this session alone")]
pub(crate) struct CompletionsArgs {
    /// bash, zsh, fish, powershell or elvish
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub(crate) shell: Shell,
}

/// Print a manual page, for packagers.
///
/// A page is roff for `man`: `toolrun` is the main one, and each command has
/// one of its own, such as `toolrun-run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun man | man -l -                  Read the main page
  toolrun man toolrun-run > toolrun-run.1
  for page in $(toolrun man --list); do   All of them
    toolrun man $page > man1/$page.1
  done")]
pub(crate) struct ManArgs {
    /// The page
    #[arg(value_name = "PAGE", default_value = "toolrun", hide_default_value = true)]
    pub(crate) page: String,

    /// List the pages
    #[arg(long, conflicts_with = "page")]
    pub(crate) list: bool,
}
