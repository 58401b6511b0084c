//! Readers of a run.

use crate::event::{Delta, Event, Stamped};

/// Is told what happens: progress, JSONL, a report.
pub trait Observer: Send {
    /// One event; already redacted.
    fn on_event(&mut self, event: &Stamped<Event>);

    /// One live delta; already redacted and cleaned.
    fn on_delta(&mut self, _: &Delta) {}
}
