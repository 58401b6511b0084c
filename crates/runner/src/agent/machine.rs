//! The loop as a plain value: it says what to do next and is told what
//! happened. No I/O, no clock, no randomness, so a test is a list of inputs
//! and outputs.
//!
//! Choices that the code below makes in one place each:
//! - A reply that asks for more calls than are left: those that are left are
//!   run in order, the rest are refused, and the model has one more turn to
//!   answer with what it has; the run then ends by its limit all the same.
//! - In the last turn no call is run, as no turn is left to read its result.
//! - A reply that was cut at its length limit: no call of it is run, the
//!   model is told and may try once more; cut twice in a row ends the run.
//! - An empty reply gets one nudge in a run; the next one ends it.
//! - An answer that does not fit `agent.output` may be mended once.
//! - A router that talks and calls nothing has not answered: results alone are
//!   its answer.
//! - Three identical results of an identical call stop the run; those of one
//!   reply count once.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use toolrun_model::{Message, ModelRequest, Part, Reply, Role, StopReason, ToolCall, ToolResult, ToolSpec};
use toolrun_validator::{ArgValidator, nearest};

use crate::agent::budget::{LimitKind, Limits};
use crate::agent::masked;
use crate::agent::repair::repair;
use crate::event::{Event, LimitReached, RejectReason, Stamped};
use crate::outcome::Ending;

/// Identical results of an identical call that stop a run.
const MOST_REPEATS: u32 = 3;

/// Said after an empty reply.
const NUDGE: &str = "Your last reply was empty. Answer the request, or call a tool.";
/// Said after a reply that was cut.
const CUT: &str =
    "Your last reply was cut off at its length limit, so none of its calls was run. Reply again, shorter.";

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Ask the model.
    AskModel(ModelRequest),
    /// Deal with the calls of a reply, in order.
    CallTools(Vec<Planned>),
    /// Note that a limit stops the run.
    Limit(LimitReached),
    /// The run is over.
    Done(Done),
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

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    frame: Frame,
    messages: Vec<Message>,
    state: State,
    turns: u32,
    calls: u32,
    tokens: u64,
    /// The last text of the model, which is the answer when a limit strikes.
    text: String,
    nudged: bool,
    repaired: bool,
    cut_before: bool,
    /// What a person should know about the ending.
    note: Option<Cow<'static, str>>,
    /// The next reply is the last, because this limit was reached.
    closing: Option<LimitReached>,
    repeats: HashMap<Repetition, u32>,
    masked: Vec<String>, // calls of the last reply that were not kept as written
}

/// A call and its result: name, arguments in one spelling, content.
type Repetition = (String, String, String);

#[derive(Debug)]
enum State {
    Ask,
    Calls(Vec<Slot>),
    Limit(LimitReached),
    Done(Done),
}

/// A call that waits for its result.
#[derive(Debug)]
struct Slot {
    planned: Planned,
    result: Option<ToolResult>,
    /// The result without its fence, by which repetitions are known.
    content: String,
}

impl Run {
    /// A run that has not begun: the first event tells it the prompt.
    pub(crate) fn new(frame: Frame) -> Self {
        Self {
            frame,
            messages: Vec::new(),
            state: State::Ask,
            turns: 0,
            calls: 0,
            tokens: 0,
            text: String::new(),
            nudged: false,
            repaired: false,
            cut_before: false,
            note: None,
            closing: None,
            repeats: HashMap::new(),
            masked: Vec::new(),
        }
    }

    /// What to do next.
    pub(crate) fn next(&self) -> Effect {
        match &self.state {
            State::Ask => match self.before_turn() {
                Some(limit) => Effect::Limit(limit),
                None => Effect::AskModel(self.request()),
            },
            State::Calls(slots) => Effect::CallTools(slots.iter().map(|slot| slot.planned.clone()).collect()),
            State::Limit(limit) => Effect::Limit(limit.clone()),
            State::Done(done) => Effect::Done(done.clone()),
        }
    }

