//! Workflows as the rest of the program sees them: templates compiled, order
//! and effects known. Only loading makes one.

use std::time::Duration;

use serde_json::Value;

use crate::checked::{Effect, Param};
use crate::source::Span;
use crate::template::{Condition, JsonTemplate, TextTemplate};

/// Items of a `for_each` that run at once when nothing else is said.
pub(crate) const ITEMS_AT_ONCE: u32 = 4;

/// A checked workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its name, unique among tools and workflows.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// What the model decides by.
    pub description: String,
    /// The params in order of writing.
    pub params: Vec<Param>,
    /// JSON Schema 2020-12 of the arguments, as a tool has it.
    pub schema: Value,
    /// The steps in order of writing.
    pub steps: Vec<Step>,
    /// The order in which steps can begin, as places in `steps`: those of one
    /// wave wait only for steps of the waves before it.
    pub waves: Vec<Vec<usize>>,
    /// The value; that of the last step as written when absent.
    pub returns: Option<JsonTemplate>,
    /// The strongest effect of its steps.
    pub effect: Effect,
}

/// A checked step.
#[derive(Debug, Clone)]
pub struct Step {
    /// The name under which other steps see its value.
    pub id: String,
    /// Where the id stands.
    pub span: Span,
    /// What it does.
    pub action: Action,
    /// Runs only when this holds.
    pub when: Option<When>,
    /// Runs once for each item.
    pub each: Option<Each>,
    /// Runs until something holds.
    pub repeat: Option<Repeat>,
    /// What an error does.
    pub on_error: OnError,
    /// The steps that must be over before it can begin, as places in the
    /// workflow's steps: those it reads and those under `after`.
    pub needs: Vec<usize>,
    /// What it does to the world.
    pub effect: Effect,
    /// The arguments that are written out.
    pub literals: Vec<Literal>,
}

/// An argument in which nothing is a template: whether it fits is known
/// before anything runs.
#[derive(Debug, Clone)]
pub struct Literal {
    /// The callee's param.
    pub name: String,
    /// The value.
    pub value: Value,
    /// Where the value stands.
    pub span: Span,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Calls a tool or a workflow.
    Call {
        /// Its name.
        callee: String,
        /// The arguments, a mapping; none when absent.
        with: Option<Box<JsonTemplate>>,
    },
    /// Asks the model.
    Ask(Box<Ask>),
}

/// `ask:`.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What is asked.
    pub prompt: TextTemplate,
    /// JSON Schema of the answer.
    pub output: Option<Value>,
    /// Where that stands.
    pub output_span: Option<Span>,
    /// What the model may call; without any it is one turn.
    pub tools: Vec<String>,
}

/// `when:`.
#[derive(Debug, Clone)]
pub enum When {
    /// Asked once.
    Step(Condition),
    /// It reads the item, so it is asked for each.
    Item(Condition),
}

/// `for_each:`, `as:` and `concurrency:`.
#[derive(Debug, Clone)]
pub struct Each {
    /// The list.
    pub items: JsonTemplate,
    /// The name of the item.
    pub name: String,
    /// How many items run at once.
    pub concurrency: u32,
    /// How many items there are, when the list is written out.
    pub count: Option<usize>,
}

/// `repeat:`.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// Ends it; sees the step itself.
    pub until: Condition,
    /// The pause between two tries.
    pub every: Duration,
    /// The most tries.
    pub times: u32,
}

/// `on_error:`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum OnError {
    /// The workflow ends with the error.
    #[default]
    Stop,
    /// The step, or the item, counts as skipped.
    Skip,
    /// The step, or the item, has this value.
    Value(Value),
}

impl Step {
    /// What it calls, when it calls.
    pub fn callee(&self) -> Option<&str> {
        match &self.action {
            Action::Call { callee, .. } => Some(callee),
            Action::Ask(_) => None,
        }
    }

    /// Every tool and workflow that it may call.
    pub fn callees(&self) -> impl Iterator<Item = &str> {
        let tools: &[String] = match &self.action {
            Action::Call { .. } => &[],
            Action::Ask(ask) => &ask.tools,
        };
        self.callee().into_iter().chain(tools.iter().map(String::as_str))
    }
}
