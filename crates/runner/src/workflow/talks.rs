//! Steps that ask the model: each is a conversation of its own, the machine of
//! the loop within that of the workflow, under the limits of the whole run.

use jiff::Timestamp;
use serde_json::{Value, json};
use toolrun_manifest::{Action, OnError, Step};
use toolrun_model::ToolCall;

use crate::agent::answer::read;
use crate::agent::budget::LimitKind;
use crate::agent::frame::{AskFrame, Frame};
use crate::agent::machine::{Run, Standing};
use crate::effect::{Done, Effect, Failed, FailedKind, Turn};
use crate::event::{AskStarted, Event, Stamped, ToolRejected, ToolReturned, ToolStarted};
use crate::outcome::Ending;
use crate::workflow::catalogue::Answer;
use crate::workflow::machine::{Begun, Task, WorkflowRun};

/// A step's conversation with the model.
#[derive(Debug)]
pub(super) struct Talk {
    run: Run,
    /// How sure the model is of its last calls.
    confidence: Option<f32>,
    turn: TurnIs,
    /// The workflow stops: no further turn is asked for.
    stopped: bool,
    /// What the model was told lost a secret: what it says may hold what
    /// stands there in its place.
    masked: bool,
}

/// Where the next reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TurnIs {
    /// Still to be asked for.
    Open,
    /// Under way. No event says so: a turn that was not heard to its end is
    /// asked for again.
    UnderWay,
}

/// A call that a model made within a step.
#[derive(Debug)]
pub(super) struct Asked {
    /// The step's execution.
    pub(super) ask: String,
    begun: Begun,
}

impl WorkflowRun {
    /// A turn that can be asked for.
    pub(super) fn next_turn(&self) -> Option<Turn> {
        let open = self.talks.values().find(|talk| {
            talk.turn == TurnIs::Open && !talk.stopped && talk.run.standing() == Standing::Reply
        })?;
        match open.run.next() {
            Effect::AskModel(turn) => Some(turn),
            _ => None,
        }
    }

    /// Notes that a turn is under way.
    pub(crate) fn turn_begins(&mut self, ask: &str) {
        if let Some(talk) = self.talks.get_mut(ask) {
            talk.turn = TurnIs::UnderWay;
        }
    }

    /// How sure a model is of this call, which it made within a step; nothing
    /// when the call is nobody's.
    pub(crate) fn asked(&self, call: &str) -> Option<Option<f32>> {
        let asked = self.asked.get(call)?;
        Some(self.talks.get(&asked.ask).and_then(|talk| talk.confidence))
    }

    /// A step's conversation begins.
    pub(super) fn ask_started(&mut self, started: &AskStarted) {
        let Some(place) = self.places.get_mut(&started.call) else {
            return;
        };
        if place.begun != Begun::NotYet {
            return;
        }
        place.begun = Begun::Ask;
        self.prompts.retain(|prompt| prompt.call != started.call);
        let Some(course) = self.courses.get(&place.course) else {
            return;
        };
        let Action::Ask(ask) = &course.step(place.step).action else {
            return;
        };
        let answer = course.ready.answers[place.step].as_ref();
        let specs = ask
            .tools
            .iter()
            .filter_map(|name| self.catalogue.specs.get(name).cloned());
        let frame = Frame {
            instructions: started.instructions.clone(),
            tools: specs.collect(),
            output: answer.map(|answer| answer.schema.clone()),
            answer: answer.map(|answer| answer.validator.clone()),
            limits: self.limits,
            ask: Some(AskFrame {
                call: started.call.clone(),
                turns: match (ask.tools.is_empty(), answer) {
                    (false, _) => None,
                    (true, None) => Some(1),
                    (true, Some(_)) => Some(2),
                },
                wrapped: answer.and_then(|answer| answer.wrapped),
            }),
            ..Frame::default()
        };
        let mut run = Run::after(frame, self.used);
        run.say(&started.prompt);
        let talk = Talk {
            run,
            confidence: None,
            turn: TurnIs::Open,
            stopped: false,
            masked: false,
        };
        self.talks.insert(started.call.clone(), talk);
    }

    /// Tells every conversation what happened, and takes what they decide.
    pub(super) fn talk(&mut self, event: &Stamped<Event>) {
        let at = event.at;
        let mut over = Vec::new();
        for (name, talk) in &mut self.talks {
            let own =
                matches!(&event.event, Event::ModelReplied(replied) if replied.ask.as_ref() == Some(name));
            talk.run.apply(event);
            if let (true, Event::ModelReplied(replied)) = (own, &event.event) {
                talk.turn = TurnIs::Open;
                talk.confidence = replied.reply.confidence;
                if let (Effect::CallTools(planned), false) = (talk.run.next(), talk.stopped) {
                    for planned in planned {
                        let asked = Asked {
                            ask: name.clone(),
                            begun: Begun::NotYet,
                        };
                        self.asked.insert(planned.call.id.clone(), asked);
                        self.ready.push_back(planned);
                    }
                }
            }
            if talk.run.standing() == Standing::Nothing || talk.stopped {
                over.push(name.clone());
            }
        }
        for name in over {
            self.talk_over(&name, at);
        }
    }

