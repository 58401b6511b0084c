//! Turns of the model that steps of workflows ask for: they fly beside the
//! calls. Nothing of them is streamed, since their answers go to other steps.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use toolrun_manifest::Segment;
use toolrun_model::Model;

use crate::agent::ask::ask_quietly;
use crate::agent::budget::Limits;
use crate::agent::flight::Flight;
use crate::effect::{Prompt, Turn};
use crate::error::{RunError, RunErrorKind};
use crate::event::{AskStarted, Event, ModelReplied};
use crate::tools::clean::clean;
use crate::tools::fence::fence_values;
use crate::tools::trim::trim_text;

/// Tokens of one value in a prompt.
const VALUE_TOKENS: u32 = 8000;

/// Who is asked by steps, and how.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The model.
    pub(crate) model: &'a dyn Model,
    /// The system text.
    pub(crate) instructions: Option<&'a str>,
    /// How far the whole run may go.
    pub(crate) limits: Limits,
}

/// A turn under way: the step that asks, and what comes of it.
pub(super) type Turning<'a> = BoxFuture<'a, Turned>;

/// A turn that is over.
pub(super) type Turned = (String, Result<ModelReplied, RunError>);

impl<'a> Flight<'a, '_> {
    /// Begins the conversation of a step.
    pub(super) fn begin_ask(&mut self, prompt: Prompt) -> Result<(), RunError> {
        let asking = self.asking()?;
        let text = filled_in(prompt.segments)?;
        self.recorder.record(Event::AskStarted(AskStarted {
            call: prompt.call,
            prompt: text,
            instructions: asking.instructions.map(str::to_owned),
            tools: prompt.tools,
        }));
        Ok(())
    }

    /// Whether another turn may begin now. The limit of turns is kept here,
    /// where all of them begin: those under way will count.
    pub(super) fn has_room_to_ask(&self) -> bool {
        let under_way = u32::try_from(self.turning.len()).unwrap_or(u32::MAX);
        let turns = self.asking.map_or(u32::MAX, |asking| asking.limits.turns);
        let left = turns.saturating_sub(self.recorder.used.turns);
        self.has_room() && (under_way == 0 || under_way < left)
    }

    /// Begins a turn.
    pub(super) fn take_turn(&mut self, workflow: &str, turn: Turn) -> Result<(), RunError> {
        let model = self.asking()?.model;
        let Some(ask) = turn.ask else { return Ok(()) };
        if let Some(run) = self.recorder.workflows.get_mut(workflow) {
            run.turn_begins(&ask);
        }
        let turning = async move {
            let replied = ask_quietly(model, turn.request).await;
            (ask, replied)
        };
        self.turning.push(turning.boxed());
        Ok(())
    }

    /// Records the end of a turn. A model that cannot be asked stops the run.
    pub(super) fn turn_over(&mut self, (ask, replied): Turned) {
        match replied {
            Ok(replied) => {
                let turn = self.recorder.used.turns + 1;
                self.recorder.record(Event::ModelReplied(ModelReplied {
                    turn,
                    ask: Some(ask),
                    ..replied
                }));
            }
            Err(error) => {
                self.fatal.get_or_insert(error);
            }
        }
    }

    fn asking(&self) -> Result<Asking<'a>, RunError> {
        self.asking
            .ok_or_else(|| RunError::new(RunErrorKind::Internal, "a step asks a model, and none was chosen"))
    }
}

/// The prompt as the model reads it: values from outside cleaned, trimmed and
/// fenced, so that none can pass for the author's words.
fn filled_in(segments: Vec<Segment>) -> Result<String, RunError> {
    let segments = segments.into_iter().map(|segment| match segment {
        Segment::Own(text) => Segment::Own(text),
        Segment::Value { of, text } => {
            let trimmed = trim_text(&clean(&text).text, VALUE_TOKENS);
            let mut text = trimmed.kept;
            if !trimmed.left_out.is_empty() {
                text.push_str(&format!("\n(left out: {})", trimmed.left_out.join(", ")));
            }
            Segment::Value { of, text }
        }
    });
    fence_values(segments.collect())
}
