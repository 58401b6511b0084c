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

use serde_json::json;
use toolrun_model::{Message, ModelRequest, Part, Reply, Role, StopReason, ToolCall, ToolResult, ToolSpec};
use toolrun_validator::{ArgError, nearest};

use crate::agent::budget::{LimitKind, Limits, Used};
use crate::agent::frame::{Frame, Prose};
use crate::agent::masked;
use crate::agent::repair::{problems, repair};
use crate::agent::repeats::{MOST_REPEATS, Repeats};
use crate::effect::{Done, Effect, Plan, Planned, Turn};
use crate::event::{Event, LimitReached, RejectReason, Stamped};
use crate::outcome::Ending;
use crate::tools::read_result;

/// Said after an empty reply.
pub(super) const NUDGE: &str = "Your last reply was empty. Answer the request, or call a tool.";
/// Said after a reply that was cut.
pub(super) const CUT: &str =
    "Your last reply was cut off at its length limit, so none of its calls was run. Reply again, shorter.";

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    frame: Frame,
    messages: Vec<Message>,
    state: State,
    /// What the whole run has used, whoever used it.
    used: Used,
    /// The replies that are this one's own.
    replies: u32,
    /// The last text of the model, which is the answer when a limit strikes.
    text: String,
    nudged: bool,
    repaired: bool,
    cut_before: bool,
    /// A call of the last reply was refused because of the limit of calls.
    late: bool,
    /// What a person should know about the ending.
    note: Option<Cow<'static, str>>,
    /// The next reply is the last, because this limit was reached.
    closing: Option<LimitReached>,
    repeats: Repeats,
    masked: Vec<String>, // calls of the last reply that were not kept as written
}

/// What a conversation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A reply of the model.
    Reply,
    /// The ends of calls.
    Calls,
    /// Nothing: it is over, or a limit ends it.
    Nothing,
}

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
    /// The call under the name that events have for it.
    planned: Planned,
    /// The model's own id of it.
    id: String,
    result: Option<ToolResult>,
    /// The result without its fence, by which repetitions are known.
    content: String,
}

impl Run {
    /// A run that has not begun: the first event tells it the prompt.
    pub(crate) fn new(frame: Frame) -> Self {
        Self::after(frame, Used::default())
    }

    /// The same when something was used already.
    pub(crate) fn after(frame: Frame, used: Used) -> Self {
        Self {
            frame,
            messages: Vec::new(),
            state: State::Ask,
            used,
            replies: 0,
            text: String::new(),
            nudged: false,
            repaired: false,
            cut_before: false,
            late: false,
            note: None,
            closing: None,
            repeats: Repeats::default(),
            masked: Vec::new(),
        }
    }

    /// What to do next.
    pub(crate) fn next(&self) -> Effect {
        match &self.state {
            State::Ask => match self.before_turn() {
                Some(limit) => Effect::Limit(limit),
                None if self.is_out_of_turns() => Effect::Done(Done {
                    ending: Ending::NoAnswer,
                    answer: self.text.clone(),
                }),
                None => Effect::AskModel(Turn {
                    ask: self.frame.ask.as_ref().map(|ask| ask.call.clone()),
                    request: self.request(),
                }),
            },
            State::Calls(slots) => Effect::CallTools(slots.iter().map(|slot| slot.planned.clone()).collect()),
            State::Limit(limit) => Effect::Limit(limit.clone()),
            State::Done(done) => Effect::Done(done.clone()),
        }
    }

    /// What it waits for, without the words of it.
    pub(crate) fn standing(&self) -> Standing {
        match &self.state {
            State::Ask if self.before_turn().is_none() && !self.is_out_of_turns() => Standing::Reply,
            State::Calls(_) => Standing::Calls,
            State::Ask | State::Limit(_) | State::Done(_) => Standing::Nothing,
        }
    }

