//! The one way in which a fact becomes known: redacted, stamped, shown to the
//! observers, applied to the run. The order lives only here.

use std::collections::{BTreeMap, BTreeSet};

use toolrun_http::{RedactedStream, Redactor};
use toolrun_model::{Part, Reply};

use crate::agent::budget::Used;
use crate::agent::flow::Read;
use crate::agent::machine::Run;
use crate::conceal::{hide_fields, hide_text, hide_value};
use crate::event::{Delta, Event, FlowWarned, Stamped};
use crate::observer::Observer;
use crate::tools::clean::{Cleaner, clean};
use crate::tools::read_result;
use crate::workflow::machine::WorkflowRun;
use crate::writes::Writes;

/// Records the events of one run.
pub(crate) struct Recorder<'a> {
    observers: &'a mut [Box<dyn Observer>],
    redactor: Redactor,
    next: u64,
    /// Names of tools, which the manifest makes public whatever secrets are.
    public: BTreeSet<String>,
    /// What was changed so far.
    pub(crate) writes: Writes,
    /// What was used so far.
    pub(crate) used: Used,
    /// The hosts whose content was read so far.
    pub(crate) read: Read,
    /// The warnings so far.
    pub(crate) warned: Vec<FlowWarned>,
    /// The tools of the calls that a person did not allow, in order.
    pub(crate) declined: Vec<String>,
    /// The run that learns of every event; a single call has none.
    pub(crate) run: Option<Run>,
    /// The workflows under way that learn of every event, by their `call_id`.
    pub(crate) workflows: BTreeMap<String, WorkflowRun>,
}

impl<'a> Recorder<'a> {
    /// A recorder before the first event.
    pub(crate) fn new(observers: &'a mut [Box<dyn Observer>], redactor: Redactor, run: Option<Run>) -> Self {
        Self {
            observers,
            redactor,
            next: 0,
            writes: Writes::default(),
            used: Used::default(),
            read: Read::default(),
            warned: Vec::new(),
            declined: Vec::new(),
            public: BTreeSet::from([read_result::NAME.to_owned()]),
            run,
            workflows: BTreeMap::new(),
        }
    }

    /// Records an event.
    pub(crate) fn record(&mut self, mut event: Event) {
        // A secret may be part of a host's name, and that host was read all the same.
        self.read.apply(&event);
        if let Event::RunStarted(started) = &event {
            self.public.extend(started.tools.iter().cloned());
        }
        self.redact(&mut event);
        self.used.count(&event);
        if let Event::FlowWarned(warned) = &event {
            self.warned.push(warned.clone());
        }
        if let Event::ApprovalRefused(refused) = &event
            && refused.asked
        {
            self.declined.push(refused.tool.clone());
        }
        let stamped = Stamped {
            seq: self.next,
            at: jiff::Timestamp::now(),
            event,
        };
        self.next += 1;
        for observer in self.observers.iter_mut() {
            observer.on_event(&stamped);
        }
        if let Some(run) = &mut self.run {
            run.apply(&stamped);
        }
        for workflow in self.workflows.values_mut() {
            workflow.apply(&stamped);
        }
    }

    /// Shows what is not kept. Its text was redacted as it streamed.
    pub(crate) fn delta(&mut self, delta: &Delta) {
        for observer in self.observers.iter_mut() {
            observer.on_delta(delta);
        }
    }

    /// Shows that the model begins to write a call.
    pub(crate) fn call_begins(&mut self, name: &str) {
        let mut name = clean(name).text;
        self.hide_name(&mut name);
        self.delta(&Delta::CallStarted { name });
    }

    /// A text that comes in pieces, to be shown.
    pub(crate) fn stream(&self) -> ShownText {
        ShownText {
            cleaner: Cleaner::default(),
            redacted: self.redactor.stream(),
        }
    }

