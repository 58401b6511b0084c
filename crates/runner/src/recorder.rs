//! The one way in which a fact becomes known: redacted, stamped, shown to the
//! observers, applied to the run. The order lives only here.

use toolrun_http::{RedactedStream, Redactor};
use toolrun_model::{Part, Reply};

use crate::agent::machine::Run;
use crate::event::{Delta, Event, Stamped};
use crate::observer::Observer;

/// Records the events of one run.
pub(crate) struct Recorder<'a> {
    observers: &'a mut [Box<dyn Observer>],
    redactor: Redactor,
    next: u64,
    /// The run that learns of every event; a single call has none.
    pub(crate) run: Option<Run>,
}

impl<'a> Recorder<'a> {
    /// A recorder before the first event.
    pub(crate) fn new(observers: &'a mut [Box<dyn Observer>], redactor: Redactor, run: Option<Run>) -> Self {
        Self {
            observers,
            redactor,
            next: 0,
            run,
        }
    }

    /// Records an event.
    pub(crate) fn record(&mut self, mut event: Event) {
        self.redact(&mut event);
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
    }

    /// Shows what is not kept. Its text was redacted as it streamed.
    pub(crate) fn delta(&mut self, delta: &Delta) {
        for observer in self.observers.iter_mut() {
            observer.on_delta(delta);
        }
    }

    /// Hides secrets in a text that comes in pieces.
    pub(crate) fn stream(&self) -> RedactedStream {
        self.redactor.stream()
    }

    fn redact(&self, event: &mut Event) {
        let hide = |text: &mut String| *text = self.redactor.redact(text).into_owned();
        match event {
            Event::RunStarted(started) => {
                hide(&mut started.prompt);
                started.instructions.iter_mut().for_each(hide);
            }
            Event::ModelReplied(replied) => redact_reply(&mut replied.reply, hide),
            Event::ToolStarted(started) => {
                started
                    .arguments
                    .values_mut()
                    .for_each(|value| redact_value(value, &hide));
                started.url.iter_mut().for_each(hide);
            }
            Event::ToolRejected(rejected) => hide(&mut rejected.content),
            Event::ToolReturned(returned) => {
                hide(&mut returned.content);
                hide(&mut returned.told);
            }
            Event::RunFinished(finished) => {
                hide(&mut finished.answer);
                finished.error.iter_mut().for_each(hide);
            }
            Event::ApprovalGiven(_) | Event::ApprovalRefused(_) | Event::LimitReached(_) => {}
        }
    }
}

/// Opaque parts stay as they are: their signatures would break, and a model
/// is never shown a secret that it could put there.
fn redact_reply(reply: &mut Reply, hide: impl Fn(&mut String)) {
    for part in &mut reply.parts {
        match part {
            Part::Text { text } => hide(text),
            Part::ToolCall(call) => hide(&mut call.arguments),
            Part::ToolResult(result) => hide(&mut result.content),
            Part::Opaque(_) => {}
        }
    }
}

fn redact_value(value: &mut serde_json::Value, hide: &impl Fn(&mut String)) {
    match value {
        serde_json::Value::String(text) => hide(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| redact_value(item, hide)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| redact_value(field, hide)),
        _ => {}
    }
}
