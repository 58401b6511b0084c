//! `toolrun reference`: what the pages under `docs/reference` are made with.

use clap::ValueEnum;

/// Print a page of the reference as Markdown.
///
/// The pages under docs/reference are its output, and a test compares them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun reference lints > docs/reference/lints.md")]
pub(crate) struct ReferenceArgs {
    /// commands, errors, events, exit-codes, keys or lints
    #[arg(value_name = "PAGE", hide_possible_values = true)]
    pub(crate) page: Page,
}

/// A page of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Page {
    /// Every command with its flags.
    Commands,
    /// Every error of the language.
    Errors,
    /// The lines of `--events`.
    Events,
    /// What a shell sees at the end.
    ExitCodes,
    /// Every key of a manifest.
    Keys,
    /// Every lint.
    Lints,
}
