//! `toolrun call` and `toolrun tools`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::run::{FlowArgs, ModelArgs};
use super::{AbsentFlags, Assignment, ConnectionArgs, LimitFlag};

/// Call one tool or workflow without a model: the same checks, the same requests.
///
/// A workflow says on a terminal how far it is, and stops at the limits as a
/// run does. Where steps of it ask a model, one is chosen as for `run`. Values are read by the type of their param: `limit=5` is a number where
/// the param is one. A list is `tag=a tag=b`, or JSON: `tag='["a","b"]'`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun call shop.yaml find_orders email=ann@example.com limit=5
  toolrun call shop.yaml find_orders --args '{\"email\": \"ann@example.com\"}'
  toolrun call shop.yaml get_order order_id=o_1 --dry-run   Show, send nothing
  toolrun call shop.yaml get_order order_id=o_1 --curl      As a curl command
  toolrun call shop.yaml add_note order_id=o_1 text=Hi --allow-writes=add_note
  toolrun call shop.yaml attach order_id=o_1 doc=may.pdf --files ./invoices
  toolrun call shop.yaml refund_in_euro order_id=o_1 euro=5 --dry-run
                                   The steps of a workflow, as far as known
  toolrun call news.yaml sum_up --model openai/gpt-5.2   Steps with `ask` need one")]
pub(crate) struct CallArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// The name of a tool or a workflow
    #[arg(value_name = "TOOL")]
    pub(crate) tool: String,

    /// Arguments
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) values: Vec<Assignment>,

    /// Arguments as a JSON object; KEY=VALUE pairs win over it
    #[arg(long, value_name = "JSON")]
    pub(crate) args: Option<String>,

    /// Change a limit of a workflow: turns=5, calls=100, tokens=50k, time=2m
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    pub(crate) limits: Vec<LimitFlag>,

    /// Show the exact request, secrets as ***, or a workflow's plan; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print the request as a curl command, secrets as shell variables; send nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) curl: bool,

    /// Print one JSON object
    #[arg(long, conflicts_with = "curl")]
    pub(crate) json: bool,

    /// Write one JSON object per event, a line each; `-` is stdout
    ///
    /// The file is readable by you alone and replaces a plain one; a link is
    /// refused. A pipe of your own, /dev/stderr and /dev/fd/N are written to.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "curl"])]
    pub(crate) events: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) flows: FlowArgs,

    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,

    #[command(flatten)]
    pub(crate) absent: AbsentFlags,

    // Last, since its heading would stand over what follows.
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// What the model will see of a manifest, and what it costs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun tools shop.yaml
  toolrun tools shop.yaml --provider anthropic   The form that a provider gets
  toolrun tools shop.yaml --json")]
pub(crate) struct ToolsArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// Refuse a manifest that is not what `toolrun lock` recorded
    #[arg(long)]
    pub(crate) locked: bool,

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
