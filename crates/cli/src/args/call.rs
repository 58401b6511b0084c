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
  toolrun call news.yaml sum_up --model openai/gpt-5.2   For steps with `ask`")]
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
    #[arg(long, conflicts_with = "curl", help_heading = "Output")]
    pub(crate) json: bool,

    /// Write one JSON object per event, a line each; `-` is stdout
    ///
    /// The file is readable by you alone and replaces a plain one; a link is
    /// refused. A pipe of your own, /dev/stderr and /dev/fd/N are written to.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "curl"], help_heading = "Output")]
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
///
/// With --provider, the value of `tools` exactly as that provider gets it goes
/// to stdout. What had to be weakened in it, by tool and place, and the tokens
/// of each tool go to stderr; with --json all of it is one object. Nothing is
/// lost by that: toolrun checks arguments against the manifest's own schemas.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Providers:
  openai      Chat Completions, as it is sent; `strict` where the schema can be
  anthropic   Messages, as it is sent, with the mark of the prompt cache
  gemini      generateContent's own form, for clients of yours: `toolrun run`
              sends Gemini the openai form, without `strict`
  mcp         An entry of tools/list, protocol revision 2026-07-28, with the
              hints that follow from effect and idempotence

Examples:
  toolrun tools shop.yaml
  toolrun tools shop.yaml --provider anthropic   The form that a provider gets
  toolrun tools shop.yaml --provider gemini --json | jq .weakened
  toolrun tools shop.yaml --json")]
pub(crate) struct ToolsArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// Refuse a manifest that is not what `toolrun lock` recorded
    #[arg(long)]
    pub(crate) locked: bool,

    /// Print the wire form of openai, anthropic, gemini or mcp
    #[arg(long, value_name = "PROVIDER", hide_possible_values = true)]
    pub(crate) provider: Option<WireName>,

    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// `--provider` of `tools`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WireName {
    /// OpenAI Chat Completions.
    Openai,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini's generateContent.
    Gemini,
    /// The Model Context Protocol.
    Mcp,
}

impl WireName {
    /// As it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Mcp => "mcp",
        }
    }

    /// Where the printed value stands.
    pub(crate) fn form(self) -> &'static str {
        match self {
            Self::Openai => "`tools` of a Chat Completions request",
            Self::Anthropic => "`tools` of a Messages request",
            Self::Gemini => "`tools` of a generateContent request",
            Self::Mcp => "`tools` of a tools/list result, revision 2026-07-28",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_the_revision_that_is_followed() {
        let revision = toolrun_runner::MCP_REVISION;
        assert!(WireName::Mcp.form().ends_with(revision));
        let command = <ToolsArgs as clap::Args>::augment_args(clap::Command::new("tools"));
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(help.contains(&format!("revision {revision}")), "{help}");
    }
}
