//! What is fixed for a whole run of the agent loop.

use serde_json::Value;
use toolrun_model::ToolSpec;
use toolrun_validator::{ArgError, ArgValidator, Checked};

use crate::agent::answer;
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
    /// The field in which an answer that is no map is asked for.
    pub(crate) wrapped: Option<&'static str>,
}

impl Frame {
    /// Checks an answer; nothing when any answer is right. Of a step's answer
    /// the value is read, of a run's the text is passed on: only the former
    /// may come in another wrapping.
    pub(crate) fn check(&self, text: &str) -> Option<Result<Checked, ArgError>> {
        let schema = self.answer.as_ref()?;
        Some(match &self.ask {
            Some(ask) => answer::read(schema, ask.wrapped, text),
            None => schema.check(text),
        })
    }
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
