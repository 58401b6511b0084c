//! `toolrun trust`: secret sources that are allowed ahead of a run.

use std::path::PathBuf;

use super::{Assignment, ConnectionArgs};

/// Allow where a manifest takes its secrets from, ahead of a run.
///
/// A program that is run, a file outside the manifest's folder, the keyring and
/// a variable of another product need a yes. It holds for this content of the
/// manifest, these sources and the origins they are sent to; a change asks
/// again. A run on a terminal asks by itself, one without is refused.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "toolrun trust [OPTIONS] <FILE>\n       toolrun trust --list [--json]",
    after_help = "\
Examples:
  toolrun trust shop.yaml             Show what it takes, then ask
  toolrun trust shop.yaml --yes       Where nobody can be asked, such as in CI
  toolrun trust shop.yaml --var shop_url=https://shop.example
  toolrun trust --list                Everything that was allowed
  toolrun trust --revoke shop.yaml    Take it back"
)]
pub(crate) struct TrustArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub(crate) file: Option<String>,

    /// Allow without asking; what is allowed is still shown
    #[arg(long, conflicts_with_all = ["list", "revoke"])]
    pub(crate) yes: bool,

    /// List everything that was allowed
    #[arg(long, conflicts_with_all = ["file", "revoke"])]
    pub(crate) list: bool,

    /// Take back everything that was allowed for the manifest
    #[arg(long)]
    pub(crate) revoke: bool,

    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    /// Set a var of the manifest, as the run will; it may decide where a secret goes
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<Assignment>,

    /// Read environment variables from a file of KEY=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

impl TrustArgs {
    /// The values from outside, as a run would have them.
    pub(crate) fn connection(&self) -> ConnectionArgs {
        ConnectionArgs {
            vars: self.vars.clone(),
            env_file: self.env_file.clone(),
            ..ConnectionArgs::default()
        }
    }
}
