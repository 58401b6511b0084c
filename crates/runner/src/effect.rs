//! What a machine asks for: the same for the agent loop and for workflows, so
//! that one driver serves both.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use toolrun_manifest::Segment;
use toolrun_model::{ModelRequest, ToolCall};

use crate::agent::budget::LimitKind;
use crate::event::{Event, LimitReached, RejectReason};
use crate::outcome::Ending;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Begin the `ask` of a step.
    Prompt(Prompt),
    /// Ask the model.
    AskModel(Turn),
    /// Deal with these calls, in order.
    CallTools(Vec<Planned>),
    /// Record a fact that was decided.
    Note(Box<Event>),
    /// Wait until a call under way ends, or until the pause is over and its
    /// call can be made.
    Wait(Option<Pause>),
    /// A workflow is over: record its result.
    Return(Return),
    /// Note that a limit stops the run.
    Limit(LimitReached),
    /// The run is over.
    Done(Done),
}

/// The prompt of a step's `ask`, before values from outside are fenced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prompt {
    /// The step's execution, as events name it.
    pub(crate) call: String,
    /// The author's words and the values between them.
    pub(crate) segments: Vec<Segment>,
    /// What the model may call.
    pub(crate) tools: Vec<String>,
}

/// One turn of the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// The step that asks; none when it is the run itself.
    pub(crate) ask: Option<String>,
    /// What is asked.
    pub(crate) request: ModelRequest,
}

/// A call and what is to become of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// The call as the model wrote it.
    pub(crate) call: ToolCall,
    /// Whether it goes on to be checked and run.
    pub(crate) plan: Plan,
}

/// What is to become of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plan {
    /// Check it, ask for permission, run it.
    Run,
    /// Refuse it with these words.
    Reject(RejectReason, String),
}

/// How a run ended, as far as the machine knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Done {
    /// How.
    pub(crate) ending: Ending,
    /// The answer, whole or partial.
    pub(crate) answer: String,
}

/// A call that is made after a pause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pause {
    /// The call.
    pub(crate) call: ToolCall,
    /// When it can be made.
    pub(crate) until: Timestamp,
    /// The longest that is waited, whatever clocks say.
    pub(crate) at_most: Duration,
}

/// The end of a workflow that was called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Return {
    /// The call.
    pub(crate) call: String,
    /// The workflow.
    pub(crate) workflow: String,
    /// When it began.
    pub(crate) began: Timestamp,
    /// Its value, or `None` when that is absent; else why it failed.
    pub(crate) result: Result<Option<Value>, Failed>,
}

/// Why a step or a workflow has no value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failed {
    /// toolrun's own words.
    pub(crate) words: Value,
    /// What the call behind it said, which may come from outside.
    pub(crate) cause: Option<String>,
    /// What `on_error` can do about it.
    pub(crate) kind: FailedKind,
}

/// What can be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailedKind {
    /// `on_error` decides.
    Error,
    /// A model that a step asked refused or gave no usable answer, and nothing
    /// makes that good.
    NoAnswer,
    /// A person said no: the workflow stops, whatever `on_error` says.
    Refused,
    /// A limit was reached: the same.
    Limit(LimitKind),
    /// The run was stopped: the same.
    Stopped,
}
