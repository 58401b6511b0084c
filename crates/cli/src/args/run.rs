//! `toolrun run` and `toolrun demo`: what the agent loop can be told.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use toolrun_runner::{AllowFlow, FlowPolicy, FlowRule};

use super::connection::ALL_WRITES;
use super::{AbsentFlags, ConnectionArgs, WritesFlag};

/// Let a model answer a prompt with the manifest's tools.
///
/// The answer goes to stdout while it comes. Tools that change something ask
/// first on a terminal, and are refused without one unless --allow-writes
/// permits them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun run shop.yaml \"Which orders does ann@example.com have?\"
  toolrun run shop.yaml --model anthropic/claude-sonnet-4-6 \"…\"
  toolrun run shop.yaml --model openai/x --base-url http://127.0.0.1:8080 \"…\"
  toolrun run shop.yaml --allow-writes=create_refund \"Refund order o_1\"
  toolrun run shop.yaml --allow-flow 'shop.example->mail.example' \"…\"
  toolrun run shop.yaml --files ./invoices \"Attach may.pdf to order o_1\"
  toolrun run shop.yaml --dry-run \"…\"    What would be sent to the model first
  toolrun run shop.yaml --json \"…\" | jq .answer
  echo \"What is 100 EUR in USD?\" | toolrun run shop.yaml -")]
pub(crate) struct RunArgs {
    /// The manifest, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,

    /// What to do; `-` reads it from stdin
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: String,

    #[command(flatten)]
    pub(crate) agent: LoopArgs,

    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,

    #[command(flatten)]
    pub(crate) absent: AbsentFlags,
}

/// Everything about the loop but manifest and prompt.
#[derive(Debug, clap::Args)]
pub(crate) struct LoopArgs {
    /// Offer only these tools
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) tools: Option<Vec<String>>,

    /// Change a limit: turns=5, calls=10, tokens=50k, time=2m
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    pub(crate) limits: Vec<LimitFlag>,

    #[command(flatten)]
    pub(crate) flows: FlowArgs,

    /// Show model, tools and the first request; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print the answer when it is whole
    #[arg(long, help_heading = "Output")]
    pub(crate) no_stream: bool,

    /// Print one JSON object: answer, how it ended, what it used
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    /// Write one JSON object per event, a line each; `-` is stdout
    ///
    /// The file is readable by you alone and replaces a plain one; a link is
    /// refused. A pipe of your own, /dev/stderr and /dev/fd/N are written to.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) events: Option<PathBuf>,

    // Last, since its heading would stand over what follows.
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

/// What may flow from one host to another.
#[derive(Debug, clap::Args)]
pub(crate) struct FlowArgs {
    /// Say that content of one host may lead to calls of another: 'FROM->TO', each a host or `*`
    ///
    /// A write to another host than those whose content the model has read is
    /// warned about, since text in that content may have led to it. Quote the
    /// flow, such as 'shop.example->mail.example:8443'; repeat it for more.
    #[arg(long, value_name = "FROM->TO")]
    pub(crate) allow_flow: Vec<AllowFlow>,

    /// Ask before every call, reads too, that goes to another host than those whose content was read
    ///
    /// Holds beside --allow-writes; without a terminal such a call is refused.
    #[arg(long)]
    pub(crate) ask_flow: bool,
}

impl FlowArgs {
    /// As the runner has it.
    pub(crate) fn policy(&self) -> FlowPolicy {
        FlowPolicy {
            rule: if self.ask_flow {
                FlowRule::Ask
            } else {
                FlowRule::Warn
            },
            allowed: self.allow_flow.clone(),
        }
    }
}

/// Which model.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArgs {
    /// provider/name, such as anthropic/claude-sonnet-4-6, openai/gpt-5.2, ollama/qwen3 or embedded/needle-3
    ///
    /// Without it: `agent.model` of the manifest, else TOOLRUN_MODEL, else the
    /// first provider whose key is set, else a local server that answers
    /// (Ollama, llama.cpp, LM Studio, vLLM), else the embedded model: a tool
    /// router whose answer is the tools' results, not prose.
    #[arg(long, value_name = "PROVIDER/NAME")]
    pub(crate) model: Option<String>,

    /// Address of the provider, for gateways and local servers
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Do not look for local servers
    #[arg(long)]
    pub(crate) no_detect: bool,
}

