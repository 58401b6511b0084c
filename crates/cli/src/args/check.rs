//! `toolrun check`.

use clap::ValueEnum;
use toolrun_manifest::Safety;

/// Find every mistake in manifests, all in one pass.
///
/// Reads no secret and sends nothing. Exits 1 when there are errors.
///
/// Folders are searched with those below them, hidden ones and links to
/// folders left out, for files in .yaml or .yml that have the key `toolrun`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun check shop.yaml
  toolrun check manifests/                  Every manifest in a folder
  toolrun check --fix manifests/            Mend what has one certain mending
  toolrun check --diff shop.yaml            Show what --fix would change
  toolrun check --deny warnings shop.yaml   Warnings count as errors, as in CI
  toolrun check --format sarif . > a.sarif  For code scanning
  toolrun check --explain description-vague What a lint is about
  toolrun check --explain                   Every lint and error in a line
  cat shop.yaml | toolrun check -")]
pub(crate) struct CheckArgs {
    /// Manifests, folders of manifests, or `-` for stdin
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    pub(crate) files: Vec<String>,

    /// human (on stderr); json, sarif, github, junit (on stdout)
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

    /// Write fixes into the files that are named or found: those that keep the
    /// meaning, or with =unsafe those as well that may change it; of stdin, the
    /// fixed text goes to stdout
    #[arg(
        long,
        value_name = "WHICH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "safe",
        hide_possible_values = true
    )]
    pub(crate) fix: Option<FixWhich>,

    /// Print what --fix would change, and change nothing; exit 1 if that is
    /// anything
    #[arg(long)]
    pub(crate) diff: bool,

    /// Treat these as errors
    #[arg(long, value_name = "WHAT")]
    pub(crate) deny: Option<Deny>,

    /// Print what a lint or an error is about, a lint with a bad and a good
    /// example; without CODE, list them all
    #[arg(long, value_name = "CODE", num_args = 0..=1)]
    pub(crate) explain: Option<Option<String>>,
}

/// `--fix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FixWhich {
    /// Fixes that keep the meaning.
    Safe,
    /// All fixes.
    Unsafe,
}

impl From<FixWhich> for Safety {
    fn from(which: FixWhich) -> Self {
        match which {
            FixWhich::Safe => Self::Safe,
            FixWhich::Unsafe => Self::Unsafe,
        }
    }
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people, on stderr.
    Human,
    /// One object, on stdout.
    Json,
    /// For code scanning.
    Sarif,
    /// Annotations of GitHub's Actions.
    Github,
    /// For what shows test results.
    Junit,
}

/// `--deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Every warning.
    Warnings,
}

impl CheckArgs {
    /// How the findings are written.
    pub(crate) fn written_as(&self) -> CheckFormat {
        if self.json { CheckFormat::Json } else { self.format }
    }
}