    /// Takes what happened.
    pub(crate) fn apply(&mut self, event: &Stamped<Event>) {
        match &event.event {
            Event::RunStarted(started) => self.say(&started.prompt),
            Event::ModelReplied(replied) => {
                self.turns += 1;
                self.tokens = self.tokens.saturating_add(replied.tokens);
                self.masked.clone_from(&replied.masked);
                self.replied(&replied.reply);
            }
            Event::ToolStarted(_) => self.calls += 1,
            Event::ToolRejected(rejected) => {
                self.settle(&rejected.call, &rejected.content, &rejected.content, true)
            }
            Event::ToolReturned(returned) => {
                self.settle(
                    &returned.call,
                    &returned.told,
                    &returned.content,
                    returned.is_error,
                );
            }
            Event::LimitReached(limit) => self.end(Ending::Limit(limit.limit)),
            Event::RunFinished(finished) => {
                self.state = State::Done(Done {
                    ending: finished.ending,
                    answer: finished.answer.clone(),
                });
            }
            Event::ApprovalGiven(_) | Event::ApprovalRefused(_) | Event::FlowWarned(_) => {}
        }
    }

    /// Offers one more tool from the next turn on.
    pub(crate) fn offer(&mut self, tool: ToolSpec) {
        self.frame.tools.push(tool);
    }

    /// Replies of the model so far.
    pub(crate) fn turns(&self) -> u32 {
        self.turns
    }

    /// Executions of tools so far.
    pub(crate) fn calls(&self) -> u32 {
        self.calls
    }

    /// Tokens so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// What a person should know about the ending.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether the model calls tools and says nothing by itself.
    pub(crate) fn is_of_router(&self) -> bool {
        self.frame.prose == Prose::Results
    }

