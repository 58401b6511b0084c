//! `toolrun check`.

use clap::ValueEnum;

/// Find every mistake in manifests, all in one pass.
///
/// Reads no secret and sends nothing. Exits 1 when there are errors.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun check shop.yaml
  toolrun check manifests/                  Every manifest in a folder
  toolrun check --deny warnings shop.yaml   Warnings count as errors, as in CI
  toolrun check --format json shop.yaml     One JSON object on stdout
  toolrun check --explain description-vague What a lint is about
  cat shop.yaml | toolrun check -")]
pub(crate) struct CheckArgs {
    /// Manifests, folders of manifests, or `-` for stdin
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    pub(crate) files: Vec<String>,

    /// human, json; sarif, github and junit are not in this build
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        hide_possible_values = true
    )]
    pub(crate) format: CheckFormat,

    /// The same as --format json
    #[arg(long)]
    pub(crate) json: bool,

    /// Treat these as errors
    #[arg(long, value_name = "WHAT")]
    pub(crate) deny: Option<Deny>,

    /// Print what a lint is about, with a bad and a good example
    #[arg(long, value_name = "LINT")]
    pub(crate) explain: Option<String>,

    #[arg(long, hide = true)]
    pub(crate) fix: bool,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people, on stderr.
    Human,
    /// One object, on stdout.
    Json,
    Sarif,
    Github,
    Junit,
}

impl CheckFormat {
    /// The value of `--format` when this build cannot write it.
    pub(crate) fn absent(self) -> Option<&'static str> {
        match self {
            Self::Human | Self::Json => None,
            Self::Sarif => Some("--format sarif"),
            Self::Github => Some("--format github"),
            Self::Junit => Some("--format junit"),
        }
    }
}

/// `--deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Every warning.
    Warnings,
}