/// See the whole loop on this machine alone.
///
/// Starts a real REST service on the loopback interface (ECB exchange rates,
/// IBAN and e-mail checks, a small shop), offers it to whatever model is
/// available and shows each call, request, result and the answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  toolrun demo
  toolrun demo \"Refund 5 of order o_1016\"   A write asks before it is sent
  toolrun demo --model anthropic/claude-sonnet-4-6
  toolrun demo --serve                      Only the service, for the examples/")]
pub(crate) struct DemoArgs {
    /// What to do; there is a default
    #[arg(value_name = "PROMPT", conflicts_with = "serve")]
    pub(crate) prompt: Option<String>,

    /// Only serve, until interrupted; prints the address and the key
    #[arg(long)]
    pub(crate) serve: bool,

    /// Port of --serve; 8787 when absent
    #[arg(long, value_name = "PORT", requires = "serve")]
    pub(crate) port: Option<u16>,

    /// Permit tools that change something: all, or those named
    #[arg(long, value_name = "TOOL,…", num_args = 0.., require_equals = true, value_delimiter = ',', default_missing_value = ALL_WRITES)]
    pub(crate) allow_writes: Option<Vec<WritesFlag>>,

    #[command(flatten)]
    pub(crate) agent: LoopArgs,
}

/// `--limit NAME=VALUE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitFlag {
    /// Model replies.
    Turns(u32),
    /// Executions of tools.
    Calls(u32),
    /// Input and output tokens together.
    Tokens(u64),
    /// Wall-clock time.
    Time(Duration),
    /// Money: known by name, not in this build.
    Cost,
}

impl FromStr for LimitFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or("expected NAME=VALUE, such as turns=5")?;
        let value = value.trim();
        let count =
            || parse_count(value).ok_or_else(|| format!("expected a whole number for {name}, such as 50k"));
        let small = || count().and_then(|n| u32::try_from(n).map_err(|_| format!("{name} is too large")));
        match name.trim() {
            "turns" => small().map(Self::Turns),
            "calls" => small().map(Self::Calls),
            "tokens" => count().map(Self::Tokens),
            "time" => parse_duration(value)
                .map(Self::Time)
                .ok_or_else(|| "expected a time such as 30s, 5m or 1h".to_owned()),
            "cost" => Ok(Self::Cost),
            _ => Err("the limits are turns, calls, tokens, time and cost".to_owned()),
        }
    }
}

fn parse_count(text: &str) -> Option<u64> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        },
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let (digits, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|digits| (digits, *factor)))?;
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(factor)
        .map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_units() {
        let cases = [
            ("turns=5", LimitFlag::Turns(5)),
            ("calls=0", LimitFlag::Calls(0)),
            ("tokens=200k", LimitFlag::Tokens(200_000)),
            ("tokens=1M", LimitFlag::Tokens(1_000_000)),
            ("time=500ms", LimitFlag::Time(Duration::from_millis(500))),
            ("time=10s", LimitFlag::Time(Duration::from_secs(10))),
            ("time=5m", LimitFlag::Time(Duration::from_secs(300))),
            ("time=1h", LimitFlag::Time(Duration::from_secs(3600))),
        ];
        for (text, limit) in cases {
            assert_eq!(text.parse::<LimitFlag>(), Ok(limit), "{text}");
        }
    }

    #[test]
    fn other_limits_are_refused() {
        for text in [
            "turns",
            "turns=",
            "turns=-1",
            "turns=99999999999",
            "time=5",
            "time=x",
            "tokens=1.5k",
            "money=3",
        ] {
            assert!(text.parse::<LimitFlag>().is_err(), "{text}");
        }
    }
}
