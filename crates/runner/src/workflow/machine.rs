//! A workflow as a plain value: it says what to do next and is told what
//! happened, with the effects and events of the agent loop. No I/O, no clock,
//! no randomness: time comes with the stamps, so the events alone rebuild it.
//!
//! Choices that the code makes in one place each:
//! - A step begins when the steps it needs are over, skipped ones included.
//! - A failed step whose `on_error` is `stop` ends its workflow: no further
//!   call is begun, those under way end by themselves.
//! - A limit, a person's no and a stop end it whatever `on_error` says.
//! - Of a list, what is skipped is left out of the value; the rest keeps its
//!   order.
//! - Without `return`, the value is that of the last step as written.
//! - Workflows that steps call are part of the same machine.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use toolrun_model::ToolCall;
use url::Url;

use crate::agent::budget::{LimitKind, Limits, Used};
use crate::agent::flow::host;
use crate::effect::{Effect, Failed, FailedKind, Pause, Planned, Prompt, Return};
use crate::event::{Event, RejectReason, Stamped, ToolRejected, ToolReturned, ToolStarted};
use crate::workflow::catalogue::Catalogue;
use crate::workflow::course::Course;
use crate::workflow::talks::{Asked, Talk};

/// A workflow that was called, and those that its steps call.
#[derive(Debug)]
pub(crate) struct WorkflowRun {
    pub(super) catalogue: Arc<Catalogue>,
    /// `call_id` of the outermost call.
    call_id: String,
    pub(super) courses: BTreeMap<u64, Course>,
    next_course: u64,
    /// Executions that are not over, by the name of their call.
    pub(super) places: HashMap<String, Place>,
    /// Calls that can be begun, in order; models' calls may have to be refused.
    pub(super) ready: VecDeque<Planned>,
    /// Conversations that can be begun, in order.
    pub(super) prompts: VecDeque<Prompt>,
    /// Conversations under way, by the executions of their steps.
    pub(super) talks: BTreeMap<String, Talk>,
    /// Calls that models made in them and that are not over.
    pub(super) asked: HashMap<String, Asked>,
    /// Calls that wait for a pause to end.
    pub(super) pauses: BTreeSet<(Timestamp, String)>,
    /// Facts that are decided and not recorded yet.
    pub(super) notes: VecDeque<Event>,
    /// Courses that are over and whose end is not recorded yet.
    pub(super) returns: VecDeque<Return>,
    /// What is still to be decided after an event.
    pub(super) todo: VecDeque<Task>,
    /// The hosts that were called.
    hosts: BTreeSet<String>,
    /// How far the whole run may go, and how far it is.
    pub(super) limits: Limits,
    pub(super) used: Used,
}

/// An execution of a step that is not over.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) course: u64,
    pub(super) step: usize,
    pub(super) item: Option<usize>,
    /// Which try it is, from 1.
    pub(super) tries: u32,
    /// The call, as long as it may be made again.
    pub(super) call: ToolCall,
    /// Whether it has begun.
    pub(super) begun: Begun,
}

/// Whether an execution has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// It waits for its turn or for a pause to end.
    NotYet,
    /// It is under way.
    Tool,
    /// It is under way, as a course of its own.
    Course(u64),
    /// It is under way, as a conversation with the model.
    Ask,
}

/// Something to be decided.
#[derive(Debug)]
pub(super) enum Task {
    /// A step whose needs are over begins.
    Begin(u64, usize),
    /// Further items of a step's list begin.
    Fill(u64, usize),
    /// A course may be over.
    Close(u64),
    /// A conversation that was stopped may be over.
    Hush(String),
}

impl WorkflowRun {
    /// A run that has not begun: the event that starts the call of that
    /// `call_id` tells it the workflow and its arguments. The run around it
    /// has these limits and has used so much.
    pub(crate) fn new(catalogue: Arc<Catalogue>, call_id: String, limits: Limits, used: Used) -> Self {
        Self {
            catalogue,
            call_id,
            courses: BTreeMap::new(),
            next_course: 0,
            places: HashMap::new(),
            ready: VecDeque::new(),
            pauses: BTreeSet::new(),
            notes: VecDeque::new(),
            returns: VecDeque::new(),
            todo: VecDeque::new(),
            hosts: BTreeSet::new(),
            prompts: VecDeque::new(),
            talks: BTreeMap::new(),
            asked: HashMap::new(),
            limits,
            used,
        }
    }