    /// Takes what happened.
    pub(crate) fn apply(&mut self, event: &Stamped<Event>) {
        self.used.count(&event.event);
        match &event.event {
            Event::RunStarted(started) => self.say(&started.prompt),
            Event::ModelReplied(replied) if self.is_own(replied.ask.as_deref()) => {
                self.replies += 1;
                self.masked.clone_from(&replied.masked);
                self.replied(&replied.reply);
            }
            Event::ToolRejected(rejected) => {
                // Also when it was a step of a workflow that came too late.
                self.late |= rejected.reason == RejectReason::Limit && self.holds(&rejected.call);
                self.settle(&rejected.call, &rejected.content, &rejected.content, true);
            }
            Event::ToolReturned(returned) => {
                if returned.handle.is_some() {
                    self.offer_reader(&returned.call);
                }
                self.settle(
                    &returned.call,
                    &returned.told,
                    &returned.content,
                    returned.is_error,
                );
            }
            Event::LimitReached(_) if self.frame.ask.is_some() => {}
            Event::LimitReached(limit) => self.end(Ending::Limit(limit.limit)),
            Event::RunFinished(finished) => {
                self.state = State::Done(Done {
                    ending: finished.ending,
                    answer: finished.answer.clone(),
                });
            }
            // What a step asks and is told is its own.
            Event::ModelReplied(_)
            | Event::AskStarted(_)
            | Event::ToolStarted(_)
            | Event::ApprovalGiven(_)
            | Event::ApprovalRefused(_)
            | Event::StepStarted(_)
            | Event::StepSkipped(_)
            | Event::StepFinished(_)
            | Event::FlowWarned(_) => {}
        }
    }

    /// From the first result on that was cut and kept, the rest of it can be
    /// read.
    fn offer_reader(&mut self, call: &str) {
        let known = |tool: &ToolSpec| tool.name == read_result::NAME;
        if self.waits_for(call) && !self.frame.tools.iter().any(known) {
            self.frame.tools.push(read_result::spec());
        }
    }

    fn waits_for(&self, call: &str) -> bool {
        matches!(&self.state, State::Calls(slots) if slots.iter().any(|slot| slot.planned.call.id == call))
    }

    /// Replies of the model so far.
    pub(crate) fn turns(&self) -> u32 {
        self.used.turns
    }

    /// Executions of tools so far.
    pub(crate) fn calls(&self) -> u32 {
        self.used.calls
    }

    /// How many there may be.
    pub(crate) fn most_calls(&self) -> u32 {
        self.frame.limits.calls
    }

    /// Tokens so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.used.tokens
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
        let used = self.used;
        if used.turns >= turns {
            return Some(limit(LimitKind::Turns, turns.into(), used.turns.into()));
        }
        (used.tokens >= tokens).then(|| limit(LimitKind::Tokens, tokens, used.tokens))
    }

    /// Whether the `ask` of a step had its turns.
    fn is_out_of_turns(&self) -> bool {
        let most = self.frame.ask.as_ref().and_then(|ask| ask.turns);
        most.is_some_and(|most| self.replies >= most)
    }

    /// Whether a reply is to this conversation.
    fn is_own(&self, ask: Option<&str>) -> bool {
        self.frame.ask.as_ref().map(|own| own.call.as_str()) == ask
    }

    /// Whether a call belongs to this conversation, directly or within a
    /// workflow. All that a run's steps call belongs to the run.
    fn holds(&self, call: &str) -> bool {
        self.frame.ask.as_ref().is_none_or(|own| {
            call.strip_prefix(own.call.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// Says something in the person's place.
    pub(crate) fn say(&mut self, text: &str) {
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
        match self.frame.check(&self.text) {
            None | Some(Ok(_)) => self.end(Ending::Answered),
            Some(Err(error)) if self.repaired => {
                self.note = Some(self.misfit(&error).into());
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

    /// What a person is told about an answer that does not fit.
    fn misfit(&self, error: &ArgError) -> String {
        let schema = match &self.frame.ask {
            Some(_) => "its step's `output`",
            None => "the manifest's `agent.output`",
        };
        let problems = problems(error);
        format!("the model's answer does not fit {schema}: {problems}")
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
            None => self.frame.limits.calls.saturating_sub(self.used.calls),
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
        let (ask, turn) = (self.frame.ask.as_ref(), self.replies);
        let slots = planned.zip(0..).map(|(mut planned, number): (Planned, u32)| {
            let id = planned.call.id.clone();
            // Models name calls as they like, and several are asked at once.
            if let Some(ask) = ask {
                planned.call.id = format!("{}/{turn}.{number}", ask.call);
            }
            Slot {
                planned,
                id,
                result: None,
                content: String::new(),
            }
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
                call_id: slot.id.clone(),
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
        let over = std::mem::take(&mut self.late);
        let results = slots
            .iter()
            .map(|slot| (&slot.planned.call, slot.content.as_str()));
        let repeated = self.repeats.come_too_often(results);
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
                    self.over_the_calls(limit(LimitKind::Calls, calls.into(), self.used.calls.into()));
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
}

fn limit(limit: LimitKind, allowed: u64, used: u64) -> LimitReached {
    LimitReached { limit, allowed, used }
}

fn error(code: &str, message: &str) -> String {
    json!({ "error": code, "message": message }).to_string()
}
