//! The answer on stdout: while it comes on a terminal, whole into a pipe,
//! where talk before a call must not end up among the data.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use toolrun_runner::{Delta, Event, Observer, Stamped, Stop};

use crate::console::Console;
use crate::exit::Failure;
use crate::render::progress::Progress;

/// Whether text is written while it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streaming {
    /// As it comes.
    Live,
    /// Only the answer, when it is whole.
    Whole,
}

/// Writes the answer; clones share what was written already.
#[derive(Clone)]
pub(crate) struct AnswerWriter {
    console: Console,
    progress: Progress,
    streaming: Streaming,
    stop: Stop,
    turn: Arc<Mutex<Turn>>,
}

/// The text of the turns while they stream.
#[derive(Debug, Default)]
struct Turn {
    /// Of the turn in flight.
    current: String,
    /// Of the last whole turn that had any.
    last: String,
}

impl AnswerWriter {
    /// A writer to stdout, which stops the run when nobody reads any more.
    pub(crate) fn new(console: &Console, progress: &Progress, streaming: Streaming, stop: Stop) -> Self {
        let (console, progress) = (console.clone(), progress.clone());
        Self {
            console,
            progress,
            streaming,
            stop,
            turn: Arc::default(),
        }
    }

    /// Writes what the answer still lacks, and a line end.
    pub(crate) fn finish(&self, answer: &str) -> Result<(), Failure> {
        self.progress.hide();
        let turn = self.turn();
        self.end_line(&turn.current)?;
        // What was written of a turn need not be the answer to the letter: a
        // piece that is cleaned alone may keep more than the whole text does.
        let written = [&turn.last, &turn.current]
            .into_iter()
            .any(|text| !text.trim().is_empty());
        if answer.trim().is_empty() || written {
            return Ok(());
        }
        self.console.out(answer)?;
        if answer.ends_with('\n') {
            Ok(())
        } else {
            self.console.out("\n")
        }
    }

    fn end_line(&self, written: &str) -> Result<(), Failure> {
        if written.is_empty() || written.ends_with('\n') {
            Ok(())
        } else {
            self.console.out("\n")
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for AnswerWriter {
    fn on_event(&mut self, event: &Stamped<Event>) {
        if !matches!(event.event, Event::ModelReplied(_)) {
            return;
        }
        let ended = std::mem::take(&mut self.turn().current);
        if ended.is_empty() {
            return;
        }
        if self.end_line(&ended).is_err() {
            self.stop.stop();
        }
        if !ended.trim().is_empty() {
            self.turn().last = ended;
        }
    }

    fn on_delta(&mut self, delta: &Delta) {
        let text = match delta {
            Delta::Text(text) => text.as_str(),
            // The moving line is drawn next: it must not stand behind text.
            Delta::CallStarted { .. } => {
                let written = self.turn().current.clone();
                if written.is_empty() || written.ends_with('\n') {
                    ""
                } else {
                    "\n"
                }
            }
            _ => return,
        };
        if self.streaming == Streaming::Whole || text.is_empty() {
            return;
        }
        self.progress.hide();
        if self.console.out(text).is_err() {
            self.stop.stop();
        }
        self.turn().current.push_str(text);
    }
}