    /// The last text of the model.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn request(&self) -> ModelRequest {
        ModelRequest {
            instructions: self.frame.instructions.clone(),
            messages: self.messages.clone(),
            tools: self.frame.tools.clone(),
            output: self.frame.output.clone(),
            max_tokens: None,
        }
    }

    /// The limit that forbids another turn.
    fn before_turn(&self) -> Option<LimitReached> {
        let Limits { turns, tokens, .. } = self.frame.limits;
        if self.turns >= turns {
            return Some(limit(LimitKind::Turns, turns.into(), self.turns.into()));
        }
        (self.tokens >= tokens).then(|| limit(LimitKind::Tokens, tokens, self.tokens))
    }

    fn say(&mut self, text: &str) {
        self.messages.push(Message {
            role: Role::User,
            parts: vec![Part::Text {
                text: text.to_owned(),
            }],
        });
    }

    fn end(&mut self, ending: Ending) {
        self.state = State::Done(Done {
            ending,
            answer: self.text.clone(),
        });
    }

    fn replied(&mut self, reply: &Reply) {
        let text = reply.text();
        let blank = text.trim().is_empty();
        let calls: Vec<ToolCall> = reply.calls().cloned().collect();
        if !blank {
            // What a router says beside its calls is why it left others out.
            if self.frame.prose == Prose::Results && !calls.is_empty() {
                self.note = Some(text.trim().to_owned().into());
            }
            self.text = text;
        }
        match reply.stop {
            StopReason::Refusal | StopReason::ContentFilter => self.end(Ending::Refused),
            StopReason::MaxTokens => self.was_cut(reply, calls),
            _ if !calls.is_empty() => {
                self.cut_before = false;
                self.messages.push(Message {
                    role: Role::Assistant,
                    parts: reply.parts.clone(),
                });
                self.plan(calls);
            }
            StopReason::Paused => self.messages.push(Message {
                role: Role::Assistant,
                parts: reply.parts.clone(),
            }),
            _ if !blank && self.frame.prose == Prose::Results => {
                self.note = Some("it called no tool".into());
                self.end(Ending::NoAnswer);
            }
            _ if !blank => self.answered(),
            _ => self.was_empty(),
        }
    }

    fn answered(&mut self) {
        if let Some(limit) = self.closing.take() {
            self.state = State::Limit(limit);
            return;
        }
        match self.frame.answer.as_ref().map(|schema| schema.check(&self.text)) {
            None | Some(Ok(_)) => self.end(Ending::Answered),
            Some(Err(_)) if self.repaired => {
                self.note = Some("the model's answer does not fit the manifest's `agent.output`".into());
                self.end(Ending::NoAnswer);
            }
            Some(Err(error)) => {
                self.repaired = true;
                let parts = vec![Part::Text {
                    text: self.text.clone(),
                }];
                self.messages.push(Message {
                    role: Role::Assistant,
                    parts,
                });
                self.say(&repair(&error));
            }
        }
    }

    fn was_empty(&mut self) {
        if let Some(limit) = self.closing.take() {
            self.state = State::Limit(limit);
        } else if self.nudged || self.frame.prose == Prose::Results {
            self.note = Some("the model's reply was empty".into());
            self.end(Ending::NoAnswer);
        } else {
            self.nudged = true;
            self.say(NUDGE);
        }
    }

    /// The calls of a cut reply are left out of the conversation: their
    /// arguments may be no JSON, and nothing answers them.
    fn was_cut(&mut self, reply: &Reply, calls: Vec<ToolCall>) {
        let again = !calls.is_empty() && !self.cut_before && self.frame.prose == Prose::Model;
        if !again {
            self.note = Some("the model's reply was cut off at its length limit".into());
            self.end(Ending::NoAnswer);
            return;
        }
        self.cut_before = true;
        let text = reply.text();
        if !text.trim().is_empty() {
            self.messages.push(Message {
                role: Role::Assistant,
                parts: vec![Part::Text { text }],
            });
        }
        self.say(CUT);
        self.wait_for(calls.into_iter().map(|call| {
            let plan = Plan::Reject(
                RejectReason::Truncated,
                error("truncated", "the reply was cut; the call was not run"),
            );
            Planned { call, plan }
        }));
    }

    fn plan(&mut self, calls: Vec<ToolCall>) {
        if let Some(stop) = self.stops_before_calls() {
            self.closing = Some(stop);
        }
        let mut left = match self.closing {
            Some(_) => 0,
            None => self.frame.limits.calls.saturating_sub(self.calls),
        };
        let mut planned = Vec::new();
        for call in calls {
            let plan = match self
                .refuse_unknown(&call)
                .or_else(|| masked::refuse(&self.masked, &call))
            {
                Some(refused) => refused,
                None if left == 0 => Plan::Reject(RejectReason::Limit, self.limit_words()),
                None => {
                    left -= 1;
                    Plan::Run
                }
            };
            planned.push(Planned { call, plan });
        }
        self.wait_for(planned.into_iter());
    }

    /// The limit that leaves no turn to read results in.
    fn stops_before_calls(&self) -> Option<LimitReached> {
        if self.frame.prose == Prose::Results {
            return None;
        }
        self.before_turn()
    }

    fn limit_words(&self) -> String {
        let what = match self.closing.as_ref().map(|limit| limit.limit) {
            None | Some(LimitKind::Calls) => "the run's limit of calls is reached; answer with what you have",
            Some(LimitKind::Turns) => "the run's limit of turns is reached",
            Some(LimitKind::Tokens) => "the run's limit of tokens is reached",
            Some(LimitKind::Time | LimitKind::Repeats) => "the run is over",
        };
        error("limit_reached", what)
    }

    fn refuse_unknown(&self, call: &ToolCall) -> Option<Plan> {
        let names = || self.frame.tools.iter().map(|tool| tool.name.as_str());
        if names().any(|name| name == call.name) {
            return None;
        }
        let mut words = json!({ "error": "unknown_tool" });
        if let Some(near) = nearest(&call.name, names()) {
            words["did_you_mean"] = json!(near);
        }
        words["tools"] = names().collect();
        Some(Plan::Reject(RejectReason::UnknownTool, words.to_string()))
    }

    fn wait_for(&mut self, planned: impl Iterator<Item = Planned>) {
        let slots = planned.map(|planned| Slot {
            planned,
            result: None,
            content: String::new(),
        });
        self.state = State::Calls(slots.collect());
    }

    /// Puts a result in the slot of its call. Ids that a model gave twice are
    /// settled in order.
    fn settle(&mut self, call: &str, told: &str, content: &str, is_error: bool) {
        let State::Calls(slots) = &mut self.state else {
            return;
        };
        let open = slots
            .iter_mut()
            .find(|slot| slot.planned.call.id == call && slot.result.is_none());
        if let Some(slot) = open {
            content.clone_into(&mut slot.content);
            slot.result = Some(ToolResult {
                call_id: call.to_owned(),
                name: slot.planned.call.name.clone(),
                content: told.to_owned(),
                is_error,
            });
        }
        if slots.iter().all(|slot| slot.result.is_some()) {
            self.settled();
        }
    }

    /// Every call of the reply has its result.
    fn settled(&mut self) {
        let State::Calls(slots) = std::mem::replace(&mut self.state, State::Ask) else {
            return;
        };
        let rejected =
            |slot: &Slot, wanted| matches!(&slot.planned.plan, Plan::Reject(reason, _) if *reason == wanted);
        if slots.iter().any(|slot| rejected(slot, RejectReason::Truncated)) {
            return;
        }
        let over = slots.iter().any(|slot| rejected(slot, RejectReason::Limit));
        // A model that asks for the same thing several times at once has not
        // seen the result yet: it counts once. Every result is counted, also
        // after one that came too often.
        let keys: BTreeSet<Repetition> = slots.iter().map(repetition).collect();
        let repeated = keys.into_iter().filter(|key| self.repeats(key)).count() > 0;
        let failed = slots
            .iter()
            .all(|slot| slot.result.as_ref().is_none_or(|result| result.is_error));
        let answer: Vec<&str> = slots.iter().map(|slot| slot.content.as_str()).collect();
        let answer = answer.join("\n");
        let parts = slots
            .into_iter()
            .filter_map(|slot| slot.result)
            .map(Part::ToolResult)
            .collect();
        self.messages.push(Message {
            role: Role::User,
            parts,
        });
        if self.frame.prose == Prose::Results {
            self.text = answer;
        }
        let calls = self.frame.limits.calls;
        match self.closing.take() {
            Some(limit) if over => self.state = State::Limit(limit),
            closing => {
                self.closing = closing;
                if repeated {
                    let allowed = MOST_REPEATS.into();
                    self.state = State::Limit(limit(LimitKind::Repeats, allowed, allowed));
                } else if over {
                    self.over_the_calls(limit(LimitKind::Calls, calls.into(), self.calls.into()));
                } else if self.frame.prose == Prose::Results && failed {
                    self.note = Some("no call gave a result".into());
                    self.end(Ending::NoAnswer);
                } else if self.frame.prose == Prose::Results {
                    self.end(Ending::Answered);
                }
            }
        }
    }

    /// More calls were asked for than are left.
    fn over_the_calls(&mut self, reached: LimitReached) {
        match self.frame.prose {
            Prose::Results => self.state = State::Limit(reached),
            Prose::Model => self.closing = Some(reached),
        }
    }

    /// Counts a result; whether it came as often as a run may see it.
    fn repeats(&mut self, key: &Repetition) -> bool {
        let count = self.repeats.entry(key.clone()).or_insert(0);
        *count += 1;
        *count >= MOST_REPEATS
    }
}

fn repetition(slot: &Slot) -> Repetition {
    let ToolCall { name, arguments, .. } = &slot.planned.call;
    (name.clone(), canonical(arguments), slot.content.clone())
}

fn limit(limit: LimitKind, allowed: u64, used: u64) -> LimitReached {
    LimitReached { limit, allowed, used }
}

fn error(code: &str, message: &str) -> String {
    json!({ "error": code, "message": message }).to_string()
}

/// Arguments that are brought into one spelling have at most so many bytes.
const MOST_SPELT: usize = 16 << 10;

/// Arguments in one spelling: blanks and the order of keys do not matter.
fn canonical(arguments: &str) -> String {
    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields
                    .into_iter()
                    .map(|(key, field)| (key, sorted(field)))
                    .collect();
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                Value::Object(fields.into_iter().collect())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
            scalar => scalar,
        }
    }
    // So large, nobody spells the same in two ways.
    if arguments.len() > MOST_SPELT {
        return arguments.to_owned();
    }
    match serde_json::from_str(arguments) {
        Ok(value) => sorted(value).to_string(),
        Err(_) if arguments.trim().is_empty() => "{}".into(),
        Err(_) => arguments.to_owned(),
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
