//! One turn: what is asked, what comes while it streams, what it was.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::{Message, Part, ToolCall, ToolSpec};

/// Confidence from which a call that only reads may run unasked, for a model
/// that says how sure it is; the embedded one is alone in that.
///
/// The figure is no probability. On 60 prompts of `tests/needle` that tools can
/// answer, 44 right and 1 wrong replies reached it, 6 right and 8 wrong ones
/// did not; of 28 that they cannot, 6 did, each of them a read. On 120 simple
/// cases of the Berkeley leaderboard it was reached by 76 right and 16 wrong
/// replies, and by 6 of 40 requests that the tool on offer cannot answer. The
/// example `needle_eval` counts again.
pub const CONFIDENCE_TO_RUN: f32 = 0.3;

/// One turn's question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelRequest {
    /// The system text.
    pub instructions: Option<String>,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The tools on offer.
    pub tools: Vec<ToolSpec>,
    /// JSON Schema that the final answer must fit.
    pub output: Option<Value>,
    /// Most tokens of the reply; the wire's default when absent.
    pub max_tokens: Option<u32>,
}

/// What comes while a turn streams.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// A piece of the answer's text.
    Text(String),
    /// A call has begun; its arguments are still coming.
    CallStarted {
        /// The tool's name.
        name: String,
    },
    /// The turn is whole.
    End(Reply),
}

/// A whole turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What was said, in order.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub stop: StopReason,
    /// What it cost.
    pub usage: Usage,
    /// How sure the embedded model is of its calls, 0 to 1; others say nothing.
    pub confidence: Option<f32>,
}

impl Reply {
    /// The text of the reply.
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The calls of the reply, in order.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
    }
}

/// Why a turn ended. Whether there are calls is seen in the parts, since
/// providers disagree about the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model was done.
    EndTurn,
    /// It waits for results of calls.
    ToolCalls,
    /// The length limit: the turn is truncated and none of its calls is run.
    MaxTokens,
    /// The model refused.
    Refusal,
    /// The provider's filter stopped it.
    ContentFilter,
    /// The provider paused a long turn; sending it back goes on.
    Paused,
    /// Something else, as the provider calls it.
    Other(String),
}

/// Token counts of one turn; absent when the provider said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input: Option<u64>,
    /// All output tokens, reasoning included.
    pub output: Option<u64>,
    /// Input tokens read from a cache.
    pub cache_read: Option<u64>,
    /// Input tokens written to a cache.
    pub cache_write: Option<u64>,
    /// Output tokens spent on reasoning.
    pub reasoning: Option<u64>,
}
