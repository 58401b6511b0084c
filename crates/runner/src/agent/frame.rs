//! What is fixed for a whole run of the agent loop.

use serde_json::Value;
use toolrun_model::ToolSpec;
use toolrun_validator::ArgValidator;

use crate::agent::budget::Limits;

/// What is fixed for a whole run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// The system text.
    pub(crate) instructions: Option<String>,
    /// The tools on offer.
    pub(crate) tools: Vec<ToolSpec>,
    /// JSON Schema of the final answer.
    pub(crate) output: Option<Value>,
    /// Checks the final answer against it.
    pub(crate) answer: Option<ArgValidator>,
    /// How far it may go.
    pub(crate) limits: Limits,
    /// Whether the model words answers; otherwise results are the answer.
    pub(crate) prose: Prose,
    /// The step whose `ask` this is; none for the run itself.
    pub(crate) ask: Option<AskFrame>,
}

/// What is fixed for the `ask` of a step.
#[derive(Debug, Clone)]
pub(crate) struct AskFrame {
    /// The step's execution, as events name it.
    pub(crate) call: String,
    /// Its own replies, when they are limited.
    pub(crate) turns: Option<u32>,
}

/// Who words the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Prose {
    /// The model.
    #[default]
    Model,
    /// Nobody: the results of the first calls are the answer.
    Results,
}
