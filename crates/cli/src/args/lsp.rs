//! `toolrun lsp`.

/// The language server, for editors: speaks on stdin and stdout.
///
/// An editor starts it. It shows what `check` would say while you type,
/// completes keys, values and names, explains the word under the pointer and
/// applies fixes. It reads manifests and what they include, and nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun lsp                    What an editor runs for files of YAML
  hx --health yaml               Whether Helix, for one, has found it

The lines for VS Code, Neovim, Helix and Zed are in docs/editors.md.")]
pub(crate) struct LspArgs {
    /// Editors give this by custom; it is the only way there is
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}
