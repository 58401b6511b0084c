//! The driver: does what the machine says and records what came of it.

use crate::agent::ask::ask;
use crate::agent::asks::Asking;
use crate::agent::calls::{Batch, call_all};
use crate::agent::flow::IdeaOf;
use crate::effect::{Done, Effect};
use crate::engine::Engine;
use crate::error::{RunError, RunErrorKind};
use crate::event::Event;
use crate::halt::{Halt, Halted};
use crate::recorder::Recorder;
use crate::tools::read_result::Store;

/// How driving ended.
pub(crate) enum Driven {
    /// The machine said so.
    Done(Done),
    /// From outside.
    Halted(Halted),
}

/// Drives a run to its end.
pub(crate) async fn drive(
    engine: &Engine,
    recorder: &mut Recorder<'_>,
    asking: Asking<'_>,
    halt: &Halt,
) -> Result<Driven, RunError> {
    let model = asking.model;
    let mut store = Store::default();
    let mut confidence = None;
    loop {
        let Some(run) = &recorder.run else {
            return Err(RunError::new(RunErrorKind::Internal, "there is no run to drive"));
        };
        let most = run.most_calls();
        let halted = match run.next() {
            Effect::AskModel(turn) => match ask(recorder, model, turn.request, halt).await? {
                Ok(sure) => {
                    confidence = sure;
                    None
                }
                Err(halted) => Some(halted),
            },
            Effect::CallTools(planned) => {
                let batch = Batch {
                    planned,
                    confidence,
                    idea_of: IdeaOf::Model,
                    most: Some(most),
                    asking: Some(asking),
                    halt,
                };
                let called = call_all(engine, recorder, &mut store, batch).await?;
                called.halted
            }
            Effect::Limit(limit) => {
                recorder.record(Event::LimitReached(limit));
                None
            }
            Effect::Note(event) => {
                recorder.record(*event);
                None
            }
            Effect::Wait(_) | Effect::Return(_) | Effect::Prompt(_) => {
                return Err(RunError::new(
                    RunErrorKind::Internal,
                    "a run of the loop only asks and calls",
                ));
            }
            Effect::Done(done) => return Ok(Driven::Done(done)),
        };
        if let Some(halted) = halted {
            return Ok(Driven::Halted(halted));
        }
    }
}
