//! `toolrun schema`.

use clap::ValueEnum;

/// Print the JSON Schema of manifests, or of what toolrun writes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun schema > toolrun.schema.json      For an editor that knows YAML
  toolrun schema events                     One line of --events

In an editor with the language server of YAML, the first line of a manifest
names the file:
  # yaml-language-server: $schema=toolrun.schema.json")]
pub(crate) struct SchemaArgs {
    /// manifest (the default) or events
    #[arg(value_name = "WHAT", hide_possible_values = true)]
    pub(crate) of: Option<SchemaOf>,
}

/// What the schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// One line of `--events`.
    Events,
    /// A manifest.
    Manifest,
}