    /// What to do next.
    pub(crate) fn next(&self) -> Effect {
        if let Some(event) = self.notes.front() {
            return Effect::Note(Box::new(event.clone()));
        }
        if let Some(over) = self.returns.front() {
            return Effect::Return(over.clone());
        }
        if let Some(planned) = self.ready.front() {
            return Effect::CallTools(vec![planned.clone()]);
        }
        if let Some(prompt) = self.prompts.front() {
            return Effect::Prompt(prompt.clone());
        }
        if let Some(turn) = self.next_turn() {
            return Effect::AskModel(turn);
        }
        Effect::Wait(self.pauses.first().and_then(|(until, call)| {
            let place = self.places.get(call)?;
            let step = self.courses.get(&place.course)?.step(place.step);
            Some(Pause {
                call: place.call.clone(),
                until: *until,
                at_most: step.repeat.as_ref()?.every,
            })
        }))
    }

    /// Takes what happened.
    pub(crate) fn apply(&mut self, event: &Stamped<Event>) {
        let at = event.at;
        self.used.count(&event.event);
        match &event.event {
            Event::AskStarted(started) => self.ask_started(started),
            Event::ToolStarted(started) => self.started(started, at),
            Event::ToolReturned(returned) => self.returned(returned, at),
            Event::ToolRejected(rejected) => self.rejected(rejected, at),
            other => self.noted(other),
        }
        self.talk(event);
        self.work(at);
    }

    /// Takes a fact off those that are not recorded; others' facts are none.
    fn noted(&mut self, event: &Event) {
        if self.notes.front().is_some_and(|note| same(note, event)) {
            self.notes.pop_front();
        }
    }

    /// The workflows around a call, the innermost first.
    pub(crate) fn around(&self, call: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut at = self.place_of(call);
        while let Some(course) = at.and_then(|place| self.courses.get(&place.course)) {
            names.push(course.ready.workflow.name.clone());
            at = course.parent.as_ref().and_then(|parent| self.place_of(parent));
        }
        names
    }

    /// The execution that a call is, or in whose conversation it was made.
    fn place_of(&self, call: &str) -> Option<&Place> {
        let own = || self.places.get(&self.asked.get(call)?.ask);
        self.places.get(call).or_else(own)
    }