    /// Whether a call is that of a step of a workflow under way.
    pub(crate) fn is_step(&self, call: &str) -> bool {
        self.workflows.keys().any(|id| {
            call.strip_prefix(id.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The workflows around the call of a step, the innermost first.
    pub(crate) fn around(&self, call: &str) -> Vec<String> {
        let around = self.workflows.values().map(|run| run.around(call));
        around.max_by_key(Vec::len).unwrap_or_default()
    }

    /// How sure a model is of a call that it made within a step; nothing when
    /// the call is nobody's.
    pub(crate) fn asked(&self, call: &str) -> Option<Option<f32>> {
        self.workflows.values().find_map(|run| run.asked(call))
    }

    /// The hosts that were called by the workflow around a call.
    pub(crate) fn hosts_around(&self, call: &str) -> String {
        let mut around = self.workflows.iter();
        let run = around.find(|(id, _)| call.starts_with(id.as_str()));
        run.map(|(_, run)| run.hosts()).unwrap_or_default()
    }

    /// Hides secrets in the id of a call, unless it is toolrun's own.
    fn hide_call(&self, call: &mut String) {
        if !self.is_step(call) {
            hide_text(&self.redactor, call);
        }
    }

    fn hide_name(&self, name: &mut String) {
        if !self.public.contains(name) {
            hide_text(&self.redactor, name);
        }
    }

    fn redact(&self, event: &mut Event) {
        let name = |name: &mut String| self.hide_name(name);
        let hide = |text: &mut String| hide_text(&self.redactor, text);
        match event {
            Event::RunStarted(started) => {
                hide(&mut started.prompt);
                started.instructions.iter_mut().for_each(hide);
            }
            Event::ModelReplied(replied) => {
                replied.masked = redact_reply(&mut replied.reply, hide, name);
            }
            Event::ToolStarted(started) => {
                self.hide_call(&mut started.call);
                name(&mut started.tool);
                hide_fields(&self.redactor, &mut started.arguments);
                started.coerced.iter_mut().for_each(hide);
                started.url.iter_mut().for_each(hide);
            }
            Event::ToolRejected(rejected) => {
                self.hide_call(&mut rejected.call);
                name(&mut rejected.tool);
                hide(&mut rejected.content);
            }
            Event::ToolReturned(returned) => {
                self.hide_call(&mut returned.call);
                name(&mut returned.tool);
                hide(&mut returned.content);
                hide(&mut returned.told);
                let value = returned.value.iter_mut();
                value.for_each(|value| hide_value(&self.redactor, value));
            }
            Event::AskStarted(started) => {
                hide(&mut started.prompt);
                started.instructions.iter_mut().for_each(hide);
            }
            Event::StepFinished(finished) => finished.error.iter_mut().for_each(hide),
            Event::StepSkipped(skipped) => skipped.error.iter_mut().for_each(hide),
            Event::ApprovalGiven(given) => {
                self.hide_call(&mut given.call);
                name(&mut given.tool);
            }
            Event::ApprovalRefused(refused) => {
                self.hide_call(&mut refused.call);
                name(&mut refused.tool);
            }
            Event::FlowWarned(warned) => {
                hide(&mut warned.call);
                name(&mut warned.tool);
                warned.from.iter_mut().for_each(hide);
                hide(&mut warned.to);
            }
            Event::RunFinished(finished) => {
                hide(&mut finished.answer);
                finished.error.iter_mut().for_each(hide);
            }
            Event::LimitReached(_) | Event::StepStarted(_) => {}
        }
    }
}

/// A text that comes in pieces: cleaned, then without secrets, since what is
/// removed may have stood within one.
pub(crate) struct ShownText {
    cleaner: Cleaner,
    redacted: RedactedStream,
}

impl ShownText {
    /// Takes a piece and gives what can be shown.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        self.redacted.push(&self.cleaner.push(piece))
    }

    /// The rest at the end of the text.
    pub(crate) fn finish(&mut self) -> String {
        let mut rest = self.redacted.push(&self.cleaner.finish());
        rest.push_str(&self.redacted.finish());
        rest
    }
}

/// Opaque parts stay as they are: their signatures would break, and a model
/// is never shown a secret that it could put there.
///
/// Gives the ids of calls whose arguments are not what they were.
fn redact_reply(reply: &mut Reply, hide: impl Fn(&mut String), name: impl Fn(&mut String)) -> Vec<String> {
    let mut masked = Vec::new();
    for part in &mut reply.parts {
        match part {
            Part::Text { text } => hide(text),
            Part::ToolCall(call) => {
                hide(&mut call.id);
                name(&mut call.name);
                let written = call.arguments.clone();
                hide(&mut call.arguments);
                if call.arguments != written {
                    masked.push(call.id.clone());
                }
            }
            Part::ToolResult(result) => hide(&mut result.content),
            Part::Opaque(_) => {}
        }
    }
    masked
}
