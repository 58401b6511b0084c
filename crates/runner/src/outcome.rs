//! How runs and single calls end.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::budget::LimitKind;
use crate::event::FlowWarned;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "limit")]
pub enum Ending {
    /// With an answer. Exit 0.
    Answered,
    /// A limit stopped it. Exit 4.
    Limit(LimitKind),
    /// The model or its provider's filter refused. Exit 6.
    Refused,
    /// The model gave nothing usable: nothing at all, or a truncated turn.
    /// Exit 6.
    NoAnswer,
    /// It was stopped. Exit 130.
    Interrupted,
    /// An error stopped it (only in events: the caller gets the error).
    Failed,
}

/// A run that ended by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The run's id.
    pub run: String,
    /// How it ended.
    pub ending: Ending,
    /// The answer, whole or partial; cleaned, without secrets.
    pub answer: String,
    /// What a person should know about the ending, such as the flag that
    /// raises a limit, or the changes that a run which did not end by itself
    /// has made or may have made.
    pub note: Option<String>,
    /// The calls that were warned about because they went to another host
    /// than the one whose content the model had read.
    pub flows: Vec<FlowWarned>,
    /// Replies of the model.
    pub turns: u32,
    /// Executions of tools.
    pub calls: u32,
    /// Tokens that counted.
    pub tokens: u64,
    /// From start to end.
    pub took: Duration,
}

/// What a single call gave (`toolrun call`), of a tool or a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Returned {
    /// The tool.
    pub tool: String,
    /// [`Ending::Answered`], [`Ending::Interrupted`] when the result came after
    /// a stop, the limit that stopped a workflow, or [`Ending::NoAnswer`] when
    /// a model that it asked was of no use.
    pub ending: Ending,
    /// What a model would read, without the fence: `head`, `payload` and what
    /// was left out.
    pub content: String,
    /// toolrun's own words about the result.
    pub head: Option<String>,
    /// What came from outside, shaped and trimmed.
    pub payload: Option<String>,
    /// What was left out of the payload, one phrase each.
    pub left_out: Vec<String>,
    /// The picked result, untrimmed; absent when no result came.
    pub value: Option<Value>,
    /// Whether it is an error.
    pub is_error: bool,
    /// The HTTP status, if a response came.
    pub status: Option<u16>,
    /// How many times the request was sent.
    pub attempts: u32,
    /// Replies of the model that its steps asked for.
    pub turns: u32,
    /// Executions of tools: of a workflow, those of its steps.
    pub calls: u32,
    /// Tokens that were used.
    pub tokens: u64,
    /// What a person should know when a workflow did not end well, such as
    /// the changes that it had made.
    pub note: Option<String>,
    /// From start to end.
    pub took: Duration,
}
