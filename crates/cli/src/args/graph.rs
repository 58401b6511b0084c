//! `toolrun graph`.

/// Draw the steps of workflows and what they wait for, as Mermaid.
///
/// GitHub, GitLab and many editors show a Mermaid text as a picture. Reads no
/// secret and sends nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun graph shop.yaml refund_in_euro
  toolrun graph shop.yaml                   Every workflow of the manifest
  toolrun graph shop.yaml > shop.mmd        mmdc -i shop.mmd -o shop.svg")]
pub(crate) struct GraphArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// Only this workflow
    #[arg(value_name = "WORKFLOW")]
    pub(crate) workflow: Option<String>,
}
