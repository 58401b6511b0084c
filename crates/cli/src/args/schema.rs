//! `toolrun schema`.

use clap::ValueEnum;

/// Print the JSON Schema of what toolrun writes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun schema events                     One line of --events
  toolrun schema events > events.schema.json")]
pub(crate) struct SchemaArgs {
    /// events; the schema of manifests is not in this build
    #[arg(value_name = "WHAT", hide_possible_values = true)]
    pub(crate) of: Option<SchemaOf>,
}

/// What the schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// One line of `--events`.
    Events,
    /// Not in this build.
    Manifest,
}
