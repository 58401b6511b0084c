//! The ends of runs and single calls: what is recorded and what is returned.

use std::time::Duration;

use crate::agent::approval::Why;
use crate::agent::budget::LimitKind;
use crate::agent::calls::{Begun, Called};
use crate::agent::drive::Driven;
use crate::agent::machine::Run;
use crate::error::{RunError, RunErrorKind};
use crate::event::{Event, LimitReached, RunFinished};
use crate::halt::Halted;
use crate::outcome::{Ending, Outcome, Returned};
use crate::recorder::Recorder;

/// What is known of a run at its end besides what the machine knows.
pub(crate) struct Ended {
    /// The run's id.
    pub(crate) run: String,
    /// From start to end.
    pub(crate) took: Duration,
    /// The limit of time.
    pub(crate) time: Duration,
}

/// Records the end of a run and makes its outcome.
pub(crate) fn finish(
    recorder: &mut Recorder<'_>,
    mut driven: Result<Driven, RunError>,
    ended: Ended,
) -> Result<Outcome, RunError> {
    if let Ok(Driven::Halted(Halted::Time)) = driven {
        let (allowed, used) = (millis(ended.time), millis(ended.took));
        recorder.record(Event::LimitReached(LimitReached {
            limit: LimitKind::Time,
            allowed,
            used,
        }));
    }
    if let (Ok(Driven::Done(done)), Some(error)) = (&driven, declined(recorder))
        && done.ending == Ending::NoAnswer
    {
        driven = Err(error);
    }
    let writes = recorder.writes.told();
    if let Err(error) = &mut driven {
        error.note.clone_from(&writes);
    }
    let run = recorder.run.as_ref();
    let text = || run.map(|run| run.text().to_owned()).unwrap_or_default();
    let (ending, answer) = match &driven {
        Ok(Driven::Done(done)) => (done.ending, done.answer.clone()),
        Ok(Driven::Halted(Halted::Time)) => (Ending::Limit(LimitKind::Time), text()),
        Ok(Driven::Halted(Halted::Person)) => (Ending::Interrupted, text()),
        Err(_) => (Ending::Failed, text()),
    };
    let outcome = Outcome {
        run: ended.run,
        ending,
        answer,
        note: both(
            run.and_then(Run::note).or_else(|| note(ending)),
            writes.filter(|_| ending != Ending::Answered),
        ),
        flows: recorder.warned.clone(),
        turns: run.map_or(0, Run::turns),
        calls: run.map_or(0, Run::calls),
        tokens: run.map_or(0, Run::tokens),
        took: ended.took,
    };
    recorder.record(Event::RunFinished(RunFinished {
        ending,
        answer: outcome.answer.clone(),
        turns: outcome.turns,
        calls: outcome.calls,
        tokens: outcome.tokens,
        took_ms: millis(outcome.took),
        error: driven.as_ref().err().map(explained),
    }));
    driven.map(|_| outcome)
}

/// The end of a run of a router whose calls were not allowed: nothing was
/// sent, and such a model has nothing to say about it.
fn declined(recorder: &Recorder<'_>) -> Option<RunError> {
    let router = recorder.run.as_ref().is_some_and(Run::is_of_router);
    if !router || recorder.calls > 0 {
        return None;
    }
    recorder.declined.first().map(|tool| not_allowed(tool))
}

fn not_allowed(tool: &str) -> RunError {
    let message = format!("`{tool}` was not allowed; nothing was sent");
    RunError::new(RunErrorKind::Declined, message)
}

/// What a person should know about an ending.
fn note(ending: Ending) -> Option<&'static str> {
    Some(match ending {
        Ending::Limit(LimitKind::Turns) => "the limit of turns was reached; raise it with --limit turns=N",
        Ending::Limit(LimitKind::Calls) => "the limit of calls was reached; raise it with --limit calls=N",
        Ending::Limit(LimitKind::Tokens) => "the limit of tokens was reached; raise it with --limit tokens=N",
        Ending::Limit(LimitKind::Time) => "the time was over; raise it with --limit time=DURATION",
        Ending::Limit(LimitKind::Repeats) => {
            "the model got the same result of the same call three times; say more exactly what is wanted, \
             or name another model with --model"
        }
        // The ending itself says it all.
        Ending::Answered | Ending::Refused | Ending::NoAnswer | Ending::Interrupted | Ending::Failed => {
            return None;
        }
    })
}

fn both(ending: Option<&str>, writes: Option<String>) -> Option<String> {
    match (ending, writes) {
        (Some(ending), Some(writes)) => Some(format!("{ending}; {writes}")),
        (Some(ending), None) => Some(ending.to_owned()),
        (None, writes) => writes,
    }
}

/// An error with its causes, for the record.
fn explained(error: &RunError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// The one result of a single call, or why there is none. A result that came
/// after a stop is a result.
pub(crate) fn returned(tool: &str, mut called: Called) -> Result<Returned, RunError> {
    let Some(finished) = std::mem::take(&mut called.results).into_iter().next() else {
        return Err(nothing_came(tool, &called));
    };
    let shaped = finished.shaped;
    Ok(Returned {
        tool: tool.to_owned(),
        ending: match called.halted {
            Some(_) => Ending::Interrupted,
            None => Ending::Answered,
        },
        content: finished.content,
        head: shaped.head,
        payload: shaped.payload,
        left_out: shaped.left_out,
        value: shaped.value,
        is_error: shaped.is_error,
        status: finished.status,
        attempts: finished.attempts,
        took: finished.took,
    })
}

fn nothing_came(tool: &str, called: &Called) -> RunError {
    let stopped = |message| RunError::new(RunErrorKind::Interrupted, message);
    match (called.halted, called.begun) {
        (None, _) => RunError {
            rule: called.declined.map(Why::rule),
            ..not_allowed(tool)
        },
        (Some(_), Begun::Nothing) => stopped(format!("`{tool}` was stopped before it was sent")),
        (Some(_), Begun::Something) => stopped(format!("`{tool}` was stopped")),
        (Some(_), Begun::AbandonedWrite) => stopped(format!(
            "`{tool}` was sent and no answer came; the change may have been made"
        ))
        .hint("find out before trying again"),
    }
}

/// Records the end of a single call.
pub(crate) fn finish_call(
    recorder: &mut Recorder<'_>,
    returned: &Result<Returned, RunError>,
    took: Duration,
) {
    let ending = match returned {
        Ok(returned) => returned.ending,
        Err(error) if error.kind == RunErrorKind::Interrupted => Ending::Interrupted,
        Err(_) => Ending::Failed,
    };
    recorder.record(Event::RunFinished(RunFinished {
        ending,
        answer: returned
            .as_ref()
            .map(|returned| returned.content.clone())
            .unwrap_or_default(),
        turns: 0,
        calls: recorder.calls,
        tokens: 0,
        took_ms: millis(took),
        error: returned.as_ref().err().map(explained),
    }));
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}