    /// Ends a conversation when no call of it is under way.
    fn talk_over(&mut self, name: &str, at: Timestamp) {
        if self.asked.values().any(|asked| asked.ask == name) {
            return;
        }
        let Some(talk) = self.talks.remove(name) else {
            return;
        };
        let Some(place) = self.places.get(name) else {
            return;
        };
        let Some(course) = self.courses.get_mut(&place.course) else {
            return;
        };
        course.masked |= talk.masked;
        let step = course.step(place.step);
        let answer = course.ready.answers[place.step].as_ref();
        let failed = |words: &str, cause: String, kind| {
            let mut failed = Failed::of_call(step, place.item, cause, kind);
            failed.words["message"] = words.into();
            failed.cause = failed.cause.filter(|cause| !cause.is_empty());
            Err(failed)
        };
        let result = match talk.run.next() {
            _ if talk.stopped => failed("the workflow was stopped", String::new(), FailedKind::Stopped),
            Effect::Limit(limit) => failed(
                limit_words(limit.limit),
                talk.run.text().to_owned(),
                FailedKind::Limit(limit.limit),
            ),
            Effect::Done(Done {
                ending: Ending::Answered,
                answer: text,
            }) => Ok(value_of(&text, answer)),
            Effect::Done(Done {
                ending: Ending::Refused,
                answer,
            }) => failed("the model refused", answer, FailedKind::NoAnswer),
            _ => failed(
                talk.run.note().unwrap_or("the model gave no usable answer"),
                talk.run.text().to_owned(),
                FailedKind::NoAnswer,
            ),
        };
        let result = result.map_err(|failed| failed.for_step(step));
        self.executed(name, result, at);
    }

    /// A call that a model made begins. It may be a workflow.
    pub(super) fn asked_started(&mut self, started: &ToolStarted, at: Timestamp) {
        if self
            .asked
            .get(&started.call)
            .is_none_or(|asked| asked.begun != Begun::NotYet)
        {
            return;
        }
        self.no_longer_waits(&started.call);
        let begun = match started.steps {
            None => {
                self.note_host(started);
                Begun::Tool
            }
            Some(_) => {
                let call = started.call.clone();
                Begun::Course(self.open_course(started, call.clone(), Some(call), at))
            }
        };
        if let Some(asked) = self.asked.get_mut(&started.call) {
            asked.begun = begun;
        }
    }

    /// A call that a model made has ended: the conversation reads the event.
    pub(super) fn asked_returned(&mut self, returned: &ToolReturned) {
        let Some(Asked { ask, begun }) = self.asked.remove(&returned.call) else {
            return;
        };
        let mut masked = returned.masked;
        if let Begun::Course(inner) = begun {
            masked |= self.courses.remove(&inner).is_some_and(|inner| inner.masked);
        }
        if let Some(talk) = self.talks.get_mut(&ask) {
            talk.masked |= masked;
        }
    }

    /// A call that a model made is not sent.
    pub(super) fn asked_rejected(&mut self, rejected: &ToolRejected) {
        self.no_longer_waits(&rejected.call);
        self.asked.remove(&rejected.call);
    }

    /// Asks nothing more for a step, and begins none of the calls it waits
    /// for. Gives the workflows that its model has called.
    pub(super) fn hush(&mut self, name: &str) -> Vec<u64> {
        if let Some(talk) = self.talks.get_mut(name) {
            talk.stopped = true;
        }
        self.asked
            .retain(|_, asked| asked.ask != name || asked.begun != Begun::NotYet);
        self.todo.push_back(Task::Hush(name.to_owned()));
        let of_it = self.asked.values().filter(|asked| asked.ask == name);
        of_it
            .filter_map(|asked| match asked.begun {
                Begun::Course(inner) => Some(inner),
                _ => None,
            })
            .collect()
    }

    /// Ends a conversation that was stopped and waits for nothing.
    pub(super) fn hushed(&mut self, name: &str, at: Timestamp) {
        self.talk_over(name, at);
    }
}

impl Failed {
    /// The same as the step has it: a useless answer is an error like any
    /// other where `on_error` makes it good.
    pub(super) fn for_step(mut self, step: &Step) -> Self {
        if self.kind == FailedKind::NoAnswer && !matches!(step.on_error, OnError::Stop) {
            self.kind = FailedKind::Error;
        }
        self
    }
}

/// The value of a step whose model has answered.
fn value_of(text: &str, answer: Option<&Answer>) -> Option<Value> {
    let Some(answer) = answer else {
        return Some(text.trim().into());
    };
    let checked = read(&answer.validator, answer.wrapped, text).ok()?;
    let mut fields = checked.args.as_map().clone();
    match answer.wrapped {
        Some(field) => fields.shift_remove(field),
        None => Some(Value::Object(fields)),
    }
}

fn limit_words(limit: LimitKind) -> &'static str {
    match limit {
        LimitKind::Turns => "the run's limit of turns is reached",
        LimitKind::Calls => "the run's limit of calls is reached",
        LimitKind::Tokens => "the run's limit of tokens is reached",
        LimitKind::Time => "the run's time is over",
        LimitKind::Repeats => "the model got the same result of the same call three times",
    }
}

impl Answer {
    /// The name under which an answer that is no map is asked for.
    const FIELD: &str = "value";

    /// What an answer must look like. Providers want a map: a schema of
    /// anything else is put into one.
    pub(super) fn wrapped(schema: &Value) -> (Value, Option<&'static str>) {
        if schema["type"] == "object" {
            return (schema.clone(), None);
        }
        // Who names fields and no type means a map.
        let untyped = schema.as_object().filter(|keys| !keys.contains_key("type"));
        if let Some(keys) = untyped.filter(|keys| {
            ["properties", "required"]
                .iter()
                .any(|key| keys.contains_key(*key))
        }) {
            let mut whole = keys.clone();
            whole.insert("type".into(), "object".into());
            return (whole.into(), None);
        }
        let whole = json!({
            "type": "object",
            "properties": { (Self::FIELD): schema },
            "required": [Self::FIELD],
            "additionalProperties": false,
        });
        (whole, Some(Self::FIELD))
    }
}

/// A call that stands for the execution of a step that asks.
pub(super) fn ask_call(id: String) -> ToolCall {
    ToolCall {
        id,
        name: String::new(),
        arguments: String::new(),
    }
}
