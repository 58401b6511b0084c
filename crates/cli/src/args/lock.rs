//! `toolrun lock`: what was reviewed, kept beside the manifest.

/// Record what each tool shows the model and where it sends what.
///
/// Writes FILE.lock, to be reviewed and kept with the manifest. With --locked,
/// a run is refused when the manifest says something else by then; comments,
/// layout and order do not count.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun lock shop.yaml             Write shop.yaml.lock; says what changed
  toolrun run --locked shop.yaml \"…\" Refuse what was not locked
  toolrun lock --check shop.yaml     Compare only, for CI: exit 1 on a change")]
pub(crate) struct LockArgs {
    /// The manifest
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// Write nothing; fail when the lock is not up to date
    #[arg(long)]
    pub(crate) check: bool,

    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}
