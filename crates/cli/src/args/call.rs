//! `toolrun call` and `toolrun tools`.

use clap::ValueEnum;

use super::{AbsentFlags, Assignment, ConnectionArgs};

/// Call one tool without a model: the same checks, the same request.
///
/// Values are read by the type of their param: `limit=5` is a number where
/// the param is one. A list is `tag=a tag=b`, or JSON: `tag='[\"a\",\"b\"]'`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun call shop.yaml find_orders email=ann@example.com limit=5
  toolrun call shop.yaml find_orders --args '{\"email\": \"ann@example.com\"}'
  toolrun call shop.yaml find_orders email=ann@example.com --dry-run   Show the request, send nothing
  toolrun call shop.yaml find_orders email=ann@example.com --curl      The request as a curl command
  toolrun call shop.yaml create_refund order_id=o_1 amount=5 --allow-writes=create_refund")]
pub(crate) struct CallArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// The tool's name
    #[arg(value_name = "TOOL")]
    pub(crate) tool: String,

    /// Arguments
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) values: Vec<Assignment>,

    /// Arguments as a JSON object; KEY=VALUE pairs win over it
    #[arg(long, value_name = "JSON")]
    pub(crate) args: Option<String>,

    /// Show the exact request, secrets as ***; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print the request as a curl command, secrets as shell variables; send nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) curl: bool,

    /// Print one JSON object
    #[arg(long, conflicts_with = "curl")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,

    #[command(flatten)]
    pub(crate) absent: AbsentFlags,
}

/// What the model will see of a manifest, and what it costs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun tools shop.yaml
  toolrun tools shop.yaml --provider anthropic   The exact form that a provider gets
  toolrun tools shop.yaml --json")]
pub(crate) struct ToolsArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// Print the wire form of a provider: anthropic, openai; gemini and mcp are not in this build
    #[arg(long, value_name = "PROVIDER", hide_possible_values = true)]
    pub(crate) provider: Option<WireName>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--provider` of `tools`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WireName {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Chat Completions.
    Openai,
    /// Not in this build.
    Gemini,
    /// Not in this build.
    Mcp,
}
