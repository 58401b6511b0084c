//! The driver: does what the machine says and records what came of it.

use toolrun_model::Model;

use crate::agent::ask::ask;
use crate::agent::calls::{Batch, call_all};
use crate::agent::flow::IdeaOf;
use crate::agent::machine::{Done, Effect};
use crate::engine::Engine;
use crate::error::{RunError, RunErrorKind};
use crate::event::Event;
use crate::halt::{Halt, Halted};
use crate::recorder::Recorder;
use crate::tools::read_result::{self, Store};

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
    model: &dyn Model,
    halt: &Halt,
) -> Result<Driven, RunError> {
    let mut store = Store::default();
    let mut confidence = None;
    loop {
        let Some(run) = &recorder.run else {
            return Err(RunError::new(RunErrorKind::Internal, "there is no run to drive"));
        };
        let halted = match run.next() {
            Effect::AskModel(request) => match ask(recorder, model, request, halt).await? {
                Ok(sure) => {
                    confidence = sure;
                    None
                }
                Err(halted) => Some(halted),
            },
            Effect::CallTools(planned) => {
                let nothing_kept = store.is_empty();
                let batch = Batch {
                    planned,
                    confidence,
                    idea_of: IdeaOf::Model,
                    halt,
                };
                let called = call_all(engine, recorder, &mut store, batch).await?;
                if nothing_kept && !store.is_empty() && engine.is_reader(read_result::NAME) {
                    recorder
                        .run
                        .iter_mut()
                        .for_each(|run| run.offer(read_result::spec()));
                }
                called.halted
            }
            Effect::Limit(limit) => {
                recorder.record(Event::LimitReached(limit));
                None
            }
            Effect::Done(done) => return Ok(Driven::Done(done)),
        };
        if let Some(halted) = halted {
            return Ok(Driven::Halted(halted));
        }
    }
}