    /// The calls of workflows that are not over, the innermost first.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = (&str, &str, Timestamp)> {
        let courses = self.courses.values().rev();
        courses.map(|course| {
            (
                course.call.as_str(),
                course.ready.workflow.name.as_str(),
                course.now,
            )
        })
    }

    /// The hosts that were called, with commas.
    pub(crate) fn hosts(&self) -> String {
        self.hosts
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn started(&mut self, started: &ToolStarted, at: Timestamp) {
        if started.call_id == self.call_id && self.next_course == 0 {
            self.open_course(started, self.call_id.clone(), None, at);
            return;
        }
        let Some(place) = self.places.get_mut(&started.call) else {
            return self.asked_started(started, at);
        };
        if place.begun != Begun::NotYet {
            return;
        }
        place.begun = Begun::Tool;
        self.no_longer_waits(&started.call);
        if started.steps.is_some() {
            let call = started.call.clone();
            let course = self.open_course(started, call.clone(), Some(call.clone()), at);
            if let Some(place) = self.places.get_mut(&call) {
                place.begun = Begun::Course(course);
            }
        } else {
            self.note_host(started);
        }
    }

    /// Keeps the host of a call.
    pub(super) fn note_host(&mut self, started: &ToolStarted) {
        if let Some(url) = started.url.as_deref().and_then(|url| Url::parse(url).ok()) {
            self.hosts.insert(host(&url));
        }
    }

    /// Takes a call out of those that can be begun.
    pub(super) fn no_longer_waits(&mut self, call: &str) {
        if self.ready.front().is_some_and(|front| front.call.id == call) {
            self.ready.pop_front();
        } else {
            self.ready.retain(|waiting| waiting.call.id != call);
            self.pauses.retain(|(_, paused)| paused != call);
        }
    }

    pub(super) fn open_course(
        &mut self,
        started: &ToolStarted,
        call: String,
        parent: Option<String>,
        at: Timestamp,
    ) -> u64 {
        let id = self.next_course;
        self.next_course += 1;
        if let Some(ready) = self.catalogue.get(&started.tool) {
            let course = Course::new(Arc::clone(ready), call, parent, started, at);
            let first = (0..course.waiting.len()).filter(|step| course.waiting[*step] == 0);
            self.todo.extend(first.map(|step| Task::Begin(id, step)));
            self.todo.push_back(Task::Close(id));
            self.courses.insert(id, course);
        }
        id
    }

    fn returned(&mut self, returned: &ToolReturned, at: Timestamp) {
        if self
            .returns
            .front()
            .is_some_and(|over| over.call == returned.call)
        {
            self.returns.pop_front();
        }
        let Some(place) = self.places.get(&returned.call) else {
            return self.asked_returned(returned);
        };
        let Some(course) = self.courses.get(&place.course) else {
            return;
        };
        let step = course.step(place.step);
        let result = match (place.begun, returned.is_error) {
            (Begun::NotYet | Begun::Ask, _) => return,
            (_, false) => Ok(returned.value.clone()),
            (Begun::Tool, true) => {
                let content = returned.content.clone();
                Err(Failed::of_call(step, place.item, content, FailedKind::Error))
            }
            (Begun::Course(inner), true) => {
                let failed = self.courses.get(&inner).and_then(|inner| inner.failed.clone());
                let failed = failed.map(|failed| failed.inside(&step.id, place.item).for_step(step));
                Err(failed.unwrap_or_else(|| {
                    Failed::of_call(step, place.item, returned.content.clone(), FailedKind::Error)
                }))
            }
        };
        let mut masked = returned.masked;
        let id = place.course;
        if let Begun::Course(inner) = place.begun {
            masked |= self.courses.remove(&inner).is_some_and(|inner| inner.masked);
        }
        if let Some(course) = self.courses.get_mut(&id) {
            course.masked |= masked;
        }
        self.executed(&returned.call, result, at);
    }

    fn rejected(&mut self, rejected: &ToolRejected, at: Timestamp) {
        let Some(place) = self.places.get(&rejected.call) else {
            return self.asked_rejected(rejected);
        };
        if place.begun != Begun::NotYet {
            return;
        }
        let kind = match rejected.reason {
            RejectReason::Approval => FailedKind::Refused,
            RejectReason::Limit => FailedKind::Limit(LimitKind::Calls),
            RejectReason::Stopped => FailedKind::Stopped,
            RejectReason::UnknownTool
            | RejectReason::Arguments
            | RejectReason::Request
            | RejectReason::Truncated => FailedKind::Error,
        };
        let Some(course) = self.courses.get(&place.course) else {
            return;
        };
        let content = rejected.content.clone();
        let failed = Failed::of_call(course.step(place.step), place.item, content, kind);
        self.no_longer_waits(&rejected.call);
        self.executed(&rejected.call, Err(failed), at);
    }
}

/// Whether two facts are the same one. Their words may have lost a secret.
fn same(one: &Event, other: &Event) -> bool {
    match (one, other) {
        (Event::StepStarted(one), Event::StepStarted(other)) => one == other,
        (Event::StepSkipped(one), Event::StepSkipped(other)) => {
            (&one.call, &one.step, one.item) == (&other.call, &other.step, other.item)
        }
        (Event::StepFinished(one), Event::StepFinished(other)) => {
            (&one.call, &one.step) == (&other.call, &other.step)
        }
        _ => false,
    }
}
